"""Blobs by digest, in a stream, resumed after a break: `HEAD` and `PATCH` up, `GET` with `Range` down."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from medeval.client.api import read_answer
from medeval.client.http import BACKOFF_S, Transport, unreachable
from medeval.domain.messages import BlobStatus
from medeval.domain.package import BlobRef
from medeval.errors import DigestMismatch, NotFound, TransferInterrupted

Progress = Callable[[int], None]

CHUNK_BYTES = 1024 * 1024
_PARTIAL = 206
_AGAIN = "Run the same command again: it goes on from there."


class BlobClient:
    """Moves blobs between files here and the server.

    A broken transfer is taken up again by itself as long as each try brings it forward; after `tries` of the transport
    without a byte gained, `TransferInterrupted` (or `ServerUnreachable`) is raised and what arrived is kept.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def upload(self, path: Path, blob: BlobRef, progress: Progress | None = None) -> None:
        """Send a file from where the server left off; nothing is sent when it holds the blob.

        `progress` is told the bytes that the server holds. Raises `DigestMismatch` when the file is not the blob.
        """
        if path.stat().st_size != blob.size_bytes:
            raise DigestMismatch("the file does not have the blob's size", "Build the package again, then upload it.")
        attempts = _Attempts(self._transport.tries)
        while not (status := self._status(blob)).complete:
            attempts.count(status.received_bytes, blob)
            if status.received_bytes == 0:
                self._ask_leave(blob)
            try:
                self._send(path, blob, status.received_bytes, progress)
            except (requests.RequestException, TransferInterrupted, DigestMismatch) as exc:
                attempts.excuse(exc, began_at=status.received_bytes)
        _tell(progress, blob.size_bytes)

    def download(self, blob: BlobRef, target: Path, progress: Progress | None = None) -> None:
        """Fetch a blob into `target`, verified; a partial file beside it is taken up.

        `progress` is told the bytes that are here. Raises `NotFound`, or `DigestMismatch` (and removes what came).
        """
        partial = target.with_name(target.name + ".part")
        attempts = _Attempts(self._transport.tries)
        while (held := _size(partial)) < blob.size_bytes or not partial.exists():
            attempts.count(held, blob)
            try:
                self._receive(blob, partial, held, progress)
            except requests.RequestException as exc:
                attempts.excuse(exc, began_at=0)
        _check_digest(partial, blob)
        partial.replace(target)
        _tell(progress, blob.size_bytes)

    def holds(self, blob: BlobRef) -> bool:
        """Whether the server holds all of a blob; asked without a byte of it."""
        return self._status(blob).complete

    def _status(self, blob: BlobRef) -> BlobStatus:
        for remaining in reversed(range(self._transport.tries)):
            try:
                with self._transport.open("HEAD", f"/blobs/{blob.digest}") as answer:
                    offset = int(answer.headers.get("Upload-Offset", "0"))
                    complete = answer.headers.get("Upload-Complete") == "?1"
                    return BlobStatus(digest=blob.digest, received_bytes=offset, complete=complete)
            except NotFound:
                break
            except requests.RequestException as exc:
                if not remaining:
                    raise unreachable(exc, self._transport.tries) from exc
                time.sleep(BACKOFF_S)
        return BlobStatus(digest=blob.digest, received_bytes=0, complete=False)

    def _ask_leave(self, blob: BlobRef) -> None:
        """An empty first part: a refusal comes as an answer, not as a connection that breaks under a large body."""
        headers = {"Upload-Offset": "0", "Upload-Length": str(blob.size_bytes)}
        self._transport.call("PATCH", f"/blobs/{blob.digest}", headers=headers)

    def _send(self, path: Path, blob: BlobRef, offset: int, progress: Progress | None) -> None:
        start = offset if offset <= blob.size_bytes else 0
        headers = {
            "Upload-Offset": str(start),
            "Upload-Length": str(blob.size_bytes),
            "Content-Type": "application/octet-stream",
        }
        body = _Rest(path, start, blob.size_bytes, progress)
        with self._transport.open("PATCH", f"/blobs/{blob.digest}", headers=headers, data=body) as answer:
            read_answer(BlobStatus, answer.content)

    def _receive(self, blob: BlobRef, partial: Path, held: int, progress: Progress | None) -> None:
        headers = {"Range": f"bytes={held}-"} if held else {}
        with self._transport.open("GET", f"/blobs/{blob.digest}", headers=headers, stream=True) as answer:
            resumed = answer.status_code == _PARTIAL
            at = held if resumed else 0
            with partial.open("ab" if resumed else "wb") as sink:
                for chunk in answer.iter_content(CHUNK_BYTES):
                    sink.write(chunk)
                    at += len(chunk)
                    if at > blob.size_bytes:
                        break
                    _tell(progress, at)


@dataclass
class _Attempts:
    """How often a transfer may be taken up again without having come forward."""

    allowed: int
    best: int = -1
    fruitless: int = 0
    last: Exception | None = None

    def count(self, held: int, blob: BlobRef) -> None:
        """Before a try that finds `held` bytes on the other side; raise when too many brought nothing."""
        if held > self.best:
            self.best, self.fruitless = held, 0
            return
        self.fruitless += 1
        if self.fruitless >= self.allowed:
            raise self._broken(held, blob) from self.last
        time.sleep(BACKOFF_S * 2 ** (self.fruitless - 1))

    def excuse(self, exc: Exception, *, began_at: int) -> None:
        """A try failed: go on, unless its fault is certain to stand."""
        if isinstance(exc, DigestMismatch) and began_at == 0:
            raise exc
        self.last = exc

    def _broken(self, held: int, blob: BlobRef) -> Exception:
        if held == 0 and isinstance(self.last, requests.ConnectionError):
            return unreachable(self.last, self.allowed)
        return TransferInterrupted(f"the transfer broke off at {held} of {blob.size_bytes} bytes", _AGAIN)


class _Rest:
    """The rest of a file as a body of known length."""

    def __init__(self, path: Path, start: int, end: int, progress: Progress | None) -> None:
        self._path, self._start, self._end, self._progress = path, start, end, progress

    def __len__(self) -> int:
        return self._end - self._start

    def __iter__(self) -> Iterator[bytes]:
        at = self._start
        with self._path.open("rb") as source:
            source.seek(at)
            while chunk := source.read(min(CHUNK_BYTES, self._end - at)):
                yield chunk
                at += len(chunk)
                _tell(self._progress, at)


def _check_digest(partial: Path, blob: BlobRef) -> None:
    with partial.open("rb") as source:
        found = hashlib.file_digest(source, "sha256").hexdigest()
    if f"sha256:{found}" != blob.digest:
        partial.unlink()
        raise DigestMismatch("what the server sent is not the blob that was asked for", "Fetch it again.")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _tell(progress: Progress | None, done: int) -> None:
    if progress is not None:
        progress(done)
