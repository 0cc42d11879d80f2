"""Pooling one metric of one model over sites: three estimands, each under its own name.

The headline is the mean of a random-effects meta-analysis: what a site can expect on average. The mean within sites
weighs each site by its cases (by its pairs, where the metric compares cases in pairs): every case is compared with
cases of its own site alone. The value over all cases is that of the added counts, which also compares cases of
different sites: where sites differ in how common positive cases are, it can lie outside of what any site has.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from math import sqrt

from medeval.domain.estimate import (
    AnyEstimate,
    Estimate,
    Heterogeneity,
    Method,
    NotEstimable,
    PredictionInterval,
    Reason,
)
from medeval.domain.messages import LeftOut, PooledMetric
from medeval.domain.plan import Plan
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused
from medeval.stats.estimates import estimate_of, measure_of
from medeval.stats.heterogeneity import Effect
from medeval.stats.intervals import z_of
from medeval.stats.measure import Measured, Scale, from_scale, slope_at
from medeval.stats.meta import MetaAnalysis, pool

BySite = Mapping[str, Evaluation]
_ONE_SITE = NotEstimable(reason=Reason.ONE_SITE)


def merge_evaluations(evaluations: Sequence[Evaluation]) -> Evaluation:
    """The evaluation of all cases together; order does not matter.

    Raises `ResultRefused` when states differ in kind, edges or threshold, or when there is nothing to merge.
    """
    if not evaluations:
        raise ResultRefused("there is no result to pool", "Wait until a site has released one.")
    return reduce(Evaluation.merge, evaluations)


def pooled_metric(sites: BySite, name: str, plan: Plan, *, show_sites: bool = True) -> PooledMetric:
    """One metric over the sites (evaluations by dataset); at least one.

    Without `show_sites` nothing is there from which one site's own value could be read.
    """
    return pooled_metrics(sites, (name,), plan, show_sites=show_sites)[0]


def pooled_metrics(
    sites: BySite, names: Sequence[str], plan: Plan, *, show_sites: bool = True, leave_out: bool = True
) -> tuple[PooledMetric, ...]:
    """Several metrics over the sites, in the order of `names`; without each site in turn too, where `leave_out`."""
    merged = merge_evaluations([evaluation.model_copy(update={"groups": ()}) for evaluation in sites.values()])
    found = (_pooled(sites, merged, name, plan, show_sites=show_sites, leave_out=leave_out) for name in names)
    return tuple(found)


def not_pooled(name: str, reason: Reason) -> PooledMetric:
    """A metric of which nothing is there, or may be shown."""
    absent = NotEstimable(reason=reason)
    return PooledMetric(metric=name, estimate=absent, sites=0, within=absent, all_cases=absent)


def _pooled(
    sites: BySite, merged: Evaluation, name: str, plan: Plan, *, show_sites: bool, leave_out: bool
) -> PooledMetric:
    measures = {site: measure_of(evaluation, name, plan) for site, evaluation in sites.items()}
    found = {site: measure for site, measure in measures.items() if isinstance(measure, Measured)}
    fit = pool(_effects(found), plan.confidence_level) if len(found) >= plan.min_sites else None
    values = [measure.value for measure in found.values()]
    return PooledMetric(
        metric=name,
        estimate=_headline(fit, found),
        sites=len(found),
        prediction=_prediction(fit, found),
        lowest=min(values) if values and show_sites else None,
        highest=max(values) if values and show_sites else None,
        heterogeneity=_heterogeneity(fit),
        within=_within(found, plan.confidence_level) if show_sites or len(found) != 1 else _ONE_SITE,
        all_cases=estimate_of(merged, name, plan),
        left_out=_left_out(found, plan) if show_sites and leave_out else (),
    )


def _effects(found: Mapping[str, Measured]) -> list[Effect]:
    return [Effect(measure.effect, measure.variance) for measure in found.values()]


def _headline(fit: MetaAnalysis | None, found: Mapping[str, Measured]) -> AnyEstimate:
    if fit is None:
        return NotEstimable(reason=Reason.FEW_SITES)
    measures = list(found.values())
    value, low, high = (_inside(at, measures[0]) for at in (fit.effect, fit.low, fit.high))
    cases, bound = sum(measure.n for measure in measures), max(measure.bound for measure in measures)
    return Estimate(value=value, low=low, high=high, n=cases, method=Method.RANDOM_EFFECTS, bound=bound)


def _inside(effect: float, one: Measured) -> float:
    """The value of an effect, inside the range of the metric."""
    return min(max(from_scale(effect, one.scale), one.limits[0]), one.limits[1])


def _prediction(fit: MetaAnalysis | None, found: Mapping[str, Measured]) -> PredictionInterval | None:
    if fit is None or fit.prediction is None:
        return None
    first = next(iter(found.values()))
    low, high = _inside(fit.prediction.low, first), _inside(fit.prediction.high, first)
    return PredictionInterval(low=low, high=high, approximate=fit.prediction.approximate)


def _heterogeneity(fit: MetaAnalysis | None) -> Heterogeneity | None:
    if fit is None or fit.heterogeneity is None:
        return None
    found = fit.heterogeneity
    return Heterogeneity(
        tau2=found.tau2,
        low=min(found.tau2_interval.low, found.tau2),
        high=max(found.tau2_interval.high, found.tau2),
        i2=found.i2,
    )


def _within(found: Mapping[str, Measured], level: float) -> AnyEstimate:
    """The mean of the sites' values by weight; no variance between sites enters: it speaks of these sites alone."""
    if not found:
        return NotEstimable(reason=Reason.NO_RESULTS)
    measures = list(found.values())
    total = sum(measure.weight for measure in measures)
    value = sum(measure.weight * measure.value for measure in measures) / total
    variance = sum((measure.weight / total) ** 2 * _raw_variance(measure) for measure in measures)
    half = z_of(level) * sqrt(variance)
    limits = (0.0, 1.0) if measures[0].scale is Scale.LOGIT else measures[0].limits
    return Estimate(
        value=value,
        low=min(value, max(limits[0], value - half)),
        high=max(value, min(limits[1], value + half)),
        n=sum(measure.n for measure in measures),
        method=Method.WITHIN_SITES,
        bound=sum(measure.weight * measure.bound for measure in measures) / total,
    )


def _raw_variance(measure: Measured) -> float:
    """The variance of the value itself, from that of the effect."""
    inside = from_scale(measure.effect, measure.scale)
    return measure.variance / slope_at(inside, measure.scale) ** 2


def _left_out(found: Mapping[str, Measured], plan: Plan) -> tuple[LeftOut, ...]:
    """The headline without each site in turn, where enough sites are left."""
    if len(found) <= plan.min_sites:
        return ()
    rest = {site: {other: item for other, item in found.items() if other != site} for site in found}
    return tuple(
        LeftOut(dataset=site, estimate=_headline(pool(_effects(others), plan.confidence_level), others))
        for site, others in rest.items()
    )
