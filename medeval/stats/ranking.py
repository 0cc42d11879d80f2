"""How well scores rank cases: AUROC and average precision, from the score table or from exact scalars.

Sums are of integers, so a value is the correctly rounded quotient, whatever the order of sites.
"""

from dataclasses import dataclass
from itertools import accumulate
from math import log

import numpy as np
from scipy.special import digamma

from medeval.domain.estimate import Method, Reason
from medeval.domain.families.binary import PairStratum, ScoreTable, win_range
from medeval.stats.decisions import Counts, Sampling
from medeval.stats.intervals import logit_wald, newcombe_auroc, z_of
from medeval.stats.measure import Measure, Measured, Scale, resampled, undefined


@dataclass(frozen=True)
class _Ranking:
    """Twice the pairs won, the classes, DeLong's variance, and how far binning can have moved the value."""

    double_wins: int
    n0: int
    n1: int
    variance: float
    bound: float
    method: Method


def auroc_of_table(table: ScoreTable, sampling: Sampling) -> Measure:
    """The area under the ROC curve of the binned scores.

    It is the Mann-Whitney probability that a positive case scores above a negative one, where two cases of one bin
    count half (the trapezoid under the binned curve). `bound`: cases of one bin could be ordered either way, which
    moves the value by at most half the share of such pairs.
    """
    n0, n1 = table.classes
    if not n0 or not n1:
        return undefined(Reason.ONE_CLASS_ONLY if n0 + n1 else Reason.NO_CASES)
    lost, won = win_range(table)
    bound = (won - lost) / (4 * n0 * n1)
    variance = delong_variance(table) if min(n0, n1) > 1 else 0.0
    return _auroc(_Ranking(double_wins(table), n0, n1, variance, bound, Method.LOGIT_DELONG_BINNED), sampling)


def auroc_of_pairs(stratum: PairStratum, sampling: Sampling) -> Measure:
    """The exact area under the ROC curve of one site's scores, from its pairs."""
    if not stratum.n0 or not stratum.n1:
        return undefined(Reason.ONE_CLASS_ONLY if stratum.n0 + stratum.n1 else Reason.NO_CASES)
    variance = stratum.s10 / stratum.n1 + stratum.s01 / stratum.n0 if min(stratum.n0, stratum.n1) > 1 else 0.0
    wins = stratum.double_wins.total
    return _auroc(_Ranking(wins, stratum.n0, stratum.n1, variance, 0.0, Method.LOGIT_DELONG), sampling)


def _auroc(found: _Ranking, sampling: Sampling) -> Measured:
    """Interval: DeLong's variance (DeLong et al. 1988, Biometrics 44:837-845) on the logit scale.

    Where that variance is 0 or undefined (classes fully apart, all cases in one bin, a single case in a class) it is
    Newcombe's score-type interval, so that the interval always has a width.
    """
    pairs = found.n0 * found.n1
    value, variance = found.double_wins / (2 * pairs), found.variance * sampling.deff
    inside = 0.0 < value < 1.0 and variance > 0.0
    if inside:
        low, high = logit_wald(value, variance, sampling.level)
        effect, spread = log(value) - log(1 - value), variance / (value * (1 - value)) ** 2
    else:
        low, high = newcombe_auroc(value, found.n0 / sampling.deff, found.n1 / sampling.deff, sampling.level)
        effect, spread = _corrected(value, low, high, found, sampling.level)
    return Measured(
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=found.n0 + found.n1,
        method=found.method if inside else Method.NEWCOMBE,
        scale=Scale.LOGIT,
        effect=effect,
        variance=spread,
        bound=found.bound,
        weight=pairs,
    )


def _corrected(value: float, low: float, high: float, found: _Ranking, level: float) -> tuple[float, float]:
    """Effect and variance of an AUROC without a variance: half a pair of either kind is added, and the standard error
    is read off the interval: of its half that lies inside (0, 1), or of both.
    """  # noqa: D205 one sentence
    pairs = found.n0 * found.n1
    share = (value * pairs + 0.5) / (pairs + 1)
    inner = [abs(limit - value) for limit in (low, high) if 0 < limit < 1]
    error = max(inner, default=0.5) / z_of(level)
    return log(share) - log(1 - share), (error / (share * (1 - share))) ** 2 if share not in (0, 1) else 1.0


def delong_variance(table: ScoreTable) -> float:
    """DeLong's variance of the AUROC; both classes hold at least two cases.

    The placement of a positive case is the share of negative cases below it, that of a negative case the share of
    positive cases above it; the variance adds the sample variance of each over its class size. Placements are kept as
    integers over 2 n0 n1, so a variance of zero is found exactly.
    """
    n0, n1 = table.classes
    wins = double_wins(table)
    below, above = 0, n1
    squares0 = squares1 = 0
    for a, b in zip(table.n0, table.n1, strict=True):
        above -= b
        squares1 += b * ((2 * below + a) * n1 - wins) ** 2
        squares0 += a * ((2 * above + b) * n0 - wins) ** 2
        below += a
    scale = (2 * n0 * n1) ** 2
    return squares1 / (scale * (n1 - 1) * n1) + squares0 / (scale * (n0 - 1) * n0)


def double_wins(table: ScoreTable) -> int:
    """Twice the pairs in which the positive case lies higher, plus those of one bin."""
    below = accumulate(table.n0, initial=0)
    return sum(b * (2 * under + a) for a, b, under in zip(table.n0, table.n1, below, strict=False))


def average_precision(table: ScoreTable, replicates: tuple[Counts, Counts], sampling: Sampling) -> Measure:
    """Average precision of the binned scores: the cases of one bin are called positive together.

    `bound`: how far the order and the ties inside bins that flatter most, or least, lie from it.
    """
    if not sum(table.n1):
        return undefined(Reason.NO_POSITIVE_CASE if sum(table.n0) else Reason.NO_CASES)
    n0, n1 = (np.array([counts], dtype=np.float64) for counts in (table.n0, table.n1))
    value = float(_average_precision(n0, n1)[0])
    best, worst = _average_precision_range(n0[0], n1[0])
    bound = max(best - value, value - worst, 0.0)
    return resampled(value, _average_precision(*replicates), sum(table.classes), sampling.level, bound)


def _average_precision(n0: Counts, n1: Counts) -> Counts:
    """For tables of shape (B, K); NaN without a positive case."""
    hits, calls = (np.cumsum(counts[:, ::-1], axis=1) for counts in (n1, n0 + n1))
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(calls > 0, hits / np.where(calls > 0, calls, 1), 0.0)
        found: Counts = (precision * n1[:, ::-1]).sum(axis=1) / hits[:, -1]
    return found


def _average_precision_range(n0: Counts, n1: Counts) -> tuple[float, float]:
    """The most and the least that scores inside the bins, ties among them included, can give.

    A positive case of a bin of n0 negative and m positive cases, after T hits among C calls, has at least the precision
    (T + j) / (C + n0 + j) as the j-th of the positive ones, all below the negative ones; the sum over j is
    m - (C + n0 - T) (digamma(C + n0 + m + 1) - digamma(C + n0 + 1)). It has at most (T + m) / (C + m), where all
    positive ones are tied above the negative ones: T is no larger than C, so a tie flatters.
    """
    n0, n1 = n0[::-1], n1[::-1]
    hits, calls = (np.concatenate([[0.0], np.cumsum(counts)[:-1]]) for counts in (n1, n0 + n1))
    ends = calls + n1
    best = n1 * np.where(ends > 0, (hits + n1) / np.where(ends > 0, ends, 1), 0.0)
    start = calls + n0
    worst = n1 - (start - hits) * (digamma(start + n1 + 1) - digamma(start + 1))
    return float(best.sum() / n1.sum()), float(worst.sum() / n1.sum())
