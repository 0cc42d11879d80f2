"""Metrics of a K x K table of label (rows) and decision (columns), and of many at once, shape (B, K, K)."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.domain.estimate import Reason
from medeval.stats.decisions import Sampling
from medeval.stats.measure import Measure, resampled, undefined

Tables: TypeAlias = NDArray[np.float64]
Whole: TypeAlias = NDArray[np.int64]

NEED_TWO_CLASSES = frozenset({"kappa", "quadratic_kappa", "mcc"})
NEED_EVERY_CLASS = frozenset({"balanced_accuracy", "macro_f1"})
#: Where no replicate differs, this many cases are spread evenly over the cells, so that the interval has a width.
_ADDED_CASES = 2.0
#: Replicates that differ by less differ by rounding alone.
_ALIKE = 1e-12


def balanced_accuracy(tables: Tables) -> Tables:
    """The mean sensitivity of the classes that have a case."""
    return _mean_of_known(_diagonal(tables), tables.sum(axis=2))


def macro_f1(tables: Tables) -> Tables:
    """The mean F1 of the classes that have a case or a decision; 0 for a class that is never hit."""
    return _mean_of_known(2 * _diagonal(tables), tables.sum(axis=2) + tables.sum(axis=1))


def kappa(tables: Tables) -> Tables:
    """Cohen's kappa (1960, Educ Psychol Meas 20:37-46)."""
    return _weighted_kappa(tables, 1.0 - np.eye(tables.shape[1]))


def quadratic_kappa(tables: Tables) -> Tables:
    """Kappa that weighs a disagreement by its squared distance in the order of classes (Cohen 1968)."""
    places = np.arange(tables.shape[1], dtype=np.float64)
    return _weighted_kappa(tables, (places[:, None] - places[None, :]) ** 2)


def mcc(tables: Tables) -> Tables:
    """Matthews' correlation of K classes (Gorodkin 2004, Comput Biol Chem 28:367-374); 0 for one decision for all."""
    labels, decided, n = tables.sum(axis=2), tables.sum(axis=1), tables.sum(axis=(1, 2))
    joint = n * _diagonal(tables).sum(axis=1) - (labels * decided).sum(axis=1)
    norm = np.sqrt((n**2 - (decided**2).sum(axis=1)) * (n**2 - (labels**2).sum(axis=1)))
    return np.where(norm > 0, joint / np.where(norm > 0, norm, 1.0), 0.0)


_METRICS: dict[str, Callable[[Tables], Tables]] = {
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "kappa": kappa,
    "quadratic_kappa": quadratic_kappa,
    "mcc": mcc,
}


def functional(base: str, cells: Whole, sampling: Sampling) -> Measure:
    """A metric of a K x K table with the multinomial bootstrap of its cells.

    A replicate in which a class has no case takes the mean over the others.
    """
    take, limits = _METRICS[base], (-1.0, 1.0) if base in NEED_TWO_CLASSES else (0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(take(cells[None].astype(np.float64))[0])
        if not np.isfinite(value):
            return undefined(Reason.ONE_CLASS_ONLY)
        n = int(cells.sum())
        values = take(replicates(cells, sampling, 0.0))
        if not have_width(values, sampling.level):
            values = take(replicates(cells, sampling, _ADDED_CASES / cells.size))
    return resampled(value, values, n, sampling.level, limits=limits)


def have_width(values: Tables, level: float) -> bool:
    """Whether the percentile interval of replicates has a width; it has none where hardly one of them differs."""
    known = values[np.isfinite(values)]
    if not known.size:
        return True
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return bool(high - low > _ALIKE)


def replicates(cells: Whole, sampling: Sampling, added: float) -> Tables:
    """Resampled tables, shape (B, K, K), of as many cases as count for independent ones."""
    weights = cells.ravel() / sampling.deff + added
    generator = np.random.default_rng([sampling.seed, *cells.ravel().tolist()])
    drawn = generator.multinomial(max(1, round(weights.sum())), weights / weights.sum(), size=sampling.replicates)
    return drawn.reshape(-1, *cells.shape).astype(np.float64)


def _diagonal(tables: Tables) -> Tables:
    return np.diagonal(tables, axis1=1, axis2=2)


def _mean_of_known(above: Tables, below: Tables) -> Tables:
    """The mean over classes of above / below, of those where below is not 0; shape (B,)."""
    known = below > 0
    shares = np.where(known, above / np.where(known, below, 1.0), 0.0)
    found: Tables = shares.sum(axis=1) / known.sum(axis=1)
    return found


def _weighted_kappa(tables: Tables, weights: Tables) -> Tables:
    """1 less the ratio of observed to expected disagreement; NaN where none is expected."""
    chance = tables.sum(axis=2)[:, :, None] * tables.sum(axis=1)[:, None, :] / tables.sum(axis=(1, 2))[:, None, None]
    found: Tables = 1.0 - (weights * tables).sum(axis=(1, 2)) / (weights * chance).sum(axis=(1, 2))
    return found
