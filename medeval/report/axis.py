"""The axis of an interval plot: from 0.5 or lower up to 1, so that no choice of limits flatters."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor

#: What the axis of every metric shows at least; for an AUROC its lower end is chance.
ALWAYS = 0.5
STEP = 0.1


@dataclass(frozen=True)
class Axis:
    """A linear axis with a tick at every tenth."""

    low: float
    high: float = 1.0

    def at(self, value: float, start: float, end: float) -> float:
        """Where a value lies between `start` and `end`; what lies outside is put at the edge."""
        inside = min(max(value, self.low), self.high)
        return start + (end - start) * (inside - self.low) / (self.high - self.low)

    def ticks(self, most: int = 11) -> list[float]:
        """At most so many ticks: tenths, or every second one counted from the upper end."""
        tenths = [round(self.high - STEP * i, 1) for i in range(round((self.high - self.low) / STEP) + 1)]
        return sorted(tenths if len(tenths) <= most else tenths[::2])

    def cuts_low(self, value: float) -> bool:
        """Whether a limit lies beyond the lower end, so that it needs an arrow."""
        return value < self.low - 1e-9


def axis_over(values: Iterable[float]) -> Axis:
    """An axis that holds 0.5, 1 and all values."""
    lowest = min((ALWAYS, *values))
    return Axis(low=max(0.0, floor(lowest / STEP + 1e-9) * STEP))
