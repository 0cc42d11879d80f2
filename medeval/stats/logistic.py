"""Logistic models of grouped cases: many at once, as the replicates of a bootstrap are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class LogisticFits:
    """B logistic models of P coefficients: `coefficients` (B, P), `information` (B, P, P).

    `known` (B,) is false where the likelihood has no finite maximum, since the classes are apart.
    """

    coefficients: Reals
    information: Reals
    known: NDArray[np.bool_]


#: Newton's steps; with a finite maximum, ten are enough.
_STEPS = 50
_PRECISION = 1e-10
#: The last step of a fit that has come to rest.
_SETTLED = 1e-6
#: Where the information about a coefficient is less, all fitted risks are 0 or 1: the likelihood rises without end.
_NO_INFORMATION = 1e-7
_HALVINGS = 12
#: No step changes a coefficient by more.
_LONGEST = 5.0


def fit_logistic(design: Reals, offset: Reals, n0: Reals, n1: Reals) -> LogisticFits:
    """Maximum likelihood of B logistic models by Newton's method with halved steps.

    `design` (K, P), whose columns are about as large as 1, `offset` (K,), counts (B, K).
    """
    coefficients = _start(design, offset, n0, n1)
    information = _information(coefficients @ design.T + offset, design, n0 + n1)
    moved = np.full(len(n0), np.inf)
    for _ in range(_STEPS):
        gradient = (n1 - (n0 + n1) * expit(coefficients @ design.T + offset)) @ design
        stiff = _stiffened(information, 1e-12)
        step: Reals = np.linalg.solve(stiff, gradient[..., None])[..., 0].astype(np.float64)
        step /= np.maximum(1, np.abs(step).max(axis=1, keepdims=True) / _LONGEST)  # shorter, in the same direction
        step = _uphill(coefficients, step, (design, offset, n0, n1))
        coefficients, moved = coefficients + step, np.abs(step).max(axis=1)
        information = _information(coefficients @ design.T + offset, design, n0 + n1)
        if moved.max() < _PRECISION:
            break
    least = np.linalg.eigvalsh(information).min(axis=1)
    return LogisticFits(coefficients, information, (least > _NO_INFORMATION) & (moved < _SETTLED))


def _start(design: Reals, offset: Reals, n0: Reals, n1: Reals) -> Reals:
    """Least squares on the empirical logits, half a case added to either class."""
    size = n0 + n1
    response = np.log((n1 + 0.5) / (n0 + 0.5)) - offset
    normal = _stiffened(np.einsum("bk,kp,kq->bpq", size, design, design), 1e-9)
    found: Reals = np.linalg.solve(normal, ((size * response) @ design)[..., None])[..., 0].astype(np.float64)
    return found


def _stiffened(matrices: Reals, share: float) -> Reals:
    """Matrices (B, P, P) with a share of their size on the diagonal, so that none is singular beside large counts."""
    size = np.maximum(1, np.trace(matrices, axis1=1, axis2=2))
    found: Reals = matrices + share * size[:, None, None] * np.eye(matrices.shape[1])
    return found


def _information(linear: Reals, design: Reals, size: Reals) -> Reals:
    risk = expit(linear)
    found: Reals = np.einsum("bk,kp,kq->bpq", size * risk * (1 - risk), design, design)
    return found


def _uphill(coefficients: Reals, step: Reals, model: tuple[Reals, Reals, Reals, Reals]) -> Reals:
    """The step, halved while the likelihood would fall."""
    design, offset, n0, n1 = model

    def likelihood(at: Reals) -> Reals:
        linear = at @ design.T + offset
        found: Reals = -(n1 * np.logaddexp(0, -linear) + n0 * np.logaddexp(0, linear)).sum(axis=1)
        return found

    before = likelihood(coefficients)
    for _ in range(_HALVINGS):
        worse = likelihood(coefficients + step) < before - 1e-12 * np.abs(before)
        if not worse.any():
            break
        step = np.where(worse[:, None], step / 2, step)
    return step
