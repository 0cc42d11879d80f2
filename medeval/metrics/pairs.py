"""Pairs of a positive and a negative case: exact counts, and DeLong's components of their variance.

A pair is won where the positive case scores higher; equal scores count half. All counts are doubled, so that they stay
integers: the AUROC is `double_wins / (2 n1 n0)`. One sort of the cases gives everything (Sun and Xu 2014, IEEE Signal
Processing Letters 21:1389-1393, the fast form of DeLong et al. 1988, Biometrics 44:837-845).
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.metrics.predictions import Labels, Scores
from medeval.metrics.rank_counts import sorted_cases

Matrix: TypeAlias = NDArray[np.float64]
Placements: TypeAlias = NDArray[np.int64]

#: Integers of at most this many bits are exact as doubles, and a square of one half as wide fits 63 bits.
_WORD_BITS = 63


@dataclass(frozen=True)
class DeLong:
    """One model's pairs: `double_wins` of 2 `positives` `negatives`, and the sample variances of the placements.

    `s10`: over the positive cases, of the share of negative cases below each; `s01`: over the negative cases, of the
    share of positive cases above each (ties count half).
    """

    double_wins: int
    positives: int
    negatives: int
    s10: float
    s01: float

    @property
    def auroc(self) -> float:
        """The share of pairs won."""
        return self.double_wins / (2 * self.positives * self.negatives)

    @property
    def variance(self) -> float:
        """DeLong's variance of the AUROC."""
        return self.s10 / self.positives + self.s01 / self.negatives


@dataclass(frozen=True)
class DeLongCovariance:
    """M models on the same cases: `double_wins` of each, and the M x M sample covariances of their placements."""

    double_wins: tuple[int, ...]
    positives: int
    negatives: int
    s10: Matrix
    s01: Matrix

    @property
    def covariance(self) -> Matrix:
        """DeLong's covariance of the M values of AUROC, of shape (M, M)."""
        return self.s10 / self.positives + self.s01 / self.negatives


def double_wins(labels: Labels, scores: Scores) -> int:
    """2 x pairs won + pairs tied, that is twice Mann and Whitney's U; labels and scores of shape (N,)."""
    _check(labels, scores)
    return int(_placements(*sorted_cases(labels, scores))[0].sum())


def placements(labels: Labels, scores: Scores) -> tuple[Placements, Placements]:
    """Of each positive case: 2 x negative cases below + ties; of each negative case: 2 x positive cases above + ties.

    Of shapes (n1,) and (n0,), in the order of the cases; each sums to `double_wins`.
    """
    _check(labels, scores)
    order = np.argsort(scores)
    positive, begins = labels[order], np.ones(len(order), dtype=np.bool_)
    begins[1:] = scores[order[1:]] != scores[order[:-1]]
    above, below = _placements(positive, begins)
    placed = np.empty(len(order), dtype=np.int64)
    placed[order[positive]], placed[order[~positive]] = above, below
    return placed[labels], placed[~labels]


def delong(labels: Labels, scores: Scores) -> DeLong:
    """Exact counts and correctly rounded variances; labels and scores of shape (N,).

    Raises ValueError where a class has fewer than two cases, the shapes differ, or a score is NaN.
    """
    _check(labels, scores)
    n1, n0 = _class_sizes(labels)
    above, below = _placements(*sorted_cases(labels, scores))
    return DeLong(int(above.sum()), n1, n0, _variance(above, 2 * n0), _variance(below, 2 * n1))


def delong_covariance(labels: Labels, scores: Matrix) -> DeLongCovariance:
    """The same for M models: labels of shape (N,), scores (M, N). Raises ValueError as `delong` does."""
    n1, n0 = _class_sizes(labels)
    pairs = [placements(labels, row) for row in scores]
    above, below = (np.array(sides, dtype=np.int64) for sides in zip(*pairs, strict=True))
    wins = tuple(int(total) for total in above.sum(axis=1))
    return DeLongCovariance(wins, n1, n0, _covariance(above, 2 * n0), _covariance(below, 2 * n1))


def _placements(positive: Labels, begins: Labels) -> tuple[Placements, Placements]:
    """Of the positive and of the negative cases, given in the order of score with marks where a new score begins."""
    ends = np.append(np.flatnonzero(begins), len(begins))
    score = np.cumsum(begins) - 1
    positives = np.append(0, np.cumsum(positive))[ends]
    negatives = ends - positives
    above = (negatives[:-1] + negatives[1:])[score[positive]]
    return above, 2 * int(positives[-1]) - (positives[:-1] + positives[1:])[score[~positive]]


def _variance(counts: Placements, scale: int) -> float:
    """The sample variance of counts / scale; all sums are of integers."""
    n, total = len(counts), int(counts.sum())
    return (n * _sum_of_squares(counts) - total * total) / (n * (n - 1) * scale * scale)


def _sum_of_squares(counts: Placements) -> int:
    """Exactly: as many squares at a time as 63 bits hold."""
    widest = max(int(counts.max(initial=1)), 1)
    step = max((2**_WORD_BITS - 1) // (widest * widest), 1)
    return sum(int(np.dot(part, part)) for part in (counts[at : at + step] for at in range(0, len(counts), step)))


def _covariance(counts: NDArray[np.int64], scale: int) -> Matrix:
    """The sample covariance of the rows of counts / scale, of shape (M, M); a constant row has none, exactly."""
    n = counts.shape[1]
    deviations = (n * counts - counts.sum(axis=1, keepdims=True)).astype(np.float64) / (n * scale)
    return np.asarray(deviations @ deviations.T / (n - 1))


def _class_sizes(labels: Labels) -> tuple[int, int]:
    n1 = int(np.count_nonzero(labels))
    if min(n1, len(labels) - n1) < 2:
        raise ValueError("a variance needs two cases of each class")
    return n1, len(labels) - n1


def _check(labels: Labels, scores: Scores) -> None:
    if not labels.shape == scores.shape == (len(labels),):
        raise ValueError("labels and scores must be of one shape (N,)")
    if np.isnan(scores).any():
        raise ValueError("a score is NaN")
