"""The decision curve as SVG: net benefit of acting on the model, of treating everyone, and of treating no one."""

from markupsafe import Markup

from medeval.domain.messages import Leaderboard, LeaderboardRow
from medeval.report import axis, draw, reading
from medeval.report.axis import Axis
from medeval.report.draw import Picture, join, line, text
from medeval.report.risk_bins import Benefit, benefits, shown_lines

_WIDTH, _HEIGHT = 380, 390
_LEFT, _RIGHT, _TOP, _BOTTOM = 54.0, 368.0, 10.0, 332.0
#: Treating everyone falls without end: the picture goes a little below treating no one, and as far as the model does.
_FLOOR, _LOWEST = -0.1, -0.5


def find_picture(board: Leaderboard, row: LeaderboardRow, *, ident: str = "dca") -> Picture | None:
    """The curve of a model whose score table may be shown; None of any other."""
    curve = benefits(row.bins) if row.bins else []
    if len(curve) < 2:
        return None
    name = reading.names_of(board)[row]
    return Picture(
        ident, _WIDTH, _HEIGHT, f"Decision curve of {name}", _told(board, curve), _Plot(board, curve, name).shapes()
    )


def benefit_figure(item: Benefit) -> str:
    """`0.44 (0.39 to 0.48)`."""
    return f"{reading.written(item.value, 2)} ({reading.written(item.low, 2)} to {reading.written(item.high, 2)})"


def threshold_words(threshold: float) -> str:
    """`20%`, `2.5%`."""
    return f"{100 * threshold:.4g}%"


def _told(board: Leaderboard, curve: list[Benefit]) -> str:
    lines = "; ".join(
        f"at {threshold_words(item.threshold)} {benefit_figure(item)}, everyone {reading.written(item.everyone, 2)}"
        for item in shown_lines(curve)
    )
    return f"Net benefit of the model ({reading.ci_words(board)}) by risk threshold: {lines}; no one 0."


class _Plot:
    """Both axes and the lines."""

    def __init__(self, board: Leaderboard, curve: list[Benefit], name: str) -> None:
        self._board, self._curve, self._name = board, curve, name
        first, last = curve[0].threshold, curve[-1].threshold
        self._across: Axis = axis.linear(first, last)
        top = max(0.1, curve[0].everyone, *(item.high for item in curve))
        self._up: Axis = axis.linear(max(_LOWEST, min(_FLOOR, *(item.low for item in curve))), top)

    def shapes(self) -> Markup:
        """Grid, band, lines, labels."""
        curve = self._curve
        edge = [(self._x(item.threshold), self._y(item.high)) for item in curve]
        edge += [(self._x(item.threshold), self._y(item.low)) for item in reversed(curve)]
        model = [(self._x(item.threshold), self._y(item.value)) for item in curve]
        return join(
            [
                self._grid(),
                draw.polygon("band", edge),
                draw.polyline("dash", self._everyone()),
                draw.polyline("la", model),
                self._arrows(),
                self._labels(),
            ]
        )

    def _grid(self) -> Markup:
        parts = []
        across, up = self._across.ticks(9), self._up.ticks(9)
        for tick in across:
            parts.append(line("gr", self._x(tick), _TOP, self._x(tick), _BOTTOM))
            parts.append(text("t2", self._x(tick), _BOTTOM + 16, threshold_words(tick), "middle"))
        for tick, word in zip(up, self._up.words(up), strict=True):
            parts.append(line("ax" if tick == 0 else "gr", _LEFT, self._y(tick), _RIGHT, self._y(tick)))
            parts.append(text("t2", _LEFT - 7, self._y(tick) + 4, word, "end"))
        return join(parts)

    def _everyone(self) -> list[tuple[float, float]]:
        """Treating everyone, up to where it leaves the picture."""
        inside = [item for item in self._curve if not self._up.cuts_low(item.everyone)]
        places = [(self._x(item.threshold), self._y(item.everyone)) for item in inside]
        if inside and len(inside) < len(self._curve):
            places.append(self._leaving(inside[-1], self._curve[len(inside)]))
        return places

    def _leaving(self, before: Benefit, item: Benefit) -> tuple[float, float]:
        """Where the line between two thresholds crosses the lower edge."""
        share = (before.everyone - self._up.low) / (before.everyone - item.everyone)
        return self._x(before.threshold + share * (item.threshold - before.threshold)), _BOTTOM

    def _arrows(self) -> Markup:
        """An arrow where a line, or the band, goes on below the picture."""
        everyone = self._everyone()
        gone = [everyone[-1][0]] if len(everyone) and everyone[-1][1] >= _BOTTOM else []
        band = [self._x(item.threshold) for item in self._curve if self._up.cuts_low(item.low)][:1]
        return join(
            draw.path(kind, f"M{x - 4:.1f} {_BOTTOM - 6:.1f}l4 6l4 -6")
            for kind, xs in (("ln", gone), ("la", band))
            for x in xs
        )

    def _labels(self) -> Markup:
        """Labels on the lines instead of a legend; the names of both axes."""
        level = reading.level_words(self._board)
        return join(
            [
                text("ta", _RIGHT - 6, _TOP + 16, draw.short(self._name, 30), "end"),
                text("t2", _RIGHT - 6, _TOP + 32, f"{level} band; dashed: treat everyone", "end"),
                text("t2", _LEFT + 6, self._y(0) - 6, "treat no one"),
                text("t2", (_LEFT + _RIGHT) / 2, _BOTTOM + 40, "Risk threshold for treating", "middle"),
                draw.upright("t2", 11, (_TOP + _BOTTOM) / 2, "Net benefit per case"),
            ]
        )

    def _x(self, threshold: float) -> float:
        return self._across.at(threshold, _LEFT, _RIGHT)

    def _y(self, benefit: float) -> float:
        return self._up.at(benefit, _BOTTOM, _TOP)
