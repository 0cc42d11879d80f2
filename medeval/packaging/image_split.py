"""Split an engine's image archive into config and layers, each a blob by its sha256.

Reads what `docker save` writes: `manifest.json` with the names of config and layers (docker image spec v1.2), laid out
by layer folders or, by newer engines, as an OCI layout whose layers may be compressed.
"""

import gzip
import io
import posixpath
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medeval.domain import strict_json
from medeval.domain.package import BlobRef, ImagePackage
from medeval.errors import BuildFailed, ImageInvalid
from medeval.packaging.store import BlobStore
from medeval.runtime.image_archive import MOST_CONFIG_BYTES, read_config

_CHUNK = 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_HINT = "Build the cube again; if it stays, save the image with an older engine."


def split_archive(chunks: Iterator[bytes], store: BlobStore) -> ImagePackage:
    """The package of the one image in an archive; its blobs are then in the store. Raises `BuildFailed`."""
    try:
        with tarfile.open(fileobj=_Stream(chunks), mode="r|") as tar:
            blobs = {member.name: _take(tar, member, store) for member in tar if member.isreg() or _is_link(member)}
        return _package(_follow(blobs), store)
    except (tarfile.TarError, EOFError, LookupError, TypeError, ImageInvalid) as exc:
        raise BuildFailed("the engine's image archive cannot be read", _HINT) from exc


class _Stream(io.RawIOBase):
    """Chunks as a file that is read once, from front to back."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = memoryview(chunk)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _is_link(member: tarfile.TarInfo) -> bool:
    return member.issym() or member.islnk()


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, store: BlobStore) -> BlobRef | str:
    """A member as a blob, or the name of the member that a link stands for."""
    if member.issym():
        return posixpath.normpath(posixpath.join(posixpath.dirname(member.name), member.linkname))
    if member.islnk():
        return member.linkname
    stream = tar.extractfile(member)
    if stream is None:
        raise KeyError(member.name)
    return store.add_chunks(iter(lambda: stream.read(_CHUNK), b""))


def _follow(blobs: dict[str, BlobRef | str]) -> dict[str, BlobRef]:
    """Engines write a layer that stands twice as a link to the first."""
    found: dict[str, BlobRef] = {}
    for name, blob in blobs.items():
        target = blobs[blob] if isinstance(blob, str) else blob
        if isinstance(target, BlobRef):
            found[name] = target
    return found


def _package(blobs: dict[str, BlobRef], store: BlobStore) -> ImagePackage:
    entries = strict_json.loads(_small(blobs["manifest.json"], store), refuse=ImageInvalid)
    entry = entries[0]
    layers = tuple(_uncompressed(blobs[name], store) for name in entry["Layers"])
    package = ImagePackage(config=blobs[entry["Config"]], layers=layers)
    read_config(package, store)
    return package


def _small(blob: BlobRef, store: BlobStore) -> bytes:
    if blob.size_bytes > MOST_CONFIG_BYTES:
        raise ImageInvalid("the archive's manifest is too large", _HINT)
    return store.path(blob).read_bytes()


def _uncompressed(blob: BlobRef, store: BlobStore) -> BlobRef:
    path = store.path(blob)
    if not _is_gzip(path):
        return blob
    with gzip.open(path) as stream:
        return store.add_chunks(iter(lambda: stream.read(_CHUNK), b""))


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP_MAGIC
