"""Whom a cube runs as, inputs that this user can read, and where copies of them may lie."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from medeval.errors import EngineFault, UsageError
from medeval.runtime.output_files import give

#: The user "nonroot" of distroless images: no account of the host, no right anywhere.
NOBODY = 65532


@dataclass(frozen=True)
class User:
    """A user and group by number."""

    uid: int
    gid: int


def cube_user() -> User:
    """Who a cube runs as: nobody when this process is root, else this process's own user."""
    return User(NOBODY, NOBODY) if os.geteuid() == 0 else User(os.geteuid(), os.getegid())


@contextmanager
def lent(output: Path, user: User) -> Iterator[None]:
    """Let `user` own the output folder for as long as a cube runs; afterwards it is the caller's again."""
    mine = User(os.geteuid(), os.getegid())
    if user != mine:
        give(output, user.uid, user.gid)
    try:
        yield
    finally:
        if user != mine:
            give(output, mine.uid, mine.gid)


@contextmanager
def scratch_beside(folder: Path) -> Iterator[Path]:
    """A folder for this process alone, in the place where `folder` lies, for as long as a run needs it.

    What a site copies for a run thus stays in the site's own work folder, which the next round clears when this
    process is killed: the system's temporary folder would keep it, in view of backups and of whoever runs it.
    """
    with tempfile.TemporaryDirectory(dir=folder.resolve().parent, prefix="run-") as scratch:
        yield Path(scratch)


@contextmanager
def readable(inputs: Mapping[str, Path], user: User, output: Path) -> Iterator[dict[str, Path]]:
    """The inputs as absolute paths that `user` can read.

    An input that belongs to this process alone (a vault keeps its files so) is copied into a private folder beside
    `output` for the time of the run; any other is used where it lies. Raises `UsageError` when an input holds `output`.
    """
    paths = {name: _resolve(name, path) for name, path in inputs.items()}
    _check_apart(paths, output.resolve())
    unreadable = [name for name, path in paths.items() if user.uid != os.geteuid() and not _can_read(path, user)]
    if not unreadable:
        yield paths
        return
    with scratch_beside(output) as scratch:
        yield paths | {name: _copy(paths[name], scratch / name, user) for name in unreadable}


def _resolve(name: str, path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except OSError as exc:
        raise EngineFault(f"the input {name} is not there", "Prepare the dataset again, then repeat.") from exc


def _check_apart(inputs: Mapping[str, Path], output: Path) -> None:
    """A cube must not be shown the folder that it writes to, and a copy of that would never end."""
    for name, path in inputs.items():
        if output.is_relative_to(path):
            hint = "Keep data in a folder of its own, apart from medeval's."
            raise UsageError(f"the input {name} holds the folder in which medeval works", hint)


def _can_read(path: Path, user: User) -> bool:
    """Whether all of a tree can be read by `user`; links are not followed, since a cube resolves them by itself."""
    if not _allows(path.lstat(), user):
        return False
    return all(
        _allows(Path(parent, name).lstat(), user)
        for parent, folders, files in os.walk(path)
        for name in (*folders, *files)
    )


def _allows(entry: os.stat_result, user: User) -> bool:
    if stat.S_ISLNK(entry.st_mode):
        return True
    shift = 6 if entry.st_uid == user.uid else 3 if entry.st_gid == user.gid else 0
    needed = 5 if stat.S_ISDIR(entry.st_mode) else 4
    return (entry.st_mode >> shift) & needed == needed


def _copy(source: Path, target: Path, user: User) -> Path:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copyfile(source, target)
    give(target, user.uid, user.gid)
    return target
