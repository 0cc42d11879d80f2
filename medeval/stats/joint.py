"""Functionals of means with linearised, cluster-robust variances, from joint moments.

With m the means and g the gradient of f at m, the residual total of cluster k is L_k = g . (t_k - m m_k) / n, and
Var f = K / (K - 1) sum of L_k**2, a quadratic form in the state's products (Binder 1983). It is evaluated in whole
numbers, so that nothing cancels; without clusters it is the delta method.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log, sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.domain.estimate import Method, Reason
from medeval.domain.families.base import UNIT_BITS
from medeval.domain.families.joint import JointMoments
from medeval.stats.intervals import t_of, wilson, z_of
from medeval.stats.measure import Measure, Measured, Scale, from_scale, proportion, undefined

#: A smooth function of the means (shape (d,), complex: it is differentiated by a complex step).
Functional: TypeAlias = Callable[[NDArray[Any]], Any]

#: Products of cluster totals are rounded to 2**-52, so a smaller variance of cases cannot be told from none.
_NO_SPREAD = 2.0**-48
_STEP = 1e-30


@dataclass(frozen=True)
class Joint:
    """Exact means of d columns over n cases in `clusters`, and the (d + 1) x (d + 1) products, `one` first."""

    n: int
    clusters: int
    means: tuple[Fraction, ...]
    products: tuple[tuple[Fraction, ...], ...]

    @classmethod
    def of(cls, state: JointMoments) -> "Joint":
        """The joint moments of at least one case."""
        one, names = Fraction(1, 1 << UNIT_BITS), state.columns
        means = tuple(total.total * one / state.cases for total in state.totals[1:])
        products = tuple(tuple(state.product(a, b).total * one for b in names) for a in names)
        return cls(state.cases, state.clusters, means, products)

    def through(self, rows: Sequence[Sequence[Fraction | int]]) -> "Joint":
        """The joint moments of other columns, linear in these: row j holds the weights of (one, v1, ..., vd)."""
        every = [[Fraction(1)] + [Fraction(0)] * len(self.means), *rows]
        before = (Fraction(1), *self.means)
        half = [[_dot(row, column) for column in self.products] for row in every]
        products = tuple(tuple(_dot(row, other) for other in every) for row in half)
        return Joint(self.n, self.clusters, tuple(_dot(row, before) for row in rows), products)

    def functional(self, function: Functional) -> tuple[float, float]:
        """Value and variance of a function of the means; 0 where there is none to be told, or one cluster alone."""
        means = np.array([float(mean) for mean in self.means], dtype=np.complex128)
        steps = [means + 1j * _STEP * row for row in np.eye(len(means))]
        gradient = [float(np.imag(function(step))) / _STEP for step in steps]
        return float(np.real(function(means))), self.variance(gradient)

    def variance(self, gradient: Sequence[float]) -> float:
        """The variance of a function of the means with that gradient."""
        if self.clusters < 2:
            return 0.0
        slopes = [Fraction(slope) for slope in gradient]
        weights = [-_dot(slopes, self.means), *slopes]
        spread = _dot([_dot(weights, column) for column in self.products], weights)
        per_case = float(spread) / self.n
        return per_case / self.n * self.clusters / (self.clusters - 1) if per_case > _NO_SPREAD else 0.0

    def effective(self, denominator: int, variance: float, share: float) -> float:
        """Effective trials of a share of column `denominator` (0: cases), as Korn and Graubard (1998) take them.

        Independent cases are as many as they are. Otherwise the trials that would give a binomial share this variance,
        corrected for the degrees of freedom, at most the trials that there are; where the share is 0 or 1 Kish's number
        for fully alike trials of one cluster.
        """
        trials = float((Fraction(1), *self.means)[denominator] * self.n)
        if denominator == 0 and self.clusters == self.n:
            return trials
        alike = trials**2 / float(self.products[denominator][denominator])
        if variance <= 0.0 or not 0.0 < share < 1.0:
            return min(trials, max(1.0, alike))
        return min(trials, max(1.0, share * (1 - share) / variance * self._freedom()))

    def _freedom(self) -> float:
        """(z / t)**2 at 95%: what few clusters take away."""
        return (z_of(0.95) / t_of(0.95, self.clusters - 1)) ** 2


def _dot(first: Sequence[Fraction | int], second: Sequence[Fraction | int]) -> Fraction:
    return sum((Fraction(a) * b for a, b in zip(first, second, strict=True)), Fraction(0))


def share_of(joint: Joint, above: int, below: int, level: float, empty: Reason) -> Measure:
    """The share of column `above` in column `below` (0: cases), both counts, with Wilson's interval."""
    counts = (Fraction(1), *joint.means)
    trials, successes = round(counts[below] * joint.n), round(counts[above] * joint.n)
    if not trials:
        return undefined(empty)
    share = successes / trials
    gradient = [0.0] * len(joint.means)
    if below:
        gradient[below - 1] = -share / float(counts[below])
    gradient[above - 1] += 1 / float(counts[below])
    effective = joint.effective(below, joint.variance(gradient), share)
    return proportion(successes, trials, level, empty, trials / effective)


def mean_of(joint: Joint, column: int, level: float) -> Measured:
    """The mean of a column of values in [0, 1] with Student's t over cases, or over clusters.

    Where all cases are alike, or of one cluster, the variance says nothing: Wilson's interval is the safe side, since
    no variable in [0, 1] varies more than a share of its mean.
    """
    gradient = [0.0] * len(joint.means)
    gradient[column - 1] = 1.0
    value, variance = float(joint.means[column - 1]), joint.variance(gradient)
    if variance <= 0.0:
        return as_share(value, joint.n, joint.effective(0, 0.0, value), level)
    half = t_of(level, joint.clusters - 1) * sqrt(variance)
    clustered = joint.clusters < joint.n
    method = Method.T_CLUSTERS if clustered else Method.T_CASES
    return raw(value, (max(0.0, value - half), min(1.0, value + half)), variance, joint.n, method)


def index_of(joint: Joint, function: Functional, level: float, trials: int = 0) -> Measured:
    """A function of the means with values in [0, 1], with Wald's interval on the logit scale (t over clusters).

    On the border, or where the variance tells nothing, Wilson's interval with the effective number of `trials` (the
    column that the function is a share of).
    """
    value, variance = joint.functional(function)
    value = min(1.0, max(0.0, value))
    if variance <= 0.0 or not 0.0 < value < 1.0:
        return as_share(value, joint.n, joint.effective(trials, 0.0, value), level)
    half = t_of(level, joint.clusters - 1) * sqrt(variance) / (value * (1 - value))
    centre = log(value / (1 - value))
    limits = from_scale(centre - half, Scale.LOGIT), from_scale(centre + half, Scale.LOGIT)
    return raw(value, limits, variance, joint.n, Method.LINEARISED)


def as_share(value: float, n: int, effective: float, level: float) -> Measured:
    """A value in [0, 1] with Wilson's interval of so many effective trials; its variance is read off the interval."""
    low, high = wilson(value * effective, effective, level)
    return raw(value, (low, high), ((high - low) / (2 * z_of(level))) ** 2, n, Method.WILSON)


def raw(
    value: float,
    interval: tuple[float, float],
    variance: float,
    n: int,
    method: Method,
    limits: tuple[float, float] = (0.0, 1.0),
) -> Measured:
    """A value that is pooled as it is; `limits` is the range of its metric."""
    return Measured(
        value=value,
        low=min(interval[0], value),
        high=max(interval[1], value),
        n=n,
        method=method,
        scale=Scale.RAW,
        effect=value,
        variance=variance,
        weight=n,
        limits=limits,
    )
