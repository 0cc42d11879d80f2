"""From metric states to measures and estimates, of every task family."""

from collections.abc import Callable, Sequence
from typing import Any

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import AnyEstimate
from medeval.domain.families.binary import ScoreTable
from medeval.domain.families.survival_states import RiskTable
from medeval.domain.messages import MetricEstimates
from medeval.domain.plan import Plan
from medeval.domain.result import Evaluation
from medeval.stats.families import binary, classes, detection, regression, segmentation, survival, text
from medeval.stats.measure import Measure, Measured

_FAMILIES: dict[str, Callable[[Evaluation, str, Any], Measure]] = {
    "binary-classification": binary.measure,
    "detection": detection.measure,
    "multiclass-classification": classes.measure,
    "multilabel-classification": classes.measure,
    "regression": regression.measure,
    "segmentation": segmentation.measure,
    "survival": survival.measure,
    "text": text.measure,
}


def measure_of(evaluation: Evaluation, name: str, plan: Plan) -> Measure:
    """One metric of an evaluation that was checked against its plan."""
    return _FAMILIES[plan.task](evaluation, name, plan)


def estimate_of(evaluation: Evaluation, name: str, plan: Plan) -> AnyEstimate:
    """One metric, as a board shows it."""
    found = measure_of(evaluation, name, plan)
    return found.to_estimate() if isinstance(found, Measured) else found


def estimates_of(evaluation: Evaluation, metrics: Sequence[Metric], plan: Plan) -> tuple[MetricEstimates, ...]:
    """The estimate of each metric, in the order of `metrics`."""
    return tuple(
        MetricEstimates(metric=metric.name, estimate=estimate_of(evaluation, metric.name, plan)) for metric in metrics
    )


def count_positives(evaluation: Evaluation, plan: Plan) -> int | None:
    """The positive cases (those with an event) of a task that has two classes; None of any other.

    From the primary table, which of several sites together is as that of one; exact scalars of several are not.
    """
    table = evaluation.states[0]
    if len(plan.class_names) != 2 or not isinstance(table, ScoreTable | RiskTable):
        return None
    return table.classes[1]
