"""How much a release can tell at most, in bits: n bits tell apart at most 2**n situations.

An upper bound that no cunning of a model or an evaluator can pass: the logarithm of how many different messages the
rules let out, whatever the data are. Fields that are fixed beforehand (names, digests, grids of the spec) tell nothing.

Source: the capacity of a channel that carries one of M messages is log2 M (Shannon 1948); as a measure of what a
program gives away, its min-capacity (Smith 2009, *On the Foundations of Quantitative Information Flow*).
"""

from math import log2
from typing import Any

from medeval.domain.attestation import Outcome, WithholdReason
from medeval.domain.base import Value
from medeval.domain.dataset import DatasetStatistics
from medeval.domain.failures import FailureCode
from medeval.domain.families.base import LOW_BITS, MAX_COUNT, State, Wide
from medeval.domain.paired import PairedEvaluation
from medeval.domain.result import Evaluation, GroupEvaluation, Withheld

#: What a double, and a `Wide`, can hold.
_DOUBLE_BITS, _WIDE_BITS = 64.0, float(53 + LOW_BITS + 1)


def result_bits(evaluation: Evaluation) -> float:
    """What the result of one execution can tell at most."""
    groups = sum(_group_bits(group, evaluation.cases) for group in evaluation.groups)
    return _part_bits(evaluation, evaluation.cases) + groups


def paired_bits(paired: PairedEvaluation) -> float:
    """What a paired comparison can tell at most, beside the results of its models."""
    return sum(_any_bits(state, paired.cases) for state in paired.states) + log2(paired.cases + 1)


def card_bits(statistics: DatasetStatistics) -> float:
    """What the counts of a dataset's card can tell at most: each is some number up to the largest that may be sent."""
    return (1 + len(statistics.per_class)) * log2(MAX_COUNT + 1)


def no_result_bits(outcome: Outcome) -> float:
    """What a failure's code, or a data owner's reason, tells: one of a closed list."""
    return log2(len(FailureCode if outcome is Outcome.FAILED else WithholdReason))


def _group_bits(group: Any, cases: int) -> float:
    withheld = log2(len(Withheld) + 1)
    return withheld + (_part_bits(group, cases) if isinstance(group, GroupEvaluation) else 0.0)


def _part_bits(part: Evaluation | GroupEvaluation, cases: int) -> float:
    sizes = _any_bits(part.clusters, cases) if part.clusters else 0.0
    return log2(cases + 1) + sizes + sum(_state_bits(state, cases) for state in part.states)


def _state_bits(state: State, cases: int) -> float:
    return sum(_any_bits(getattr(state, name), cases) for name in state.summed)


def _any_bits(value: Any, cases: int) -> float:
    """What a value of any kind can tell: texts in a state are of the spec."""
    if isinstance(value, Wide):
        return _WIDE_BITS
    if isinstance(value, Value):
        return sum(_any_bits(getattr(value, name), cases) for name in type(value).model_fields)
    if isinstance(value, tuple):
        return sum(_any_bits(item, cases) for item in value)
    return _number_bits(value, cases)


def _number_bits(value: Any, cases: int) -> float:
    if isinstance(value, float):
        return _DOUBLE_BITS
    return log2(max(cases, value) + 1) if isinstance(value, int) else 0.0
