"""One model in a terminal: calibration, decision curve."""

from medeval.domain.messages import Leaderboard, LeaderboardRow
from medeval.report import decision, reading
from medeval.report.pen import Pen, pad
from medeval.report.risk_bins import RiskPoint, benefits, risk_points, shown_lines
from medeval.report.terminal_table import Column, table_lines

_STRIP = 31
_BARS = 10


def calibration_lines(board: Leaderboard, row: LeaderboardRow, pen: Pen) -> list[str]:
    """Observed share by predicted risk: a strip with the interval, the point, and where it should be."""
    if row.bins is None or not any(row.bins.cases):
        return []
    found = risk_points(row.bins, board.confidence_level)
    most = max(item.cases for item in found)
    columns = [
        Column("Risk", [f"{item.risk:.2f}" for item in found], right=True),
        Column(f"Observed ({reading.ci_words(board)})", [_share(item) for item in found]),
        Column(pad("0", _STRIP - 1) + "1", [_strip(item, pen) for item in found]),
        Column("Cases", [str(item.cases) for item in found], right=True),
        Column("", [pen.glyph("bar") * max(1, round(_BARS * item.cases / most)) for item in found]),
    ]
    head = f"{reading.names_of(board)[row]}: observed share by predicted risk, all cases together"
    marks = f"{pen.glyph('dot')} observed   {pen.glyph('ideal')} predicted, where a right model would be"
    return [*_bold(head, pen), "", *table_lines(columns, pen), f" {marks}"]


def _share(item: RiskPoint) -> str:
    return f"{item.observed:.2f} ({item.low:.2f} to {item.high:.2f})"


def _strip(item: RiskPoint, pen: Pen) -> str:
    low, at, high, ideal = (round(x * (_STRIP - 1)) for x in (item.low, item.observed, item.high, item.risk))
    glyphs = [" "] * low + [pen.glyph("line")] * (high - low + 1) + [" "] * (_STRIP - 1 - high)
    glyphs[ideal] = pen.glyph("ideal")
    glyphs[at] = pen.glyph("dot")
    return "".join(glyphs)


def decision_lines(board: Leaderboard, row: LeaderboardRow, pen: Pen) -> list[str]:
    """Net benefit by threshold as a table."""
    lines = shown_lines(benefits(row.bins)) if row.bins else []
    if not lines:
        return []
    columns = [
        Column("Threshold", [decision.threshold_words(item.threshold) for item in lines], right=True),
        Column(f"Model ({reading.ci_words(board)})", [decision.benefit_figure(item) for item in lines]),
        Column("Everyone", [reading.written(item.everyone, 2) for item in lines], right=True),
        Column("No one", ["0" for _ in lines], right=True),
    ]
    head = f"{reading.names_of(board)[row]}: net benefit of acting on the model, on everyone, on no one"
    return [*_bold(head, pen), "", *table_lines(columns, pen)]


def _bold(text: str, pen: Pen) -> list[str]:
    return [pen.paint(line, "bold") for line in pen.paragraph(text)]
