"""One metric of one evaluation: a value with its interval, and the effect and variance that a meta-analysis takes.

Every family gives its metrics in this form, so that pooling, comparing and ranking know no family.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import exp, inf, log, log1p, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.domain.estimate import Estimate, Method, NotEstimable, Reason
from medeval.domain.families.base import ClusterSizes, Moments
from medeval.stats.intervals import t_of, wilson, z_of

Reals: TypeAlias = NDArray[np.float64]
#: A limit this far from its value on the log scale is as good as infinite, and still a number.
LONGEST_LOG = 600.0


class Scale(StrEnum):
    """The scale on which sites are pooled: where estimates are about normal, and limits stay inside the range."""

    LOGIT = "logit"
    LOG = "log"
    RAW = "raw"


@dataclass(frozen=True)
class Measured:
    """A value with its interval, and the effect and its variance on `scale`.

    Where a value lies on the border of its range, `effect` is continuity-corrected; `value` never is. `weight` is what
    the site counts for in a mean within sites: cases, or pairs of cases where the metric compares pairs. `limits` is
    the range of the metric, which no interval leaves.
    """

    value: float
    low: float
    high: float
    n: int
    method: Method
    scale: Scale
    effect: float
    variance: float
    bound: float = 0.0
    weight: float = 0.0
    limits: tuple[float, float] = (-inf, inf)

    def to_estimate(self) -> Estimate:
        """What a board shows; the interval always holds the value."""
        low, high = min(self.low, self.value), max(self.high, self.value)
        return Estimate(value=self.value, low=low, high=high, n=self.n, method=self.method, bound=self.bound)


Measure: TypeAlias = Measured | NotEstimable


def undefined(reason: Reason) -> NotEstimable:
    """No value, and why."""
    return NotEstimable(reason=reason)


def to_scale(value: float, scale: Scale) -> float:
    """A value on the analysis scale; it lies inside the range of that scale."""
    match scale:
        case Scale.LOGIT:
            return log(value) - log1p(-value)
        case Scale.LOG:
            return log(value)
        case Scale.RAW:
            return value


def from_scale(effect: float, scale: Scale) -> float:
    """The value of an effect."""
    match scale:
        case Scale.LOGIT:
            return 1 / (1 + exp(-effect)) if effect >= 0 else exp(effect) / (1 + exp(effect))
        case Scale.LOG:
            return exp(min(effect, LONGEST_LOG))
        case Scale.RAW:
            return effect


def slope_at(value: float, scale: Scale) -> float:
    """The derivative of `to_scale`: what takes a standard error from the value to the scale."""
    match scale:
        case Scale.LOGIT:
            return 1 / (value * (1 - value))
        case Scale.LOG:
            return 1 / value
        case Scale.RAW:
            return 1.0


def design_effect(cases: int, clusters: ClusterSizes | None) -> float:
    """By how much clustering by patient inflates a variance, if cases of one patient are fully alike; at least 1."""
    return max(1.0, clusters.squares / cases) if clusters and cases else 1.0


def proportion(successes: int, n: int, level: float, empty: Reason, deff: float = 1.0) -> Measure:
    """A share with Wilson's interval, of n / `deff` effective cases; pooled on the logit scale.

    The effect adds half a case to either side (Haldane 1956), so that a share of 0 or 1 has one.
    """
    if not n:
        return undefined(empty)
    low, high = wilson(successes / deff, n / deff, level)
    yes, no = successes / deff + 0.5, (n - successes) / deff + 0.5
    return Measured(
        value=successes / n,
        low=low,
        high=high,
        n=n,
        method=Method.WILSON,
        scale=Scale.LOGIT,
        effect=log(yes / no),
        variance=1 / yes + 1 / no,
        weight=n,
    )


def mean(moments: Moments, level: float, limits: tuple[float, float]) -> Measure:
    """A mean of per-case values with Student's t over cases, or over patients where cases cluster; pooled as it is.

    Over patients it is a ratio of totals, with the linearised variance (Cochran 1977, Sampling Techniques, 6.3) and as
    many degrees of freedom as there are patients, less one. The interval is cut at `limits`, the range of the metric.
    """
    if not moments.n:
        return undefined(Reason.NO_CASES)
    units = moments.totals.clusters if moments.totals else moments.n
    if units < 2:
        return undefined(Reason.ONE_CASE)
    value = moments.total.real / moments.n
    variance = max(_variance_of_mean(moments, units), 0.0)
    half = t_of(level, units - 1) * sqrt(variance)
    return Measured(
        value=value,
        low=max(limits[0], value - half),
        high=min(limits[1], value + half),
        n=moments.n,
        method=Method.T_CLUSTERS if moments.totals else Method.T_CASES,
        scale=Scale.RAW,
        effect=value,
        variance=variance,
        weight=moments.n,
        limits=limits,
    )


def _variance_of_mean(moments: Moments, units: int) -> float:
    """In whole numbers up to the last division, so that nothing cancels."""
    n, total, one = moments.n, moments.total.total, 2**52
    if moments.totals is None:
        return (moments.squares.total * n * one - total**2) / (n * n * (n - 1) * one**2)
    sums = moments.totals
    spread = sums.squares.total * one * n * n - 2 * total * n * sums.products.total + total**2 * sums.sizes
    return spread * units / ((units - 1) * n**4 * one**2)


def ratio(value: float, log_variance: float, n: int, level: float, weight: float = 0.0) -> Measured:
    """A ratio with Wald's interval on the log scale."""
    half = min(z_of(level) * sqrt(log_variance), LONGEST_LOG)
    return Measured(
        value=value,
        low=value * exp(-half),
        high=value * exp(half),
        n=n,
        method=Method.LOG_WALD,
        scale=Scale.LOG,
        effect=log(value),
        variance=log_variance,
        weight=weight or n,
    )


#: Of a bootstrap, this share of replicates may be undefined (a resampled class is empty), and no more.
_MAY_FAIL = 0.05


def resampled(
    value: float,
    replicates: Reals,
    n: int,
    level: float,
    bound: float = 0.0,
    limits: tuple[float, float] = (0.0, 1.0),
) -> Measure:
    """A functional of a table with its percentile interval over replicates (shape (B,), NaN where undefined).

    Rounding may take a replicate past `limits`, never the interval. Pooled as it is, by the variance of the replicates.
    Undefined replicates are counted, not dropped unseen: beyond one in twenty there is no interval, and so no estimate.
    """
    known = replicates[np.isfinite(replicates)]
    if len(known) < (1 - _MAY_FAIL) * len(replicates):
        return undefined(Reason.TOO_FEW_TO_RESAMPLE)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Measured(
        value=value,
        low=float(min(max(low, limits[0]), value)),
        high=float(max(min(high, limits[1]), value)),
        n=n,
        method=Method.TABLE_BOOTSTRAP,
        scale=Scale.RAW,
        effect=value,
        variance=float(np.var(known, ddof=1)),
        bound=bound,
        weight=n,
        limits=limits,
    )
