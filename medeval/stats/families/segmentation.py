"""The metrics of a segmentation: means of per-case values by t over cases or patients, and the micro-averaged Dice.

Values that do not vary still have an interval: a mean of values between 0 and a top varies no more than a share does,
so Wilson's interval of that share is taken. A site at which every structure is missed stays in.
"""

from dataclasses import replace
from math import sqrt

from medeval.domain.estimate import Method, Reason
from medeval.domain.families.base import Moments, parse_metric
from medeval.domain.families.segmentation import SegmentationPlan
from medeval.domain.families.segmentation_states import StructureCases, StructureMeans
from medeval.domain.result import Evaluation
from medeval.stats.intervals import t_of, wilson
from medeval.stats.measure import Measure, Measured, Scale, mean, undefined

#: A variance of a mean as small as this is the rounding of its sums.
_ROUNDING = 2.0**-48


def measure(evaluation: Evaluation, name: str, plan: SegmentationPlan) -> Measure:
    """One metric of an evaluation that was checked against the plan."""
    state, place = _state_of(evaluation, name, plan), plan.place_of(name)
    if not evaluation.cases:
        return undefined(Reason.NO_CASES)
    if place is None:
        assert isinstance(state, StructureCases)  # noqa: S101 the plan checked the name
        return _micro_dice(state, plan.confidence_level)
    if not state.moments[place].n:
        return undefined(Reason.STRUCTURE_ABSENT)
    top = state.rules.top(place) or _top_of_lost(evaluation, state, place)
    return _mean(state.moments[place], top, plan.confidence_level)


def _state_of(evaluation: Evaluation, name: str, plan: SegmentationPlan) -> StructureCases | StructureMeans:
    wanted = parse_metric(name).of
    at = sorted(plan.structures).index(wanted) if wanted else len(evaluation.states) - 1
    state = evaluation.states[at]
    assert isinstance(state, StructureCases | StructureMeans)  # noqa: S101 the plan checked the states
    return state


def _top_of_lost(evaluation: Evaluation, state: StructureCases | StructureMeans, place: int) -> float | None:
    """Where the image decides how large a distance can be: the mean itself, if every case is lost."""
    of_mean = isinstance(state, StructureMeans)
    structures = [one for one in evaluation.states if isinstance(one, StructureCases) and (of_mean or one is state)]
    lost = all(one.missed + one.false_alarm == one.counted for one in structures)
    return state.moments[place].total.real / state.moments[place].n if lost else None


def _mean(moments: Moments, top: float | None, level: float) -> Measure:
    found = mean(moments, level, (0.0, float("inf") if top is None else top))
    if not isinstance(found, Measured) or found.variance > _ROUNDING * (1 + found.value**2):
        return found
    return _of_a_share(found, moments, top, level) if top else undefined(Reason.NO_SPREAD)


def _of_a_share(found: Measured, moments: Moments, top: float, level: float) -> Measured:
    """Values that are all alike, as a share of `top`: its variance, continuity-corrected, is the largest there is."""
    units = moments.totals.clusters if moments.totals else moments.n
    share = min(1.0, found.value / top)
    low, high = wilson(share * units, units, level)
    corrected = (share * units + 0.5) / (units + 1)
    variance = top * top * corrected * (1 - corrected) / units
    low, high = min(found.value, low * top), max(found.value, high * top)
    return replace(found, low=low, high=high, variance=variance, method=Method.WILSON)


def _micro_dice(state: StructureCases, level: float) -> Measure:
    """2 sum I / sum (P + T) as a ratio of totals over patients, or cases (Cochran 1977, Sampling Techniques, 6.3)."""
    both, predicted, true = (wide.total for wide in state.voxels)
    u, w, k = 2 * both, predicted + true, state.units
    if not w:
        return undefined(Reason.STRUCTURE_ABSENT)
    if k < 2:
        return undefined(Reason.ONE_CASE)
    uu, uw, ww = (wide.total for wide in state.spread)
    # sum of (u_i - R w_i)**2 with R = u / w, in whole numbers up to the last division
    variance = (uu * w * w - 2 * uw * u * w + ww * u * u) * k / ((k - 1) * w**4)
    value = u / w
    if variance <= 0:
        corrected = (value * k + 0.5) / (k + 1)
        variance, (low, high) = corrected * (1 - corrected) / k, wilson(value * k, k, level)
    else:
        half = t_of(level, k - 1) * sqrt(variance)
        low, high = max(0.0, value - half), min(1.0, value + half)
    return Measured(
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=state.cases - state.both_empty,
        method=Method.LINEARISED,
        scale=Scale.RAW,
        effect=value,
        variance=variance,
        weight=w,
    )
