"""Metrics of a binary classification from its counts: value and interval, or why there is none.

All sums are of integers, so a value is the correctly rounded quotient, whatever the order of sites.
"""

from itertools import accumulate

from medeval.domain.estimate import AnyEstimate, Estimate, Method, NotEstimable, Reason
from medeval.domain.metric_state import ConfusionCounts, ScoreTable
from medeval.stats.intervals import logit_wald, newcombe_auroc, wilson


def accuracy(counts: ConfusionCounts, level: float) -> AnyEstimate:
    """The share of right decisions, (tp + tn) / n, with Wilson's interval."""
    return _proportion(counts.tp + counts.tn, counts.n0 + counts.n1, level, Reason.NO_CASES)


def precision(counts: ConfusionCounts, level: float) -> AnyEstimate:
    """The share of positive cases among those called positive, tp / (tp + fp), with Wilson's interval."""
    empty = Reason.NO_POSITIVE_DECISION if counts.n0 + counts.n1 else Reason.NO_CASES
    return _proportion(counts.tp, counts.tp + counts.fp, level, empty)


def auroc(table: ScoreTable, level: float) -> AnyEstimate:
    """The area under the ROC curve of the binned scores.

    It is the Mann-Whitney probability that a positive case scores above a negative one, where two cases of one bin
    count half (the trapezoid under the binned curve). Interval: DeLong's variance (DeLong et al. 1988, Biometrics
    44:837-845) on the logit scale; where that variance is 0 or undefined (classes fully apart, all cases in one bin,
    a single case in a class) Newcombe's score-type interval, so that the interval always has a width. `bound`: cases
    of one bin could be ordered either way, which moves the value by at most half the share of such pairs.
    """
    n0, n1 = sum(table.n0), sum(table.n1)
    if not n0 or not n1:
        return NotEstimable(reason=Reason.ONE_CLASS_ONLY if n0 + n1 else Reason.NO_CASES)
    value = _double_wins(table) / (2 * n0 * n1)
    variance = delong_variance(table) if min(n0, n1) > 1 else 0.0
    if variance > 0:
        low, high = logit_wald(value, variance, level)
    else:
        low, high = newcombe_auroc(value, n0, n1, level)
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=n0 + n1,
        method=Method.LOGIT_DELONG if variance > 0 else Method.NEWCOMBE,
        bound=sum(a * b for a, b in zip(table.n0, table.n1, strict=True)) / (2 * n0 * n1),
    )


def delong_variance(table: ScoreTable) -> float:
    """DeLong's variance of the AUROC; both classes hold at least two cases.

    The placement of a positive case is the share of negative cases below it, that of a negative case the share of
    positive cases above it; the variance adds the sample variance of each over its class size. Placements are kept as
    integers over 2 n0 n1, so a variance of zero is found exactly.
    """
    n0, n1 = sum(table.n0), sum(table.n1)
    wins = _double_wins(table)
    below, above = 0, n1
    squares0 = squares1 = 0
    for a, b in zip(table.n0, table.n1, strict=True):
        above -= b
        squares1 += b * ((2 * below + a) * n1 - wins) ** 2
        squares0 += a * ((2 * above + b) * n0 - wins) ** 2
        below += a
    scale = (2 * n0 * n1) ** 2
    return squares1 / (scale * (n1 - 1) * n1) + squares0 / (scale * (n0 - 1) * n0)


def _double_wins(table: ScoreTable) -> int:
    """Twice the pairs in which the positive case lies higher, plus those of one bin."""
    below = accumulate(table.n0, initial=0)
    return sum(b * (2 * under + a) for a, b, under in zip(table.n0, table.n1, below, strict=False))


def _proportion(successes: int, n: int, level: float, empty: Reason) -> AnyEstimate:
    if not n:
        return NotEstimable(reason=empty)
    low, high = wilson(successes, n, level)
    return Estimate(value=successes / n, low=low, high=high, n=n, method=Method.WILSON)
