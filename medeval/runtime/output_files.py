"""Take over what a cube wrote, trusting none of it: no links followed, regular files only, sizes capped."""

import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from medeval.errors import RunFailed, WroteNothing
from medeval.runtime.port import Ending

#: No honest output nests deeper.
MOST_DEPTH = 32
_LOOK_EVERY_S = 1.0
_PLAIN_HINT = "A cube may write plain files and folders only."


class _Unwalkable(Exception):
    """A tree that a cube made so that it cannot be counted."""


def size_bytes(folder: Path) -> int:
    """Bytes under `folder`, links not followed; what vanishes while it is counted does not count.

    A tree that cannot be counted (nested too deep, or closed to its owner) is larger than any limit.
    """
    try:
        return sum(entry.st_size for _, entry in _walk(folder) if stat.S_ISREG(entry.st_mode))
    except _Unwalkable:
        return sys.maxsize


class OutputWatch:
    """Asked at any time, looks once a second whether a folder holds more than it may: counting takes time too."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._next_look = time.monotonic() + _LOOK_EVERY_S

    def __call__(self) -> Ending | None:
        """The limit that was passed, if one was seen to be."""
        now = time.monotonic()
        if now < self._next_look:
            return None
        self._next_look = now + _LOOK_EVERY_S
        return Ending.OUTPUT_TOO_LARGE if self.is_too_large() else None

    def is_too_large(self) -> bool:
        """Whether the folder holds too much now."""
        return size_bytes(self._folder) > self._most_bytes


def check_plain_tree(folder: Path) -> None:
    """Raise `RunFailed` unless everything under `folder` is a folder or a regular file with one name."""
    try:
        entries = [entry for _, entry in _walk(folder) if not stat.S_ISDIR(entry.st_mode)]
    except _Unwalkable as exc:
        raise RunFailed("the cube wrote folders that cannot be read", f"Nest at most {MOST_DEPTH} folders.") from exc
    if any(not stat.S_ISREG(entry.st_mode) or entry.st_nlink > 1 for entry in entries):
        raise RunFailed("the cube wrote a link or a special file", _PLAIN_HINT)


@contextmanager
def open_output(file: Path) -> Iterator[int]:
    """A descriptor of a file that a cube wrote, for reading.

    Raises `WroteNothing` when it is missing or empty, `RunFailed` when it is no regular file with one name. It is
    opened first and examined afterwards, so that it cannot be exchanged in between.
    """
    descriptor = _open(file)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise RunFailed(f"{file.name} is no regular file with one name", _PLAIN_HINT)
        if found.st_size == 0:
            raise WroteNothing(f"{file.name} is empty", _write_hint(file))
        yield descriptor
    finally:
        os.close(descriptor)


def check_output(file: Path) -> Path:
    """`file`, if it is a regular file that is not empty; raises `WroteNothing` or `RunFailed` otherwise."""
    with open_output(file):
        return file


def give(folder: Path, uid: int, gid: int) -> None:
    """Make `folder` and what is under it belong to `uid` and `gid`, links themselves rather than their targets."""
    os.chown(folder, uid, gid, follow_symlinks=False)
    # What lies too deep stays the cube's: the output is refused for it.
    with suppress(_Unwalkable):
        for path, _ in _walk(folder):
            os.chown(path, uid, gid, follow_symlinks=False)


def _open(file: Path) -> int:
    # O_NONBLOCK: opening a pipe that nobody writes to must not hang.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(file, flags)
    except FileNotFoundError as exc:
        raise WroteNothing(f"the cube wrote no {file.name}", _write_hint(file)) from exc
    except OSError as exc:
        raise RunFailed(f"{file.name} cannot be opened", _PLAIN_HINT) from exc


def _write_hint(file: Path) -> str:
    return f"The task must write {file.name} into its output folder."


def _walk(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything under `folder`; raises `_Unwalkable` where it nests too deep or a folder cannot be read."""
    waiting = [(folder, 0)]
    while waiting:
        parent, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise _Unwalkable
        for path, entry in _entries(parent):
            yield path, entry
            if stat.S_ISDIR(entry.st_mode):
                waiting.append((path, depth + 1))


def _entries(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """What lies in one folder, links not followed; nothing in what is no folder, or vanishes meanwhile."""
    try:
        for path in sorted(folder.iterdir()):
            with suppress(FileNotFoundError):
                yield path, path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as exc:
        raise _Unwalkable from exc
