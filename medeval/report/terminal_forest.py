"""The forest plot of one model in a terminal: a row for each site, the mean and the spread, above one axis."""

from medeval.domain.estimate import Estimate
from medeval.domain.messages import CellResult, Leaderboard, LeaderboardRow
from medeval.report import reading
from medeval.report.axis import Axis
from medeval.report.forest import axis_of
from medeval.report.pen import Pen, cells, pad

_INDENT = 3
_LONGEST_NAME = 24
_LEAST_TICK = 3
_LEAST_PLOT = 16


def forest_lines(board: Leaderboard, row: LeaderboardRow, pen: Pen) -> list[str]:
    """The lines of the picture, at most `pen.width` cells wide."""
    return _Forest(board, row, pen).lines()


class _Forest:
    """Widths and axis of one picture."""

    def __init__(self, board: Leaderboard, row: LeaderboardRow, pen: Pen) -> None:
        self._board, self._row, self._pen = board, row, pen
        self._metric = reading.metric_of(board)
        self._axis: Axis = axis_of(board, row)
        self._pooled = reading.get_pooled(row.pooled, self._metric)
        self._sites = [pen.fit(name, _LONGEST_NAME) for name in reading.names_of(board).sites]
        self._name_width = max(cells(name) for name in [*self._sites, "Prediction"])
        values = reading.site_values(row, self._metric)
        figures = [reading.figure(found, self._metric) for _, _, found in values]
        if isinstance(self._pooled.estimate, Estimate):
            figures.append(reading.figure(self._pooled.estimate, self._metric))
        figure_width = max((len(figure) for figure in figures), default=0)
        self._plot_width = max(_LEAST_PLOT, pen.width - _INDENT - self._name_width - 2 - 2 - figure_width)

    def lines(self) -> list[str]:
        """Sites, mean, spread, axis."""
        found = [self._line(name, self._site_picture(place)) for place, name in enumerate(self._sites)]
        return [*found, *self._mean(), *self._spread(), *self._scale(), *self._legend()]

    def _mean(self) -> list[str]:
        estimate = self._pooled.estimate
        if not isinstance(estimate, Estimate):
            state, reason = reading.not_pooled_words(self._pooled)
            words = self._pen.fit(f"{state}: {reason}", self._pen.width - _INDENT - self._name_width - 2)
            return [self._line("Mean", (words, ""))]
        picture = self._interval(estimate, "pooled-start", "pooled-line", "pooled-end", "diamond")
        return [self._line("Mean", (picture, reading.figure(estimate, self._metric)), "accent")]

    def _spread(self) -> list[str]:
        """The prediction interval, or the mere range where it may be shown and is one."""
        if found := self._pooled.prediction:
            words = reading.between(found.low, found.high, self._metric)
            return [self._line("Prediction", (self._band(found.low, found.high, "band"), words))]
        low, high = self._pooled.lowest, self._pooled.highest
        if low is None or high is None or self._pooled.sites < 2:
            return []
        return [self._line("Range", (self._band(low, high, "range"), reading.between(low, high, self._metric)))]

    def _band(self, low: float, high: float, glyph: str) -> str:
        start, end = self._column(low), self._column(high)
        glyphs = [" "] * start + [self._pen.glyph(glyph)] * (end - start + 1)
        glyphs[start] = self._pen.glyph("goes-on" if self._axis.cuts_low(low) else "range-end")
        glyphs[end] = self._pen.glyph("goes-up" if self._axis.cuts_high(high) else "range-end")
        return "".join(glyphs)

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
        glyphs[high] = self._pen.glyph("goes-up" if self._axis.cuts_high(estimate.high) else end)
        glyphs[value] = self._pen.glyph(point)
        return "".join(glyphs)

    def _column(self, value: float) -> int:
        return round(self._axis.at(value, 0, self._plot_width - 1))

    def _scale(self) -> list[str]:
        """The axis, and below it as many figures as fit without touching."""
        most = max(2, self._plot_width // (_LEAST_TICK + max(len(word) for word in self._words(self._axis.ticks(99)))))
        shown = self._axis.ticks(most)
        ticks, labels = [self._pen.glyph("line")] * self._plot_width, [" "] * (self._plot_width + 2)
        taken = -1
        for value, word in zip(shown, self._words(shown), strict=True):
            at = self._column(value)
            ticks[at] = self._pen.glyph("tick")
            # labels start one cell before the plot, so that a figure stands about its tick
            first = min(max(0, at + 1 - len(word) // 2), len(labels) - len(word))
            if first > taken:
                labels[first : first + len(word)] = word
                taken = first + len(word)
        blank = " " * (_INDENT + self._name_width + 2)
        return [
            self._pen.paint(blank + "".join(ticks), "dim"),
            self._pen.paint(blank[:-1] + "".join(labels).rstrip(), "dim"),
        ]

    def _words(self, ticks: list[float]) -> list[str]:
        return self._axis.words(ticks)

    def _legend(self) -> list[str]:
        parts = []
        if any(reading.is_few(cell) for _, cell, _ in reading.site_values(self._row, self._metric)):
            parts.append(f"{self._pen.glyph('open')} {reading.few_words(self._board)}")
        if self._axis.reference:
            value, words = self._axis.reference
            parts.append(f"{value:g}: {words}")
        if self._axis.log:
            parts.append("logarithmic axis")
        return [" " * _INDENT + "   ".join(parts)] if parts else []
