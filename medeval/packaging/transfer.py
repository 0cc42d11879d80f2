"""Blobs between the local store and the server."""

from collections.abc import Iterable
from pathlib import Path

from medeval.client.blobs import BlobClient
from medeval.domain.package import BlobRef
from medeval.errors import DigestMismatch
from medeval.packaging.progress import Progress
from medeval.packaging.store import BlobStore

BYTES_PER_MB = 1_000_000


def upload_blobs(wanted: Iterable[BlobRef], store: BlobStore, blobs: BlobClient, progress: Progress) -> None:
    """Upload what the server lacks; each blob resumes where an earlier upload broke off."""
    for blob in wanted:
        blobs.upload(store.path(blob), blob, BytesTold(blob.size_bytes, progress))


class BytesTold:
    """Turns bytes into a step, once per percent: a call per chunk would drown a log."""

    def __init__(self, total_bytes: int, progress: Progress) -> None:
        self._total = total_bytes
        self._progress = progress
        self._percent = -1

    def __call__(self, done_bytes: int) -> None:
        """Tell how far it is."""
        percent = 100 * done_bytes // max(self._total, 1)
        if percent != self._percent and self._total >= BYTES_PER_MB:
            self._progress("transfer", f"{self._total / BYTES_PER_MB:.0f} MB", percent / 100)
        self._percent = percent


class FetchingStore:
    """A `runtime.port.BlobSource` over the local store that downloads what it lacks; a broken download resumes."""

    def __init__(self, store: BlobStore, blobs: BlobClient) -> None:
        self._store = store
        self._blobs = blobs

    def path(self, blob: BlobRef) -> Path:
        """The verified file of a blob; one that was damaged is removed, so that the next try fetches it again."""
        if self._store.find(blob) is None:
            self._blobs.download(blob, self._store.location(blob))
        try:
            return self._store.path(blob)
        except DigestMismatch as exc:
            self._store.location(blob).unlink()
            hint = "The damaged copy was removed. Run the same command again: it is fetched anew."
            raise DigestMismatch(exc.message, hint) from exc
