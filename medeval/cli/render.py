"""Print a result: a table for reading, JSON or YAML for machines. The result goes to stdout, all else to stderr."""

import json
from collections.abc import Sequence
from typing import Any

import typer

from medeval.cli.options import Output


def show(rows: Sequence[dict[str, Any]], output: Output, *, empty: str = "Nothing yet.") -> None:
    """Print a list of records; in a table their keys are the columns."""
    if output is not Output.TABLE:
        machine(list(rows), output)
    elif rows:
        _table(rows)
    else:
        typer.echo(empty)


def show_one(record: dict[str, Any], output: Output) -> None:
    """Print one record; as a table, a line per key."""
    if output is not Output.TABLE:
        machine(record, output)
        return
    width = max(map(len, record))
    for key, value in record.items():
        typer.echo(f"{key:<{width}}  {_text(value)}")


def machine(value: Any, output: Output) -> None:
    """Print plain data as JSON or YAML."""
    if output is Output.JSON:
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
        return
    import yaml

    plain = json.loads(json.dumps(value, default=str))
    typer.echo(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), nl=False)


def _table(rows: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for key in rows[0]:
        table.add_column(key.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_text(value)) for value in row.values()))
    Console().print(table)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
