"""The axis of an interval plot: what it holds follows from the metric, so that no choice of limits flatters."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log, log10

from medeval.domain.benchmark import Metric
from medeval.report.words import Range, word_for

_SLACK = 1e-9
#: Marks of a logarithmic axis in each decade.
_DECADE = (1.0, 2.0, 5.0)
#: What an axis shows at least, by the kind of its metric.
_ALWAYS = {
    Range.UNIT: (0.5, 1.0),
    Range.SMALL: (0.0, 0.2),
    Range.SIGNED: (0.0, 1.0),
    Range.RATIO: (0.5, 2.0),
    Range.AMOUNT: (0.0, 0.0),
    Range.REAL: (0.0, 0.0),
}
#: What no axis goes beyond: values there cannot be, limits of intervals get an arrow.
_NEVER = {Range.UNIT: (0.0, 1.0), Range.SMALL: (0.0, 1.0), Range.SIGNED: (-10.0, 1.0), Range.AMOUNT: (0.0, 1e12)}
#: The step of axes from 0 to 1: 0.5 is always a mark.
_TENTH = 0.1
_PARTS = 8
_LEAST_RATIO, _MOST_RATIO = 1e-3, 1e3
_MOST = 1e12


@dataclass(frozen=True)
class Axis:
    """Low and high end, the marks between them (ends included), linear or logarithmic; a line to compare with."""

    low: float
    high: float
    marks: tuple[float, ...]
    log: bool = False
    reference: tuple[float, str] | None = None

    def at(self, value: float, start: float, end: float) -> float:
        """Where a value lies between `start` and `end`; what lies outside is put at the edge."""
        inside = min(max(value, self.low), self.high)
        if self.log:
            return start + (end - start) * log(inside / self.low) / log(self.high / self.low)
        return start + (end - start) * (inside - self.low) / (self.high - self.low)

    def ticks(self, most: int = 11) -> list[float]:
        """At most about so many marks, thinned evenly; the line to compare with stays, else 0, else the upper end."""
        step = ceil(len(self.marks) / max(2, most))
        wanted = [*([self.reference[0]] if self.reference else []), 0.0, self.marks[-1]]
        kept = next(mark for mark in wanted if mark in self.marks)
        first = self.marks.index(kept) % step
        return list(self.marks[first::step])

    def cuts_low(self, value: float) -> bool:
        """Whether a limit lies beyond the lower end, so that it needs an arrow."""
        return value < self.low - _SLACK * max(1.0, abs(self.low))

    def cuts_high(self, value: float) -> bool:
        """Whether a limit lies beyond the upper end."""
        return value > self.high + _SLACK * max(1.0, abs(self.high))

    def is_reference(self, tick: float) -> bool:
        """Whether a mark is the line to compare with."""
        return self.reference is not None and tick == self.reference[0]

    def words(self, ticks: list[float]) -> list[str]:
        """The figures of ticks, with as many decimals as the finest needs."""
        if self.log:
            return [f"{tick:g}" for tick in ticks]
        decimals = max(len(f"{tick:.10f}".rstrip("0").partition(".")[2]) for tick in ticks)
        return [f"{tick:.{decimals}f}" for tick in ticks]


def axis_over(values: Iterable[float], metric: Metric) -> Axis:
    """An axis that holds what its metric always shows, its line to compare with, and all values."""
    words = word_for(metric.name)
    always, never = _ALWAYS[words.range], _NEVER.get(words.range, (-_MOST, _MOST))
    reference = words.reference
    shown = [*always, *([reference[0]] if reference else []), *values]
    if words.range is Range.RATIO:
        return _logarithmic(shown, reference)
    inside = [min(max(value, never[0]), never[1]) for value in shown]
    return _linear(min(inside), max(inside), reference, step=_TENTH if words.range is Range.UNIT else None)


def linear(low: float, high: float) -> Axis:
    """An axis over a range of its own, without a line to compare with."""
    return _linear(low, high, None)


def _linear(low: float, high: float, reference: tuple[float, str] | None, step: float | None = None) -> Axis:
    """From mark to mark, at steps of 1, 2 or 5 times a power of ten unless one is given."""
    high = high if high - low > _SLACK else low + 1.0
    step = step or _step_of(high - low)
    first, last = floor(low / step + _SLACK), ceil(high / step - _SLACK)
    marks = tuple(_clean(place * step) for place in range(first, last + 1))
    return Axis(marks[0], marks[-1], marks, reference=reference)


def _step_of(span: float) -> float:
    """The smallest of ..., 0.1, 0.2, 0.5, 1, ... that cuts a span into at most so many parts."""
    decade = 10.0 ** floor(log10(span / _PARTS))
    return next(_clean(size * decade) for size in (1, 2, 5, 10, 20) if size * decade * (_PARTS + _SLACK) >= span)


def _logarithmic(values: list[float], reference: tuple[float, str] | None) -> Axis:
    inside = [min(max(value, _LEAST_RATIO), _MOST_RATIO) for value in values]
    low, high = min(inside), max(inside)
    decades = range(floor(log10(low)) - 1, ceil(log10(high)) + 1)
    marks = [_clean(size * 10.0**decade) for decade in decades for size in _DECADE]
    first = max(place for place, mark in enumerate(marks) if mark <= low * (1 + _SLACK))
    last = min(place for place, mark in enumerate(marks) if mark >= high * (1 - _SLACK))
    return Axis(marks[first], marks[last], tuple(marks[first : last + 1]), log=True, reference=reference)


def _clean(value: float) -> float:
    """A mark as it is written: 0.3, not 0.30000000000000004."""
    return float(f"{value:.10g}")
