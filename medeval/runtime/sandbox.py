"""One run in an embedded sandbox, from its pipes to its end."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from medeval.domain.package import Limits
from medeval.errors import EngineFault
from medeval.runtime.environment import tail
from medeval.runtime.launch import kill_all_in
from medeval.runtime.output_files import size_bytes
from medeval.runtime.port import Ending, RunResult
from medeval.runtime.sealing import Sealing, Start
from medeval.runtime.staging import User
from medeval.runtime.view import View
from medeval.runtime.watch import Watch

_LET_GO_S = 5.0
_KILLED = 137


@dataclass(frozen=True)
class Scene:
    """What a run needs of the host: what is seen, where the cube stands in it, its output, a folder for scratch."""

    view: View
    folder: str
    home: str
    output: Path
    scratch: Path


def not_sealed(log: str) -> EngineFault:
    """The error of a sandbox that could not be built; a note on it says why, in the words of the system."""
    fault = EngineFault("the sandbox could not be built", "Choose another runtime: `medeval site init` tries them.")
    fault.add_note(log)
    return fault


def run_sealed(sealing: Sealing, command: list[str], scene: Scene, limits: Limits, user: User) -> RunResult:
    """Run `command` to its end or a limit; nothing of it is left. Raises `EngineFault` when it never began."""
    started = time.monotonic()
    with _pipe() as (lifeline, grip), _pipe() as (status, word):
        start = Start(command, scene.folder, scene.home, limits, user, lifeline.fileno(), word.fileno())
        with _spawned(sealing.command(scene.view, start, scene.scratch), lifeline, word) as (process, log):
            watch = Watch(process.pid, log, scene.output, limits)
            try:
                ending = watch.until_end()
            finally:
                grip.close()
                _end(process)
            watch.drain()
        sealed = bool(status.read())
    if not sealed:
        raise not_sealed(tail(watch.tail))
    return _result(ending, process.returncode, time.monotonic() - started, watch)


def _result(ending: Ending, code: int, seconds: float, watch: Watch) -> RunResult:
    if ending is not Ending.EXITED:
        return RunResult(ending, _KILLED, seconds, tail(watch.tail))
    if size_bytes(watch.output) > watch.limits.output_bytes:
        ending = Ending.OUTPUT_TOO_LARGE
    return RunResult(ending, code if code >= 0 else 128 - code, seconds, tail(watch.tail))


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Both ends of a pipe, closed in the end if not before."""
    read, write = os.pipe()
    with os.fdopen(read, "rb", buffering=0) as reader, os.fdopen(write, "wb", buffering=0) as writer:
        yield reader, writer


@contextlib.contextmanager
def _spawned(command: list[str], *inherited: IO[bytes]) -> Iterator[tuple["subprocess.Popen[bytes]", IO[bytes]]]:
    """A process that has these files, which are closed here, and its log."""
    read, write = os.pipe()
    with os.fdopen(read, "rb", buffering=0) as log:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=write,
                stderr=write,
                cwd="/",
                env={"LANG": "C.UTF-8"},
                pass_fds=[file.fileno() for file in inherited],
            )
        except OSError as exc:
            raise not_sealed(str(exc.strerror)) from exc
        finally:
            os.close(write)
            for file in inherited:
                file.close()
        yield process, log


def _end(process: "subprocess.Popen[bytes]") -> None:
    """The lifeline is let go: the sandbox ends by itself, or is killed from outside."""
    try:
        process.wait(_LET_GO_S)
    except subprocess.TimeoutExpired:
        kill_all_in(process.pid)
        process.wait()
