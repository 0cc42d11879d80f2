"""A blob is there whole, under its digest, or not at all."""

import pytest

from medeval.domain.base import digest_of
from medeval.domain.package import BlobRef
from medeval.errors import DigestMismatch, NotFound


def test_what_is_added_is_found_by_its_digest(store, tmp_path):
    blob = store.add_bytes(b"weights")
    assert blob == BlobRef(digest=digest_of(b"weights"), size_bytes=7)
    assert store.path(blob).read_bytes() == b"weights"
    (tmp_path / "file").write_bytes(b"weights")
    assert store.add_file(tmp_path / "file") == blob
    assert store.add_chunks([b"wei", b"", b"ghts"]) == blob


def test_what_is_not_there(store):
    blob = BlobRef(digest=digest_of(b"x"), size_bytes=1)
    assert store.find(blob) is None
    with pytest.raises(NotFound):
        store.path(blob)


def test_bytes_that_changed_on_disk_are_refused(store):
    blob = store.add_bytes(b"weights")
    store.location(blob).write_bytes(b"weightz")
    with pytest.raises(DigestMismatch):
        store.path(blob)


def test_a_file_that_lost_its_end_counts_as_missing_and_is_replaced(store):
    blob = store.add_bytes(b"weights")
    store.location(blob).write_bytes(b"wei")
    assert store.find(blob) is None
    store.add_bytes(b"weights")
    assert store.path(blob).read_bytes() == b"weights"


def test_a_write_that_breaks_off_leaves_nothing(store):
    def broken():
        yield b"wei"
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk"):
        store.add_chunks(broken())
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_a_blob_that_is_there_is_not_written_again(store):
    blob = store.add_bytes(b"weights")
    before = store.path(blob).stat()
    store.add_bytes(b"weights")
    after = store.path(blob).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
