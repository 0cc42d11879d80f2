"""Subgroups of one model in a terminal: the primary metric with all others beside it, then every other metric."""

from medeval.domain.benchmark import Metric
from medeval.domain.messages import GroupResult, Leaderboard, LeaderboardRow
from medeval.report import reading
from medeval.report.pen import Pen
from medeval.report.terminal_table import Column, blocks

_LONGEST_LEVEL = 20


def group_lines(board: Leaderboard, row: LeaderboardRow, pen: Pen) -> list[str]:
    """The means of subgroups by the primary metric, and how sites differ."""
    if not row.groups:
        return []
    metric = reading.metric_of(board)
    figure = Column(_head(board, metric, pen), [_brief(group, metric) for group in row.groups])
    others = Column("All others", [_others(group, metric) for group in row.groups])
    cases = Column("Cases", [reading.pooled_count(group.counts, "cases") for group in row.groups], right=True)
    names = [_name(group, pen) for group in row.groups]
    head = f"{reading.names_of(board)[row]}: subgroups, random-effects mean over sites; no difference was tested"
    notes = [
        line
        for name, group in zip(names, row.groups, strict=True)
        for line in pen.paragraph(f"{name}: {reading.group_words(group, metric)}")
    ]
    return [*_bold(head, pen), "", *blocks(Column("Subgroup", names), [figure, others, cases], pen), "", *notes]


def other_group_lines(board: Leaderboard, row: LeaderboardRow, pen: Pen) -> list[str]:
    """Every other metric by subgroup, in as many tables as the width asks for."""
    metrics = reading.other_metrics(board)
    if not row.groups or not metrics:
        return []
    names = [name for group in row.groups for name in (_name(group, pen), "  all others")]
    columns = [
        Column(
            _head(board, metric, pen),
            [figure for group in row.groups for figure in (_brief(group, metric), _others(group, metric))],
        )
        for metric in metrics
    ]
    head = f"{reading.names_of(board)[row]}: the other metrics by subgroup, random-effects mean over sites"
    return [*_bold(head, pen), "", *blocks(Column("Subgroup", names), columns, pen)]


def _name(group: GroupResult, pen: Pen) -> str:
    return pen.fit(f"{group.name}: {group.level}", _LONGEST_LEVEL)


def _head(board: Leaderboard, metric: Metric, pen: Pen) -> str:
    return f"{pen.clean(reading.heading_of(metric))} ({reading.ci_words(board)})"


def _brief(group: GroupResult, metric: Metric) -> str:
    return reading.brief(reading.get_pooled(group.pooled, metric), metric)


def _others(group: GroupResult, metric: Metric) -> str:
    return reading.brief(reading.get_pooled(group.complement, metric), metric)


def _bold(text: str, pen: Pen) -> list[str]:
    return [pen.paint(line, "bold") for line in pen.paragraph(text)]
