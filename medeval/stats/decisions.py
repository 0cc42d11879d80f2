"""Metrics of a 2x2 table, and of many at once (the replicates of a bootstrap)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medeval.domain.estimate import Reason
from medeval.stats.measure import Measure, Measured, proportion, ratio, resampled, undefined

Counts = NDArray[np.float64]


@dataclass(frozen=True)
class Decided:
    """True and false positives and negatives: numbers, or arrays of shape (B,)."""

    tp: Counts
    fp: Counts
    tn: Counts
    fn: Counts

    @property
    def n(self) -> Counts:
        """All cases."""
        return self.tp + self.fp + self.tn + self.fn


@dataclass(frozen=True)
class Sampling:
    """How a table is resampled, at which level intervals are, and by how much clustering inflates variances."""

    level: float
    replicates: int
    seed: int
    deff: float = 1.0


#: (successes, trials, why there may be no trial) of each metric that is a share.
_SHARES: dict[str, Callable[[int, int, int, int], tuple[int, int, Reason]]] = {
    "accuracy": lambda tp, fp, tn, fn: (tp + tn, tp + fp + tn + fn, Reason.NO_CASES),
    "sensitivity": lambda tp, fp, tn, fn: (tp, tp + fn, Reason.NO_POSITIVE_CASE),
    "specificity": lambda tp, fp, tn, fn: (tn, tn + fp, Reason.NO_NEGATIVE_CASE),
    "ppv": lambda tp, fp, tn, fn: (tp, tp + fp, Reason.NO_POSITIVE_DECISION),
    "npv": lambda tp, fp, tn, fn: (tn, tn + fn, Reason.NO_NEGATIVE_DECISION),
}


def balanced_accuracy(counts: Decided) -> Counts:
    """The mean of sensitivity and specificity."""
    return (counts.tp / (counts.tp + counts.fn) + counts.tn / (counts.tn + counts.fp)) / 2


def youden(counts: Decided) -> Counts:
    """Youden's J: sensitivity + specificity - 1 (Youden 1950, Cancer 3:32-35)."""
    return 2 * balanced_accuracy(counts) - 1


def mcc(counts: Decided) -> Counts:
    """Matthews' correlation coefficient (Matthews 1975); 0 where all decisions or all labels are alike."""
    tp, fp, tn, fn = counts.tp, counts.fp, counts.tn, counts.fn
    norm = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return np.where(norm > 0, (tp * tn - fp * fn) / np.where(norm > 0, norm, 1), 0.0)


def kappa(counts: Decided) -> Counts:
    """Cohen's kappa of decision and label (Cohen 1960)."""
    chance = (counts.tp + counts.fp) * (counts.tp + counts.fn) + (counts.tn + counts.fp) * (counts.tn + counts.fn)
    expected = chance / counts.n**2
    return ((counts.tp + counts.tn) / counts.n - expected) / (1 - expected)


def f_beta(counts: Decided, beta: float = 1.0) -> Counts:
    """F-beta (van Rijsbergen 1979): recall counts `beta` times as much as precision."""
    weight = beta * beta
    return (1 + weight) * counts.tp / ((1 + weight) * counts.tp + weight * counts.fn + counts.fp)


def net_benefit(counts: Decided, threshold: float) -> Counts:
    """Net benefit per case at a threshold probability (Vickers & Elkin 2006, Med Decis Making 26:565-574)."""
    return (counts.tp - counts.fp * threshold / (1 - threshold)) / counts.n


def share(base: str, table: tuple[int, int, int, int], sampling: Sampling) -> Measure | None:
    """A metric that is a share of cases, by Wilson; None for another. `table` is (tp, fp, tn, fn)."""
    if base not in _SHARES:
        return None
    successes, n, empty = _SHARES[base](*table)
    return proportion(successes, n, sampling.level, empty if sum(table) else Reason.NO_CASES, sampling.deff)


def likelihood_ratio(base: str, table: tuple[int, int, int, int], sampling: Sampling) -> Measure:
    """LR+ = sensitivity / (1 - specificity), LR- = (1 - sensitivity) / specificity, on the log scale.

    Variance: Simel et al. 1991, J Clin Epidemiol 44:763-770; where every case is called alike, and it would be 0, with
    half a case in each cell.
    """
    tp, fp, tn, fn = table
    if not tp + fn or not tn + fp:
        return undefined(Reason.ONE_CLASS_ONLY if sum(table) else Reason.NO_CASES)
    above, below = (tp, fp) if base == "lr_positive" else (fn, tn)
    if not below or not above:
        return undefined(Reason.RATIO_OF_NONE)
    variance = _simel(above, tp + fn, below, tn + fp) or _simel(above + 0.5, tp + fn + 1, below + 0.5, tn + fp + 1)
    return ratio(above / (tp + fn) / (below / (tn + fp)), variance * sampling.deff, sum(table), sampling.level)


def _simel(above: float, positives: float, below: float, negatives: float) -> float:
    return 1 / above - 1 / positives + 1 / below - 1 / negatives


@dataclass(frozen=True)
class Functional:
    """A function of the 2x2 table, the range of its values, and whether it needs cases of both classes."""

    take: Callable[[Decided], Counts]
    limits: tuple[float, float] = (0.0, 1.0)
    needs_classes: bool = False


def functional(what: Functional, table: tuple[int, int, int, int], sampling: Sampling) -> Measure:
    """Any function of the 2x2 table, with the multinomial bootstrap of its four cells."""
    tp, fp, tn, fn = table
    n = sum(table)
    if not n:
        return undefined(Reason.NO_CASES)
    if what.needs_classes and not (tp + fn and tn + fp):
        return undefined(Reason.ONE_CLASS_ONLY)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(what.take(_decided(np.array([table], dtype=np.float64)))[0])
        if not np.isfinite(value):
            return undefined(Reason.NO_POSITIVE_DECISION)
        drawn, added = (_decided(_replicates(table, sampling, cases)) for cases in (0.0, 0.5))
        found = resampled(value, what.take(drawn), n, sampling.level, limits=what.limits)
        if not isinstance(found, Measured) or (found.low < found.high and found.variance > 0):
            return found
        # Replicates alike, as where no decision is wrong: half a case in each cell gives the interval its width.
        return resampled(value, what.take(added), n, sampling.level, limits=what.limits)


def _replicates(table: tuple[int, int, int, int], sampling: Sampling, added: float) -> Counts:
    cells = np.array(table, dtype=np.float64) / sampling.deff + added
    draws = max(1, round(cells.sum()))
    generator = np.random.default_rng([sampling.seed, *table])
    return generator.multinomial(draws, cells / cells.sum(), size=sampling.replicates).astype(np.float64)


def _decided(cells: Counts) -> Decided:
    return Decided(*cells.T)
