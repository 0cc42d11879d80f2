"""One conversation with the results server: session, timeouts, retries, errors.

Answers with RFC 9457 problem details become the same `MedevalError` class again, by `code`. The address is given once;
redirects are not followed, so that a token never travels to another host.
"""

import errno
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Self, TypeAlias
from urllib.parse import urlsplit

import requests

from medeval.domain.base import Value
from medeval.domain.messages import Problem
from medeval.errors import (
    BlobTooLarge,
    Forbidden,
    MedevalError,
    NotFound,
    ServerFault,
    ServerUnreachable,
    Unauthenticated,
    UsageError,
    error_by_code,
)

API = "/api/v1"
BACKOFF_S = 0.2
_SUCCESS = range(200, 300)
_REPEATABLE = frozenset({"GET", "HEAD", "PUT"})
_HINT = "Check the address and that the server runs, then try again."
_BY_STATUS: dict[int, type[MedevalError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    413: BlobTooLarge,
    503: ServerUnreachable,
}


Body: TypeAlias = bytes | Iterable[bytes]


def _let_pass(_: Body) -> None:
    """Of whoever has nothing to guard."""


class Transport:
    """HTTP to one server, as one holder of a token (or as nobody).

    `guard` is shown every body, the very object that is sent, and raises where it must not leave.
    `timeout_s` bounds connecting and each wait for bytes. A connection that is not made is tried `tries` times in all,
    as is an answer 503; one that breaks under a request is tried again only where a repeat does no harm.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        timeout_s: float = 30.0,
        tries: int = 3,
        guard: Callable[[Body], None] = _let_pass,
    ) -> None:
        self._guard = guard
        self.base_url = _checked(base_url)
        self.tries = tries
        self._timeout_s = timeout_s
        self._session = requests.Session()
        # A callable, because a header would give way to what ~/.netrc holds for the host.
        self._session.auth = _Bearer(token)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(
        self,
        method: str,
        path: str,
        body: Value | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of the answer; raises what the server says, or `ServerUnreachable`."""
        data = None if body is None else body.to_canonical()
        sent = dict(headers or {}) | ({} if body is None else {"Content-Type": "application/json"})
        attempt = 0
        while True:
            attempt += 1
            try:
                with self.open(method, path, headers=sent, data=data, query=query) as answer:
                    return answer.content
            except requests.ConnectionError as exc:
                if attempt >= self.tries or not (_never_sent(exc) or method in _REPEATABLE):
                    raise unreachable(exc, attempt) from exc
            except ServerUnreachable:
                if attempt >= self.tries:
                    raise
            except requests.RequestException as exc:
                raise unreachable(exc, attempt) from exc
            time.sleep(BACKOFF_S * 2 ** (attempt - 1))

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: Body | None = None,
        query: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> Iterator[requests.Response]:
        """One try: the open answer, closed afterwards; raises what the server says, or requests' own exceptions."""
        if data is not None:
            self._guard(data)
        answer = self._session.request(
            method,
            self.base_url + API + path,
            headers=dict(headers or {}),
            data=data,
            params=dict(query or {}),
            timeout=self._timeout_s,
            allow_redirects=False,
            stream=stream,
        )
        with answer:
            if answer.status_code not in _SUCCESS:
                raise _refusal(answer)
            yield answer


class _Bearer(requests.auth.AuthBase):
    """Sets the Authorization header; its text never shows the token."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def unreachable(exc: BaseException, tries: int) -> ServerUnreachable:
    """The error of a connection that failed, with the reason and without the address."""
    count = "1 try" if tries == 1 else f"{tries} tries"
    return ServerUnreachable(f"the results server cannot be reached ({_why(exc)}, {count})", _HINT)


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise UsageError("the server's address is no web address", "Write it as https://HOST or http://HOST:PORT.")
    if parts.username is not None:
        raise UsageError("the server's address holds a login", "Leave it out: medeval logs in by token.")
    return base_url.rstrip("/")


def _refusal(answer: requests.Response) -> MedevalError:
    """What an answer that is no success says; one without problem details is told by its status."""
    try:
        problem = Problem.from_json(answer.content, refuse=ServerFault)
    except ServerFault:
        cls = _BY_STATUS.get(answer.status_code, ServerFault)
        hint = "Check the server's address: something else may answer there."
        return cls(f"the server answered {answer.status_code} without saying why", hint)
    return error_by_code(problem.code, _printable(problem.detail), _printable(problem.hint))


def _printable(text: str) -> str:
    """Without what could steer a terminal."""
    return "".join(char for char in text if char.isprintable())


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """The exception and those that it wraps: requests, urllib3 and the socket each add one."""
    seen: set[int] = set()
    waiting: list[object] = [exc]
    while waiting:
        current = waiting.pop()
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [*current.args, getattr(current, "reason", None), current.__cause__, current.__context__]


def _never_sent(exc: BaseException) -> bool:
    """Whether the connection was not even made, so that no server can have seen the request."""
    names = {type(cause).__name__ for cause in _causes(exc)}
    return bool(names & {"NewConnectionError", "ConnectTimeoutError", "NameResolutionError"})


def _why(exc: BaseException) -> str:
    for cause in _causes(exc):
        if isinstance(cause, socket.gaierror):
            return "no such host"
        if isinstance(cause, OSError) and cause.errno == errno.ECONNREFUSED:
            return "connection refused"
        if isinstance(cause, (TimeoutError, requests.Timeout)):
            return "no answer in time"
        if isinstance(cause, requests.exceptions.SSLError):
            return "its certificate is not accepted"
    return "connection broken"
