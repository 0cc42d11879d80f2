"""The transport against a server that misbehaves on purpose."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from medeval.client import http
from medeval.client.api import Api
from medeval.client.blobs import BlobClient
from medeval.client.http import Transport
from medeval.domain.messages import About, NewToken
from medeval.domain.package import BlobRef
from medeval.domain.permissions import Role
from medeval.errors import (
    BlobTooLarge,
    DigestMismatch,
    Forbidden,
    MedevalError,
    NotFound,
    ServerFault,
    ServerUnreachable,
    Unauthenticated,
    UsageError,
    error_classes,
)

ABOUT = About(version="1").to_canonical()
NEW = NewToken(holder="x", organisation="X", role=Role.OPERATOR)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(http, "BACKOFF_S", 0.0)


@contextmanager
def answering(*answers: tuple[int, bytes] | None) -> Iterator[tuple[str, list[tuple[str, str, dict[str, str]]]]]:
    """A server that gives these answers in turn (None: hangs up), the last one for ever; and what it was asked."""
    asked: list[tuple[str, str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            asked.append((self.command, self.path, dict(self.headers)))
            found = answers[min(len(asked), len(answers)) - 1]
            self.close_connection = True
            if found is None:
                return
            status, body = found
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status in {301, 302, 307}:
                self.send_header("Location", body.decode())
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_HEAD = answer  # noqa: N815 names of http.server

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def problem(code: str, detail: str = "what happened", hint: str = "what to do") -> bytes:
    status = error_classes()[code].status if code in error_classes() else 500
    body = {"type": "urn:x", "title": "x", "status": status, "detail": detail, "code": code, "hint": hint}
    return json.dumps(body).encode()


@pytest.mark.parametrize("cls", sorted(error_classes().values(), key=lambda cls: cls.code))
def test_every_error_comes_back_as_itself(cls):
    with (
        answering((cls.status, problem(cls.code))) as (url, _),
        Transport(url, tries=1) as line,
        pytest.raises(MedevalError) as refused,
    ):
        Api(line).about()
    assert type(refused.value) is cls
    assert (refused.value.message, refused.value.hint) == ("what happened", "what to do")


def test_an_unknown_code_is_a_fault():
    with (
        answering((418, problem("from.the.future"))) as (url, _),
        Transport(url) as line,
        pytest.raises(ServerFault, match="what happened"),
    ):
        Api(line).about()


def test_an_error_cannot_steer_the_terminal():
    with (
        answering((409, problem("conflict", "a\x1b[2Jb\n", "c\x07"))) as (url, _),
        Transport(url) as line,
        pytest.raises(MedevalError) as refused,
    ):
        Api(line).about()
    assert (refused.value.message, refused.value.hint) == ("a[2Jb", "c")


@pytest.mark.parametrize(
    ("status", "cls"),
    [
        (401, Unauthenticated),
        (403, Forbidden),
        (404, NotFound),
        (413, BlobTooLarge),
        (500, ServerFault),
        (502, ServerFault),
        (503, ServerUnreachable),
        (301, ServerFault),
        (304, ServerFault),
    ],
)
def test_an_answer_of_something_else(status, cls):
    with (
        answering((status, b"<html>proxy</html>")) as (url, _),
        Transport(url, tries=1) as line,
        pytest.raises(cls, match=f"answered {status} without saying why"),
    ):
        Api(line).about()


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"service": "other"}', b"\xff"])
def test_an_answer_that_cannot_be_read(body):
    with (
        answering((200, body)) as (url, _),
        Transport(url) as line,
        pytest.raises(ServerFault, match="cannot be read"),
    ):
        Api(line).about()


def test_a_busy_server_is_asked_again():
    busy = (503, problem("server.unreachable", "the server's database does not answer"))
    with answering(busy, busy, (200, ABOUT)) as (url, asked), Transport(url) as line:
        assert Api(line).about().version == "1"
    assert len(asked) == 3
    with (
        answering(busy) as (url, asked),
        Transport(url) as line,
        pytest.raises(ServerUnreachable, match="database does not answer"),
    ):
        Api(line).issue_token(NEW)
    assert len(asked) == 3


def test_a_question_that_breaks_off_is_asked_again():
    with answering(None, None, (200, ABOUT)) as (url, asked), Transport(url) as line:
        assert Api(line).about().version == "1"
    assert len(asked) == 3


def test_an_order_that_breaks_off_is_not_repeated():
    """It may have been carried out: a token is not made twice."""
    with (
        answering(None) as (url, asked),
        Transport(url) as line,
        pytest.raises(ServerUnreachable, match=r"connection broken, 1 try"),
    ):
        Api(line).issue_token(NEW)
    assert len(asked) == 1


def test_nobody_there():
    with Transport("http://127.0.0.1:1") as line, pytest.raises(ServerUnreachable) as refused:
        Api(line).issue_token(NEW)
    assert refused.value.message == "the results server cannot be reached (connection refused, 3 tries)"


def test_no_such_host():
    with (
        Transport("http://no-such-host.invalid", tries=1) as line,
        pytest.raises(ServerUnreachable, match=r"no such host, 1 try|connection broken, 1 try"),
    ):
        Api(line).about()


def test_no_answer_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            Transport(url, timeout_s=0.05, tries=2) as line,
            pytest.raises(ServerUnreachable, match="no answer in time"),
        ):
            Api(line).about()


def test_plain_text_where_tls_is_expected():
    with (
        answering((200, ABOUT)) as (url, _),
        Transport(url.replace("http:", "https:"), tries=1) as line,
        pytest.raises(ServerUnreachable, match="certificate is not accepted"),
    ):
        Api(line).about()


def test_the_token_travels_to_this_server_alone():
    with (
        answering((200, ABOUT)) as (other, asked_there),
        answering((302, other.encode())) as (url, asked_here),
        Transport(url, "medeval_secret") as line,
        pytest.raises(ServerFault),
    ):
        Api(line).about()
    assert asked_here[0][2]["Authorization"] == "Bearer medeval_secret"
    assert asked_there == []


def test_the_token_is_not_replaced_by_netrc(tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with answering((200, ABOUT)) as (url, asked):
        for token, expected in (("medeval_secret", "Bearer medeval_secret"), (None, None)):
            with Transport(url, token) as line:
                Api(line).about()
            assert asked[-1][2].get("Authorization") == expected


@pytest.mark.parametrize(
    "url", ["", "localhost:8080", "ftp://x", "http://", "http://user:word@host", "http://host/?x=1", "file:///etc"]
)
def test_addresses_that_are_none(url):
    with pytest.raises(UsageError) as refused:
        Transport(url)
    assert "word" not in refused.value.message


def test_a_path_in_front_is_kept():
    with answering((200, ABOUT)) as (url, asked), Transport(f"{url}/results/") as line:
        Api(line).about()
    assert asked[0][1] == "/results/api/v1/about"


def test_names_are_quoted():
    with answering((404, problem("not-found"))) as (url, asked), Transport(url) as line:
        for ask in (Api(line).get_site, Api(line).get_model, Api(line).get_benchmark, Api(line).get_leaderboard):
            with pytest.raises(NotFound):
                ask("../tokens?x#y")
    assert all(path.endswith("..%2Ftokens%3Fx%23y") for _, path, _ in asked)


def test_a_server_that_sends_other_bytes(tmp_path):
    wanted = BlobRef(digest="sha256:" + "0" * 64, size_bytes=5)
    for body in (b"12345", b"1234567"):
        with answering((200, body)) as (url, _), Transport(url) as line, pytest.raises(DigestMismatch):
            BlobClient(line).download(wanted, tmp_path / "target")
    assert list(tmp_path.iterdir()) == []
