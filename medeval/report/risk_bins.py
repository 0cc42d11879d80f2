"""The points of calibration plot and decision curve, as few as a picture and its table can hold."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from medeval.domain.messages import ScoreBins

#: More occupied bins than this are merged into as many groups of about equal size.
_MOST_POINTS = 12
_GROUPS = 10
#: Thresholds that a table shows.
_MOST_LINES = 9


@dataclass(frozen=True)
class RiskPoint:
    """Cases of like risk: how many, their mean risk, the observed share and its Wilson interval."""

    cases: int
    risk: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True)
class Benefit:
    """Net benefit at a threshold: of the model with its interval, and of treating everyone."""

    threshold: float
    value: float
    low: float
    high: float
    everyone: float


def risk_points(bins: ScoreBins, level: float) -> list[RiskPoint]:
    """One point for each occupied bin; many bins are merged with their neighbours."""
    rows = [
        (cases, positives, cases * risk)
        for cases, positives, risk in zip(bins.cases, bins.positives, bins.risk, strict=True)
        if cases
    ]
    return [_point(rows[first:last], level) for first, last in _cuts([row[0] for row in rows])]


def _cuts(cases: list[int]) -> list[tuple[int, int]]:
    if len(cases) <= _MOST_POINTS:
        return [(place, place + 1) for place in range(len(cases))]
    cuts: list[tuple[int, int]] = []
    first, seen, total = 0, 0, sum(cases)
    for place, n in enumerate(cases, 1):
        seen += n
        if seen * _GROUPS >= total * (len(cuts) + 1):
            cuts.append((first, place))
            first = place
    return [cut for cut in cuts if cut[0] < cut[1]]


def _point(rows: list[tuple[int, int, float]], level: float) -> RiskPoint:
    cases, positives = sum(row[0] for row in rows), sum(row[1] for row in rows)
    low, high = _wilson(positives, cases, level)
    return RiskPoint(cases, sum(row[2] for row in rows) / cases, positives / cases, low, high)


def _wilson(successes: int, n: int, level: float) -> tuple[float, float]:
    """The score interval of a proportion (Wilson 1927, JASA 22:209-212)."""
    z2 = NormalDist().inv_cdf(0.5 + level / 2) ** 2
    share = successes / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def benefits(bins: ScoreBins) -> list[Benefit]:
    """The decision curve, threshold by threshold; none where it could not be computed at every one."""
    columns = (bins.thresholds, bins.net_benefit, bins.low, bins.high, bins.treat_all)
    if not bins.net_benefit or len({len(column) for column in columns}) != 1:
        return []
    return [Benefit(*values) for values in zip(*columns, strict=True)]


def shown_lines(curve: list[Benefit]) -> list[Benefit]:
    """Thresholds for the table: every one where they are few, else those nearest to whole tenths."""
    if len(curve) <= _MOST_LINES:
        return curve
    nearest = (_nearest(curve, tenth / 10) for tenth in range(1, 10))
    return sorted(set(nearest), key=lambda item: item.threshold)


def _nearest(curve: list[Benefit], threshold: float) -> Benefit:
    return min(curve, key=lambda item: abs(item.threshold - threshold))
