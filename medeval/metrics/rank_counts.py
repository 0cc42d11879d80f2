"""How many values of a slice lie below a given value: all queries at once, level by level, in numpy.

A wavelet matrix: the values are split stably by their bits, the highest first, and each query follows its slice through
the splits. N values and Q queries take O((N + Q) log N) time and O(N + Q) memory; every count is exact.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ranks: TypeAlias = NDArray[np.int64]
Counts: TypeAlias = NDArray[np.int64]


def dense_ranks(values: NDArray[np.float64]) -> Ranks:
    """Ranks from 0, equal for equal values; -0.0 equals 0.0. Shape (N,) in and out."""
    order = np.argsort(values)
    in_order = values[order]
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order[1:]] = np.cumsum(in_order[1:] != in_order[:-1])
    ranks[order[:1]] = 0
    return ranks


def below_and_equal(ranks: Ranks, starts: Counts, stops: Counts, asked: Ranks) -> tuple[Counts, Counts]:
    """For each query q: how many of `ranks[starts[q]:stops[q]]` are below `asked[q]`, and how many equal it.

    `ranks` and `asked` are at least 0; 0 <= starts <= stops <= N. Shapes (N,) and three times (Q,); two times (Q,).
    """
    level, first, last = ranks, starts, stops
    below = np.zeros(len(asked), dtype=np.int64)
    highest = max(int(ranks.max(initial=0)), int(asked.max(initial=0)))
    for bit in reversed(range(highest.bit_length())):
        ones = (level >> bit) & 1 == 1
        zeros_before = np.concatenate(([0], np.cumsum(~ones)))
        zeros = int(zeros_before[-1])
        first_zero, last_zero = zeros_before[first], zeros_before[last]
        upper = (asked >> bit) & 1 == 1
        below += np.where(upper, last_zero - first_zero, 0)
        first = np.where(upper, zeros + first - first_zero, first_zero)
        last = np.where(upper, zeros + last - last_zero, last_zero)
        level = np.concatenate((level[~ones], level[ones]))
    return below, last - first
