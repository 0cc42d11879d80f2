"""Subgroups of one model on the page: a row of the board for each level, then a table of every other metric."""

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import CaseCounts, Estimate
from medeval.domain.messages import GroupResult, Leaderboard, LeaderboardRow, PooledMetric
from medeval.report import figures, reading, row_plot
from medeval.report.axis import Axis, axis_over
from medeval.report.view import Figure, GroupLine, MetricsTable, Subgroups


def find_subgroups(board: Leaderboard, place: int) -> Subgroups | None:
    """The subgroups of the model in that row; None where its benchmark declares none, or nothing is shown."""
    row = board.rows[place]
    if not row.groups:
        return None
    axis = _axis(board, row)
    return Subgroups(
        lines=tuple(_line(board, group, axis) for group in row.groups),
        scale=row_plot.head(axis),
        others=_others(board, row),
        withholds=any(group.withheld for group in row.groups),
        ident=f"cap-groups-{place}",
    )


def _axis(board: Leaderboard, row: LeaderboardRow) -> Axis:
    metric, values = reading.metric_of(board), []
    for group in row.groups:
        pooled = reading.get_pooled(group.pooled, metric)
        values += [pooled.estimate.low, pooled.estimate.high] if isinstance(pooled.estimate, Estimate) else []
        values += [pooled.prediction.low, pooled.prediction.high] if pooled.prediction else []
        values += _range(pooled)
    return axis_over(values, metric)


def _range(pooled: PooledMetric) -> list[float]:
    """The sites' extremes, where they are shown."""
    return [value for value in (pooled.lowest, pooled.highest) if value is not None]


def _line(board: Leaderboard, group: GroupResult, axis: Axis) -> GroupLine:
    metric = reading.metric_of(board)
    pooled = reading.get_pooled(group.pooled, metric)
    mean = figures.mean_figure(pooled, metric)
    words = f"{group.name} {group.level}: {figures.plain(mean)}; {reading.group_words(group, metric)}"
    return GroupLine(
        name=group.name,
        level=group.level,
        mean=mean,
        plot=row_plot.of_pooled(pooled, axis, _range(pooled), words),
        spread=figures.spread(pooled, metric),
        cases=_cases(group),
        withheld=figures.tag("withheld", f"{group.withheld} withheld") if group.withheld else None,
        others=figures.mean_figure(reading.get_pooled(group.complement, metric), metric),
    )


def _cases(group: GroupResult) -> str:
    if not isinstance(group.counts, CaseCounts):
        return reading.pooled_count(group.counts, "cases")
    counts = group.counts
    return str(counts.cases) if counts.positives is None else f"{counts.cases} ({counts.positives})"


def _others(board: Leaderboard, row: LeaderboardRow) -> MetricsTable | None:
    """Every other metric of each level, with that of all other levels below it."""
    metrics = reading.other_metrics(board)
    if not metrics:
        return None
    rows = tuple(
        (f"{group.name}: {group.level}", tuple(_other(group, metric) for metric in metrics)) for group in row.groups
    )
    return MetricsTable(tuple(reading.heading_of(metric) for metric in metrics), rows, first="Subgroup")


def _other(group: GroupResult, metric: Metric) -> Figure:
    own = figures.mean_figure(reading.get_pooled(group.pooled, metric), metric)
    small = f"all others: {_brief(reading.get_pooled(group.complement, metric), metric)}"
    return Figure(own.value, own.interval, own.words, f"{own.small}; {small}" if own.small else small)


def _brief(pooled: PooledMetric, metric: Metric) -> str:
    """A figure that does not break, or the words in its place."""
    rest = figures.mean_figure(pooled, metric)
    return figures.plain(rest).replace(" ", "\N{NO-BREAK SPACE}") if rest.value else rest.words
