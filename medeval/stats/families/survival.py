"""The metrics of a survival benchmark, from its risk table and, where they are there, its exact sums."""

from collections.abc import Callable

from medeval.domain.estimate import Reason
from medeval.domain.families.base import parse_metric
from medeval.domain.families.survival import SurvivalPlan
from medeval.domain.result import Evaluation
from medeval.stats.measure import Measure, undefined
from medeval.stats.survival_concordance import dynamic_auc, harrell_c, uno_c
from medeval.stats.survival_errors import brier, integrated_brier, observed_expected
from medeval.stats.survival_sample import SurvivalSample

_OVERALL: dict[str, Callable[[SurvivalSample], Measure]] = {
    "harrell_c": harrell_c,
    "uno_c": uno_c,
    "ibs": integrated_brier,
}
_AT_A_TIME: dict[str, Callable[[SurvivalSample, float], Measure]] = {
    "auc": dynamic_auc,
    "brier": brier,
    "oe": observed_expected,
}


def measure(evaluation: Evaluation, name: str, plan: SurvivalPlan) -> Measure:
    """One metric of an evaluation that was checked against the plan."""
    if not evaluation.cases:
        return undefined(Reason.NO_CASES)
    parts, sample = parse_metric(name), SurvivalSample.of(evaluation, plan)
    if parts.at is None:
        return _OVERALL[parts.base](sample)
    return _AT_A_TIME[parts.base](sample, parts.at)
