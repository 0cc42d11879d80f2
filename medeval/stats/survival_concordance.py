"""Concordances of a survival benchmark: Harrell's C, Uno's C, and the cumulative/dynamic AUC.

Exact pairs are formed within sites, those of a table among all its cases. Weights against censoring come from the
censoring of all cases together. The interval of Harrell's C is that of U-statistics, those of the others spread as in a
multinomial bootstrap of the table. Where a spread is zero or unknown they are Wilson's, as if each event were one
trial, so that no interval is without width.
"""

from math import log, sqrt

import numpy as np

from medeval.domain.estimate import Method, Reason
from medeval.domain.families.survival_states import HorizonPairs, SurvivalPairs
from medeval.stats.intervals import t_of, wilson, z_of
from medeval.stats.measure import Measure, Measured, Scale, from_scale, slope_at, to_scale, undefined
from medeval.stats.risk_tables import Reals, censoring_weights
from medeval.stats.survival_pairs import (
    Pairs,
    comparable_pairs,
    exact_pairs,
    exact_variance,
    horizon_pairs,
    pair_variance,
)
from medeval.stats.survival_sample import SurvivalSample, spread_of


def harrell_c(sample: SurvivalSample) -> Measure:
    """Harrell's C: the share of comparable pairs in which the earlier event has the higher risk, a tied risk half.

    Exact from `SurvivalPairs`. From the table, pairs of one interval or one bin are open, within `bound`.
    """
    state = sample.find(SurvivalPairs)
    pairs = exact_pairs(state) if state else comparable_pairs(sample.events, sample.censored)
    if not pairs.comparable.sum():
        return undefined(_why_no_pair(sample))
    value = float(pairs.concordance())
    variance = exact_variance(state) if state else pair_variance(sample.events, sample.censored, value)
    ones = np.ones_like(pairs.comparable)
    return _concordance(sample, pairs, (ones, ones, ones), variance, Method.LOGIT_U_STATISTIC)


def uno_c(sample: SurvivalSample) -> Measure:
    """Uno's C: pairs whose earlier event is not after tau, each weighted by 1 / G(T-)**2 (Uno et al. 2011).

    The table gives G up to the order of times within an interval, which `bound` covers.
    """
    width = sample.interval_of(sample.plan.last) + 1
    state = sample.find(SurvivalPairs)
    pairs = exact_pairs(state) if state else comparable_pairs(sample.events, sample.censored)

    def squared(events: Reals, censored: Reals) -> tuple[Reals, Reals, Reals]:
        weights = censoring_weights(events, censored)
        found = (weights.of_event, weights.of_event_low, weights.of_event_high)
        mid, low, high = (part[..., :width] ** 2 for part in found)
        return mid, low, high

    def drawn(events: Reals, censored: Reals) -> Reals:
        weights = squared(events, censored)[0]
        return comparable_pairs(events, censored).until(width).concordance(weights)

    spread = spread_of(drawn(*sample.replicates()))
    weights = squared(sample.events, sample.censored)
    return _concordance(sample, pairs.until(width), weights, spread, Method.TABLE_BOOTSTRAP)


def dynamic_auc(sample: SurvivalSample, time: float) -> Measure:
    """Cumulative/dynamic AUC: cases with an event by `time`, weighted by 1 / G(T-), against those free of it after."""
    last = sample.interval_of(time)
    state = sample.find(HorizonPairs)
    place = sample.plan.times.index(time)
    pairs = exact_pairs(state, place) if state else horizon_pairs(sample.events, sample.censored, last)
    found = censoring_weights(sample.events, sample.censored)
    weights = found.of_event[: last + 1], found.of_event_low[: last + 1], found.of_event_high[: last + 1]

    def drawn(events: Reals, censored: Reals) -> Reals:
        heavy = censoring_weights(events, censored).of_event[..., : last + 1]
        return horizon_pairs(events, censored, last).concordance(heavy)

    spread = spread_of(drawn(*sample.replicates()))
    return _concordance(sample, pairs, weights, spread, Method.TABLE_BOOTSTRAP)


def _concordance(
    sample: SurvivalSample, pairs: Pairs, weights: tuple[Reals, Reals, Reals], variance: float | None, method: Method
) -> Measure:
    """A weighted concordance with its interval on the logit scale; `weights`: value, lowest, highest."""
    if not (weights[0] * pairs.comparable).sum():
        return undefined(_why_no_pair(sample))
    value = float(pairs.concordance(weights[0]))
    low, high = pairs.limits(weights[1], weights[2])
    bound = max(high - value, value - low, 0.0)
    # Of exact pairs and equal weights nothing is open: what is left are rounding errors.
    bound = bound if bound > 1e-12 else 0.0
    # Only a design effect that the variance does not hold yet: replicates are drawn from that many cases less.
    inflated = None if variance is None else variance * (sample.deff if method is Method.LOGIT_U_STATISTIC else 1.0)
    trials = float(sample.events[: pairs.comparable.shape[-1]].sum()) / sample.deff
    found = _logit_interval(value, inflated, trials, sample.plan.confidence_level, method)
    effect, spread, interval, used = (*found, method) if found else _trials(value, trials, sample.plan.confidence_level)
    return Measured(
        value=value,
        low=interval[0],
        high=interval[1],
        n=sample.cases,
        method=used,
        scale=Scale.LOGIT,
        effect=effect,
        variance=spread,
        bound=bound,
        weight=float(pairs.comparable.sum()),
    )


def _why_no_pair(sample: SurvivalSample) -> Reason:
    return Reason.NO_COMPARABLE_PAIR if sample.events.sum() else Reason.NO_EVENT


def _logit_interval(
    value: float, variance: float | None, trials: float, level: float, method: Method
) -> tuple[float, float, tuple[float, float]] | None:
    """Effect, variance and limits on the logit scale; None where the variance says nothing: none, or a single event.

    The variance of U-statistics is itself uncertain where events are few: Student's t with one less than there are.
    """
    if variance is None or variance <= 0 or not 0 < value < 1 or trials < 2:
        return None
    effect, spread = to_scale(value, Scale.LOGIT), variance * slope_at(value, Scale.LOGIT) ** 2
    quantile = t_of(level, trials - 1) if method is Method.LOGIT_U_STATISTIC else z_of(level)
    half = quantile * sqrt(spread)
    return effect, spread, (from_scale(effect - half, Scale.LOGIT), from_scale(effect + half, Scale.LOGIT))


def _trials(value: float, trials: float, level: float) -> tuple[float, float, tuple[float, float], Method]:
    """Effect, variance and limits as of a share of so many trials; the effect adds half a trial to either side."""
    yes, no = value * trials + 0.5, (1 - value) * trials + 0.5
    return log(yes / no), 1 / yes + 1 / no, wilson(value * trials, trials, level), Method.WILSON_EFFECTIVE
