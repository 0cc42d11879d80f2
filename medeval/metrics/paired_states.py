"""The states of a paired comparison, as the plain JSON of `medeval.domain.paired`: M models on the same N cases.

Pairs of models stand in the order of the upper triangle by rows: (0, 1), (0, 2), ... (1, 2), ...
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.metrics.exact import moments
from medeval.metrics.pairs import placements
from medeval.metrics.predictions import Labels

Plain: TypeAlias = dict[str, Any]
Reals: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Whole: TypeAlias = NDArray[np.int64]

ONE_CLASS, ONE_CASE, NO_CASES = "one class only", "one case only", "no cases"


def auroc_covariance(metric: str, labels: Labels, scores: NDArray[Any]) -> Plain:
    """Values of AUROC and DeLong's variances of them and of their differences; labels (N,), scores (M, N).

    DeLong et al. 1988, Biometrics 44:837-845. A difference's variance is that of the differences of placements, so that
    models of equal order differ by 0 with a variance of exactly 0.
    """
    n1 = int(np.count_nonzero(labels))
    n0 = len(labels) - n1
    if min(n0, n1) < 2:
        return not_comparable(metric, NO_CASES if not n0 + n1 else ONE_CASE if min(n0, n1) else ONE_CLASS)
    placed = [placements(labels, row) for row in scores]
    above, below = (np.array(sides, dtype=np.int64) for sides in zip(*placed, strict=True))

    def variance(up: Whole, down: Whole) -> float:
        return float(_variance(up, 2 * n0) / n1 + _variance(down, 2 * n1) / n0)

    values = [int(total) / (2 * n1 * n0) for total in above.sum(axis=1)]
    variances = [variance(*sides) for sides in zip(above, below, strict=True)]
    return _covariance_state(metric, values, variances, [variance(*sides) for sides in _differences(above, below)])


def influence_covariance(metric: str, values: list[float], influences: Reals) -> Plain:
    """Of any metric whose estimation error is a mean of influences over cases; `influences` of shape (M, N).

    The variance of a value, and of a difference, is the sum of squared influences (or of their differences) over
    N * N, with N / (N - 1).
    """
    n = int(influences.shape[1])
    if n < 2:
        return not_comparable(metric, ONE_CASE if n else NO_CASES)

    def variance(row: Reals) -> float:
        return float(np.dot(row, row) / (n * (n - 1)))

    found = (variance(influences[i] - influences[j]) for i, j in combinations(range(len(influences)), 2))
    return _covariance_state(metric, values, [variance(row) for row in influences], list(found))


def discordant_counts(metric: str, right: Flags) -> Plain:
    """On how many of N cases either model of a pair alone is right; `right` of shape (M, N)."""
    n = int(right.shape[1])
    if not n:
        return not_comparable(metric, NO_CASES)
    found = [
        {"kind": "counts", "first_only": int(np.count_nonzero(a & ~b)), "second_only": int(np.count_nonzero(b & ~a))}
        for a, b in combinations(right, 2)
    ]
    return {"kind": "discordant-counts", "metric": metric, "n": n, "pairs": found}


def difference_moments(metric: str, values: Reals, kept: Flags | None = None, cluster: Whole | None = None) -> Plain:
    """Exact moments of per-case differences; `values` and `kept` (M, N): cases that count for both; `cluster` (N,)."""
    counted = np.ones(values.shape, dtype=np.bool_) if kept is None else kept
    found = []
    for i, j in combinations(range(len(values)), 2):
        both = counted[i] & counted[j]
        found.append(moments(values[i][both] - values[j][both], None if cluster is None else cluster[both]))
    return {"kind": "paired-moments", "metric": metric, "pairs": found}


def not_comparable(metric: str, reason: str) -> Plain:
    """These cases give no such metric, whatever the model."""
    return {"kind": "not-comparable", "metric": metric, "reason": reason}


def _covariance_state(metric: str, values: list[float], variances: list[float], differences: list[float]) -> Plain:
    found = {"values": values, "variances": variances, "differences": differences}
    return {"kind": "paired-covariance", "metric": metric, **found}


def _differences(above: Whole, below: Whole) -> Iterator[tuple[Whole, Whole]]:
    for i, j in combinations(range(len(above)), 2):
        yield above[i] - above[j], below[i] - below[j]


def _variance(counts: Whole, scale: int) -> float:
    """The sample variance of counts / scale, of shape (n,); exactly 0 where all counts are equal."""
    n = len(counts)
    deviations = (n * counts - int(counts.sum())).astype(np.float64) / (n * scale)
    return float(np.dot(deviations, deviations)) / (n - 1)
