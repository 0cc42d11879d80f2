"""Rounds of `site run`: each is told, what stopped one is told too, and failures are retried once."""

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from medeval.cli.main import app
from medeval.client.login import Login, save_login
from medeval.errors import MedevalError, ServerUnreachable, SiteBusy
from medeval.packaging.progress import Progress
from medeval.site import agent
from medeval.site.agent import Round
from medeval.site.context import Site

TOKEN = "medeval_" + "A" * 43
GONE = ServerUnreachable("the results server cannot be reached", "Try again.")


def a_round(stopped: MedevalError | None = None) -> Round:
    return Round(
        evaluated=1,
        failed=0,
        compared=0,
        released=0,
        sent=2,
        held=(),
        not_allowed=("b@1.0.0",),
        refused=("c@1.0.0",),
        waiting=1,
        stopped=stopped,
    )


@pytest.fixture
def play(tmp_path, monkeypatch) -> Callable:
    """`site run` of a site whose rounds end as given; after the last one it is stopped, as by Ctrl-C."""
    save_login(tmp_path / "login.json", Login.from_plain({"server": "http://x", "tokens": {"data-owner": TOKEN}}))

    def run(rounds: list[Round | MedevalError], *words: str) -> tuple:
        retried: list[bool] = []

        def run_once(site: Site, report: Progress, *, retry_failed: bool = False) -> Round:
            retried.append(retry_failed)
            if not rounds:
                raise KeyboardInterrupt
            ending = rounds.pop(0)
            if isinstance(ending, MedevalError):
                raise ending
            return ending

        monkeypatch.setattr(agent, "run_once", run_once)
        return CliRunner().invoke(app, ["--home", str(tmp_path), "site", "run", *words]), retried

    return run


def test_failed_executions_are_retried_in_the_first_round_alone(play):
    _, retried = play([a_round(), a_round()], "--watch", "--retry-failed", "--every-s", "0.1")
    assert retried == [True, False, False]


def test_a_watch_for_machines_is_a_line_per_round(play):
    result, _ = play([a_round(), a_round(GONE)], "--watch", "--every-s", "0.1", "-o", "json")
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert first == {
        "evaluated": 1, "failed": 0, "compared": 0, "released": 0, "sent": 2, "held": [],
        "not_allowed": ["b@1.0.0"], "refused": ["c@1.0.0"],
        "waiting": 1,
        "stopped": None,
    }  # fmt: skip
    assert second["stopped"] == {"code": GONE.code, "message": GONE.message, "hint": GONE.hint}
    assert f"error: {GONE.message}" in result.stderr


def test_a_watch_goes_on_after_a_round_that_could_not_begin(play):
    busy = SiteBusy("another medeval process is at work", "Wait.")
    result, retried = play([busy, a_round()], "--watch", "--every-s", "0.1", "-o", "json")
    assert len(retried) == 3
    assert f"error: {busy.message}" in result.stderr
    assert len(result.stdout.splitlines()) == 1


def test_what_was_done_is_told_before_what_stopped_it(play):
    result, _ = play([a_round(GONE)], "-o", "json")
    assert json.loads(result.stdout)["sent"] == 2
    assert result.exception is GONE, "the exit code is that of the error"


def test_people_are_told_what_was_refused_and_what_comes_next(play):
    result, _ = play([a_round()])
    told = dict(line.split("  ", 1) for line in result.stdout.splitlines())
    assert {key: value.strip() for key, value in told.items()} == {
        "evaluated now": "1",
        "failed now": "0",
        "compared now": "0",
        "statements sent": "2",
        "not allowed here": "b@1.0.0",
        "refused by the server": "c@1.0.0",
        "waiting for review": "1",
        "next": "medeval result list, then medeval result release",
    }
