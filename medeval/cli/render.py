"""Print a result: a table for reading, JSON or YAML for machines. The result goes to stdout, all else to stderr.

Machines get the values themselves: `model_dump(mode="json")` of a domain value, or a record with keys in snake_case. A
table may say the same in friendlier words.
"""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import typer

from medeval.cli.options import Output
from medeval.cli.table import blocks, lines_of
from medeval.cli.terminal import pen_for

T = TypeVar("T")
Record = dict[str, Any]


def show(
    items: Sequence[T],
    output: Output,
    *,
    row: Callable[[T], Record] | None = None,
    empty: str = "Nothing yet.",
    spare: tuple[str, ...] = (),
) -> None:
    """Print a list; in a table each item is a line, made by `row`.

    `spare` names columns that a narrow terminal can do without, first the one that goes first.
    """
    if output is not Output.TABLE:
        machine([_plain(item) for item in items], output)
    elif items:
        rows = [row(item) if row else _plain(item) for item in items]
        pen = pen_for(sys.stdout, unbounded=True)
        typer.echo("\n".join(lines_of(rows, pen, spare)))
    else:
        typer.echo(empty)


def show_one(item: T, output: Output, *, row: Callable[[T], Record] | None = None) -> None:
    """Print one value; as a table, a line per key of `row`."""
    if output is not Output.TABLE:
        machine(_plain(item), output)
        return
    record = row(item) if row else _plain(item)
    typer.echo("\n".join(blocks([record], pen_for(sys.stdout))))


def machine(value: Any, output: Output, *, one_line: bool = False) -> None:
    """Print plain data as JSON or YAML; with `one_line` as a document of a stream (JSON Lines, YAML documents)."""
    if output is Output.JSON:
        layout: Record = {"separators": (",", ":")} if one_line else {"indent": 2}
        typer.echo(json.dumps(value, ensure_ascii=False, **layout))
    else:
        import yaml

        plain = json.loads(json.dumps(value))
        typer.echo(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, explicit_start=one_line), nl=False)


def _plain(item: Any) -> Any:
    """What JSON can hold: a domain value gives its own form."""
    return item.model_dump(mode="json") if hasattr(item, "model_dump") else item
