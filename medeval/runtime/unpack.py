"""Unpack an archive that somebody else made: plain files and folders, inside the target, or nothing."""

import re
import shutil
import tarfile
from pathlib import Path

from medeval.errors import ImageInvalid

MOST_MEMBERS = 100_000
_SAFE_NAME = re.compile(r"[^\x00-\x1f\\]{1,400}")
_HINT = "Ask the owner of the package to build and submit it again."


def untar(archive: Path, target: Path) -> None:
    """Unpack an uncompressed tar into the new folder `target`, with fixed modes and this process as owner.

    Raises `ImageInvalid` at links, special files, absolute or climbing names, names that stand twice.
    """
    target.mkdir(parents=True)
    try:
        with tarfile.open(archive, "r:") as tar:
            left_bytes = archive.stat().st_size
            for count, member in enumerate(tar):
                left_bytes -= member.size
                # An uncompressed tar holds no more than it weighs; a sparse member would.
                if count >= MOST_MEMBERS or left_bytes < 0 or member.issparse():
                    raise ImageInvalid(f"an archive holds over {MOST_MEMBERS} entries, or more than it weighs", _HINT)
                _unpack(tar, member, target)
    except (tarfile.TarError, OSError, ValueError, EOFError) as exc:
        raise ImageInvalid("an archive is damaged", _HINT) from exc


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    parts = member.name.split("/")
    if not _SAFE_NAME.fullmatch(member.name) or any(part in {"", ".", ".."} for part in parts):
        raise ImageInvalid("an archive holds a name that leads elsewhere", _HINT)
    path = target.joinpath(*parts)
    if member.isdir():
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        return
    stream = tar.extractfile(member) if member.isreg() else None
    if stream is None:
        raise ImageInvalid("an archive holds a link or a special file", _HINT)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with stream, path.open("xb") as file:
        shutil.copyfileobj(stream, file, 1024 * 1024)
    path.chmod(0o644)
