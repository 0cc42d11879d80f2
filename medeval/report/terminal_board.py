"""The table of models in a terminal: pooled metrics with intervals, sites, cases."""

from dataclasses import dataclass
from itertools import accumulate

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import AnyEstimate, Estimate, Reason
from medeval.domain.messages import Leaderboard, LeaderboardRow
from medeval.report import reading
from medeval.report.pen import Pen, cells, pad

_SHORTEST_NAME = 12
_LONGEST_NAME = 24
_GAP = 2


@dataclass(frozen=True)
class Column:
    """A head and a text for each model."""

    head: str
    texts: list[str]
    right: bool = False

    @property
    def width(self) -> int:
        """With the gap to the next column."""
        return max(cells(text) for text in [self.head, *self.texts]) + _GAP

    def line(self, place: int | None = None) -> str:
        """The head, or the text of a row."""
        text = self.head if place is None else self.texts[place]
        return pad(text, self.width - _GAP, right=self.right) + " " * _GAP


def board_lines(board: Leaderboard, pen: Pen) -> list[str]:
    """One line for each model: pooled primary metric, interval, sites, cases; counts give way where room is short."""
    metric = reading.metric_of(board)
    columns = [_primary(board, metric, pen), Column("Sites", [_sites(board, row, pen) for row in board.rows])]
    columns.append(Column("Cases", [reading.pooled_count(row.counts, "cases") for row in board.rows], right=True))
    columns.append(
        Column("Positive", [reading.pooled_count(row.counts, "positives") for row in board.rows], right=True)
    )
    while sum(column.width for column in columns) > pen.width - 1 - _SHORTEST_NAME and len(columns) > 1:
        columns.pop()
    told = f"Pooled: counts of all released sites added. {reading.METRIC_MEANING[metric.name]}"
    return [*_table(board, columns, pen), "", *pen.paragraph(told)]


def other_blocks(board: Leaderboard, pen: Pen) -> list[list[str]]:
    """The other metrics, each with its interval, in as many tables as the width asks for."""
    others = [metric for metric in reading.other_metrics(board) if _has_value(board, metric)]
    columns = [
        Column(
            reading.heading_of(metric),
            [_figure(reading.get_estimate(row.pooled, metric), metric) for row in board.rows],
        )
        for metric in others
    ]
    blocks = []
    while columns:
        widths = accumulate(column.width for column in columns)
        fitting = max(1, sum(width <= pen.width - 1 - _SHORTEST_NAME for width in widths))
        blocks.append(_table(board, columns[:fitting], pen))
        columns = columns[fitting:]
    return blocks


def _table(board: Leaderboard, columns: list[Column], pen: Pen) -> list[str]:
    """Models, then the columns; names are shortened to the room that is left."""
    room = pen.width - 1 - sum(column.width for column in columns)
    names = reading.names_of(board)
    most = max(_SHORTEST_NAME, min(_LONGEST_NAME + _GAP, room)) - _GAP
    table = [Column("Model", [pen.fit(names[row], most) for row in board.rows]), *columns]
    head = "".join(column.line() for column in table).rstrip()
    rule = pen.glyph("rule") * (sum(column.width for column in table) - _GAP)
    rows = ["".join(column.line(place) for column in table) for place in range(len(board.rows))]
    return [pen.paint(f" {head}", "dim"), f" {rule}", *(f" {row}" for row in rows)]


def _primary(board: Leaderboard, metric: Metric, pen: Pen) -> Column:
    """Value and interval side by side, or why there is none."""
    width = max(len(reading.heading_of(metric)), 2 + metric.decimals) + _GAP
    estimates = [reading.get_estimate(row.pooled, metric) for row in board.rows]
    texts = [
        pad(reading.number(item.value, metric), width) + reading.interval(item, metric)
        if isinstance(item, Estimate)
        else pen.fit(_why(item.reason), _LONGEST_NAME)
        for item in estimates
    ]
    return Column(pad(reading.heading_of(metric), width) + reading.ci_words(board), texts)


def _figure(estimate: AnyEstimate, metric: Metric) -> str:
    return reading.figure(estimate, metric) if isinstance(estimate, Estimate) else _why(estimate.reason)


def _why(reason: Reason) -> str:
    return "not shown" if reason in (Reason.HIDDEN, Reason.ONE_SITE) else str(reason)


def _has_value(board: Leaderboard, metric: Metric) -> bool:
    return any(reading.find_value(row.pooled, metric) for row in board.rows)


def _sites(board: Leaderboard, row: LeaderboardRow, pen: Pen) -> str:
    """`3 of 4 ✕ 1`."""
    marks = [f" {pen.mark(kind)} {n}" for kind, n in reading.missing_counts(row)]
    return f"{row.sites} of {len(board.columns)}" + "".join(marks)
