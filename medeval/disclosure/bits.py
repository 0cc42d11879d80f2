"""How much a release can tell at most, in bits: n bits tell apart at most 2**n situations.

An upper bound that no cunning of a model or an evaluator can pass: the logarithm of how many different messages the
rules let out for a dataset, whatever the scores are. What is fixed beforehand tells nothing: names, digests, the spec's
grids, and the cases per class, which are on the dataset's card.

Sources: the capacity of a channel that carries one of M messages is log2 M (Shannon 1948); as a measure of what a
program gives away, its min-capacity (Smith 2009, *On the Foundations of Quantitative Information Flow*).
"""

from math import comb, log2, sqrt
from typing import Any

from medeval.disclosure.merging import FINEST_STEP
from medeval.domain.attestation import Outcome, WithholdReason
from medeval.domain.base import Value
from medeval.domain.dataset import DatasetStatistics
from medeval.domain.failures import FailureCode
from medeval.domain.families.base import LOW_BITS, MAX_COUNT, State, Wide
from medeval.domain.families.binary import BinaryPlan, ScoreTable
from medeval.domain.paired import PairedEvaluation
from medeval.domain.plan import Plan
from medeval.domain.policies import DisclosurePolicy
from medeval.domain.result import Evaluation, GroupEvaluation, Withheld

#: What a double, and a `Wide`, can hold.
_DOUBLE_BITS, _WIDE_BITS = 64.0, float(53 + LOW_BITS + 1)
#: A number with three significant digits: its digits, and its exponent from -30 to 30.
_ROUNDED_BITS = log2(900 * 61 + 1)


def result_bits(evaluation: Evaluation, plan: Plan, policy: DisclosurePolicy) -> float:
    """What the result of one execution can tell at most."""
    bins = len(plan.score_edges) - 1 if isinstance(plan, BinaryPlan) else 1
    groups = sum(_group_bits(group, evaluation.cases, policy, bins) for group in evaluation.groups)
    return _part_bits(evaluation, evaluation.cases, policy, bins) + groups


def paired_bits(paired: PairedEvaluation, policy: DisclosurePolicy) -> float:
    """What a paired comparison can tell at most, beside the results of its models: values are those of the results."""
    return sum(_paired_bits(state, paired.cases, policy) for state in paired.states)


def card_bits(statistics: DatasetStatistics, policy: DisclosurePolicy) -> float:
    """What the counts of a dataset's card can tell at most: each is some count up to the largest that may be sent."""
    return (1 + len(statistics.per_class)) * _count_bits(MAX_COUNT, policy)


def no_result_bits(outcome: Outcome) -> float:
    """What a failure's code, or a data owner's reason, tells: one of a closed list."""
    return log2(len(FailureCode if outcome is Outcome.FAILED else WithholdReason))


def table_bits(n0: int, n1: int, bins: int, policy: DisclosurePolicy) -> float:
    """The logarithm of how many merged score tables of so many cases per class there are, of a plan with `bins` bins.

    For m of K bins that are left: which edges stay, how each class's multiples of `round_to` fall into m bins of at
    least `min_cell`, and one of the steps that each bin's mean score can take. The widths of bins add up to 1, so the
    steps are most where bins are equally wide (Jensen).
    """
    base, least = policy.round_to, policy.min_cell // policy.round_to
    ways = sum(
        comb(bins - 1, m - 1) * _shares(n0 // base, m, least) * _shares(n1 // base, m, least) * _steps(n0 + n1, m)
        for m in range(1, bins + 1)
    )
    return log2(max(ways, 1))


def _shares(units: int, parts: int, least: int) -> int:
    """In how many ways units fall into ordered parts of at least so many each."""
    spare = units - parts * least
    return comb(spare + parts - 1, parts - 1) if spare >= 0 else 0


def _steps(cases: int, parts: int) -> int:
    """How many combinations of mean scores so many bins have at most, rounded up to a power of two."""
    each = min(1 / (FINEST_STEP * parts), 4 * sqrt(cases)) + 1
    return 1 << int(parts * log2(each) + 1)


def _group_bits(group: Any, cases: int, policy: DisclosurePolicy, bins: int) -> float:
    """A level's own counts are on no card: they tell, too."""
    shown = log2(len(Withheld) + 1)
    if not isinstance(group, GroupEvaluation):
        return shown
    tables = sum(isinstance(state, ScoreTable) for state in group.states)
    return shown + 2 * tables * _count_bits(cases, policy) + _part_bits(group, cases, policy, bins)


def _part_bits(part: Evaluation | GroupEvaluation, cases: int, policy: DisclosurePolicy, bins: int) -> float:
    sizes = _count_bits(cases, policy) + _ROUNDED_BITS if part.clusters else 0.0
    return sizes + sum(_state_bits(state, cases, policy, bins) for state in part.states)


def _state_bits(state: State, cases: int, policy: DisclosurePolicy, bins: int) -> float:
    if policy.merges and isinstance(state, ScoreTable):
        return table_bits(*state.classes, bins, policy)
    # strata are not summed but kept apart: each field of such a state may tell something
    names = state.summed or tuple(type(state).model_fields)
    return sum(_any_bits(getattr(state, name), cases) for name in names)


def _paired_bits(state: Value, cases: int, policy: DisclosurePolicy) -> float:
    """Counts are rounded under a policy that merges, and every other number to three digits."""
    found = state.model_dump(exclude={"kind", "metric", "values", "n"})
    return sum(_paired_number_bits(number, cases, policy) for number in _numbers_in(found))


def _paired_number_bits(number: float, cases: int, policy: DisclosurePolicy) -> float:
    if policy.exact_values:
        return _WIDE_BITS
    return _count_bits(cases, policy) if isinstance(number, int) and number <= cases else _ROUNDED_BITS


def _numbers_in(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in _numbers_in(item)]
    if isinstance(value, list | tuple):
        return [number for item in value for number in _numbers_in(item)]
    return [value] if isinstance(value, int | float) else []


def _count_bits(most: int, policy: DisclosurePolicy) -> float:
    return log2(most // policy.round_to + 1)


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
