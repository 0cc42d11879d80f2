"""What is foretold of a case: a class, or a time until an event."""

import math
from dataclasses import dataclass

from problems import Problem


@dataclass(frozen=True)
class Target:
    """A case is positive when `column` is greater than `positive_above`, or one of `positive_values`."""

    column: str
    positive_above: float | None = None
    positive_values: tuple[float, ...] | None = None
    names = ("label",)

    def __post_init__(self) -> None:
        if (self.positive_above is None) == (self.positive_values is None):
            raise Problem("target: give either positive_above or positive_values")

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def label_of(self, value: float) -> list[float]:
        return [float(self._is_positive(value))]

    def _is_positive(self, value: float) -> bool:
        if self.positive_above is not None:
            return value > self.positive_above
        return value in (self.positive_values or ())

    def is_label(self, label: str) -> bool:
        return label in {"0", "1"}


@dataclass(frozen=True)
class Survival:
    """The column of the time until the event or the end of follow-up, and of the event: 1, or 0 where censored."""

    time: str
    event: str
    names = ("time", "event")

    @property
    def columns(self) -> tuple[str, ...]:
        return self.time, self.event

    def label_of(self, time: float, event: float) -> list[float]:
        if time < 0:
            raise Problem(f"the column {self.time} holds a time below 0")
        if event not in {0, 1}:
            raise Problem(f"the column {self.event} holds something that is neither 0 nor 1")
        return [time, event]

    def is_label(self, time: str, event: str) -> bool:
        try:
            return 0 <= float(time) < math.inf and event in {"0", "1"}
        except ValueError:
            return False


def from_plain(plain: dict) -> Target | Survival:
    """The target of a recipe: `time` and `event`, or a column and what counts as positive."""
    if "time" in plain or "event" in plain:
        return Survival(**plain)
    values = plain.get("positive_values")
    return Target(**{**plain, "positive_values": None if values is None else tuple(map(float, values))})


def to_texts(label: list[float]) -> list[str]:
    """A label as it is written: the class or event, which comes last, as 0 or 1; a time so that it reads back."""
    return [*map(repr, label[:-1]), str(int(label[-1]))]
