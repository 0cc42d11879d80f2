"""Play public commands on one machine, each in a process of its own, and show what was played."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from medeval.cli.progress import moving
from medeval.errors import DemoFailed
from medeval.packaging.progress import Progress, silent

SERVER_START_S = 60.0
STEP_WIDTH = 70


@dataclass(frozen=True)
class Command:
    """A public command of one party: `medeval --home FOLDER/PARTY WORDS`."""

    party: str
    words: tuple[str, ...]


def command(party: str, *words: str | Path) -> Command:
    """A command from its words."""
    return Command(party, tuple(str(word) for word in words))


class Stage:
    """A folder in which parties have their homes, and the server process that they speak to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def shown(self, command: Command) -> str:
        """The command as a person would type it."""
        return " ".join(("medeval", "--home", str(self.folder / command.party), *map(_quoted, command.words)))

    def run(self, command: Command) -> str:
        """Run a command to its end and return what it printed; raises `DemoFailed` with its own error and hint."""
        home = str(self.folder / command.party)
        return run_process([sys.executable, "-m", "medeval.cli", "--home", home, *command.words])

    def step(self, title: str, commands: Iterable[Command], *, together: int = 1) -> None:
        """Run commands, `together` at a time, and show title, seconds and the commands."""
        played = list(commands)
        with said(title) as told, ThreadPoolExecutor(together) as pool:
            for number, _ in enumerate(pool.map(self.run, played), 1):
                told("", f"{number} of {len(played)}", number / len(played))
        for one in shortened([self.shown(one) for one in played]):
            typer.echo(f"    $ {one}", err=True)

    @contextmanager
    def server(self) -> Iterator[str]:
        """A results server on a free port of this machine; gives its address, and ends it afterwards."""
        words = ("server", "start", "--data-dir", str(self.folder / "server"), "--port", "0")
        with subprocess.Popen(
            [sys.executable, "-m", "medeval.cli", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            try:
                with said("Results server"):
                    address = _address(process)
                typer.echo(f"    $ medeval {' '.join(words)}", err=True)
                yield address
            finally:
                process.terminate()


def run_process(words: list[str]) -> str:
    """Run a program to its end and return its stdout; raises `DemoFailed` with the last lines of its stderr."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said_last = "\n".join(done.stderr.strip().splitlines()[-4:])
        raise DemoFailed(f"a step ended with exit code {done.returncode}:\n{said_last}", f"Try it: {' '.join(words)}")
    return done.stdout


@contextmanager
def said(title: str) -> Iterator[Progress]:
    """Show a step while it moves, and the seconds that it took when it is done."""
    began = time.perf_counter()
    if sys.stderr.isatty():
        with moving(title) as told:
            yield told
    else:
        yield silent
    mark = "✓" if _is_utf8() else "[ok]"
    typer.echo(f"  {mark} {title:<{STEP_WIDTH}} {time.perf_counter() - began:5.1f} s", err=True)


def shortened(lines: list[str], most: int = 2) -> list[str]:
    """The first lines, and how many more there are of their kind."""
    return lines if len(lines) <= most else [*lines[:most], f"...  and {len(lines) - most} more like these"]


def _address(process: subprocess.Popen[str]) -> str:
    """The address that a starting server prints in its first line."""
    if process.stdout is None:
        raise DemoFailed("the results server could not be started", "Try it: medeval server start")
    line = _within(SERVER_START_S, process.stdout.readline)
    found = [word.rstrip(",") for word in line.split() if word.startswith("http")]
    if not found:
        raise DemoFailed("the results server did not start", "Try it: medeval server start")
    return found[0]


def _within(seconds: float, read: Callable[[], str]) -> str:
    """What `read` returns, or "" when it takes longer."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(read)
        try:
            return future.result(timeout=seconds)
        except TimeoutError:
            return ""


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def _is_utf8() -> bool:
    return (sys.stderr.encoding or "").lower().startswith("utf")
