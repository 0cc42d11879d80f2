"""What disclosure control costs an AUROC: merge-then-round beside suppressing (zero-filling) small cells.

Cases are drawn from two normal distributions, scored into twenty bins, and made releasable in two ways. Prints the root
mean squared error against the AUROC of the unrounded scores, and the ratio of the two.
"""

import numpy as np

from medeval.disclosure.merging import merged
from medeval.domain.families.base import Wide
from medeval.domain.families.binary import PositiveWhen, ScoreTable
from medeval.domain.policies import HOSPITAL

EDGES = np.linspace(0, 1, 21)
REPLICATES = 300


def area(n0: np.ndarray, n1: np.ndarray) -> float:
    """The AUROC of binned scores: pairs of one bin count half."""
    below = np.concatenate([[0], np.cumsum(n0)[:-1]])
    total = n0.sum() * n1.sum()
    return float((n1 * (below + n0 / 2)).sum() / total) if total else float("nan")


def table_of(labels: np.ndarray, scores: np.ndarray) -> ScoreTable:
    """The score table of all cases."""
    n0, n1 = (np.histogram(scores[labels == label], EDGES)[0] for label in (0, 1))
    sums = np.histogram(scores, EDGES, weights=scores)[0]
    return ScoreTable(
        edges=tuple(float(edge) for edge in EDGES),
        positive_when=PositiveWhen.ABOVE,
        resolution=0.001,
        n0=tuple(map(int, n0)),
        n1=tuple(map(int, n1)),
        sums=tuple(Wide.of(round(total * 1000)) for total in sums),
    )


def suppressed(counts: tuple[int, ...]) -> np.ndarray:
    """Cells of fewer than ten set to zero, the others rounded to fives."""
    cells = np.array(counts)
    return np.where(cells < HOSPITAL.min_cell, 0, (cells + 2) // 5 * 5)


def errors(cases: int, seed: int) -> tuple[float, float]:
    """RMSE of merge-then-round and of suppression over replicates."""
    generator = np.random.default_rng(seed)
    merge, suppress = [], []
    for _ in range(REPLICATES):
        labels = (generator.random(cases) < 0.2).astype(int)
        scores = 1 / (1 + np.exp(-generator.normal(labels * 1.5 - 1.4, 1.0)))
        truth = area_of_scores(labels, scores)
        table = table_of(labels, scores)
        found = merged(table, HOSPITAL, 0.5)
        merge.append(area(np.array(found.n0), np.array(found.n1)) - truth)
        suppress.append(area(suppressed(table.n0), suppressed(table.n1)) - truth)
    return tuple(float(np.sqrt(np.nanmean(np.square(item)))) for item in (merge, suppress))  # type: ignore[return-value]


def area_of_scores(labels: np.ndarray, scores: np.ndarray) -> float:
    """The AUROC of the scores themselves."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores)] = np.arange(1, len(scores) + 1)
    positives = labels.sum()
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * (len(labels) - positives)))


if __name__ == "__main__":
    print("cases   merge-then-round   suppression   ratio")
    for size in (200, 500, 1000, 5000):
        ours, theirs = errors(size, size)
        print(f"{size:5d}   {ours:16.4f}   {theirs:11.4f}   {theirs / ours:5.1f}")
