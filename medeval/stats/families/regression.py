"""The metrics of a regression, from the joint moments of label and error; intervals respect clusters.

With y the label, p the prediction and d = p - y: `bias` = mean d, `mae` = mean |d|, `rmse` = sqrt(mean d**2), `r2` =
1 - sum d**2 / sum (y - mean y)**2 (of all cases: the coefficient of determination), `ccc` = Lin's concordance
(1989, Biometrics 45:255-268; with variances over n), `loa_low` and `loa_high` = bias -+ 1.96 s (Bland and Altman 1986,
Lancet 327:307-310; s with n - 1).
"""

from collections.abc import Callable
from fractions import Fraction
from math import atanh, exp, inf, sqrt, tanh
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medeval.domain.estimate import Method, Reason
from medeval.domain.families.joint import JointMoments
from medeval.domain.families.regression import RegressionPlan
from medeval.domain.result import Evaluation
from medeval.stats.intervals import t_of
from medeval.stats.joint import Joint, raw
from medeval.stats.measure import LONGEST_LOG, Measure, undefined

#: The half width of the limits of agreement, in standard deviations, as Bland and Altman round it.
AGREEMENT = 1.96
#: Variances of labels, or of errors, below this share of the range's square are rounding.
_FLAT = Fraction(1, 2**48)
_ANY = (-inf, inf)
_RANGES = {"mae": (0.0, inf), "rmse": (0.0, inf), "r2": (-inf, 1.0), "ccc": (-1.0, 1.0)}
#: Where centred columns stand: y - mean, d, |d|, d**2, (y - mean) d, (y - mean)**2.
_D, _ABS, _DD, _YD, _YY = 1, 2, 3, 4, 5
_Means = NDArray[Any]


def measure(evaluation: Evaluation, name: str, plan: RegressionPlan) -> Measure:
    """One metric of an evaluation that was checked against the plan."""
    if not evaluation.cases:
        return undefined(Reason.NO_CASES)
    joint = _centred(_joint(evaluation))
    if joint.clusters < 2:
        return undefined(Reason.ONE_CASE)
    if name in ("r2", "ccc") and joint.means[_YY] < _FLAT:
        return undefined(Reason.LABELS_ALIKE)
    if name in ("loa_low", "loa_high") and joint.means[_DD] - joint.means[_D] ** 2 < _FLAT:
        return undefined(Reason.NO_SPREAD)
    return _measure(joint, name, plan)


def _joint(evaluation: Evaluation) -> Joint:
    state = evaluation.states[0]
    assert isinstance(state, JointMoments)  # noqa: S101 the plan checked it
    return Joint.of(state)


def _centred(joint: Joint) -> Joint:
    """Labels less their mean, exactly: their variance would cancel in doubles."""
    mean = joint.means[0]
    rows: list[list[Fraction | int]] = [
        [-mean, 1, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 0, 0],
        [0, 0, -mean, 0, 0, 1, 0],
        [mean * mean, -2 * mean, 0, 0, 0, 0, 1],
    ]
    return joint.through(rows)


def _measure(joint: Joint, name: str, plan: RegressionPlan) -> Measure:
    width = plan.range[1] - plan.range[0]
    value, variance = joint.functional(_functional(name, joint.n))
    if variance <= 0.0:
        return undefined(Reason.NO_SPREAD)
    half = t_of(plan.confidence_level, joint.clusters - 1) * sqrt(variance)
    low, high = _LIMITS.get(name, _plain)(value, half)
    unit = 1.0 if name in ("r2", "ccc") else width
    method = _method(name, joint)
    return raw(value * unit, (low * unit, high * unit), variance * unit**2, joint.n, method, _RANGES.get(name, _ANY))


def _method(name: str, joint: Joint) -> Method:
    """Bias and MAE are plain means."""
    if name not in ("bias", "mae"):
        return Method.LINEARISED
    return Method.T_CASES if joint.clusters == joint.n else Method.T_CLUSTERS


def _functional(name: str, n: int) -> Callable[[_Means], Any]:
    sample = n / (n - 1)

    def agreement(m: _Means, side: float) -> Any:
        return m[_D] + side * AGREEMENT * np.sqrt(sample * (m[_DD] - m[_D] ** 2))

    def concordance(m: _Means) -> Any:
        # 2 cov(y, p) / (var y + var p + bias**2), of which var p = var y + 2 cov(y, d) + var d
        y_var, cov, d_var = m[_YY] - m[0] ** 2, m[_YD] - m[0] * m[_D], m[_DD] - m[_D] ** 2
        return 2 * (y_var + cov) / (2 * y_var + 2 * cov + d_var + m[_D] ** 2)

    functions: dict[str, Callable[[_Means], Any]] = {
        "bias": lambda m: m[_D],
        "mae": lambda m: m[_ABS],
        "rmse": lambda m: np.sqrt(m[_DD]),
        "r2": lambda m: 1 - m[_DD] / (m[_YY] - m[0] ** 2),
        "ccc": concordance,
        "loa_low": lambda m: agreement(m, -1.0),
        "loa_high": lambda m: agreement(m, 1.0),
    }
    return functions[name]


def _plain(value: float, half: float) -> tuple[float, float]:
    return value - half, value + half


def _from_zero(value: float, half: float) -> tuple[float, float]:
    return max(0.0, value - half), value + half


def _log_scale(value: float, half: float) -> tuple[float, float]:
    """Above zero, by the log scale."""
    spread = min(half / value, LONGEST_LOG)
    return value * exp(-spread), value * exp(spread)


def _below_one(value: float, half: float) -> tuple[float, float]:
    """Of 1 - value by the log scale, so that no limit passes 1."""
    low, high = _log_scale(1 - value, half)
    return 1 - high, 1 - low


def _fisher(value: float, half: float) -> tuple[float, float]:
    """By Fisher's z, so that both limits lie within -1 and 1."""
    centre, spread = atanh(value), half / (1 - value * value)
    return tanh(centre - spread), tanh(centre + spread)


_LIMITS: dict[str, Callable[[float, float], tuple[float, float]]] = {
    "mae": _from_zero,
    "rmse": _log_scale,
    "r2": _below_one,
    "ccc": _fisher,
}
