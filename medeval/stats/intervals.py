"""Confidence intervals in closed form, or found by bisection. Level is two-sided, such as 0.95."""

from collections.abc import Callable
from math import exp, log, sqrt
from statistics import NormalDist

from scipy.special import stdtrit

#: Halvings of [0, 1]: the interval of doubles is exhausted before that.
_HALVINGS = 64


def z_of(level: float) -> float:
    """The normal quantile of a two-sided level: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def t_of(level: float, freedom: float) -> float:
    """The quantile of Student's t of a two-sided level: 2.26 for 0.95 with 9 degrees of freedom."""
    return float(stdtrit(freedom, 0.5 + level / 2))


def wilson(successes: float, n: float, level: float) -> tuple[float, float]:
    """The score interval of a proportion, without continuity correction (Wilson 1927, JASA 22:209-212)."""
    z2 = z_of(level) ** 2
    share = successes / n  # both may be effective numbers of cases, which are no integers
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def logit_wald(value: float, variance: float, level: float) -> tuple[float, float]:
    """A Wald interval on the logit scale, by the delta method; `value` lies strictly between 0 and 1."""
    half = z_of(level) * sqrt(variance) / (value * (1 - value))
    centre = log(value) - log(1 - value)
    return _expit(centre - half), _expit(centre + half)


def newcombe_auroc(value: float, n0: float, n1: float, level: float) -> tuple[float, float]:
    """A score-type interval of an AUROC (Newcombe 2006, Stat Med 25:559-573, method 5).

    The limits are those values that lie z standard errors from the estimate, where the standard error is that of the
    limit (Hanley & McNeil 1982, with mean class size). So it has width where the estimate is 0 or 1.
    """
    z = z_of(level)

    def too_low(limit: float) -> bool:
        return limit + z * _hanley_mcneil(limit, n0, n1) < value

    def too_high(limit: float) -> bool:
        return limit - z * _hanley_mcneil(limit, n0, n1) > value

    low = 0.0 if value == 0 else _bisect(too_low, 0.0, value)
    high = 1.0 if value == 1 else 1 - _bisect(lambda rest: too_high(1 - rest), 0.0, 1 - value)
    return low, high


def _hanley_mcneil(auroc: float, n0: float, n1: float) -> float:
    """The standard error of an AUROC under exponential scores, both class sizes taken as their mean in Q1 and Q2."""
    others = (n0 + n1) / 2 - 1
    spread = 1 + others * ((1 - auroc) / (2 - auroc) + auroc / (1 + auroc))
    return sqrt(auroc * (1 - auroc) * spread / (n0 * n1))


def _bisect(before: Callable[[float], bool], start: float, end: float) -> float:
    """Where `before` turns from true to false between `start` and `end`."""
    for _ in range(_HALVINGS):
        middle = (start + end) / 2
        start, end = (middle, end) if before(middle) else (start, middle)
    return (start + end) / 2


def _expit(x: float) -> float:
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))
