"""How many values of a slice lie below a given value: all queries at once, level by level, in numpy.

A wavelet matrix: the values are split stably by their bits, the highest first, and each query follows its slice through
the splits. N values and Q queries take O((N + Q) log N) time and O(N + Q) memory; every count is exact.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: Whole numbers at least 0: of 32 bits where that is enough, since this work waits for memory.
Counts: TypeAlias = NDArray[np.signedinteger[Any]]
Marks: TypeAlias = NDArray[np.bool_]


def index_type(n: int) -> type[np.int32] | type[np.int64]:
    """A type for places in, and counts of, n values."""
    return np.int32 if n < 2**30 else np.int64


def stable_order(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """The places of values from the lowest up, equal ones as they stand; -0.0 equals 0.0, no NaN. Shape (N,).

    Numpy sorts 16-bit keys by radix, in a fraction of the time: twice that, by the upper half of each double, leaves
    nearly nothing, or nothing, for the sort of doubles, which is quick where its input is nearly in order.
    """
    bits = (values + 0.0).view(np.int64)  # -0.0 becomes 0.0
    rising = bits ^ ((bits >> 63) & np.int64(2**63 - 1))  # of negative doubles the bits fall as the value rises
    low, high = (rising >> 32).astype(np.uint16), ((rising >> 48) + 2**15).astype(np.uint16)
    order = np.argsort(low, kind="stable")
    order = order.take(np.argsort(high.take(order), kind="stable"))
    nearly = values.take(order)
    if (nearly[1:] < nearly[:-1]).any():
        order = order.take(np.argsort(nearly, kind="stable"))
    return order


def dense_ranks(values: NDArray[np.float64]) -> Counts:
    """Ranks from 0, equal for equal values; -0.0 equals 0.0. Shape (N,) in and out."""
    order = stable_order(values)
    ranks = np.empty(len(values), dtype=index_type(len(values)))
    ranks[order] = group_numbers(values[order])
    return ranks


def group_numbers(in_order: NDArray[np.float64]) -> Counts:
    """Which group of equal values each one of a sorted sequence is in, from 0. Shape (N,) in and out."""
    begins = np.empty(len(in_order), dtype=np.bool_)
    begins[:1] = False
    np.not_equal(in_order[1:], in_order[:-1], out=begins[1:])
    return np.cumsum(begins, dtype=index_type(len(in_order)))


def sorted_cases(labels: Marks, scores: NDArray[np.float64]) -> tuple[Marks, Marks]:
    """Labels in the order of score, negative cases first among equals; and where a new score begins. Shapes (N,).

    Bits of doubles from 0.0 on rise with their value, so such scores are sorted as integers with the label below the
    last bit: one plain sort.
    """
    bits = (scores + 0.0).view(np.uint64)  # -0.0 becomes 0.0
    begins = np.ones(len(scores), dtype=np.bool_)
    if int(bits.max(initial=0)) >= 2**63:
        order = np.lexsort((labels, scores))
        begins[1:] = scores[order[1:]] != scores[order[:-1]]
        return labels[order], begins
    keys = (bits << np.uint64(1)) | labels
    keys.sort()
    np.greater(keys[1:] ^ keys[:-1], 1, out=begins[1:])
    return (keys & np.uint64(1)).astype(np.bool_), begins


def below_and_equal(ranks: Counts, starts: Counts, stops: Counts, asked: Counts) -> tuple[Counts, Counts]:
    """For each query q: how many of `ranks[starts[q]:stops[q]]` are below `asked[q]`, and how many equal it.

    0 <= starts <= stops <= N; `ranks` and `asked` in [0, 2**30). Shapes (N,) and three times (Q,); two times (Q,).
    """
    level, firsts, lasts = ranks, starts, stops
    widths = lasts - firsts
    below = np.zeros_like(widths)
    highest = max(int(ranks.max(initial=0)), int(asked.max(initial=0)))
    for bit in reversed(range(highest.bit_length())):
        level, places = _split(level, bit)
        upper = (asked >> bit) & 1
        turn = upper * places.dtype.type(len(ranks) + 1)
        firsts, lasts = places.take(firsts + turn), places.take(lasts + turn)
        kept = lasts - firsts
        below += (widths - kept) * upper
        widths = kept
    return below, widths


def _split(level: Counts, bit: int) -> tuple[Counts, Counts]:
    """The values with the bit unset, then those with it set, each in order; and where a place of a slice goes.

    The second is of shape (2 N + 2,): first for queries that follow the bit unset, then for those that follow it set.
    """
    n, kind = len(level), index_type(len(level))
    ones = (level & (1 << bit)) != 0
    places = np.zeros(2 * n + 2, dtype=kind)
    set_before = places[n + 1 :]
    np.cumsum(ones, dtype=kind, out=set_before[1:])
    np.subtract(np.arange(n + 1, dtype=kind), set_before, out=places[: n + 1])
    set_before += places[n]
    return np.concatenate((level.compress(~ones), level.compress(ones))), places
