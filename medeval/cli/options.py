"""Options that many commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Output(StrEnum):
    """How a result is printed: a table for reading, JSON or YAML for machines."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to print the result.")]
RuntimeOption = Annotated[
    str, typer.Option("--runtime", help="docker, bubblewrap, unshare, process, or auto: the best that works.")
]


def home_of(ctx: typer.Context) -> Path:
    """The medeval home that the root command was given."""
    home: Path = ctx.find_root().obj
    return home
