"""Blobs in a folder, each under its digest. Writes are atomic: a blob is there whole or not at all."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from medeval.domain.package import BlobRef
from medeval.errors import DigestMismatch, NotFound

_CHUNK = 1024 * 1024


class BlobStore:
    """Content-addressed files under `root`; a `BlobSource` for runtimes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add_bytes(self, data: bytes) -> BlobRef:
        """Keep `data`."""
        return self.add_chunks([data])

    def add_file(self, path: Path) -> BlobRef:
        """Keep a copy of a file."""
        return self.add_chunks(file_chunks(path))

    def add_chunks(self, chunks: Iterable[bytes]) -> BlobRef:
        """Keep what the chunks hold together, a piece at a time."""
        scratch = self.root / "incoming"
        scratch.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=scratch)
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                blob = _write(stream.write, chunks)
                if self.find(blob) is None:
                    stream.flush()
                    os.fsync(stream.fileno())
                    part.chmod(0o644)
                    part.replace(self.location(blob))
        finally:
            part.unlink(missing_ok=True)
        return blob

    def find(self, blob: BlobRef) -> Path | None:
        """The file of a blob that is here, or None; its bytes were verified when they were added."""
        path = self.location(blob)
        return path if path.is_file() and path.stat().st_size == blob.size_bytes else None

    def path(self, blob: BlobRef) -> Path:
        """The file of a blob, verified now; raises `NotFound` or `DigestMismatch`."""
        path = self.find(blob)
        if path is None:
            raise NotFound(f"blob {blob.digest[:19]} is not here", "Build the cube again, or fetch it.")
        if digest_of_file(path) != blob.digest:
            raise DigestMismatch(f"blob {blob.digest[:19]} has other bytes", "Remove the file and fetch it again.")
        return path

    def location(self, blob: BlobRef) -> Path:
        """Where the file of a blob lies, or will lie; its folder is there."""
        digest = blob.digest.removeprefix("sha256:")
        place = self.root / "sha256" / digest[:2] / digest
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


def digest_of_file(path: Path) -> str:
    """The sha256 digest of a file's bytes."""
    with path.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def file_chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, a piece at a time."""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _write(write: Callable[[bytes], int], chunks: Iterable[bytes]) -> BlobRef:
    state, size = hashlib.sha256(), 0
    for chunk in chunks:
        state.update(chunk)
        size += len(chunk)
        write(chunk)
    return BlobRef(digest="sha256:" + state.hexdigest(), size_bytes=size)
