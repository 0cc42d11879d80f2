"""The forest plot as SVG, wide and narrow: a square for each site, sized by its cases, and a diamond for the pool.

Geometry is SVG attributes made here; colour and type are classes of `medeval.css`. All text is escaped by `Markup`.
"""

from dataclasses import dataclass
from math import sqrt
from textwrap import wrap

from markupsafe import Markup

from medeval.domain.benchmark import MetricName
from medeval.domain.estimate import CaseCounts, Estimate
from medeval.domain.messages import CellResult, Leaderboard, LeaderboardRow
from medeval.report import draw, reading
from medeval.report.axis import Axis, axis_over
from medeval.report.draw import join, line, text

_LARGEST_SQUARE = 13.0
_SMALLEST_SQUARE = 4.5
#: Letters that fit: on a line of the narrow variant, in a name beside counts, in a line of a name in the wide one.
_NARROW_LETTERS, _NARROW_NAME, _WIDE_NAME = 43, 16, 25


@dataclass(frozen=True)
class Frame:
    """The measures of one variant, in SVG units. `name_y` and `mark_y` are offsets inside a row."""

    variant: str
    width: int
    start: float
    end: float
    top: int
    step: int
    name_y: float
    mark_y: float
    figure_x: float

    def y_of(self, place: int) -> int:
        """The upper edge of a row."""
        return self.top + self.step * place


WIDE = Frame("wide", 820, 290, 620, 34, 34, 27.5, 23, 820)
NARROW = Frame("narrow", 350, 10, 340, 16, 52, 24, 42, 342)


def axis_of(board: Leaderboard, row: LeaderboardRow) -> Axis:
    """The axis of a model's forest plot.

    It holds every estimate and each interval that rests on enough cases; the interval of a few cases may go on beyond
    it, and gets an arrow.
    """
    metric = reading.metric_of(board)
    values = reading.site_values(row, metric)
    lows = [found.value if reading.is_few(cell) else found.low for _, cell, found in values]
    pooled = reading.find_value(row.pooled, metric)
    return axis_over([*lows, *([pooled.low] if pooled else [])])


def svg(board: Leaderboard, row: LeaderboardRow, *, ident: str = "fp", narrow: bool = False) -> Markup:
    """The plot of one model; `ident` keeps the ids of title and description unique on a page."""
    return _Plot(board, row, NARROW if narrow else WIDE, ident).draw()


class _Plot:
    """One variant of one model's plot."""

    def __init__(self, board: Leaderboard, row: LeaderboardRow, frame: Frame, ident: str) -> None:
        self._board, self._row, self._frame = board, row, frame
        self._ident = f"{ident}-{frame.variant}"
        self._metric = reading.metric_of(board)
        self._names = reading.names_of(board)
        self._axis = axis_of(board, row)
        self._pooled = reading.find_value(row.pooled, self._metric)
        self._rows = len(row.cells) + (1 if self._pooled else 0)
        self._bottom = frame.y_of(self._rows) + (8 if frame is WIDE else 12)
        self._most = max((cell.cases for cell in row.cells if isinstance(cell, CellResult)), default=1)

    def draw(self) -> Markup:
        """The whole picture."""
        parts = [self._words(), self._grid()]
        parts += [self._heading()] if self._frame is WIDE else []
        parts += [self._site(place) for place in range(len(self._row.cells))]
        parts += [self._pool(self._pooled)] if self._pooled else []
        return Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-t {}-d">{}</svg>').format(
            self._frame.variant, self._frame.width, self._bottom + 22, self._ident, self._ident, join(parts)
        )

    def _words(self) -> Markup:
        """Title and description: what the picture shows, in figures."""
        model = self._names[self._row]
        word = reading.word_of(self._metric)
        told = [f"{name}: {self._told(place)}" for place, name in enumerate(self._names.sites)]
        pooled = f"Pooled: {reading.figure(self._pooled, self._metric)}." if self._pooled else "Not pooled."
        return Markup('<title id="{0}-t">{1}</title><desc id="{0}-d">{2}. {3}</desc>').format(
            self._ident, f"Forest plot of {model}: {word} at each site and pooled", "; ".join(told), pooled
        )

    def _told(self, place: int) -> str:
        cell = self._row.cells[place]
        missing = reading.why_missing(cell, self._metric)
        if missing:
            return f"{missing[0]}, {missing[1]}"
        estimate = reading.find_value(cell.estimates, self._metric) if isinstance(cell, CellResult) else None
        return reading.figure(estimate, self._metric) if estimate else ""

    def _grid(self) -> Markup:
        top = 32 if self._frame is WIDE else 8
        parts = []
        for tick in self._axis.ticks():
            x = self._x(tick)
            is_chance = tick == 0.5 and self._metric.name is MetricName.AUROC
            parts.append(line("ax" if is_chance else "gr", x, top, x, self._bottom))
            parts.append(text("t2", x, self._bottom + 16, f"{tick:g}", "middle"))
            if is_chance:
                parts.append(text("t2", x + 5, self._bottom - 4, "chance"))
        if self._pooled:
            x = self._x(self._pooled.value)
            parts.append(line("dots", x, top, x, self._bottom))
        return join(parts)

    def _heading(self) -> Markup:
        word, level = reading.word_of(self._metric), reading.ci_words(self._board)
        return join(
            [
                text("t2", 0, 18, "Site"),
                text("t2", 262, 18, "Positive / cases", "end"),
                text("t2", 820, 18, f"{word[0].upper()}{word[1:]} ({level})", "end"),
                line("ax", 0, 28, 820, 28),
            ]
        )

    def _site(self, place: int) -> Markup:
        cell, frame = self._row.cells[place], self._frame
        y = frame.y_of(place)
        missing = reading.why_missing(cell, self._metric)
        estimate = reading.find_value(cell.estimates, self._metric) if isinstance(cell, CellResult) else None
        counts = f"{cell.positives} / {cell.cases}" if isinstance(cell, CellResult) else ""
        name = self._name("", y, self._names.sites[place], counts)
        if estimate is None or not isinstance(cell, CellResult):
            return join([name, self._state(y, missing[0] if missing else "")])
        return join([name, self._interval(y, estimate, cell), self._figure("", y, estimate)])

    def _name(self, kind: str, y: float, name: str, counts: str) -> Markup:
        return (
            self._name_narrow(kind, y, name, counts)
            if self._frame is NARROW
            else self._name_wide(kind, y, name, counts)
        )

    def _name_narrow(self, kind: str, y: float, name: str, counts: str) -> Markup:
        """Name and counts on the line of the figure; counts give way where a long name needs the room."""
        room = _NARROW_LETTERS - len("0. (0. to 0.)") - 3 * self._metric.decimals
        if counts and room - len(counts) >= min(len(name), _NARROW_NAME):
            small = Markup(' <tspan class="t2">{}</tspan>').format(counts)
            return text(kind, 8, y + self._frame.name_y, join([draw.short(name, room - len(counts)), small]))
        return text(kind, 8, y + self._frame.name_y, draw.short(name, room))

    def _name_wide(self, kind: str, y: float, name: str, counts: str) -> Markup:
        """The name on one line or two, the counts in a column of their own."""
        lines = wrap(name, _WIDE_NAME)
        lines = [lines[0], draw.short(" ".join(lines[1:]), _WIDE_NAME)] if len(lines) > 1 else lines
        first = y + self._frame.name_y - (7 if len(lines) > 1 else 0)
        parts = [text(kind, 0, first + 14 * i, words) for i, words in enumerate(lines)]
        return join([*parts, text("t2", 262, y + self._frame.name_y, counts, "end")] if counts else parts)

    def _state(self, y: float, state: str) -> Markup:
        """The word in place of an interval, where the figure would stand."""
        return text("tw", self._frame.figure_x, y + self._frame.name_y, state, "end")

    def _figure(self, kind: str, y: float, estimate: Estimate) -> Markup:
        return text(kind, self._frame.figure_x, y + self._frame.name_y, reading.figure(estimate, self._metric), "end")

    def _interval(self, y: float, estimate: Estimate, cell: CellResult) -> Markup:
        middle = y + self._frame.mark_y
        start, at, end = (self._x(value) for value in (estimate.low, estimate.value, estimate.high))
        side = max(_SMALLEST_SQUARE, _LARGEST_SQUARE * sqrt(cell.cases / self._most))
        parts = [line("ln", start, middle, end, middle)]
        if self._axis.cuts_low(estimate.low):
            parts.append(draw.path("ln", f"M{start + 5:.1f} {middle - 4:.1f}l-5 4l5 4"))
        parts.append(draw.square("hol" if reading.is_few(cell) else "sq", at, middle, side))
        return join(parts)

    def _pool(self, pooled: Estimate) -> Markup:
        frame = self._frame
        y = frame.y_of(len(self._row.cells))
        middle = y + frame.mark_y
        start, at, end = (self._x(value) for value in (pooled.low, pooled.value, pooled.high))
        own = self._row.counts
        counts = f"{own.positives} / {own.cases}" if isinstance(own, CaseCounts) else ""
        diamond = (
            f"M{start:.1f} {middle:.1f}L{at:.1f} {middle - 8:.1f}L{end:.1f} {middle:.1f}L{at:.1f} {middle + 8:.1f}Z"
        )
        rule = line("ax", 0 if frame is WIDE else 8, y + 4, frame.figure_x, y + 4)
        return join(
            [rule, self._name("tb", y, "Pooled", counts), draw.path("fa", diamond), self._figure("tb", y, pooled)]
        )

    def _x(self, value: float) -> float:
        return self._axis.at(value, self._frame.start, self._frame.end)
