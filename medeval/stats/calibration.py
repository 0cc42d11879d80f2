"""Do predicted risks come true: Brier score, calibration error, O:E, calibration intercept and slope, ICI.

From the score table: the sum of scores of a bin gives its mean risk exactly. What depends on single scores (the Brier
score) is bounded; what is a fit (intercept, slope, ICI) takes the cases of one bin at their mean risk, and says so.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from medeval.domain.estimate import Method, NotEstimable, Reason
from medeval.domain.families.binary import ScoreTable
from medeval.stats.decisions import Sampling
from medeval.stats.intervals import z_of
from medeval.stats.logistic import fit_logistic
from medeval.stats.measure import Measure, Measured, Scale, ratio, resampled, undefined

Reals = NDArray[np.float64]
#: Replicates of a mean that differ by less differ by rounding alone.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Risks:
    """The bins that hold cases: `n0`, `n1` and mean predicted risk, each of shape (K,)."""

    n0: Reals
    n1: Reals
    mean: Reals

    @classmethod
    def of(cls, table: ScoreTable) -> "Risks":
        """The occupied bins of a score table."""
        n0, n1 = (np.array(counts, dtype=np.float64) for counts in (table.n0, table.n1))
        sums = np.array([wide.total * table.unit for wide in table.sums])
        held = n0 + n1 > 0
        return cls(n0[held], n1[held], np.clip(sums[held] / (n0 + n1)[held], 0.0, 1.0))

    @property
    def n(self) -> int:
        """All cases."""
        return int(self.n0.sum() + self.n1.sum())

    @cached_property
    def logits(self) -> Reals:
        """The logit of each bin's mean risk; a mean of exactly 0 or 1 is moved inwards by half a case."""
        n = self.n0 + self.n1
        inside = np.clip(self.mean, 0.5 / (n + 1), 1 - 0.5 / (n + 1))
        risk = np.where((self.mean <= 0) | (self.mean >= 1), inside, self.mean)
        return np.log(risk) - np.log1p(-risk)


# --- Brier ------------------------------------------------------------------------------------------------------


def brier(table: ScoreTable, replicates: tuple[Reals, Reals], sampling: Sampling) -> Measure:
    """The mean squared error of the scores, from the middle of the range that the table leaves open; `bound` is half of
    that range: scores of a bin can lie alike or at its edges, and the positive ones high or low.
    """  # noqa: D205 one sentence
    if not sum(table.classes):
        return undefined(Reason.NO_CASES)
    n0, n1 = (np.array(counts, dtype=np.float64) for counts in (table.n0, table.n1))
    sums = np.array([wide.total * table.unit for wide in table.sums])
    means = sums / np.maximum(n0 + n1, 1)
    low, high = _brier_range(table, n0, n1, sums)
    value, n = (low + high) / 2, sum(table.classes)
    # A replicate's bin keeps its mean squared error: that of the table's own bin, per case and class.
    drawn0, drawn1 = replicates
    spread = (drawn0 * means**2 + drawn1 * (1 - means) ** 2).sum(axis=1) / (drawn0 + drawn1).sum(axis=1)
    plug_in = float((n0 * means**2 + n1 * (1 - means) ** 2).sum() / n)
    rounding = 0.0 if table.resolution == "exact" else float(table.resolution)
    found = np.clip(spread + (value - plug_in), 0.0, 1.0)
    return resampled(value, found, n, sampling.level, (high - low) / 2 + rounding)


def _brier_range(table: ScoreTable, n0: Reals, n1: Reals, sums: Reals) -> tuple[float, float]:
    """The least and the largest mean of (p - y)**2 = p**2 - 2 p y + y over scores p of the table's bins.

    Per bin [a, b] with n cases and sum S: the squares add up to between S**2 / n and (a + b) S - a b n, the scores of
    positive cases to between max(n1 a, S - n0 b) and min(n1 b, S - n0 a).
    """
    edges = np.array(table.edges)
    a, b, n = edges[:-1], edges[1:], n0 + n1
    squares = np.stack([sums**2 / np.maximum(n, 1), (a + b) * sums - a * b * n])
    positive = np.stack([np.maximum(n1 * a, sums - n0 * b), np.minimum(n1 * b, sums - n0 * a)])
    low = (squares[0] - 2 * positive[1] + n1).sum() / n.sum()
    high = (squares[1] - 2 * positive[0] + n1).sum() / n.sum()
    return max(0.0, float(min(low, high))), min(1.0, float(max(low, high)))


# --- in the large -----------------------------------------------------------------------------------------------


def observed_expected(table: ScoreTable, sampling: Sampling) -> Measure:
    """Observed over expected events, on the log scale.

    Variance: (1 - O / n) / O, expected events taken as fixed (Debray et al. 2017, BMJ 356:i6460).
    """
    n0, n1 = table.classes
    expected = sum(wide.total for wide in table.sums) * table.unit
    if not n0 + n1:
        return undefined(Reason.NO_CASES)
    if not n1:
        return undefined(Reason.NO_EVENT)
    if expected <= 0:
        return undefined(Reason.NO_EXPECTED_EVENT)
    observed = min(n1, n0 + n1 - 0.5)  # where every case has an event the variance needs half a case without
    variance = (1 - observed / (n0 + n1)) / observed * sampling.deff
    return ratio(n1 / expected, variance, n0 + n1, sampling.level)


def expected_calibration_error(table: ScoreTable, replicates: tuple[Reals, Reals], sampling: Sampling) -> Measure:
    """The mean distance, over cases, between a bin's share of positive cases and its mean risk (Naeini et al. 2015).

    Exact for the spec's bins. It is biased upwards in small samples: chance alone moves shares away from risks.
    """
    if not sum(table.classes):
        return undefined(Reason.NO_CASES)
    sums = np.array([wide.total * table.unit for wide in table.sums])
    n0, n1 = (np.array(counts, dtype=np.float64) for counts in (table.n0, table.n1))
    means = sums / np.maximum(n0 + n1, 1)
    value = float(np.abs(n1 - sums).sum() / sum(table.classes))
    drawn0, drawn1 = replicates
    total = (drawn0 + drawn1).sum(axis=1)
    found = np.abs(drawn1 - (drawn0 + drawn1) * means).sum(axis=1) / total
    if np.ptp(found) < _ROUNDING:  # one bin of one class: no replicate differs, so nothing tells how sure the value is
        return undefined(Reason.NO_SPREAD)
    return resampled(value, found, sum(table.classes), sampling.level)


# --- logistic recalibration -------------------------------------------------------------------------------------


def intercept(table: ScoreTable, sampling: Sampling) -> Measure:
    """Calibration in the large: the intercept of a logistic model with the logit risk as offset; 0 is ideal."""
    risks = Risks.of(table)
    return _coefficient(risks, np.ones((len(risks.mean), 1)), risks.logits, 0, sampling)


def slope(table: ScoreTable, sampling: Sampling) -> Measure:
    """The calibration slope: that of a logistic model of the outcome on the logit risk (Cox 1958); 1 is ideal."""
    risks = Risks.of(table)
    if not risks.n:
        return undefined(Reason.NO_CASES)
    scaled, spread = _standardised(risks.logits, risks.n0 + risks.n1)
    if not spread:
        return undefined(Reason.SCORES_ALIKE)
    design = np.stack([np.ones_like(scaled), scaled], axis=1)
    return _coefficient(risks, design, np.zeros_like(scaled), 1, sampling, spread)


#: Logits that differ by less are alike: rounding alone may part them.
_ALIKE = 1e-9


def _standardised(values: Reals, weights: Reals) -> tuple[Reals, float]:
    """Values of mean 0 and standard deviation 1 over cases, and the deviation that they had; 0 where they are alike."""
    middle = float((weights * values).sum() / weights.sum())
    spread = sqrt(float((weights * (values - middle) ** 2).sum() / weights.sum()))
    alike = float(np.ptp(values)) < _ALIKE
    return (np.zeros_like(values), 0.0) if alike else ((values - middle) / spread, spread)


def _coefficient(
    risks: Risks, design: Reals, offset: Reals, which: int, sampling: Sampling, spread: float = 1.0
) -> Measure:
    """One coefficient of a logistic model, whose column was divided by `spread`."""
    if not risks.n:
        return undefined(Reason.NO_CASES)
    if not risks.n0.sum() or not risks.n1.sum():
        return undefined(Reason.ONE_CLASS_ONLY)
    fitted = fit_logistic(design, offset, risks.n0[None, :], risks.n1[None, :])
    if not fitted.known.all():
        return undefined(Reason.SEPARATED)
    value = float(fitted.coefficients[0, which]) / spread
    variance = float(np.linalg.inv(fitted.information[0])[which, which]) / spread**2 * sampling.deff
    half = z_of(sampling.level) * sqrt(variance)
    return Measured(
        value=value,
        low=value - half,
        high=value + half,
        n=risks.n,
        method=Method.GROUPED_LOGISTIC,
        scale=Scale.RAW,
        effect=value,
        variance=variance,
        weight=risks.n,
    )


# --- the integrated calibration index ---------------------------------------------------------------------------


def calibration_index(table: ScoreTable, replicates: tuple[Reals, Reals], sampling: Sampling) -> Measure:
    """The integrated calibration index: the mean distance between predicted risk and a smooth calibration curve.

    Austin & Steyerberg 2019 (Stat Med 38:4051-4065); the curve is a logistic model of the outcome on a restricted cubic
    spline of the logit risk with three knots (at its .10, .50 and .90 quantiles over cases), as in Harrell's
    Regression Modeling Strategies; a straight line where the risks take fewer than four values.
    """
    risks = Risks.of(table)
    if not risks.n:
        return undefined(Reason.NO_CASES)
    if not risks.n0.sum() or not risks.n1.sum():
        return undefined(Reason.ONE_CLASS_ONLY)
    value = float(_index(risks, risks.n0[None, :], risks.n1[None, :])[0])
    if not isfinite(value):
        return undefined(Reason.SEPARATED)
    held = np.array([a + b > 0 for a, b in zip(table.n0, table.n1, strict=True)])
    drawn = _index(risks, replicates[0][:, held], replicates[1][:, held])
    return resampled(value, drawn, risks.n, sampling.level)


def calibration_curve(table: ScoreTable) -> tuple[Reals, Reals] | NotEstimable:
    """(mean risk, smooth observed risk) of each occupied bin, as the calibration plot draws it."""
    risks = Risks.of(table)
    if not risks.n0.sum() or not risks.n1.sum():
        return undefined(Reason.ONE_CLASS_ONLY)
    design = spline(risks.logits, risks.n0 + risks.n1)
    fitted = fit_logistic(design, np.zeros_like(risks.logits), risks.n0[None, :], risks.n1[None, :])
    if not fitted.known.all():
        return undefined(Reason.SEPARATED)
    return risks.mean, expit(design @ fitted.coefficients[0])


def _index(risks: Risks, n0: Reals, n1: Reals) -> Reals:
    """The index of B tables of shape (B, K), with the knots of the first table; NaN where a fit has no maximum."""
    design = spline(risks.logits, risks.n0 + risks.n1)
    fitted = fit_logistic(design, np.zeros_like(risks.logits), n0, n1)
    distance = np.abs(expit(fitted.coefficients @ design.T) - risks.mean)
    found: Reals = (distance * (n0 + n1)).sum(axis=1) / (n0 + n1).sum(axis=1)
    return np.where(fitted.known, found, np.nan)


#: A design whose columns are more alike than this tells no curve from a line.
_MOST_ALIKE = 1e6


def spline(values: Reals, weights: Reals) -> Reals:
    """The design of a restricted cubic spline with three knots: (K, 3); (K, 2) for a line, (K, 1) for one value."""
    scaled, spread = _standardised(values, weights)
    columns = [np.ones_like(values)]
    if spread:
        columns.append(scaled)
    knots = _quantiles(scaled, weights, (0.1, 0.5, 0.9))
    if len(set(scaled.tolist())) > 3 and all(a < b for a, b in pairwise(knots)):
        first, middle, last = knots
        cubes = [np.maximum(scaled - knot, 0.0) ** 3 for knot in knots]
        bent = cubes[0] - cubes[1] * (last - first) / (last - middle) + cubes[2] * (middle - first) / (last - middle)
        columns.append(bent / (last - first) ** 2)
    design = np.stack(columns, axis=1)
    return design if np.linalg.cond(design) < _MOST_ALIKE else design[:, :2]


def _quantiles(values: Reals, weights: Reals, shares: tuple[float, ...]) -> list[float]:
    """The value at which the cases up to it reach each share."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return [float(values[order][np.searchsorted(reached, share)]) for share in shares]
