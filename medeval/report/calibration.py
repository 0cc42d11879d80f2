"""The calibration plot as SVG: observed share by predicted risk, the smooth curve, the diagonal, cases at the foot."""

from markupsafe import Markup

from medeval.domain.estimate import Estimate
from medeval.domain.messages import Leaderboard, LeaderboardRow, ScoreBins
from medeval.report import draw, reading
from medeval.report.draw import Picture, join, line, text
from medeval.report.risk_bins import RiskPoint, risk_points

_WIDTH, _HEIGHT = 380, 390
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 368.0, 10.0, 332.0
_TALLEST_BAR = 32.0
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def find_picture(board: Leaderboard, row: LeaderboardRow, *, ident: str = "cal") -> Picture | None:
    """The plot of a model whose score table may be shown; None of any other."""
    if row.bins is None or not any(row.bins.cases):
        return None
    found = risk_points(row.bins, board.confidence_level)
    shapes = join([_grid(), _bars(found), _lines(row.bins), *(_point(item) for item in found), _labels(board, row)])
    title = f"Calibration plot of {reading.names_of(board)[row]}"
    return Picture(ident, _WIDTH, _HEIGHT, title, _told(board, row, found), shapes)


def _told(board: Leaderboard, row: LeaderboardRow, found: list[RiskPoint]) -> str:
    points = "; ".join(f"{item.risk:.2f}: {point_figure(item)}" for item in found)
    smooth = "" if row.bins is None or row.bins.curve is None else " The smooth curve runs through them."
    cases = reading.count(sum(item.cases for item in found), "case")
    return f"Observed share by mean predicted risk, {cases}, {reading.ci_words(board)}: {points}.{smooth}"


def point_figure(item: RiskPoint) -> str:
    """`0.36 (0.23 to 0.52)`."""
    return f"{item.observed:.2f} ({item.low:.2f} to {item.high:.2f})"


def _x(risk: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * min(max(risk, 0.0), 1.0)


def _y(share: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * min(max(share, 0.0), 1.0)


def _grid() -> Markup:
    parts = []
    for tick in _TICKS:
        parts.append(line("gr", _x(tick), _TOP, _x(tick), _BOTTOM))
        parts.append(line("gr", _LEFT, _y(tick), _RIGHT, _y(tick)))
        parts.append(text("t2", _x(tick), _BOTTOM + 16, f"{tick:g}", "middle"))
        parts.append(text("t2", _LEFT - 7, _y(tick) + 4, f"{tick:g}", "end"))
    return join(parts)


def _bars(found: list[RiskPoint]) -> Markup:
    """Cases of each point along the foot, the largest a tenth of the height."""
    most = max(item.cases for item in found)
    heights = [_TALLEST_BAR * item.cases / most for item in found]
    return join(
        draw.bar("bar", _x(item.risk) - 4.5, _BOTTOM - height, 9, height)
        for item, height in zip(found, heights, strict=True)
    )


def _lines(bins: ScoreBins) -> Markup:
    """The diagonal, and the smooth curve where one was fitted."""
    diagonal = line("dash", _x(0), _y(0), _x(1), _y(1))
    if bins.curve is None or len(bins.curve) < 2:
        return diagonal
    places = [(_x(risk), _y(share)) for risk, share in zip(bins.risk, bins.curve, strict=True)]
    return diagonal + draw.polyline("ln", places)


def _point(item: RiskPoint) -> Markup:
    x = _x(item.risk)
    return line("la", x, _y(item.low), x, _y(item.high)) + draw.dot("fa", x, _y(item.observed), 4.5)


def _labels(board: Leaderboard, row: LeaderboardRow) -> Markup:
    """Labels instead of a legend, the figures of calibration where the board has them, the names of both axes."""
    words = [*_figures(board, row), "dashed: as predicted; solid: smooth curve"]
    return join(
        [
            *(text("t2", _x(0) + 10, _TOP + 18 + 17 * i, line) for i, line in enumerate(words)),
            text("t2", (_LEFT + _RIGHT) / 2, _BOTTOM + 40, "Predicted risk", "middle"),
            draw.upright("t2", 11, (_TOP + _BOTTOM) / 2, f"Observed share, {reading.ci_words(board)}"),
        ]
    )


def _figures(board: Leaderboard, row: LeaderboardRow) -> list[str]:
    """Slope and observed to expected of all cases together, as the points are."""
    found = []
    for name, words in (("calibration_slope", "Slope"), ("oe", "Observed : expected")):
        metric = next((metric for metric in board.metrics if metric.name == name), None)
        value = reading.get_pooled(row.pooled, metric).all_cases if metric else None
        if metric and isinstance(value, Estimate):
            found.append(f"{words} {reading.figure(value, metric)}")
    return found
