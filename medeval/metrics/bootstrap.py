"""The AUROC of bootstrap replicates: cases drawn with replacement, as many as there are, whatever their class.

The cases are sorted once; a replicate is a weight for each, and one pass over the weights counts its pairs. The
weights are exactly multinomial. With the `numba` extra the draws and the pass are compiled loops, without it they are
numpy's. Either way a replicate depends on the seed and its number alone; the two draw different, equally valid ones.
"""

from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.metrics.fused import CHUNK, count_pairs, count_replicates, draw_weights
from medeval.metrics.predictions import Labels, Scores
from medeval.metrics.rank_counts import sorted_cases

Integers: TypeAlias = NDArray[np.int64]
Backend: TypeAlias = Literal["numba", "numpy"]


@dataclass(frozen=True)
class AurocReplicates:
    """Pairs of each of B replicates of n cases: `double_wins` and positive cases, both of shape (B,)."""

    double_wins: Integers
    positives: Integers
    n: int

    @property
    def pairs(self) -> Integers:
        """Pairs of a positive and a negative case in each replicate, of shape (B,); 0 where a class was not drawn."""
        return self.positives * (self.n - self.positives)

    @property
    def values(self) -> NDArray[np.float64]:
        """The AUROC of the replicates in which both classes were drawn, of shape (at most B,)."""
        both = self.pairs > 0
        return np.asarray(self.double_wins[both] / (2 * self.pairs[both]))


def can_compile() -> bool:
    """Is the `numba` extra installed?"""
    return find_spec("numba") is not None


def auroc_replicates(
    labels: Labels, scores: Scores, replicates: int, seed: int, backend: Backend | None = None
) -> AurocReplicates:
    """B bootstrap replicates of N >= 1 cases; labels and scores of shape (N,), no score NaN, else ValueError.

    `backend`: numba if it is there, unless told; it compiles for three seconds, once in a process, and writes no file.
    """
    if not labels.shape == scores.shape == (len(labels),) or not len(labels) or np.isnan(scores).any():
        raise ValueError("labels and scores must be of one shape (N,), with a case and without NaN")
    compiled = can_compile() if backend is None else backend == "numba"
    positive, begins = sorted_cases(labels, scores)
    draw = _draw_compiled if compiled else _draw_with_numpy
    return draw(positive, begins, replicates, np.random.SeedSequence(seed))


def _draw_compiled(positive: Labels, begins: Labels, replicates: int, seeds: np.random.SeedSequence) -> AurocReplicates:
    for_chunks, for_cases = seeds.spawn(2)
    n, sizes = len(positive), _chunks(len(positive))
    totals = np.random.default_rng(for_chunks).multinomial(n, sizes / n, replicates)
    states = for_cases.generate_state(4 * replicates, np.uint64).reshape(replicates, 4)
    found = np.zeros((replicates, 2), dtype=np.int64)
    chunks = np.array([sizes, _ties(positive, begins, sizes)])
    _compiled()(np.array([positive, begins], dtype=np.uint8), chunks, totals, states, found)
    return AurocReplicates(found[:, 0], found[:, 1], n)


@cache
def _compiled() -> Any:
    compile_ = import_module("numba").njit(nogil=True)
    return partial(compile_(count_replicates), compile_(draw_weights), compile_(count_pairs))


def _chunks(n: int) -> Integers:
    """Powers of two, at most 4096, that add up to n: a place in one is a few random bits, without bias."""
    rest = [1 << bit for bit in range(CHUNK.bit_length() - 1) if n >> bit & 1]
    return np.array([CHUNK] * (n // CHUNK) + rest, dtype=np.int64)


def _ties(positive: Labels, begins: Labels, sizes: Integers) -> NDArray[np.bool_]:
    """Which chunks hold a case whose score is one of both classes, wherever the others of it are; shape (C,)."""
    score = np.cumsum(begins) - 1
    positives, cases = np.bincount(score, weights=positive), np.bincount(score)
    shared = (positives > 0) & (positives < cases)
    return np.asarray(np.logical_or.reduceat(shared[score], np.cumsum(sizes) - sizes))


def _draw_with_numpy(
    positive: Labels, begins: Labels, replicates: int, seeds: np.random.SeedSequence
) -> AurocReplicates:
    n = len(positive)
    cells, ties = _steps(positive, begins)
    double_wins, positives = np.zeros(replicates, dtype=np.int64), np.zeros(replicates, dtype=np.int64)
    for replicate, one in enumerate(seeds.spawn(replicates)):
        drawn = cells[np.random.default_rng(one).integers(0, n, n, dtype=np.int32)]
        negative, above = np.bincount(drawn, minlength=2 * len(ties)).reshape(-1, 2).T
        below = np.cumsum(negative) - negative
        double_wins[replicate], positives[replicate] = np.dot(above, 2 * below + ties * negative), above.sum()
    return AurocReplicates(double_wins, positives, n)


def _steps(positive: Labels, begins: Labels) -> tuple[NDArray[np.int32], Integers]:
    """Cases that count alike: the cell of each, of shape (N,), and for each step twice its value of a pair inside.

    A step is a score that both classes share (a pair inside counts half), or a run of scores of negative cases and
    the run of scores of positive ones above it. Its cells are 2 k for the negative and 2 k + 1 for the positive cases.
    """
    group = np.cumsum(begins) - 1
    of_group = np.bincount(group, weights=positive), np.bincount(group)
    shared = (of_group[0] > 0) & (of_group[0] < of_group[1])
    ones = of_group[0] > 0
    apart = np.ones(len(shared), dtype=np.bool_)
    apart[1:] = shared[1:] | shared[:-1] | (ones[:-1] & ~ones[1:])
    step = np.cumsum(apart) - 1
    ties = np.where(shared[apart], 1, 2)
    return (2 * step[group] + positive).astype(np.int32), ties
