"""Pooling: counts of sites are added. Values of sites are never averaged."""

from collections.abc import Sequence
from functools import reduce

from medeval.domain.metric_state import ConfusionCounts, MetricState, ScoreTable
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused


def merge_evaluations(evaluations: Sequence[Evaluation]) -> Evaluation:
    """The evaluation of all cases together; order does not matter.

    Raises `ResultRefused` when states differ in kind, edges or threshold, or when there is nothing to merge.
    """
    if not evaluations:
        raise ResultRefused("there is no result to pool", "Wait until a site has released one.")
    return reduce(_merge_two, evaluations)


def _merge_two(first: Evaluation, second: Evaluation) -> Evaluation:
    if len(first.states) != len(second.states):
        raise ResultRefused("two results hold different states", "Use results of one benchmark spec.")
    states = tuple(_merge_states(a, b) for a, b in zip(first.states, second.states, strict=True))
    return first.model_copy(update={"cases": first.cases + second.cases, "states": states})


def _merge_states(a: MetricState, b: MetricState) -> MetricState:
    if isinstance(a, ConfusionCounts) and isinstance(b, ConfusionCounts):
        return a.merge(b)
    if isinstance(a, ScoreTable) and isinstance(b, ScoreTable):
        return a.merge(b)
    raise ResultRefused("two results hold different states", "Use results of one benchmark spec.")
