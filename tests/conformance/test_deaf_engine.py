"""An engine that stops answering in the middle of a run: the agent goes on, and what is left is ended later."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from medeval.errors import EngineFault
from medeval.runtime import docker_engine, docker_wait
from medeval.runtime.docker_engine import DockerRuntime
from medeval.runtime.port import Ending, RunRequest, RunResult
from tests.conformance.conftest import DOCKER, LIMITS
from tests.deaf_engine import Deafness, deaf_engine

pytestmark = [pytest.mark.parametrize("rig", [DOCKER], indirect=True, scope="module")]
ALWAYS = 1000
INSPECT = "GET .*/containers/[0-9a-f]+/json"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_LOOK_S", "_SHORTEST_LOOK_S"):
        monkeypatch.setattr(docker_wait, name, 0.3)
    monkeypatch.setattr(docker_wait, "_KILL_S", 1.5)
    monkeypatch.setattr(docker_wait, "ANSWER_S", 4.0)
    monkeypatch.setattr(docker_engine, "ANSWER_S", 4.0)


Run = Callable[..., RunResult]


@pytest.fixture
def request_of(rig) -> Iterator[Callable[..., RunRequest]]:
    """Requests under a label of their own; what a deaf engine left of them is ended."""
    owner = f"deaf-{secrets.token_hex(4)}"
    yield lambda do, time_s=2, **parameters: replace(
        rig.request(do, LIMITS.model_copy(update={"time_s": time_s}), **parameters), owner=owner
    )
    rig.runtime.reap(owner)


@pytest.fixture
def run(request_of, monkeypatch) -> Run:
    def through(deafness: Deafness, do: str, **parameters) -> RunResult:
        with deaf_engine(deafness) as address:
            monkeypatch.setenv("DOCKER_HOST", address)
            runtime = DockerRuntime()
            try:
                return runtime.run(request_of(do, **parameters))
            finally:
                runtime.close()
                monkeypatch.delenv("DOCKER_HOST")

    return through


def left(rig, request_of) -> int:
    """How many containers of the test are still there; the real engine ends them."""
    return rig.runtime.reap(request_of("leave").owner)


def test_an_engine_that_hears_everything(rig, run, request_of):
    result = run(Deafness(), "leave", code=3, say="through the socket")
    assert (result.ending, result.exit_code, result.log.strip()) == (Ending.EXITED, 3, "through the socket")
    assert left(rig, request_of) == 0


def test_its_own_wait_is_never_needed(run):
    result = run(Deafness({"POST .*/wait": ALWAYS}), "linger", mark="m", stay=True)
    assert (result.ending, result.exit_code) == (Ending.TIMED_OUT, 137)


def test_some_questions_without_an_answer(run):
    deafness = Deafness({INSPECT: 3})
    assert run(deafness, "leave", code=4, time_s=30).exit_code == 4
    assert deafness.held[INSPECT] == 3


def test_a_kill_that_is_answered_late(rig, run, request_of):
    deafness = Deafness({"POST .*/kill": 1})
    assert run(deafness, "linger", mark="m", stay=True).ending is Ending.TIMED_OUT
    assert deafness.held["POST .*/kill"] == 1
    assert left(rig, request_of) == 0


@pytest.mark.parametrize(
    "deafness",
    [
        Deafness({INSPECT: ALWAYS}),
        Deafness({"POST .*/kill": ALWAYS}),
        Deafness(pretends="POST .*/kill"),
        Deafness({INSPECT: ALWAYS, "POST .*/kill": ALWAYS, "DELETE .*": ALWAYS}),
    ],
    ids=["tells no state", "hears no kill", "pretends to kill", "hears nothing any more"],
)
def test_a_container_that_is_not_seen_to_end_is_the_engines_fault(run, deafness):
    with pytest.raises(EngineFault, match="does not end a container") as fault:
        run(deafness, "linger", mark="m", stay=True)
    assert "docker info" in fault.value.hint


@pytest.mark.parametrize("step", ["POST .*/containers/create", "POST .*/start", "GET .*/logs", "GET .*/images/.*"])
def test_no_step_of_a_run_is_waited_for_without_end(run, step):
    deafness = Deafness({step: ALWAYS})
    with pytest.raises(EngineFault):
        run(deafness, "leave", code=0)
    assert deafness.held[step] == 1


def test_what_is_not_removed_is_ended_before_the_next_run(rig, run, request_of):
    with pytest.raises(EngineFault, match="does not remove"):
        run(Deafness({"DELETE .*": ALWAYS}), "leave", code=0)
    assert left(rig, request_of) == 1
    assert left(rig, request_of) == 0


def test_what_a_deaf_engine_lets_run_is_ended_too(rig, run, request_of):
    deafness = Deafness({"POST .*/kill": ALWAYS, "DELETE .*": ALWAYS})
    with pytest.raises(EngineFault):
        run(deafness, "linger", mark="m", stay=True)
    assert left(rig, request_of) == 1
