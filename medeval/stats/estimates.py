"""From metric states to estimates: which state each metric is derived from."""

from typing import TypeVar

from medeval.domain.benchmark import Metric, MetricName
from medeval.domain.estimate import AnyEstimate
from medeval.domain.messages import MetricEstimates
from medeval.domain.metric_state import ConfusionCounts, MetricState, ScoreTable
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused
from medeval.stats import binary

S = TypeVar("S", bound=MetricState)


def estimates_of(evaluation: Evaluation, metrics: tuple[Metric, ...], level: float) -> tuple[MetricEstimates, ...]:
    """The estimate of each metric, in the order of `metrics`; raises `ResultRefused` if its state is missing."""
    return tuple(
        MetricEstimates(metric=metric.name, estimate=estimate_of(evaluation, metric.name, level)) for metric in metrics
    )


def estimate_of(evaluation: Evaluation, name: MetricName, level: float) -> AnyEstimate:
    """The estimate of one metric."""
    match name:
        case MetricName.ACCURACY:
            return binary.accuracy(_get_state(evaluation, ConfusionCounts, name), level)
        case MetricName.PRECISION:
            return binary.precision(_get_state(evaluation, ConfusionCounts, name), level)
        case MetricName.AUROC:
            return binary.auroc(_get_state(evaluation, ScoreTable, name), level)


def count_positives(evaluation: Evaluation) -> int:
    """Positive cases, as any state of the evaluation counts them."""
    state = evaluation.states[0]
    return state.n1 if isinstance(state, ConfusionCounts) else sum(state.n1)


def _get_state(evaluation: Evaluation, kind: type[S], name: MetricName) -> S:
    for state in evaluation.states:
        if isinstance(state, kind):
            return state
    raise ResultRefused(f"{name} cannot be derived: its state is missing", "Use the evaluator that the spec names.")
