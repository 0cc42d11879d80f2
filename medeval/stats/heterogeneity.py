"""How much sites differ beyond chance: the variance between sites, its interval, its share.

Sums are correctly rounded (`fsum`), so the order of sites changes nothing, not the last bit.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, isfinite, log

from scipy.special import chdtri

#: A variance counts as at least this share of the largest variance or squared range of effects: weights stay finite.
_FLOOR = 1e-9
#: Where the restricted likelihood is searched for maxima, in units of the squared range of the effects, above which it
#: only falls: as no effect lies further than (1 - w_i/W) of the range from the mean, the score at tau2 is at most
#: sum w_i (1 - w_i/W) (w_i range2 - 1), and w_i is at most 1/tau2.
_GRID = (0.0, *(10 ** (-step / 4) for step in range(32, -1, -1)))
_HALVINGS = 45
#: While Q is above twice its target, each of Newton's steps raises the least variance + tau2 by half or more, and from
#: there on they double the digits: far fewer than this many are needed. They stop where only the last digits change.
_MOST_STEPS = 200
_PRECISION = 1e-13


@dataclass(frozen=True)
class Effect:
    """What one site found, and the variance of it (squared standard error), on the analysis scale."""

    value: float
    variance: float

    def __post_init__(self) -> None:
        if not (isfinite(self.value) and isfinite(self.variance) and self.variance >= 0):
            raise ValueError("an effect and its variance are finite, and a variance is not negative")


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`."""

    low: float
    high: float


@dataclass(frozen=True)
class Heterogeneity:
    """How much sites differ beyond chance.

    `tau2` is the variance between sites, `i2` its share of the total variance at a site of typical size (0 to 1;
    Higgins & Thompson 2002, Stat Med 21:1539-1558), `q` Cochran's statistic. The intervals are Q-profile (Viechtbauer
    2007, Stat Med 26:37-52); they do not come from the restricted likelihood, so in rare cases they leave `tau2` out.
    """

    tau2: float
    tau2_interval: Interval
    i2: float
    i2_interval: Interval
    q: float


@dataclass(frozen=True)
class WeightedMean:
    """Effects weighed by 1 / (variance + tau2): weights, their sum, the mean, the weighted squares around it."""

    weights: tuple[float, ...]
    total: float
    mean: float
    squares: float


class Sites:
    """The effects of at least two sites, with variances of which none is zero.

    A variance of zero says that the few cases of a site happened to be alike, not that the site is certain: it counts
    as the largest of the other sites', so that it weighs least. Where all are zero, sites weigh the same.
    """

    def __init__(self, effects: Sequence[Effect]) -> None:
        self.values = tuple(effect.value for effect in effects)
        self.range2 = (max(self.values) - min(self.values)) ** 2
        largest = max(effect.variance for effect in effects)
        self.agree_exactly = not (largest or self.range2)
        floor = _FLOOR * max(largest, self.range2) or 1.0
        self.variances = tuple(max(effect.variance or largest, floor) for effect in effects)

    def at(self, tau2: float) -> WeightedMean:
        """The weighted mean at a variance between sites."""
        weights = tuple(1 / (variance + tau2) for variance in self.variances)
        total = fsum(weights)
        mean = fsum(weight * value for weight, value in zip(weights, self.values, strict=True)) / total
        mean = min(max(mean, min(self.values)), max(self.values))
        squares = fsum(weight * (value - mean) ** 2 for weight, value in zip(weights, self.values, strict=True))
        return WeightedMean(weights, total, mean, squares)

    def log_likelihood(self, tau2: float) -> float:
        """The restricted log-likelihood of tau2, up to a constant."""
        fit = self.at(tau2)
        return -0.5 * (fsum(-log(weight) for weight in fit.weights) + log(fit.total) + fit.squares)

    def score(self, tau2: float) -> float:
        """Twice its derivative by tau2 (Viechtbauer 2005, J Educ Behav Stat 30:261-293)."""
        fit = self.at(tau2)
        return fsum(
            weight * (weight * (value - fit.mean) ** 2 - (1 - weight / fit.total))
            for weight, value in zip(fit.weights, self.values, strict=True)
        )


def reml(sites: Sites) -> float:
    """The variance between sites of the highest restricted likelihood, at least 0.

    Every maximum lies where the score turns from positive to negative, or at 0; of several the likeliest is taken. So
    nothing depends on a starting value or on convergence.
    """
    maxima = list(_maxima(sites))
    return max(maxima, key=sites.log_likelihood) if maxima[1:] else maxima[0]


def q_profile(sites: Sites, level: float) -> Interval:
    """Every tau2 at which Cochran's Q lies within the chi-square quantiles of the level; 0 to 0 if none does."""
    freedom, tail = len(sites.values) - 1, (1 - level) / 2
    low = _tau2_at(float(chdtri(freedom, tail)), sites)
    return Interval(low, max(low, _tau2_at(float(chdtri(freedom, 1 - tail)), sites)))


def heterogeneity(sites: Sites, tau2: float, level: float) -> Heterogeneity:
    """All measures, at the given estimate of tau2."""
    fit = sites.at(0.0)
    others = fsum(weight * (fit.total - weight) for weight in fit.weights)
    typical = (len(sites.values) - 1) * fit.total / others
    between = q_profile(sites, level)
    return Heterogeneity(
        tau2=tau2,
        tau2_interval=between,
        i2=tau2 / (tau2 + typical),
        i2_interval=Interval(between.low / (between.low + typical), between.high / (between.high + typical)),
        q=fit.squares,
    )


def _maxima(sites: Sites) -> Iterator[float]:
    grid = [(point, sites.score(point) > 0) for point in (share * sites.range2 for share in _GRID)]
    if not grid[0][1]:
        yield 0.0
    for (low, rises), (high, still_rises) in pairwise(grid):
        if rises and not still_rises:
            yield _turn(lambda tau2: sites.score(tau2) > 0, low, high)


def _turn(before: Callable[[float], bool], start: float, end: float) -> float:
    """Where `before` turns from true to false between `start` and `end`."""
    for _ in range(_HALVINGS):
        middle = (start + end) / 2
        start, end = (middle, end) if before(middle) else (start, middle)
    return (start + end) / 2


def _tau2_at(target: float, sites: Sites) -> float:
    """The tau2 at which Q is `target`, or 0 if Q is below it everywhere.

    Q falls and is convex (the least over the mean of sums of squares over lines), so Newton's steps from 0 only go up
    and never too far.
    """
    tau2 = 0.0
    for _ in range(_MOST_STEPS):
        fit = sites.at(tau2)
        if fit.squares <= target:
            break
        slope = fsum((w * (value - fit.mean)) ** 2 for w, value in zip(fit.weights, sites.values, strict=True))
        step = (fit.squares - target) / slope
        tau2 += step
        if step <= _PRECISION * tau2:
            break
    return tau2
