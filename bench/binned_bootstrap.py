"""1000 replicates of a binned score table and their AUROC at several sizes: `python bench/binned_bootstrap.py`.

CPU seconds of this process, the best of three; the aim is below 0.3 s. Beside it, for a table of as many cases, a loop
that draws the cases themselves and bins them, timed on a few replicates and multiplied.
"""

import time
from collections.abc import Callable

import numpy as np

from medeval.stats.table_bootstrap import replicate_table

REPLICATES = 1000
LOOPED = 3


def seconds(run: Callable[[], object]) -> float:
    """CPU time of one call."""
    began = time.process_time()
    run()
    return time.process_time() - began


def auroc(n0: np.ndarray, n1: np.ndarray) -> np.ndarray:
    """The AUROC of B tables of shape (B, K)."""
    below = np.cumsum(n0, axis=1) - n0
    return (n1 * (2 * below + n0)).sum(axis=1) / (2 * n0.sum(axis=1) * n1.sum(axis=1))


def replicates(n0: np.ndarray, n1: np.ndarray) -> np.ndarray:
    """The bootstrap on the server."""
    return auroc(*replicate_table(n0, n1, REPLICATES, seed=0))


def loop(labels: np.ndarray, bins: np.ndarray, count: int, times: int) -> None:
    """The same from the cases."""
    rng = np.random.default_rng(0)
    for _ in range(times):
        chosen = rng.integers(0, len(labels), len(labels))
        table = np.bincount(2 * bins[chosen] + labels[chosen], minlength=2 * count).reshape(-1, 2)
        auroc(table[None, :, 0], table[None, :, 1])


def main() -> None:
    """Print seconds and ratios."""
    for n in (10_000, 1_000_000, 10_000_000):
        rng = np.random.default_rng(1)
        labels = rng.random(n) < 0.3
        scores = 1 / (1 + np.exp(-rng.normal(size=n) - labels))
        for count in (20, 100, 1000):
            bins = np.floor(scores * count).astype(np.int64)
            n0, n1 = (np.bincount(bins[labels == chosen], minlength=count) for chosen in (False, True))
            taken = min(seconds(lambda n0=n0, n1=n1: replicates(n0, n1)) for _ in range(3))
            cases = (labels, bins, count, LOOPED)
            peer = seconds(lambda cases=cases: loop(*cases)) / LOOPED * REPLICATES
            print(
                f"n = {n:>8}, {count:>4} bins: {taken:6.3f} s   cases drawn {peer:9.1f} s   ratio {peer / taken:9.1f}"
            )


if __name__ == "__main__":
    main()
