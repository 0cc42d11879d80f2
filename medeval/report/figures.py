"""Estimates, states and tags as the page prints them."""

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import AnyEstimate, Estimate, Reason
from medeval.domain.messages import Cell, CellResult, LeaderboardRow, PooledMetric
from medeval.report import reading
from medeval.report.view import Figure, Tag

_TAGS = {"failed": "tag bad", "pending": "tag info", "not estimable": "tag warn", "too few": "tag warn"}
_MARKS = {
    "failed": "✕",
    "withheld": "▨",
    "pending": "…",
    "hidden": "·",
    "not estimable": "∅",
    "too few": "∅",
    "suppressed": "▨",
}
#: Reasons that need no word before them.
_PLAIN = (Reason.HIDDEN, Reason.ONE_SITE, Reason.NO_RESULTS)


def tag(state: str, words: str) -> Tag:
    """A state's mark and words."""
    return Tag(_TAGS.get(state, "tag"), f"{_MARKS.get(state, '∅')} {words}")


def figure(estimate: AnyEstimate, metric: Metric) -> Figure:
    """A value with its interval, or the words in its place."""
    if isinstance(estimate, Estimate):
        return Figure(reading.number(estimate.value, metric), reading.interval(estimate, metric))
    if estimate.reason in _PLAIN:
        return Figure(words=estimate.reason)
    return Figure(words=": ".join(reading.state_of(estimate.reason)))


def mean_figure(pooled: PooledMetric, metric: Metric) -> Figure:
    """The headline, or `not pooled` and why."""
    if isinstance(pooled.estimate, Estimate):
        return figure(pooled.estimate, metric)
    words, small = reading.not_pooled_words(pooled)
    marked = pooled.estimate.reason in reading.WITHHELD
    return Figure(words=tag(words, words).words if marked else words, small=small)


def cell_figure(cell: Cell, metric: Metric) -> Figure:
    """A site's estimate, or its state and reason."""
    missing = reading.why_missing(cell, metric)
    if missing or not isinstance(cell, CellResult):
        return Figure(words=": ".join(missing or ()))
    return figure(reading.get_estimate(cell.estimates, metric), metric)


def plain(item: Figure) -> str:
    """A figure as one string."""
    if item.value:
        return f"{item.value} ({item.interval})"
    return f"{item.words}: {item.small}" if item.small else item.words


def spread(pooled: PooledMetric, metric: Metric) -> tuple[str, str, str]:
    """(interval, what it is, label of the cell); figures in small print do not break from their names."""
    reach, about = reading.spread_words(pooled, metric)
    for name in ("I² ", "k = "):
        about = about.replace(name, name.replace(" ", "\N{NO-BREAK SPACE}"))
    return reach, about, "New site" if pooled.prediction else "Between sites"


def row_tags(row: LeaderboardRow, metric: Metric) -> tuple[Tag, ...]:
    """What a row lacks: failed, withheld and pending sites, and those at which the metric cannot be estimated."""
    found = [tag(kind, f"{n} {kind}") for kind, n in reading.missing_counts(row)]
    if n := reading.not_estimable_count(row, metric):
        found.append(tag("not estimable", f"{n} not estimable"))
    return tuple(found)
