"""Blobs over a real connection that breaks in the middle, in both directions."""

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from medeval.client.blobs import BlobClient
from medeval.client.http import Transport
from medeval.domain.base import digest_of
from medeval.domain.package import BlobRef
from medeval.domain.permissions import Role
from medeval.errors import (
    BlobTooLarge,
    DigestMismatch,
    Forbidden,
    NotFound,
    ServerUnreachable,
    TransferInterrupted,
    Unauthenticated,
    UsageError,
)
from medeval.server.settings import ServerSettings
from tests.cutting_proxy import Cuts, cutting_proxy
from tests.worlds import World, blob_of, running

MIB = 1024 * 1024
DATA = os.urandom(7 * MIB + 123)
BLOB = blob_of(DATA)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(DATA)
    return path


def test_up_and_down(sqlite_world, source, tmp_path):
    blobs, told = sqlite_world.blobs(Role.MODEL_OWNER), []
    blobs.upload(source, BLOB, told.append)
    assert told[-1] == BLOB.size_bytes
    assert told == sorted(told)
    sqlite_world.blobs(Role.OPERATOR).download(BLOB, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == DATA
    assert not (tmp_path / "target.part").exists()


def test_a_blob_that_is_there_is_not_sent_again(sqlite_world, source):
    sqlite_world.upload(DATA)
    told = []
    sqlite_world.blobs(Role.MODEL_OWNER).upload(source, BLOB, told.append)
    assert told == [BLOB.size_bytes]


def test_an_empty_blob(sqlite_world, tmp_path):
    sqlite_world.upload(b"")
    sqlite_world.blobs(Role.OPERATOR).download(blob_of(b""), tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b""


def test_an_upload_cut_in_the_middle_goes_on(sqlite_world, source):
    partial = _file_of(sqlite_world).with_suffix(".part")
    cuts = Cuts(up=[2 * MIB, 3 * MIB], ready=lambda: partial.exists() and partial.stat().st_size >= MIB)
    told = []
    with _through(sqlite_world, cuts) as transport:
        BlobClient(transport).upload(source, BLOB, told.append)
    assert cuts.made == 2
    assert _held(sqlite_world) == DATA
    assert told.count(MIB) == 1, "it began afresh after a cut"


def test_a_download_cut_in_the_middle_goes_on(sqlite_world, tmp_path):
    sqlite_world.upload(DATA)
    cuts, told = Cuts(down=[2 * MIB, 3 * MIB]), []
    with _through(sqlite_world, cuts) as transport:
        BlobClient(transport).download(BLOB, tmp_path / "target", told.append)
    assert cuts.made == 2
    assert (tmp_path / "target").read_bytes() == DATA
    assert told == sorted(told), "what had arrived was fetched again"


def test_an_upload_that_gave_up_is_resumed_by_a_later_one(sqlite_world, source):
    expected = pytest.raises((TransferInterrupted, ServerUnreachable))
    partial = _file_of(sqlite_world).with_suffix(".part")
    cuts = Cuts(up=[3 * MIB, *[2000] * 20], ready=lambda: partial.exists() and partial.stat().st_size > MIB)
    with _through(sqlite_world, cuts) as transport, expected:
        BlobClient(transport).upload(source, BLOB)
    told = []
    sqlite_world.blobs(Role.MODEL_OWNER).upload(source, BLOB, told.append)
    assert told[0] > MIB, "it began afresh"
    assert _held(sqlite_world) == DATA


def test_a_download_that_gave_up_keeps_what_came(sqlite_world, tmp_path):
    sqlite_world.upload(DATA)
    expected = pytest.raises(TransferInterrupted, match="the transfer broke off at")
    with _through(sqlite_world, Cuts(down=[3 * MIB, *[100] * 20])) as transport, expected:
        BlobClient(transport).download(BLOB, tmp_path / "target")
    assert (tmp_path / "target.part").stat().st_size > MIB
    assert not (tmp_path / "target").exists()
    told = []
    sqlite_world.blobs(Role.OPERATOR).download(BLOB, tmp_path / "target", told.append)
    assert told[0] > MIB
    assert (tmp_path / "target").read_bytes() == DATA


def test_a_server_that_is_gone(tmp_path, source):
    with Transport("http://127.0.0.1:1", "medeval_x") as transport:
        with pytest.raises(ServerUnreachable, match=r"cannot be reached \(connection refused, 3 tries\)"):
            BlobClient(transport).upload(source, BLOB)
        with pytest.raises(ServerUnreachable, match=r"cannot be reached \(connection refused, 3 tries\)"):
            BlobClient(transport).download(BLOB, tmp_path / "target")


def test_an_upload_survives_a_restart_of_the_server(tmp_path, source):
    settings = ServerSettings(data_dir=tmp_path / "server")
    headers = {"Upload-Offset": "0", "Upload-Length": str(BLOB.size_bytes)}
    with running(settings) as url:
        token = (settings.data_dir / "tokens/committee.token").read_text().strip()
        _patch(url, token, headers, DATA[: 3 * MIB])
    told = []
    with running(settings) as url, Transport(url, token) as transport:
        BlobClient(transport).upload(source, BLOB, told.append)
    assert told[0] > 3 * MIB


def test_wrong_bytes_are_removed(sqlite_world, source):
    """Another uploader left half of something else: the first try fails, the next one begins afresh by itself."""
    token = sqlite_world.token(Role.COMMITTEE)
    headers = {"Upload-Offset": "0", "Upload-Length": str(BLOB.size_bytes)}
    assert _patch(sqlite_world.url, token, headers, bytes(MIB)).json()["received_bytes"] == MIB
    sqlite_world.blobs(Role.MODEL_OWNER).upload(source, BLOB)
    assert _held(sqlite_world) == DATA


def test_a_file_that_is_not_the_blob(sqlite_world, source):
    wrong = BlobRef(digest=digest_of(b"other"), size_bytes=BLOB.size_bytes)
    with pytest.raises(DigestMismatch, match="removed"):
        sqlite_world.blobs(Role.MODEL_OWNER).upload(source, wrong)
    shorter = BlobRef(digest=BLOB.digest, size_bytes=5)
    with pytest.raises(DigestMismatch, match="size"):
        sqlite_world.blobs(Role.MODEL_OWNER).upload(source, shorter)
    with pytest.raises(NotFound):
        sqlite_world.blobs(Role.MODEL_OWNER).download(wrong, source.with_name("target"))


def test_a_partial_file_of_something_else_is_removed(sqlite_world, tmp_path):
    sqlite_world.upload(DATA)
    blobs, target = sqlite_world.blobs(Role.OPERATOR), tmp_path / "target"
    for wrong in (bytes(BLOB.size_bytes + 1), bytes(MIB)):
        (tmp_path / "target.part").write_bytes(wrong)
        with pytest.raises(DigestMismatch):
            blobs.download(BLOB, target)
        assert not (tmp_path / "target.part").exists()
    blobs.download(BLOB, target)
    assert target.read_bytes() == DATA


def test_two_uploads_of_one_blob_at_once(sqlite_world, source):
    """Whoever is overtaken resumes; what is kept is the blob."""

    def upload(_number):
        with Transport(sqlite_world.url, sqlite_world.token(Role.MODEL_OWNER), tries=10) as transport:
            BlobClient(transport).upload(source, BLOB)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upload, range(4)))
    assert _held(sqlite_world) == DATA
    assert list((sqlite_world.data_dir / "blobs").rglob("*.part")) == []


def test_the_offset_must_be_where_the_blob_ends(sqlite_world):
    token = sqlite_world.token(Role.COMMITTEE)
    start = {"Upload-Offset": "0", "Upload-Length": str(BLOB.size_bytes)}
    assert _patch(sqlite_world.url, token, start, DATA[:1000]).headers["Upload-Offset"] == "1000"
    for offset in (999, 1001):
        refused = _patch(sqlite_world.url, token, start | {"Upload-Offset": str(offset)}, b"x")
        assert refused.status_code == 409
        assert refused.headers["Upload-Offset"] == "1000"
        assert refused.json()["code"] == "transfer.interrupted"
    went_on = _patch(sqlite_world.url, token, start | {"Upload-Offset": "1000"}, DATA[1000:])
    assert went_on.json() == {"digest": BLOB.digest, "received_bytes": len(DATA), "complete": True}


def test_more_bytes_than_announced(sqlite_world):
    headers = {"Upload-Offset": "0", "Upload-Length": "10"}
    refused = _patch(sqlite_world.url, sqlite_world.token(Role.COMMITTEE), headers, b"x" * 11)
    assert (refused.status_code, refused.json()["code"]) == (413, BlobTooLarge.code)
    headers["Upload-Offset"] = "11"
    refused = _patch(sqlite_world.url, sqlite_world.token(Role.COMMITTEE), headers, b"")
    assert (refused.status_code, refused.json()["code"]) == (400, UsageError.code)


def test_a_blob_above_the_limit(tmp_path, source):
    settings = ServerSettings(data_dir=tmp_path / "server", max_blob_bytes=MIB)
    with running(settings) as url:
        token = (settings.data_dir / "tokens/committee.token").read_text().strip()
        with Transport(url, token) as transport, pytest.raises(BlobTooLarge, match="at most 1048576 bytes"):
            BlobClient(transport).upload(source, BLOB)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.DATA_OWNER, None])
def test_who_may_not_upload(sqlite_world, source, role):
    """A large body: the refusal must come through all the same."""
    transport = sqlite_world.transport(sqlite_world.token(role) if role else None)
    with pytest.raises(Forbidden if role else Unauthenticated):
        BlobClient(transport).upload(source, BLOB)


def test_an_upload_that_falls_silent_is_ended(tmp_path):
    """A connection that hangs half open holds nothing: what came is kept, and another upload goes on."""
    settings = ServerSettings(data_dir=tmp_path / "server", idle_s=0.2)
    with running(settings) as url:
        token = (settings.data_dir / "tokens/committee.token").read_text().strip()
        host, port = urlsplit(url).hostname, urlsplit(url).port
        with socket.create_connection((host, port), timeout=10) as line:
            head = (
                f"PATCH /api/v1/blobs/{BLOB.digest} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                f"Upload-Offset: 0\r\nUpload-Length: {len(DATA)}\r\nContent-Length: {len(DATA)}\r\n\r\n"
            )
            line.sendall(head.encode() + DATA[:5000])
            assert b"409" in line.recv(100)
        answer = requests.head(f"{url}/api/v1/blobs/{BLOB.digest}", headers=_bearer(token), timeout=10)
        assert answer.headers["Upload-Offset"] == "5000"


def test_ranges(sqlite_world):
    sqlite_world.upload(DATA)
    url = f"{sqlite_world.url}/api/v1/blobs/{BLOB.digest}"
    headers = _bearer(sqlite_world.token(Role.OPERATOR))
    part = requests.get(url, headers=headers | {"Range": "bytes=10-19"}, timeout=10)
    assert (part.status_code, part.content) == (206, DATA[10:20])
    behind = requests.get(url, headers=headers | {"Range": f"bytes={len(DATA)}-"}, timeout=10)
    assert behind.status_code == 416


@pytest.mark.parametrize("digest", ["sha256:..%2F..%2Fmedeval.sqlite", "sha256:" + "0" * 63, "sha256:" + "G" * 64])
def test_what_is_no_digest_reaches_no_file(sqlite_world, digest):
    headers = _bearer(sqlite_world.token(Role.COMMITTEE))
    assert requests.get(f"{sqlite_world.url}/api/v1/blobs/{digest}", headers=headers, timeout=10).status_code in {
        400,
        404,
    }


@contextmanager
def _through(world: World, cuts: Cuts) -> Iterator[Transport]:
    """A transport of the committee through the proxy."""
    target = (urlsplit(world.url).hostname, urlsplit(world.url).port)
    with (
        cutting_proxy(target, cuts) as port,
        Transport(f"http://127.0.0.1:{port}", world.token(Role.COMMITTEE)) as line,
    ):
        yield line


def _patch(url, token, headers, data):
    """One request by hand."""
    path = f"{url}/api/v1/blobs/{BLOB.digest}"
    return requests.patch(path, data=data, headers=_bearer(token) | headers, timeout=10)


def _bearer(token):
    return {"Authorization": f"Bearer {token}"}


def _file_of(world: World) -> Path:
    """The blob's file at the server."""
    name = BLOB.digest.removeprefix("sha256:")
    return world.data_dir / "blobs" / name[:2] / name


def _held(world: World) -> bytes:
    """What the server holds of the blob."""
    return _file_of(world).read_bytes()
