"""Deterministic tars: equal folders give equal bytes, whoever packs them, wherever and whenever."""

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

from medeval.errors import SpecError
from medeval.runtime.unpack import untar

__all__ = ["tar_folder", "untar"]

_CHUNK = 1024 * 1024


def tar_folder(folder: Path) -> Iterator[bytes]:
    """The tar of everything in `folder`, a piece at a time: sorted, no times, no owners, modes 0644 and 0755.

    Raises `SpecError` at links and special files.
    """
    for path in _sorted_tree(folder):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise SpecError(f"{name}: a link or special file cannot be packed", "Put plain files in its place.")
        yield from _folder(name) if path.is_dir() else _file(name, path)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _sorted_tree(folder: Path) -> list[Path]:
    paths = [Path(parent, name) for parent, folders, files in os.walk(folder) for name in (*folders, *files)]
    return sorted(paths, key=lambda path: path.relative_to(folder).parts)


def _info(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode = kind, mode
    return info


def _folder(name: str) -> Iterator[bytes]:
    yield _info(name, tarfile.DIRTYPE, 0o755).tobuf(tarfile.GNU_FORMAT)


def _file(name: str, path: Path) -> Iterator[bytes]:
    info = _info(name, tarfile.REGTYPE, 0o644)
    with path.open("rb") as stream:
        info.size = os.fstat(stream.fileno()).st_size
        yield info.tobuf(tarfile.GNU_FORMAT)
        left = info.size
        while left and (chunk := stream.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk
    if left:
        raise SpecError(f"{name} became shorter while it was packed", "Leave the folder alone and try again.")
    yield bytes(-info.size % tarfile.BLOCKSIZE)
