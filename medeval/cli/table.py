"""Records as lines of text. What has no blank in it (a name, a reference, a digest) is never broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from medeval.report.pen import Pen, cells, pad

GAP = "  "


@dataclass(frozen=True)
class Column:
    """A heading and what stands below it, ready to print; `least` and `most` are widths in cells."""

    key: str
    texts: tuple[str, ...]
    least: int
    most: int
    right: bool


def lines_of(rows: Sequence[Mapping[str, Any]], pen: Pen, spare: tuple[str, ...] = ()) -> list[str]:
    """A table whose columns are all keys of the rows.

    Where it is wider than the terminal, words wrap, then the `spare` columns go, in that order; where even that does
    not do, each row becomes a block of lines.
    """
    columns = _fitting(_columns(rows, pen), pen.width, spare)
    if _width([column.least for column in columns]) > pen.width:
        return blocks(rows, pen)
    head, *body = _grid(columns, _widths(columns, pen.width))
    return [pen.paint(head, "bold"), *body]


def blocks(records: Sequence[Mapping[str, Any]], pen: Pen) -> list[str]:
    """A line per key; records are parted by an empty line."""
    lines: list[str] = []
    for record in records:
        wide = max(map(len, record))
        lines += [""] if lines else []
        lines += [f"{_heading(key):<{wide}}{GAP}{pen.clean(text_of(value))}".rstrip() for key, value in record.items()]
    return lines


def text_of(value: Any) -> str:
    """A value in words: yes and no for truth values, a comma between parts, nothing for what is absent."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(text_of, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{_heading(str(key))} {text_of(part)}" for key, part in value.items())
    return "" if value is None else str(value)


def _columns(rows: Sequence[Mapping[str, Any]], pen: Pen) -> list[Column]:
    keys = dict.fromkeys(key for row in rows for key in row)
    return [_column(key, [row.get(key) for row in rows], pen) for key in keys]


def _column(key: str, values: list[Any], pen: Pen) -> Column:
    texts = (_heading(key), *(pen.clean(text_of(value)) for value in values))
    return Column(
        key=key,
        texts=texts,
        least=max(cells(word) for text in texts for word in text.split() or [""]),
        most=max(map(cells, texts)),
        right=all(isinstance(value, int | float) and not isinstance(value, bool) for value in values),
    )


def _heading(key: str) -> str:
    return key.replace("_", " ")


def _fitting(columns: list[Column], width: int, spare: tuple[str, ...]) -> list[Column]:
    """The columns without those that have to go."""
    kept = columns
    for key in spare:
        if _width([column.least for column in kept]) <= width:
            break
        kept = [column for column in kept if column.key != key]
    return kept


def _widths(columns: list[Column], width: int) -> list[int]:
    """Each column gets what it needs, and from the left as much of what it would like as is there."""
    left = width - _width([column.least for column in columns])
    widths = []
    for column in columns:
        more = min(left, column.most - column.least)
        left -= more
        widths.append(column.least + more)
    return widths


def _width(widths: list[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _grid(columns: list[Column], widths: list[int]) -> list[str]:
    """The lines of each row; a row whose words wrap takes several."""
    lines = []
    for row in zip(*(column.texts for column in columns), strict=True):
        wrapped = [_wrapped(text, width) for text, width in zip(row, widths, strict=True)]
        for parts in zip_longest(*wrapped, fillvalue=""):
            padded = (pad(part, width, right=column.right)
                      for part, width, column in zip(parts, widths, columns, strict=True))  # fmt: skip
            lines.append(GAP.join(padded).rstrip())
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines, broken at blanks alone: a hyphen is part of many a name."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and cells(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
