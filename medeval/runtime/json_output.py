"""Take over a small JSON file that a cube wrote: opened here with distrust, parsed in a process of its own.

A parser in C meets bytes that somebody may have made for it. So it is not this process that parses them: a child does
(`json_reader.py`), and what it gives back, capped too, is then read like any other document.
"""

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import medeval
from medeval.errors import EngineFault, MedevalError, OutputTooLarge, RunFailed
from medeval.runtime import json_reader
from medeval.runtime.output_files import open_output
from medeval.runtime.staging import cube_user

#: Members of objects and elements of lists that an honest result holds at most; ten times what any has.
MOST_ITEMS = 200_000
#: Reading the largest file that is taken needs a third of these.
_LIMITS = {
    "RLIMIT_CORE": 0,
    "RLIMIT_FSIZE": 0,
    "RLIMIT_NOFILE": 3,
    "RLIMIT_NPROC": 0,
    "RLIMIT_CPU": 5,
    "RLIMIT_AS": 256 * 1024**2,
}
_PATIENCE_S = 30.0
_PIECE_BYTES = 65536
_READER = str(Path(json_reader.__file__))
_PACKAGES = str(Path(medeval.__file__).parent.parent)
#: A number such as `1e15` is written with all its digits again.
_MOST_GROWTH = 8
#: A rule of `domain.strict_json`, which quotes nothing.
_RULE = re.compile(rb"[A-Za-z0-9 ,:'()_.-]{1,200}")


def read_json(file: Path, most_bytes: int, *, refuse: type[MedevalError] = RunFailed) -> bytes:
    """A JSON document that a cube wrote, in one form: keys sorted, no blanks, ASCII.

    Raises `WroteNothing` when the file is missing or empty, `OutputTooLarge` above `most_bytes`, `RunFailed` when it is
    no regular file with one name, and `refuse` for what is not strict JSON or costs too much to read. The file is
    opened first and examined afterwards, so that it cannot be exchanged in between.
    """
    with open_output(file) as descriptor:
        if os.fstat(descriptor).st_size > most_bytes:
            raise OutputTooLarge(f"{file.name} holds more than {most_bytes} bytes", "Write less, or raise the limit.")
        code, answer = _read_by_child(descriptor, most_bytes)
    if code == 0:
        return answer
    hint = "Write plain JSON, encoded as UTF-8."
    if code == json_reader.REFUSED and _RULE.fullmatch(answer):
        raise refuse(answer.decode("ascii"), hint)
    raise refuse(f"{file.name} cannot be read within the limits of time and memory", hint)


def _read_by_child(descriptor: int, most_bytes: int) -> tuple[int | None, bytes]:
    """The exit code of the child, and what it wrote; no code where it was too slow or wrote too much."""
    most_answer_bytes = _MOST_GROWTH * most_bytes
    with _child(descriptor, _plan(most_bytes)) as child:
        answer = _read_all(child, most_answer_bytes, time.monotonic() + _PATIENCE_S)
        if answer is None:
            return None, b""
        try:
            return child.wait(_PATIENCE_S), answer
        except subprocess.TimeoutExpired:
            return None, b""


def _plan(most_bytes: int) -> str:
    user = cube_user()
    return json.dumps(
        {
            "packages": _PACKAGES,
            "user": [user.uid, user.gid] if user.uid != os.geteuid() else None,
            "limits": _LIMITS,
            "most_bytes": most_bytes,
            "most_items": MOST_ITEMS,
        }
    )


@contextmanager
def _child(descriptor: int, plan: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The reader, with nothing of this process but the file; killed in the end if it has not ended."""
    command = [sys.executable, "-I", "-S", "-B", _READER, plan]
    try:
        child = subprocess.Popen(
            command, stdin=descriptor, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/", env={}
        )
    except OSError as exc:
        raise EngineFault("a program that reads results cannot be started", "Try again; nothing is lost.") from exc
    with child:
        try:
            yield child
        finally:
            child.send_signal(signal.SIGKILL)


def _read_all(child: "subprocess.Popen[bytes]", most_bytes: int, deadline: float) -> bytes | None:
    """All that the child writes, until it closes its end; None when that is too much, or takes too long."""
    assert child.stdout is not None  # noqa: S101 it was asked for
    answer = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while len(answer) <= most_bytes and selector.select(max(0.0, deadline - time.monotonic())):
            piece = os.read(child.stdout.fileno(), _PIECE_BYTES)
            if not piece:
                return bytes(answer)
            answer += piece
    return None
