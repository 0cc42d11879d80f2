"""Do predicted risks come true: Brier score, calibration error, O:E, calibration intercept and slope, ICI.

From the score table: the sum of scores of a bin gives its mean risk exactly. What depends on single scores (the Brier
score) is bounded; what is a fit (intercept, slope, ICI) takes the cases of one bin at their mean risk, and says so.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from medeval.domain.estimate import Method, NotEstimable, Reason
from medeval.domain.families.binary import ScoreTable
from medeval.stats.decisions import Sampling
from medeval.stats.intervals import z_of
from medeval.stats.measure import Measure, Measured, Scale, ratio, resampled, undefined

Reals = NDArray[np.float64]
_STEPS = 50
_PRECISION = 1e-10


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
    return resampled(value, spread + (value - plug_in), n, sampling.level, (high - low) / 2 + rounding)


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
    return resampled(value, found, sum(table.classes), sampling.level)


# --- logistic recalibration -------------------------------------------------------------------------------------


def intercept(table: ScoreTable, sampling: Sampling) -> Measure:
    """Calibration in the large: the intercept of a logistic model with the logit risk as offset; 0 is ideal."""
    risks = Risks.of(table)
    return _coefficient(risks, np.ones((len(risks.mean), 1)), risks.logits, 0, sampling)


def slope(table: ScoreTable, sampling: Sampling) -> Measure:
    """The calibration slope: that of a logistic model of the outcome on the logit risk (Cox 1958); 1 is ideal."""
    risks = Risks.of(table)
    if len(set(risks.logits.tolist())) < 2 and risks.n:
        return undefined(Reason.SCORES_ALIKE)
    design = np.stack([np.ones_like(risks.logits), risks.logits], axis=1)
    return _coefficient(risks, design, np.zeros_like(risks.logits), 1, sampling)


def _coefficient(risks: Risks, design: Reals, offset: Reals, which: int, sampling: Sampling) -> Measure:
    if not risks.n:
        return undefined(Reason.NO_CASES)
    if not risks.n0.sum() or not risks.n1.sum():
        return undefined(Reason.ONE_CLASS_ONLY)
    fitted = fit_logistic(design, offset, risks.n0[None, :], risks.n1[None, :])
    if fitted is None:
        return undefined(Reason.SEPARATED)
    coefficients, covariance = fitted
    value, variance = float(coefficients[0, which]), float(covariance[0, which, which]) * sampling.deff
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


def fit_logistic(design: Reals, offset: Reals, n0: Reals, n1: Reals) -> tuple[Reals, Reals] | None:
    """Maximum likelihood of B logistic models by Newton's method; None where one has no finite maximum.

    `design` (K, P), `offset` (K,), counts (B, K); returns coefficients (B, P) and covariances (B, P, P).
    """
    coefficients, information = _newton(design, offset, n0, n1)
    if not np.isfinite(coefficients).all() or np.abs(coefficients).max() > _NO_MAXIMUM:
        return None
    covariance: Reals = np.linalg.inv(information).astype(np.float64)
    return coefficients, covariance


#: A coefficient beyond this means that the classes are apart: the likelihood rises without end.
_NO_MAXIMUM = 50.0


def _newton(design: Reals, offset: Reals, n0: Reals, n1: Reals) -> tuple[Reals, Reals]:
    size, width = n0 + n1, design.shape[1]
    coefficients = np.zeros((len(n0), width))
    information = np.tile(np.eye(width), (len(n0), 1, 1))
    for _ in range(_STEPS):
        linear = np.clip(coefficients @ design.T + offset, -500, 500)
        risk = 1 / (1 + np.exp(-linear))
        gradient = (n1 - size * risk) @ design
        information = np.einsum("bk,kp,kq->bpq", size * risk * (1 - risk), design, design)
        information += 1e-12 * np.eye(width)
        step = np.linalg.solve(information, gradient[..., None])[..., 0]
        coefficients = coefficients + np.clip(step, -5, 5)
        if np.abs(step).max() < _PRECISION:
            break
    return coefficients, information


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
    value = _index(risks, risks.n0[None, :], risks.n1[None, :])
    if value is None:
        return undefined(Reason.SEPARATED)
    held = np.array([a + b > 0 for a, b in zip(table.n0, table.n1, strict=True)])
    drawn = _index(risks, replicates[0][:, held], replicates[1][:, held])
    if drawn is None:
        return undefined(Reason.TOO_FEW_TO_RESAMPLE)
    return resampled(float(value[0]), drawn, risks.n, sampling.level)


def calibration_curve(table: ScoreTable) -> tuple[Reals, Reals] | NotEstimable:
    """(mean risk, smooth observed risk) of each occupied bin, as the calibration plot draws it."""
    risks = Risks.of(table)
    if not risks.n0.sum() or not risks.n1.sum():
        return undefined(Reason.ONE_CLASS_ONLY)
    design = spline(risks.logits, risks.n0 + risks.n1)
    fitted = fit_logistic(design, np.zeros_like(risks.logits), risks.n0[None, :], risks.n1[None, :])
    if fitted is None:
        return undefined(Reason.SEPARATED)
    return risks.mean, 1 / (1 + np.exp(-(design @ fitted[0][0])))


def _index(risks: Risks, n0: Reals, n1: Reals) -> Reals | None:
    """The index of B tables of shape (B, K), with the knots of the first table; NaN where a fit has no maximum."""
    design = spline(risks.logits, risks.n0 + risks.n1)
    coefficients, _ = _newton(design, np.zeros_like(risks.logits), n0, n1)
    known = np.isfinite(coefficients).all(axis=1) & (np.abs(coefficients).max(axis=1) <= _NO_MAXIMUM)
    if len(known) == 1 and not known[0]:
        return None
    linear = np.clip(np.where(known[:, None], coefficients, 0.0) @ design.T, -500, 500)
    distance = np.abs(1 / (1 + np.exp(-linear)) - risks.mean)
    found: Reals = (distance * (n0 + n1)).sum(axis=1) / (n0 + n1).sum(axis=1)
    return np.where(known, found, np.nan)


def spline(values: Reals, weights: Reals) -> Reals:
    """The design of a restricted cubic spline with three knots: (K, 3); (K, 2) for a line, (K, 1) for one value."""
    different = len(set(values.tolist()))
    columns = [np.ones_like(values)]
    if different > 1:
        columns.append(values)
    knots = _quantiles(values, weights, (0.1, 0.5, 0.9))
    if different > 3 and all(a < b for a, b in pairwise(knots)):
        first, middle, last = knots
        cubes = [np.maximum(values - knot, 0.0) ** 3 for knot in knots]
        bent = cubes[0] - cubes[1] * (last - first) / (last - middle) + cubes[2] * (middle - first) / (last - middle)
        columns.append(bent / (last - first) ** 2)
    return np.stack(columns, axis=1)


def _quantiles(values: Reals, weights: Reals, shares: tuple[float, ...]) -> list[float]:
    """The value at which the cases up to it reach each share."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return [float(values[order][np.searchsorted(reached, share)]) for share in shares]
