"""Ask a server who it is, and what time it has; the question tells it nothing."""

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import requests

from medeval.client.api import read_answer
from medeval.client.http import Transport, unreachable
from medeval.domain.messages import About


@dataclass(frozen=True)
class Greeting:
    """What a server says of itself, and by how many seconds the clock here is ahead of its own, if it told the time."""

    about: About
    ahead_s: float | None


def greet(transport: Transport) -> Greeting:
    """One question; raises `ServerUnreachable`, or what the server says."""
    asked = time.time()
    try:
        with transport.open("GET", "/about") as answer:
            here = (asked + time.time()) / 2
            return Greeting(read_answer(About, answer.content), _ahead_s(answer.headers.get("Date"), here))
    except requests.RequestException as exc:
        raise unreachable(exc, 1) from exc


def _ahead_s(date: str | None, here: float) -> float | None:
    """By the header `Date` (RFC 9110, 6.6.1), which tells whole seconds."""
    if date is None:
        return None
    try:
        return here - (parsedate_to_datetime(date).timestamp() + 0.5)
    except ValueError:
        return None
