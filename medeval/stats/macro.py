"""The mean of a metric over classes whose covariances are not known.

The classes' estimates share cases, and what left the site does not tell how they move together. The standard error of
a mean is at most the mean of the standard errors, whatever the correlations: that is what the interval takes.
"""

from collections.abc import Sequence
from math import log, sqrt

from medeval.domain.estimate import Method
from medeval.stats.intervals import logit_wald
from medeval.stats.measure import Measure, Measured, Scale, from_scale, slope_at


def macro_average(found: Sequence[Measure], n: int, level: float) -> Measure:
    """The mean of the classes' values in [0, 1], or the first reason why one of them has none."""
    known = [one for one in found if isinstance(one, Measured)]
    if len(known) < len(found):
        return next(one for one in found if not isinstance(one, Measured))
    value = _mean([one.value for one in known])
    centre = _mean([from_scale(one.effect, one.scale) for one in known])
    error = _mean([_error(one) for one in known])
    scale, inside = known[0].scale, 0.0 < value < 1.0 and error > 0.0
    limits = _mean([one.low for one in known]), _mean([one.high for one in known])
    low, high = logit_wald(value, error**2, level) if inside else limits
    effect, slope = (value, 1.0) if scale is Scale.RAW else (log(centre / (1 - centre)), slope_at(centre, scale))
    return Measured(
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=n,
        method=Method.MACRO if inside else known[0].method,
        scale=scale,
        effect=effect,
        variance=(error * slope) ** 2,
        bound=_mean([one.bound for one in known]),
        weight=n,
        limits=(0.0, 1.0),
    )


def _error(one: Measured) -> float:
    """The standard error of a value, from that of its effect."""
    return sqrt(one.variance) / slope_at(from_scale(one.effect, one.scale), one.scale)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
