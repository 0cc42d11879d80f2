"""Blobs: files by digest. A partial file grows by appends, is verified when complete, and only then has its name.

One process writes in a folder (the server holds a lock on it). Of two uploads of one blob the one that goes on from
where the file ends is taken; the other learns at its next write that it was overtaken, and may resume.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock

from medeval.domain.messages import BlobStatus
from medeval.domain.package import BlobRef
from medeval.errors import BlobTooLarge, Conflict, DigestMismatch, NotFound, TransferInterrupted, UsageError

_RESUME = "Ask for the offset with HEAD and go on from there."


class BlobShelf:
    """The blobs in a folder; `max_bytes` bounds the size of one."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._locks: dict[str, Lock] = {}
        self._writers: dict[str, object] = {}

    def status(self, digest: str) -> BlobStatus:
        """How much of a blob is here."""
        complete, partial = self._paths(digest)
        if complete.exists():
            return BlobStatus(digest=digest, received_bytes=complete.stat().st_size, complete=True)
        return BlobStatus(digest=digest, received_bytes=_size(partial), complete=False)

    def has(self, blob: BlobRef) -> bool:
        """Whether the whole blob is here, in the size that is claimed."""
        status = self.status(blob.digest)
        return status.complete and status.received_bytes == blob.size_bytes

    def get_path(self, digest: str) -> Path:
        """The file of a complete blob; raises `NotFound`."""
        complete, _ = self._paths(digest)
        if not complete.exists():
            raise NotFound("the server does not hold this blob", "Its owner uploads it again.")
        return complete

    def begin(self, digest: str, offset: int, length: int) -> "Upload":
        """Get ready to append from `offset`, where the file ends; 0 starts afresh. `length` is the whole blob's.

        Raises `BlobTooLarge`, `UsageError` (an offset behind the end) or `TransferInterrupted` (another offset).
        """
        if length > self._max_bytes:
            raise BlobTooLarge(f"a blob may have at most {self._max_bytes} bytes", "Ask the operator to raise it.")
        if offset > length:
            raise UsageError("Upload-Offset lies behind Upload-Length", _RESUME)
        complete, partial = self._paths(digest)
        partial.parent.mkdir(parents=True, exist_ok=True)
        lock = self._locks.setdefault(digest, Lock())
        return Upload(complete, partial, digest, offset, length, lock, self._writers)

    def _paths(self, digest: str) -> tuple[Path, Path]:
        """The files of a complete and of a partial blob; a digest holds nothing but hex behind its prefix."""
        name = digest.removeprefix("sha256:")
        if len(name) != hashlib.sha256().digest_size * 2 or set(name) - set("0123456789abcdef"):
            raise UsageError("this is no sha256 digest", "Write sha256: and 64 hex digits.")
        folder = self._root / name[:2]
        return folder / name, folder / f"{name}.part"


class Upload:
    """One request's part of an upload; every write holds the blob's lock and finds out whether it is still its turn."""

    def __init__(
        self,
        complete: Path,
        partial: Path,
        digest: str,
        offset: int,
        length: int,
        lock: Lock,
        writers: dict[str, object],
    ) -> None:
        self._complete, self._partial, self._digest = complete, partial, digest
        self._at, self._length = offset, length
        self._lock, self._writers = lock, writers
        self._found = _size(self._partial)
        self._started = False
        if offset not in {0, self._found} and not complete.exists():
            raise _elsewhere(self._found)
        #: Whether this request brought the last byte.
        self.completed = False

    def write(self, data: bytes) -> None:
        """Append; raises `BlobTooLarge` beyond the announced length, `TransferInterrupted` when overtaken."""
        with self._lock:
            if self._complete.exists():
                return
            self._take_turn()
            if self._at + len(data) > self._length:
                raise BlobTooLarge("more bytes came than Upload-Length announced", "Send the file that was built.")
            with self._partial.open("ab" if self._at else "wb") as file:
                file.write(data)
            self._at += len(data)

    def finish(self) -> BlobStatus:
        """What the server holds now; a blob that became complete is verified first (`DigestMismatch`, and removed)."""
        with self._lock:
            if self._complete.exists():
                return self._status(self._complete, complete=True)
            if self._at == self._length:
                self._take_turn()
                self._partial.touch()
                return self._verified()
            return self._status(self._partial, complete=False)

    def _take_turn(self) -> None:
        if not self._started:
            # Moved on since this request began: a connection that was thought dead still delivered.
            if (held := _size(self._partial)) != self._found:
                raise _elsewhere(held)
            self._started = True
            self._writers[self._digest] = self
        elif self._writers.get(self._digest) is not self:
            raise TransferInterrupted("another upload of this blob went on in its place", _RESUME)

    def _verified(self) -> BlobStatus:
        del self._writers[self._digest]
        with self._partial.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            if f"sha256:{found}" != self._digest:
                self._partial.unlink()
                raise DigestMismatch("the bytes do not have the blob's digest; they were removed", "Send them again.")
            os.fsync(file.fileno())
        self._partial.replace(self._complete)
        self.completed = True
        return self._status(self._complete, complete=True)

    def _status(self, path: Path, *, complete: bool) -> BlobStatus:
        return BlobStatus(digest=self._digest, received_bytes=_size(path), complete=complete)


def _size(path: Path) -> int:
    """The size of a file, 0 when it is not there: between asking for it and looking, another upload may end."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _elsewhere(held: int) -> TransferInterrupted:
    return TransferInterrupted(f"the blob goes on at offset {held}", _RESUME)


def check_there(shelf: BlobShelf, blobs: Mapping[str, Iterable[BlobRef]]) -> None:
    """Raise `Conflict` naming each owner of a blob that is not here."""
    missing = [name for name, wanted in blobs.items() if not all(shelf.has(blob) for blob in wanted)]
    if missing:
        raise Conflict(f"blobs of {', '.join(missing)} are not on the server", "Upload them first, then send it again.")
