"""Progress of long work, on stderr: a moving line on a terminal, a plain line per step elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer


@contextmanager
def steps(title: str) -> Iterator[Callable[[str, str], None]]:
    """Gives a function that is told (subject, step)."""
    if sys.stderr.isatty():
        with _moving(title) as told:
            yield told
    else:
        yield _plain()


@contextmanager
def _moving(title: str) -> Iterator[Callable[[str, str], None]]:
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(title)) as status:
        yield lambda subject, step: status.update(Text(f"{title}  {subject}  {step}"))


def _plain() -> Callable[[str, str], None]:
    said: list[tuple[str, str]] = []

    def told(subject: str, step: str) -> None:
        if (subject, step) not in said[-1:]:
            said.append((subject, step))
            typer.echo(f"  {subject}: {step}", err=True)

    return told


def done(text: str) -> None:
    """A finished step, on stderr."""
    mark = "✓" if (sys.stderr.encoding or "").lower().startswith("utf") else "[ok]"
    typer.echo(f"{mark} {text}", err=True)
