"""Bring a container to its end, whatever the engine does: by a clock of our own, and by asking for its state.

An engine's own `wait` may never come back, and an engine may stop answering at any moment. So no question here is
waited for longer than it deserves, and that there is no answer is an answer too.
"""

import contextlib
import time
from collections.abc import Callable, Iterator

import docker
import requests
from docker.errors import APIError
from docker.errors import NotFound as EngineNotFound

from medeval.errors import EngineFault
from medeval.runtime.docker_client import HINT
from medeval.runtime.port import Ending

#: An engine that is well starts or removes a container in less, also on a machine that is busy.
ANSWER_S = 60.0
_LOOK_S = 5.0
_SHORTEST_LOOK_S = 1.0
_KILL_S = 30.0
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.25
#: States in which nothing of a container runs.
_ENDED = frozenset({"exited", "dead"})


@contextlib.contextmanager
def answering_within(client: docker.APIClient, seconds: float) -> Iterator[None]:
    """Every question inside is given up after so many seconds of silence."""
    before, client.timeout = client.timeout, seconds
    try:
        yield
    finally:
        client.timeout = before


def watch(client: docker.APIClient, container: str, deadline: float, passed: Callable[[], Ending | None]) -> Ending:
    """Wait for a container's end; end it at `deadline` (of the monotonic clock), or when `passed` names a limit.

    Raises `EngineFault` when it could not be seen to end.
    """
    pause = _FIRST_PAUSE_S
    while not _has_ended(client, container, deadline):
        if time.monotonic() >= deadline:
            return kill(client, container, Ending.TIMED_OUT)
        limit = passed()
        if limit is not None:
            return kill(client, container, limit)
        time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
        pause = min(1.5 * pause, _LONGEST_PAUSE_S)
    return Ending.EXITED


def kill(client: docker.APIClient, container: str, ending: Ending) -> Ending:
    """Send SIGKILL until the container is seen to have ended; raises `EngineFault` when it is not."""
    deadline = time.monotonic() + _KILL_S
    while time.monotonic() < deadline:
        with answering_within(client, _LOOK_S), _unanswered(), _has_ended_by_itself():
            client.kill(container, "SIGKILL")
        if _has_ended(client, container, deadline):
            return ending
        time.sleep(_LONGEST_PAUSE_S)
    raise EngineFault("the engine does not end a container", HINT + " What is left is ended before the next run.")


def remove(client: docker.APIClient, container: str) -> None:
    """Remove a container with its volumes, if it is there; raises `EngineFault` when the engine does not answer."""
    with answering_within(client, ANSWER_S), contextlib.suppress(EngineNotFound):
        try:
            client.remove_container(container, force=True, v=True)
        except requests.RequestException as exc:
            raise EngineFault("the engine does not remove a container", HINT) from exc


def _has_ended(client: docker.APIClient, container: str, deadline: float) -> bool:
    """Whether it is known to have ended; an engine that does not answer makes nothing known."""
    ended = False
    left = max(deadline - time.monotonic(), _SHORTEST_LOOK_S)
    with answering_within(client, min(_LOOK_S, left)), _unanswered():
        ended = client.inspect_container(container)["State"]["Status"] in _ENDED
    return ended  # noqa: RET504 nothing is known where the question was let go


@contextlib.contextmanager
def _unanswered() -> Iterator[None]:
    """Let a question go that got no answer in time."""
    try:
        yield
    except requests.exceptions.Timeout:
        return
    except requests.exceptions.ConnectionError as exc:
        # While the body is read, requests reports a timeout as a broken connection.
        if "timed out" not in str(exc).lower():
            raise


@contextlib.contextmanager
def _has_ended_by_itself() -> Iterator[None]:
    """Let it be that a container ended in this moment: the engine then answers with a conflict."""
    try:
        yield
    except APIError as exc:
        if exc.response.status_code != requests.codes.conflict:
            raise
