"""The forest plot as SVG, wide and narrow: a square for each site, sized by its cases, and a diamond for the mean.

Below the mean stands where a new site is expected: a band for the prediction interval, a thin line for the mere range.
Geometry is SVG attributes made here; colour and type are classes of `medeval.css`. All text is escaped by `Markup`.
"""

from dataclasses import dataclass
from math import sqrt
from textwrap import wrap

from markupsafe import Markup

from medeval.domain.estimate import CaseCounts, Estimate
from medeval.domain.messages import CellResult, Leaderboard, LeaderboardRow
from medeval.report import draw, reading
from medeval.report.axis import Axis, axis_over
from medeval.report.draw import Picture, join, line, text

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

    It holds every estimate, the mean with its intervals, and each site's interval that rests on enough cases; the
    interval of a few cases may go on beyond it, and gets an arrow.
    """
    metric = reading.metric_of(board)
    values = []
    for _, cell, found in reading.site_values(row, metric):
        values += [found.value] if reading.is_few(cell) else [found.low, found.value, found.high]
    pooled = reading.get_pooled(row.pooled, metric)
    values += [pooled.estimate.low, pooled.estimate.high] if isinstance(pooled.estimate, Estimate) else []
    values += [pooled.prediction.low, pooled.prediction.high] if pooled.prediction else []
    return axis_over(values, metric)


def picture(board: Leaderboard, row: LeaderboardRow, *, ident: str = "fp", narrow: bool = False) -> Picture:
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
        self._pooled = reading.get_pooled(row.pooled, self._metric)
        self._mean = reading.find_mean(row.pooled, self._metric)
        self._foot = _Foot.of(self._board, self._row)
        self._rows = len(row.cells) + 1 + (1 if self._foot else 0)
        self._bottom = frame.y_of(self._rows) + (8 if frame is WIDE else 12)
        self._most = max([1, *(cell.cases for cell in row.cells if isinstance(cell, CellResult))])

    def draw(self) -> Picture:
        """The whole picture."""
        parts = [self._grid()]
        parts += [self._heading()] if self._frame is WIDE else []
        parts += [self._site(place) for place in range(len(self._row.cells))]
        parts += [self._pool(), self._below(self._foot) if self._foot else Markup("")]
        model, word = self._names[self._row], reading.word_of(self._metric)
        title = f"Forest plot of {model}: {word} at each site, and the mean over sites"
        return Picture(self._ident, self._frame.width, self._bottom + 22, title, self._told(), join(parts))

    def _told(self) -> str:
        """What the picture shows, in figures."""
        sites = [f"{name}: {self._told_of(place)}" for place, name in enumerate(self._names.sites)]
        state, reason = reading.not_pooled_words(self._pooled)
        mean = f"Mean {reading.figure(self._mean, self._metric)}." if self._mean else f"{state}: {reason}."
        foot = f" {self._foot.label}: {self._foot.words}." if self._foot else ""
        return f"{'; '.join(sites)}. {mean[0].upper()}{mean[1:]}{foot}"

    def _told_of(self, place: int) -> str:
        cell = self._row.cells[place]
        missing = reading.why_missing(cell, self._metric)
        if missing:
            return f"{missing[0]}, {missing[1]}"
        estimate = reading.find_value(cell.estimates, self._metric) if isinstance(cell, CellResult) else None
        return reading.figure(estimate, self._metric) if estimate else ""

    def _grid(self) -> Markup:
        top = 32 if self._frame is WIDE else 8
        ticks = self._axis.ticks(11 if self._frame is WIDE else 7)
        parts = []
        for tick, word in zip(ticks, self._axis.words(ticks), strict=True):
            x = self._x(tick)
            parts.append(line("gr", x, top, x, self._bottom))
            parts.append(text("t2", x, self._bottom + 16, word, "middle"))
        if self._axis.reference:
            parts.append(self._reference(*self._axis.reference, top))
        if self._mean:
            x = self._x(self._mean.value)
            parts.append(line("dots", x, top, x, self._bottom))
        return join(parts)

    def _reference(self, value: float, words: str, top: float) -> Markup:
        """The line to compare with, and its words on the side that has room."""
        x = self._x(value)
        past_middle = x > (self._frame.start + self._frame.end) / 2
        label = text("t2", x - 5 if past_middle else x + 5, self._bottom - 3, words, "end" if past_middle else "start")
        return join([line("ax", x, top, x, self._bottom), label])

    def _heading(self) -> Markup:
        heading, level = reading.heading_of(self._metric), reading.ci_words(self._board)
        return join(
            [
                text("t2", 0, 18, "Site"),
                text("t2", 262, 18, reading.counts_heading(self._board), "end"),
                text("t2", 820, 18, f"{heading} ({level})", "end"),
                line("ax", 0, 28, 820, 28),
            ]
        )

    def _site(self, place: int) -> Markup:
        cell, frame = self._row.cells[place], self._frame
        y = frame.y_of(place)
        missing = reading.why_missing(cell, self._metric)
        estimate = reading.find_value(cell.estimates, self._metric) if isinstance(cell, CellResult) else None
        counts = reading.cell_counts(cell) if isinstance(cell, CellResult) else ""
        name = self._name("", y, self._names.sites[place], counts)
        if estimate is None or not isinstance(cell, CellResult):
            return join([name, self._state(y, missing[0] if missing else "")])
        figure = reading.figure(estimate, self._metric)
        return join([name, self._interval(y, estimate, cell), self._figure("", y, figure)])

    def _name(self, kind: str, y: float, name: str, counts: str) -> Markup:
        return (
            self._name_narrow(kind, y, name, counts)
            if self._frame is NARROW
            else self._name_wide(kind, y, name, counts)
        )

    def _name_narrow(self, kind: str, y: float, name: str, counts: str) -> Markup:
        """Name and counts on the line of the figure; counts give way where a long name needs the room."""
        figure = "0. to 0." if kind == "t2" else "0. (0. to 0.)"
        room = _NARROW_LETTERS - len(figure) - figure.count("0.") * self._metric.decimals
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

    def _figure(self, kind: str, y: float, words: str) -> Markup:
        return text(kind, self._frame.figure_x, y + self._frame.name_y, words, "end")

    def _interval(self, y: float, estimate: Estimate, cell: CellResult) -> Markup:
        middle = y + self._frame.mark_y
        side = max(_SMALLEST_SQUARE, _LARGEST_SQUARE * sqrt(cell.cases / self._most))
        mark = draw.square("hol" if reading.is_few(cell) else "sq", self._x(estimate.value), middle, side)
        return join([self._line("ln", middle, estimate.low, estimate.high), mark])

    def _line(self, kind: str, middle: float, low: float, high: float) -> Markup:
        """An interval; an end beyond the axis gets an arrow."""
        start, end = self._x(low), self._x(high)
        parts = [line(kind, start, middle, end, middle)]
        parts += [draw.arrow_low(kind, start, middle)] if self._axis.cuts_low(low) else []
        parts += [draw.arrow_high(kind, end, middle)] if self._axis.cuts_high(high) else []
        return join(parts)

    def _pool(self) -> Markup:
        """The rule above the mean, its diamond and figure, or the words in their place."""
        frame, own = self._frame, self._row.counts
        y = frame.y_of(len(self._row.cells))
        rule = line("ax", 0 if frame is WIDE else 8, y + 4, frame.figure_x, y + 4)
        if self._mean is None:
            return join([rule, self._name("tb", y, "Pooled", ""), self._state(y, self._not_pooled())])
        counts = f"{own.cases}" if isinstance(own, CaseCounts) else ""
        if isinstance(own, CaseCounts) and own.positives is not None:
            counts = f"{own.positives} / {own.cases}"
        figure = self._figure("tb", y, reading.figure(self._mean, self._metric))
        return join([rule, self._name("tb", y, "Mean (random effects)", counts), self._diamond(y), figure])

    def _not_pooled(self) -> str:
        state, reason = reading.not_pooled_words(self._pooled)
        return f"{state}: {reason}" if self._frame is WIDE and len(reason) < _NARROW_LETTERS else state

    def _diamond(self, y: float) -> Markup:
        mean, middle = self._mean, y + self._frame.mark_y
        if mean is None:
            return Markup("")
        start, at, end = (self._x(value) for value in (mean.low, mean.value, mean.high))
        shape = f"M{start:.1f} {middle:.1f}L{at:.1f} {middle - 8:.1f}L{end:.1f} {middle:.1f}L{at:.1f} {middle + 8:.1f}Z"
        parts = [draw.path("fa", shape)]
        parts += [draw.arrow_low("la", start, middle)] if self._axis.cuts_low(mean.low) else []
        parts += [draw.arrow_high("la", end, middle)] if self._axis.cuts_high(mean.high) else []
        return join(parts)

    def _below(self, foot: "_Foot") -> Markup:
        """The prediction band, or the mere range, below the mean."""
        y = self._frame.y_of(len(self._row.cells) + 1)
        middle = y + self._frame.mark_y
        start, end = self._x(foot.low), self._x(foot.high)
        words = join([self._name("t2", y, foot.label, ""), self._figure("t2", y, foot.words)])
        if not foot.is_prediction:
            ends = draw.path("rng", f"M{start:.1f} {middle - 5:.1f}v10M{end:.1f} {middle - 5:.1f}v10")
            return join([words, line("rng", start, middle, end, middle), ends])
        ends = draw.path("la", f"M{start:.1f} {middle - 7:.1f}v14M{end:.1f} {middle - 7:.1f}v14")
        band = draw.bar("band", start, middle - 5, end - start, 10)
        return join([words, band, self._line("la", middle, foot.low, foot.high), ends])

    def _x(self, value: float) -> float:
        return self._axis.at(value, self._frame.start, self._frame.end)


@dataclass(frozen=True)
class _Foot:
    """The last row: where a new site is expected, or how far the sites reach."""

    label: str
    words: str
    low: float
    high: float
    is_prediction: bool

    @classmethod
    def of(cls, board: Leaderboard, row: LeaderboardRow) -> "_Foot | None":
        metric = reading.metric_of(board)
        pooled = reading.get_pooled(row.pooled, metric)
        if found := pooled.prediction:
            label = "Prediction interval" + (", approximate" if found.approximate else "")
            return cls(label, reading.between(found.low, found.high, metric), found.low, found.high, True)
        if pooled.lowest is None or pooled.highest is None or pooled.sites < 2:
            return None
        words = reading.between(pooled.lowest, pooled.highest, metric)
        return cls("Range of sites", words, pooled.lowest, pooled.highest, False)
