"""The mean over sites without each site in turn, in a terminal."""

from medeval.domain.messages import Leaderboard, LeaderboardRow
from medeval.report import reading
from medeval.report.pen import Pen
from medeval.report.terminal_table import Column, blocks

_LONGEST_NAME = 24
_LONGEST_MEAN = 50


def left_out_lines(board: Leaderboard, row: LeaderboardRow, pen: Pen) -> list[str]:
    """One line a site; nothing where there is no mean over sites to leave one out of."""
    metric = reading.metric_of(board)
    pooled, names = reading.get_pooled(row.pooled, metric), reading.names_of(board)
    if not pooled.left_out:
        return []
    titles = {column.dataset: name for column, name in zip(board.columns, names.sites, strict=True)}
    sites = [pen.fit(titles.get(item.dataset, item.dataset), _LONGEST_NAME) for item in pooled.left_out]
    means = [pen.fit(reading.figure_or_reason(item.estimate, metric), _LONGEST_MEAN) for item in pooled.left_out]
    mean = pen.fit(f"Mean {reading.word_of(metric)} ({reading.ci_words(board)})", _LONGEST_MEAN)
    head = f"{names[row]} without each site in turn: a mean that one site moves far rests on that site"
    bold = [pen.paint(line, "bold") for line in pen.paragraph(head)]
    return [*bold, "", *blocks(Column("Without", sites), [Column(mean, means)], pen)]
