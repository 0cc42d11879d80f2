"""The loops of the AUROC bootstrap that the `numba` extra compiles; plain Python runs them too, to equal results.

They keep to what compiles into machine code: numbers, arrays, loops, and functions passed in.
"""

from typing import Any

import numpy as np

#: Cases of the largest chunk: their places are 12 random bits, and their weights stay in the fastest cache.
CHUNK = 4096


def count_replicates(draw: Any, count: Any, cases: Any, chunks: Any, totals: Any, states: Any, found: Any) -> None:
    """Fill `found` (B, 2): double wins and positive cases of each replicate.

    `draw`, `count`: the functions below. `cases`: (2, N) of 0 and 1, in the order of score, negative cases first among
    equals: is the case positive, and does a new score begin with it. `chunks`: (2, C), the cases of each chunk, powers
    of two up to 4096, and 1 where it holds a score of both classes. `totals`: (B, C) draws in each. `states`: (B, 4)
    words, the seed of each replicate's stream.
    """
    weights, midway = np.zeros(CHUNK, dtype=np.uint16), np.zeros(CHUNK, dtype=np.int32)
    for replicate in range(len(found)):
        wins = positives = upto = below = offset = 0
        for chunk in range(chunks.shape[1]):
            size, tied = chunks[0, chunk], chunks[1, chunk]
            draw(weights[:size], totals[replicate, chunk], states[replicate])
            labels, begins = cases[0, offset : offset + size], cases[1, offset : offset + size]
            run, before, above, pairs = count(weights[:size], midway, labels, begins, below - upto, tied)
            wins += 2 * upto * above + pairs
            positives += above
            below, upto = upto + before, upto + run
            offset += size
        found[replicate, 0], found[replicate, 1] = wins, positives


def draw_weights(weights: Any, total: int, state: Any) -> None:
    """Fill `weights` (size,), a power of two up to 4096, with the counts of `total` uniform draws; moves `state` (4,).

    The generator is xoshiro256++ (Blackman and Vigna 2021, ACM Transactions on Mathematical Software 47:36); a word
    gives five places.
    """
    mask, one, field = np.uint64(len(weights) - 1), np.uint16(1), np.uint64(12)
    weights[:] = 0
    words = (total + 4) // 5
    s0, s1, s2, s3 = state
    word = s0
    for _ in range(words):
        word = s0 + s3
        word = ((word << np.uint64(23)) | (word >> np.uint64(41))) + s0
        moved = s1 << np.uint64(17)
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= moved
        s3 = (s3 << np.uint64(45)) | (s3 >> np.uint64(19))
        rest = word
        for _ in range(5):
            weights[rest & mask] += one
            rest >>= field
    # the last word gave up to four draws too many
    for _ in range(5 * words - total):
        weights[word & mask] -= one
        word >>= field
    state[0], state[1], state[2], state[3] = s0, s1, s2, s3


def count_pairs(
    weights: Any, midway: Any, labels: Any, begins: Any, behind: int, tied: int
) -> tuple[Any, Any, Any, Any]:
    """Weigh the pairs of a chunk, all relative to the negative weight before it.

    `behind`: the negative weight before the score that the chunk begins in; where no score is of both classes (`tied`
    is 0) it does not matter. Returns the chunk's negative weight, that before the score it ends in, its positive
    weight, and the double wins of its positive cases. `midway` is scratch: the negative weight below each case, twice,
    with half of that at its own score.
    """
    size = len(weights)
    run, before = np.int32(0), np.int32(behind)
    if tied:
        for case in range(size):
            before = run if begins[case] else before
            run += np.int32(weights[case] * (1 - labels[case]))
            midway[case] = run + before
    else:
        for case in range(size):
            run += np.int32(weights[case] * (1 - labels[case]))
            midway[case] = 2 * run
        before = run
    above, pairs = np.int64(0), np.int64(0)
    for case in range(size):
        weight = np.int64(weights[case] * labels[case])
        above += weight
        pairs += weight * midway[case]
    return run, before, above, pairs
