"""Progress of long work, on stderr: a moving bar on a terminal, a plain line per step elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from medeval.cli.terminal import tick

if TYPE_CHECKING:
    from medeval.packaging.progress import Progress


@contextmanager
def steps(title: str) -> Iterator[Progress]:
    """Gives a function that is told (subject, step, part that is done)."""
    if sys.stderr.isatty():
        with moving(title) as told:
            yield told
    else:
        yield _plain()


@contextmanager
def moving(title: str) -> Iterator[Progress]:
    """A line that moves: a bar once a part is known, a spinner before."""
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(24), TaskProgressColumn())
    with Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=None)

        def told(subject: str, step: str, part: float | None = None) -> None:
            total, done = (None, None) if part is None else (1.0, part)
            bars.update(task, description=f"{title}  {subject}  {step}", total=total, completed=done)

        yield told


def _plain() -> Progress:
    said: list[tuple[str, str]] = []

    def told(subject: str, step: str, part: float | None = None) -> None:
        if (subject, step) not in said[-1:]:
            said.append((subject, step))
            typer.echo(f"  {subject}: {step}", err=True)

    return told


def done(text: str) -> None:
    """A finished step, on stderr."""
    typer.echo(f"{tick(sys.stderr)} {text}", err=True)
