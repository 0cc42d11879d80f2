"""Tables in a terminal: columns of cleaned text, a dim head, a rule."""

from collections.abc import Sequence
from dataclasses import dataclass

from medeval.report.pen import Pen, cells, pad

_GAP = 2


@dataclass(frozen=True)
class Column:
    """A head and a text for each row."""

    head: str
    texts: list[str]
    right: bool = False

    @property
    def width(self) -> int:
        """With the gap to the next column."""
        return max(cells(text) for text in [self.head, *self.texts]) + _GAP

    def line(self, place: int | None = None) -> str:
        """The head, or the text of a row."""
        text = self.head if place is None else self.texts[place]
        return pad(text, self.width - _GAP, right=self.right) + " " * _GAP


def width_of(columns: Sequence[Column]) -> int:
    """Of all columns side by side, with one cell of indent."""
    return 1 + sum(column.width for column in columns) - _GAP


def table_lines(columns: Sequence[Column], pen: Pen, before: dict[int, list[str]] | None = None) -> list[str]:
    """The table; `before` holds lines to print before a row, such as the title of a tier."""
    head = "".join(column.line() for column in columns).rstrip()
    lines = [pen.paint(f" {head}", "dim"), f" {pen.glyph('rule') * (width_of(columns) - 1)}"]
    for place in range(len(columns[0].texts)):
        lines += (before or {}).get(place, [])
        lines.append(f" {''.join(column.line(place) for column in columns)}")
    return lines


def cut(columns: Sequence[Column], room: int) -> list[list[Column]]:
    """Columns in groups of which each is at most so wide, one column at least."""
    groups: list[list[Column]] = []
    for column in columns:
        if groups and sum(item.width for item in [*groups[-1], column]) <= room:
            groups[-1].append(column)
        else:
            groups.append([column])
    return groups


def blocks(names: Column, columns: Sequence[Column], pen: Pen) -> list[str]:
    """Tables one below the other, each with the names and as many columns as fit."""
    lines: list[str] = []
    for group in cut(columns, pen.width - names.width - 1):
        lines += [*([""] if lines else []), *table_lines([names, *group], pen)]
    return lines
