"""The leaderboard in a terminal: sentence, table, matrix, pictures; plain strings of at most `width` cells."""

from medeval.domain.messages import Leaderboard
from medeval.report import reading, terminal_detail
from medeval.report.findings import findings_of
from medeval.report.pen import Pen
from medeval.report.terminal_board import board_lines, estimand_lines, other_blocks, versus_lines
from medeval.report.terminal_forest import forest_lines
from medeval.report.terminal_groups import group_lines, other_group_lines
from medeval.report.terminal_left_out import left_out_lines
from medeval.report.terminal_matrix import matrix_blocks

#: No figure goes without its interval at any width, so the tables never get narrower than this.
_LEAST_WIDTH = 80


def render(board: Leaderboard, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """The whole leaderboard, ending in a newline; never narrower than 80 cells."""
    pen = Pen(max(width, _LEAST_WIDTH), unicode, color)
    blocks = [_head(board, pen), _findings(board, pen)]
    if board.rows:
        blocks += [board_lines(board, pen), versus_lines(board, pen), estimand_lines(board, pen)]
        blocks += [*other_blocks(board, pen), *matrix_blocks(board, pen), *_details(board, pen)]
    blocks.append(_foot(board, pen))
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block) + "\n"


def _head(board: Leaderboard, pen: Pen) -> list[str]:
    title = pen.paragraph(board.title, "")
    facts = f"{board.benchmark}   {reading.execution_words(board)}"
    data = [f"Data: {board.data_label}", f"Disclosure policy: {board.policy}"]
    lines = [line for text in (facts, *data) for line in pen.paragraph(text, "")]
    return [*(pen.paint(line, "bold") for line in title), *lines]


def _findings(board: Leaderboard, pen: Pen) -> list[str]:
    lines = []
    for finding in findings_of(board):
        lines += [pen.paint(line, "bold") for line in pen.paragraph(finding.head)]
        lines += pen.paragraph(finding.text, "   ")
    return lines


def _details(board: Leaderboard, pen: Pen) -> list[list[str]]:
    """The pictures of the first model that has any; the report holds those of all."""
    metric = reading.metric_of(board)
    row = next((row for row in board.rows if reading.site_values(row, metric)), None)
    row = row or next((row for row in board.rows if row.bins or row.groups), None)
    if row is None:
        return []
    name = reading.names_of(board)[row]
    head = f"{name}: {reading.heading_of(metric)} at each site, and the mean ({reading.ci_words(board)})"
    forest = [*(pen.paint(line, "bold") for line in pen.paragraph(head)), "", *forest_lines(board, row, pen)]
    return [
        forest if reading.site_values(row, metric) else [],
        left_out_lines(board, row, pen),
        terminal_detail.calibration_lines(board, row, pen),
        terminal_detail.decision_lines(board, row, pen),
        group_lines(board, row, pen),
        other_group_lines(board, row, pen),
    ]


def _foot(board: Leaderboard, pen: Pen) -> list[str]:
    """What the figures are, how they were run, where they are logged."""
    lines = pen.paragraph(board.estimand) if board.rows else []
    source = reading.from_source_words(board)
    if source:
        lines += ["", *(pen.paint(line, "warn") for line in pen.paragraph(f"{pen.mark('source')} {source}"))]
    head = f", head {board.log_head[:19]}" if board.log_head else ""
    return [*lines, "", *pen.paragraph(f"Log: {board.log_size} {'entry' if board.log_size == 1 else 'entries'}{head}")]
