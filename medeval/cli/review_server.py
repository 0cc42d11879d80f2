"""The local review page: a web server on 127.0.0.1 for one person, which stops when nobody uses it."""

import re
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit

from medeval.cli.review_desk import VERBS, Desk
from medeval.cli.review_door import HEADERS, Door
from medeval.errors import Forbidden, MedevalError, NotFound, UsageError
from medeval.report import html

#: Without a request for so long, the page is closed.
IDLE_S = 30 * 60.0
#: Two short texts and three values.
_MOST_BYTES = 16 * 1024
_RESULT = re.compile(r"/results/([0-9a-f]{64})(?:/([a-z]+))?")
_LINK_HINT = "Start `medeval result review --page` again: it prints a new link."


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    body: bytes = b""
    status: HTTPStatus = HTTPStatus.OK
    kind: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


class ReviewServer(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1, and on no other address."""

    daemon_threads = True

    def __init__(self, home: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.door = Door(self.server_port)
        self.desk = Desk(home, self.door.form_value)
        self.last_request_s = monotonic()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle is nobody's concern."""


def serve(home: Path, say: Callable[[str], None], idle_s: float = IDLE_S) -> None:
    """Serve until Ctrl-C, or until nobody has asked for `idle_s` seconds."""
    stop = Event()
    # set here: a process that was started in the background ignores Ctrl-C, and would go on
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with ReviewServer(home) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        say(f"Open this link in a browser on this machine; it works once:\n\n  {server.door.link}\n")
        say(f"The page stops with Ctrl-C, and by itself after {idle_s / 60:.0f} minutes without use.")
        while monotonic() - server.last_request_s < idle_s and not stop.wait(min(0.5, idle_s)):
            pass
        server.shutdown()
    say("The review page is closed.")


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    server_version, sys_version = "medeval", ""
    timeout = 20

    def do_GET(self) -> None:
        self._handle(self._got)

    def do_POST(self) -> None:
        self._handle(self._posted)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Addresses hold the token, and nobody reads them."""

    def _handle(self, answer: Callable[[str], Answer]) -> None:
        self.server.last_request_s = monotonic()
        try:
            if not self.server.door.is_host(self.headers.get("Host")):
                raise Forbidden("this page answers to its own address alone", _LINK_HINT)
            found = answer(urlsplit(self.path).path)
        except MedevalError as exc:
            found = Answer(self.server.desk.problem(exc).encode(), HTTPStatus(exc.status))
        self._send(found)

    def _got(self, path: str) -> Answer:
        if path == "/medeval.css":
            return Answer(html.css().encode(), kind="text/css; charset=utf-8")
        if path == "/enter":
            return self._enter()
        self._check_session()
        if path == "/":
            return Answer(self.server.desk.waiting().encode())
        execution, verb = _parts(path)
        if verb:
            raise NotFound("there is no such page", "Go back to the list.")
        return Answer(self.server.desk.result(execution).encode())

    def _posted(self, path: str) -> Answer:
        self._check_session()
        form = self._form()
        if not self.server.door.is_form(self.headers.get("Origin"), form.get("csrf", "")):
            raise Forbidden("this decision does not come from the review page", "Nothing was done. Open the list.")
        execution, verb = _parts(path)
        if verb not in VERBS:
            raise NotFound("there is no such decision", "Go back to the list.")
        self.server.desk.decide(execution, verb, form)
        return _see(path.rpartition("/")[0])

    def _enter(self) -> Answer:
        token = parse_qs(urlsplit(self.path).query, max_num_fields=5).get("token", [""])[0]
        cookie = self.server.door.enter(token)
        if cookie is None:
            raise Forbidden("this link was used before, or is not whole", _LINK_HINT)
        return _see("/", {"Set-Cookie": cookie})

    def _check_session(self) -> None:
        if not self.server.door.has_session(self.headers.get("Cookie")):
            raise Forbidden("this browser did not open the link of the review", _LINK_HINT)

    def _form(self) -> dict[str, str]:
        """The fields of a form, each once; raises `UsageError`."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > _MOST_BYTES:
            raise UsageError("the form is too large", "Nothing was done. Write a shorter note.")
        try:
            fields = parse_qs(self.rfile.read(int(length)).decode("ascii"), max_num_fields=10)
        except ValueError as exc:
            raise UsageError("this is no form of the review page", "Nothing was done. Open the list.") from exc
        return {name: values[0] for name, values in fields.items()}

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in {**HEADERS, **answer.headers, "Content-Type": answer.kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)


def _parts(path: str) -> tuple[str, str | None]:
    """(execution, verb) of an address; raises `NotFound`."""
    found = _RESULT.fullmatch(path)
    if found is None:
        raise NotFound("there is no such page", "Go back to the list.")
    return f"sha256:{found[1]}", found[2]


def _see(path: str, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status=HTTPStatus.SEE_OTHER, headers={"Location": path, **(headers or {})})
