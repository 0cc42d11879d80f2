"""Blobs on disk, without a network."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval.errors import BlobTooLarge, DigestMismatch, NotFound, TransferInterrupted, UsageError
from medeval.server.services.blobs import BlobShelf
from tests.worlds import blob_of

DATA = bytes(range(256)) * 4
BLOB = blob_of(DATA)


@pytest.fixture
def shelf(tmp_path):
    return BlobShelf(tmp_path, max_bytes=10_000)


def put(shelf, data, offset, length=BLOB.size_bytes, digest=BLOB.digest):
    turn = shelf.begin(digest, offset, length)
    if data:
        turn.write(data)
    return turn.finish()


@given(cuts=st.lists(st.integers(0, len(DATA)), max_size=6))
def test_any_pieces_give_the_blob(tmp_path_factory, cuts):
    shelf = BlobShelf(tmp_path_factory.mktemp("blobs"), max_bytes=10_000)
    edges = [0, *sorted(cuts), len(DATA)]
    for start, end in pairwise(edges):
        status = put(shelf, DATA[start:end], start)
        assert status.received_bytes == end
    assert status.complete
    assert shelf.get_path(BLOB.digest).read_bytes() == DATA
    assert shelf.has(BLOB)


def test_nothing_has_its_name_before_it_is_whole(shelf):
    put(shelf, DATA[:-1], 0)
    assert not shelf.has(BLOB)
    with pytest.raises(NotFound):
        shelf.get_path(BLOB.digest)


def test_wrong_bytes_are_removed(shelf):
    put(shelf, DATA[:500], 0)
    with pytest.raises(DigestMismatch):
        put(shelf, bytes(524), 500)
    assert shelf.status(BLOB.digest).received_bytes == 0


def test_a_process_that_died_before_the_check(shelf):
    """All bytes are there, but nobody verified them: an empty part at the end does."""
    turn = shelf.begin(BLOB.digest, 0, len(DATA))
    turn.write(DATA)
    assert not shelf.status(BLOB.digest).complete
    assert put(shelf, b"", len(DATA)).complete


def test_asking_leave_takes_nothing_from_an_upload_under_way(shelf):
    first = shelf.begin(BLOB.digest, 0, len(DATA))
    first.write(DATA[:100])
    assert put(shelf, b"", 0).received_bytes == 100
    first.write(DATA[100:])
    assert first.finish().complete
    assert first.completed


def test_the_overtaken_learns_it(shelf):
    first = shelf.begin(BLOB.digest, 0, len(DATA))
    first.write(DATA[:100])
    second = shelf.begin(BLOB.digest, 100, len(DATA))
    second.write(DATA[100:200])
    with pytest.raises(TransferInterrupted, match="another upload"):
        first.write(b"garbage")
    second.write(DATA[200:])
    assert second.finish().complete
    first.write(b"garbage")
    assert first.finish().complete
    assert not first.completed
    assert shelf.get_path(BLOB.digest).read_bytes() == DATA


def test_who_begins_at_the_same_place_later_finds_it_moved(shelf):
    put(shelf, DATA[:100], 0)
    first = shelf.begin(BLOB.digest, 100, len(DATA))
    second = shelf.begin(BLOB.digest, 100, len(DATA))
    first.write(DATA[100:200])
    with pytest.raises(TransferInterrupted, match="offset 200"):
        second.write(DATA[100:200])


def test_two_that_begin_afresh_do_not_undo_each_other(shelf):
    first, second = (shelf.begin(BLOB.digest, 0, len(DATA)) for _ in range(2))
    first.write(DATA[:100])
    with pytest.raises(TransferInterrupted, match="offset 100"):
        second.write(DATA[:50])
    assert shelf.status(BLOB.digest).received_bytes == 100
    assert put(shelf, DATA[:50], 0).received_bytes == 50, "who knows of them may begin afresh"


def test_a_complete_blob_is_not_touched(shelf):
    put(shelf, DATA, 0)
    for offset in (0, 7, len(DATA)):
        assert put(shelf, b"other", offset, length=len(DATA) + 5).complete
    assert shelf.get_path(BLOB.digest).read_bytes() == DATA


def test_limits(shelf):
    with pytest.raises(BlobTooLarge):
        shelf.begin(BLOB.digest, 0, 10_001)
    with pytest.raises(UsageError):
        shelf.begin(BLOB.digest, 5, 4)
    with pytest.raises(BlobTooLarge):
        put(shelf, b"12345", 0, length=4)


@pytest.mark.parametrize("digest", ["sha256:../../x", "sha256:" + "g" * 64, "", "sha256:" + "0" * 64 + "\n", "/etc"])
def test_no_digest_no_path(shelf, digest):
    for ask in (shelf.status, shelf.get_path, lambda text: shelf.begin(text, 0, 1)):
        with pytest.raises(UsageError):
            ask(digest)
