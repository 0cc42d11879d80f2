"""How long a waiting model may take, by five prepared cases in a real container."""

import re

import pytest

from medeval.errors import ModelNotAllowed, NotFound
from tests.federation import Federation, Site, check_failed

pytestmark = pytest.mark.docker


def test_a_slow_model_would_not_end_in_time(federation: Federation, site: Site) -> None:
    """0.2 s for each of 120 cases, where a run may take 6 s; nothing of it is kept, and the server hears nothing."""
    card = federation.enter({"behaviour": "slow", "seconds_per_case": 0.2})
    words = ("site", "doctor", "--estimate", card.name)
    check_failed(site.run(*words), ModelNotAllowed, "medeval site allow")
    site.allow(card)
    [found] = site.told(*words)
    assert found["control"] == f"estimate of {card.ref} on ward"
    assert (found["held"], found["required"]) == (False, False)
    seconds = re.match(r"about (\d+) s for 120 cases, of 6 allowed; rough: by 5 cases", found["observed"])
    assert seconds, found["observed"]
    assert int(seconds[1]) > 6
    assert "limits.infer.time_s" in found["fix"]
    assert not (site.store.root / "work" / "estimate").exists()
    assert not site.predictions(card).exists()
    assert federation.cell(card)["kind"] == "pending"


def test_a_model_that_fails_says_so_and_one_that_waits_nowhere(federation: Federation, site: Site) -> None:
    card = federation.enter({"behaviour": "exit-1"})
    site.allow(card)
    [found] = site.told("site", "doctor", "--estimate", card.ref)
    assert not found["held"]
    assert "ended with exit code 1" in found["observed"]
    assert site.files(card).failure() is None, "it was no run"
    check_failed(site.run("site", "doctor", "--estimate", "nobody"), NotFound, "no execution of nobody waits here")


def test_all_that_the_doctor_sees(site: Site) -> None:
    found = {item["control"]: item for item in site.told("site", "doctor", "--only", "machine", "--only", "server")}
    assert list(found) == ["room", "engine-room", "gpu", "server", "clock", "packages"]
    assert all(item["held"] for item in found.values())
    assert found["packages"]["observed"] == "a benchmark's evaluator is there"
