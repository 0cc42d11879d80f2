"""Play public commands on one machine, each in a process of its own, and show and note what was played."""

from __future__ import annotations

import queue
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from medeval.cli.progress import moving
from medeval.cli.terminal import tick
from medeval.errors import DemoFailed
from medeval.packaging.progress import Progress, silent

MEDEVAL = (sys.executable, "-m", "medeval.cli")
#: How long a server may take to say its address, and to end once it is asked to.
SERVER_START_S = 60.0
SERVER_END_S = 15.0
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
    """A folder in which parties have their homes, and the server process that they speak to.

    Everything that is played is noted in `commands.sh` of the folder, in order, as a person would type it.
    """

    def __init__(
        self, folder: Path, *, medeval: Sequence[str] = MEDEVAL, server_start_s: float = SERVER_START_S
    ) -> None:
        self.folder = folder
        self._medeval = tuple(medeval)
        self._server_start_s = server_start_s

    @property
    def notes(self) -> Path:
        """The file of commands."""
        return self.folder / "commands.sh"

    def shown(self, command: Command) -> str:
        """The command as a person would type it."""
        return shlex.join(("medeval", "--home", str(self.folder / command.party), *command.words))

    def run(self, command: Command) -> str:
        """Run a command to its end and return what it printed; raises `DemoFailed` with its own error and hint."""
        self.note(self.shown(command))
        return self._run(command)

    def run_script(self, *words: str | Path) -> str:
        """Run a Python script to its end, such as one that trains a model; raises `DemoFailed`."""
        typed = [str(word) for word in words]
        shown = shlex.join(("python", *typed))
        self.note(shown)
        return _run_process([sys.executable, *typed], shown)

    def step(self, title: str, commands: Iterable[Command], *, together: int = 1) -> list[str]:
        """Run commands, `together` at a time; show title, seconds and commands. Returns what each printed."""
        played = list(commands)
        for one in played:
            self.note(self.shown(one))
        printed = []
        with said(title) as told, ThreadPoolExecutor(together) as pool:
            for number, text in enumerate(pool.map(self._run, played), 1):
                told("", f"{number} of {len(played)}", number / len(played))
                printed.append(text)
        for line in shortened([self.shown(one) for one in played]):
            typer.echo(f"    $ {line}", err=True)
        return printed

    @contextmanager
    def server(self) -> Iterator[str]:
        """A results server on a free port of this machine; gives its address, and ends it afterwards."""
        words = [*self._medeval, *self._server_words("0")]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                with said("Results server"):
                    address = _address(process, self._server_start_s)
                typer.echo(f"    $ {self.shown_server(address)}", err=True)
                self.note("# in a terminal of its own, or in the background as here:")
                self.note(f"{self.shown_server(address)} &")
                yield address
            finally:
                _end(process)

    def shown_server(self, address: str) -> str:
        """How the server is started at the port that it had: the logins of all parties name it."""
        return shlex.join(("medeval", *self._server_words(address.rpartition(":")[2])))

    def note(self, line: str) -> None:
        """Add a line to the file of commands."""
        if not self.notes.exists():
            self.notes.write_text(_preamble(), "utf-8")
        with self.notes.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _server_words(self, port: str) -> tuple[str, ...]:
        return "server", "start", "--data-dir", str(self.folder / "server"), "--port", port

    def _run(self, command: Command) -> str:
        home = str(self.folder / command.party)
        return _run_process([*self._medeval, "--home", home, *command.words], self.shown(command))


def _preamble() -> str:
    """Where the commands were typed, so that they can be typed again from anywhere."""
    return (
        "#!/bin/sh\n"
        "# Every command that was played, in order. In another folder, sites have other keys: give the fingerprints\n"
        "# that `site show` prints there.\n"
        f"cd {shlex.quote(str(Path.cwd()))}\n"
        f"PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH\n"
    )


def _run_process(words: list[str], shown: str) -> str:
    """Run a program to its end and return its stdout; raises `DemoFailed` with the last lines of its stderr."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said_last = "\n".join(done.stderr.strip().splitlines()[-4:])
        raise DemoFailed(f"a step ended with exit code {done.returncode}:\n{said_last}", f"Try it: {shown}")
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
    typer.echo(f"  {tick(sys.stderr)} {title:<{STEP_WIDTH}} {time.perf_counter() - began:5.1f} s", err=True)


def shortened(lines: list[str], most: int = 2) -> list[str]:
    """The first lines, and how many more there are of their kind."""
    return lines if len(lines) <= most else [*lines[:most], f"...  and {len(lines) - most} more like these"]


def _address(process: subprocess.Popen[str], within_s: float) -> str:
    """The address that a starting server prints in its first line; raises `DemoFailed` when it does not in time."""
    line = _within(within_s, process.stdout.readline) if process.stdout else ""
    found = [word.rstrip(",") for word in line.split() if word.startswith("http")]
    if not found:
        raise DemoFailed(f"the results server did not start within {within_s:g} s", "Try it: medeval server start")
    return found[0]


def _within(seconds: float, read: Callable[[], str]) -> str:
    """What `read` returns, or "" when it takes longer; a thread that still reads then keeps nobody waiting."""
    answer: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: answer.put(read()), daemon=True).start()
    try:
        return answer.get(timeout=seconds)
    except queue.Empty:
        return ""


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(SERVER_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
