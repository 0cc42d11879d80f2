"""What the doctor sees of a real server: its version, its clock, its packages."""

import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from time import time
from typing import Any

import pytest

from medeval.client.greeting import greet
from medeval.client.http import Transport
from medeval.domain.messages import About
from medeval.domain.permissions import Role
from medeval.errors import ServerUnreachable
from medeval.site.doctor_server import check_clock, check_packages, check_server
from tests.worlds import World


def test_a_server_that_is_well(sqlite_world: World) -> None:
    server, clock = check_server(lambda: greet(sqlite_world.transport(None)))
    assert (server.held, server.observed) == (True, f"medeval {version('medeval')}, here {version('medeval')}")
    assert clock.held, clock.observed


def test_packages_are_asked_for_and_missed(sqlite_world: World) -> None:
    world = sqlite_world
    api, blobs = world.api(Role.COMMITTEE), world.blobs(Role.COMMITTEE)
    assert check_packages(api, blobs).observed == "no benchmark is published yet"
    spec = world.publish()
    assert check_packages(api, blobs).observed == "a benchmark's evaluator is there"
    gone = spec.evaluator.cube.package.blobs[-1].digest.removeprefix("sha256:")
    for path in world.folder.rglob(f"*{gone}*"):
        path.unlink()
    finding = check_packages(api, blobs)
    assert (finding.is_missing, finding.observed) == (True, "the server does not hold them")


def test_nobody_answers() -> None:
    (finding,) = check_server(lambda: greet(Transport("http://127.0.0.1:1", tries=1)))
    assert finding.is_missing
    assert "cannot be reached" in finding.observed


@pytest.fixture
def told() -> Iterator[dict[str, Any]]:
    """A server that says of the time what the test says, at the address that it tells."""
    told: dict[str, Any] = {"date": None}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = About(version="9.9.9").to_canonical()
            self.send_response_only(200)
            if told["date"] is not None:
                self.send_header("Date", told["date"])
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            told["asked"] = dict(self.headers)  # before the answer ends, which is when the test goes on
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield told | {"told": told, "address": f"http://127.0.0.1:{server.server_address[1]}"}
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("shift_s", "held", "words"),
    [(0, True, "s "), (3600, False, "behind the server's"), (-3600, False, "ahead of the server's")],
)
def test_a_clock_that_is_wrong(told: dict[str, Any], shift_s: int, held: bool, words: str) -> None:
    told["told"]["date"] = formatdate(time() + shift_s, usegmt=True)
    with Transport(told["address"]) as transport:
        server, clock = check_server(lambda: greet(transport))
    assert server.observed.startswith("medeval 9.9.9, here ")
    assert clock.held is held
    assert words in clock.observed
    assert clock.is_missing is not held
    assert "Authorization" not in told["told"]["asked"]


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_a_server_that_tells_no_time_is_no_reason_to_refuse(told: dict[str, Any], date: str | None) -> None:
    told["told"]["date"] = date
    with Transport(told["address"]) as transport:
        _, clock = check_server(lambda: greet(transport))
    assert (clock.held, clock.is_missing, clock.observed) == (False, False, "the server told no time")


@pytest.mark.parametrize(("ahead_s", "held"), [(60.0, True), (60.1, False), (-60.0, True), (-61.0, False)])
def test_a_minute_is_the_most(ahead_s: float, held: bool) -> None:
    assert check_clock(ahead_s).held is held


def test_the_reason_is_the_clients() -> None:
    with pytest.raises(ServerUnreachable), Transport("http://127.0.0.1:1", tries=1) as transport:
        greet(transport)
