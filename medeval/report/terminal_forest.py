"""The forest plot of one model in a terminal: a row for each site and the pooled one, above one axis."""

from medeval.domain.benchmark import MetricName
from medeval.domain.estimate import Estimate
from medeval.domain.messages import CellResult, Leaderboard, LeaderboardRow
from medeval.report import reading
from medeval.report.axis import Axis
from medeval.report.forest import axis_of
from medeval.report.pen import Pen, cells, pad

_INDENT = 3
_LONGEST_NAME = 24
_LEAST_TICK = 5


def forest_lines(board: Leaderboard, row: LeaderboardRow, pen: Pen) -> list[str]:
    """The lines of the picture, at most `pen.width` cells wide."""
    return _Forest(board, row, pen).lines()


class _Forest:
    """Widths and axis of one picture."""

    def __init__(self, board: Leaderboard, row: LeaderboardRow, pen: Pen) -> None:
        self._board, self._row, self._pen = board, row, pen
        self._metric = reading.metric_of(board)
        self._axis: Axis = axis_of(board, row)
        self._sites = [pen.fit(name, _LONGEST_NAME) for name in reading.names_of(board).sites]
        self._name_width = max(cells(name) for name in [*self._sites, "Pooled"])
        figure_width = len("0. (0. to 0.)") + 3 * self._metric.decimals
        self._plot_width = max(16, pen.width - _INDENT - self._name_width - 2 - 2 - figure_width)

    def lines(self) -> list[str]:
        """Sites, pooled, axis."""
        found = [self._line(name, self._site_picture(place)) for place, name in enumerate(self._sites)]
        pooled = reading.find_value(self._row.pooled, self._metric)
        if pooled:
            picture = self._interval(pooled, "pooled-start", "pooled-line", "pooled-end", "diamond")
            found.append(self._line("Pooled", (picture, reading.figure(pooled, self._metric)), "accent"))
        return [*found, *self._scale(), *self._legend()]

    def _line(self, name: str, picture: tuple[str, str], style: str = "") -> str:
        plot, figure = picture
        text = f"{pad(plot, self._plot_width)}  {figure}"
        return f"{' ' * _INDENT}{pad(name, self._name_width)}  {self._pen.paint(text.rstrip(), style)}"

    def _site_picture(self, place: int) -> tuple[str, str]:
        """(picture, figure); for a site without an estimate its state and no picture."""
        cell = self._row.cells[place]
        missing = reading.why_missing(cell, self._metric)
        if missing or not isinstance(cell, CellResult):
            state = missing[0] if missing else ""
            return f"{self._pen.mark(state)} {state}", ""
        estimate = reading.find_value(cell.estimates, self._metric)
        if estimate is None:
            return "", ""
        point = "open" if reading.is_few(cell) else "square"
        return self._interval(estimate, "start", "line", "end", point), reading.figure(estimate, self._metric)

    def _interval(self, estimate: Estimate, start: str, line: str, end: str, point: str) -> str:
        low, value, high = (self._column(at) for at in (estimate.low, estimate.value, estimate.high))
        glyphs = [" "] * low + [self._pen.glyph(line)] * (high - low + 1)
        glyphs[low] = self._pen.glyph("goes-on" if self._axis.cuts_low(estimate.low) else start)
        glyphs[high] = self._pen.glyph(end)
        glyphs[value] = self._pen.glyph(point)
        return "".join(glyphs)

    def _column(self, value: float) -> int:
        return round(self._axis.at(value, 0, self._plot_width - 1))

    def _scale(self) -> list[str]:
        ticks, labels = [" "] * self._plot_width, [" "] * (self._plot_width + 2)
        shown = self._axis.ticks(most=self._plot_width // _LEAST_TICK + 1)
        for i in range(self._column(shown[0]), self._plot_width):
            ticks[i] = self._pen.glyph("line")
        for value in shown:
            at = self._column(value)
            ticks[at] = self._pen.glyph("tick")
            labels[at : at + 3] = f"{value:.1f}"
        blank = " " * (_INDENT + self._name_width + 2)
        return [
            self._pen.paint(blank + "".join(ticks), "dim"),
            self._pen.paint(blank[:-1] + "".join(labels).rstrip(), "dim"),
        ]

    def _legend(self) -> list[str]:
        parts = []
        if any(reading.is_few(cell) for _, cell, _ in reading.site_values(self._row, self._metric)):
            parts.append(f"{self._pen.glyph('open')} fewer than {reading.FEW} cases in one class")
        if self._metric.name is MetricName.AUROC:
            parts.append("0.5 is chance")
        return [" " * _INDENT + "   ".join(parts)] if parts else []
