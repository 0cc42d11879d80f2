"""An HTTP server in between: it forwards requests; a test may hold them, hold their answers, or change these."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_NOT_FORWARDED = frozenset({"connection", "transfer-encoding", "content-length", "date", "server"})


@dataclass
class Barrier:
    """Holds whoever passes, for as long as the middleman is there; then the line is dropped.

    `reached` tells that someone stands before it.
    """

    reached: threading.Event = field(default_factory=threading.Event)
    dropped: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        self.reached.set()
        self.dropped.wait()
        raise ConnectionAbortedError


@dataclass
class Plan:
    """What happens to requests whose line (`POST /api/v1/statements`) begins so; `seen` are the lines of all.

    `bodies` are what requests carried, each with its line.
    """

    before: dict[str, Barrier] = field(default_factory=dict)
    after: dict[str, Barrier] = field(default_factory=dict)
    change: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    bodies: list[tuple[str, bytes]] = field(default_factory=list)


@contextmanager
def middleman(target: str, plan: Plan) -> Iterator[str]:
    """Gives the address to speak to in place of `target`."""

    class Handler(_Handler):
        def answer(self) -> None:
            self.forward(target, plan)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = answer  # noqa: N815 http.server's names

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            for barrier in (*plan.before.values(), *plan.after.values()):
                barrier.dropped.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    def forward(self, target: str, plan: Plan) -> None:
        line = f"{self.command} {self.path}"
        plan.seen.append(line)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if body:
            plan.bodies.append((line, body))
        _hold(plan.before, line)
        host = urlsplit(target).netloc
        connection = http.client.HTTPConnection(host, timeout=120)
        try:
            connection.request(self.command, self.path, body, {**dict(self.headers.items()), "Host": host})
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        _hold(plan.after, line)
        for start, change in plan.change.items():
            data = change(data) if line.startswith(start) else data
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _NOT_FORWARDED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle(self) -> None:
        """A partner that was killed, on either side, is no failure of the middleman."""
        try:
            super().handle()
        except (OSError, http.client.HTTPException):
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Silent."""


def _hold(barriers: dict[str, Barrier], line: str) -> None:
    for start, barrier in barriers.items():
        if line.startswith(start):
            barrier.wait()
