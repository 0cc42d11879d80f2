"""Every listing command in each of its three forms: a table for people, JSON and YAML with the same content."""

import json
import re
from typing import Any

import pytest
import yaml

from medeval.domain.messages import Leaderboard
from tests.federation import BENCHMARK, Federation, Site

pytestmark = pytest.mark.docker

#: Command, the party that gives it (`site`: the one with data), and a word that its table shows.
LISTINGS: dict[tuple[str, ...], tuple[str, str]] = {
    ("benchmark", "list"): ("committee", BENCHMARK),
    ("benchmark", "show", BENCHMARK): ("committee", "north/ward"),
    ("model", "list"): ("model-owner", "hostile@1.0.0"),
    ("model", "show", "hostile"): ("model-owner", "hostile@1.0.0"),
    ("server", "sites"): ("operator", "north"),
    ("site", "show"): ("site", "docker"),
    ("site", "allow"): ("site", "hostile@1.0.0"),
    ("dataset", "list"): ("site", "ward"),
    ("dataset", "show", "ward"): ("site", "ward"),
    ("result", "list"): ("site", "hostile@1.0.0"),
    ("result", "show", "hostile"): ("site", "hostile"),
    ("leaderboard", "show", BENCHMARK): ("committee", "Pooled"),
}


@pytest.fixture(scope="module")
def homes(federation: Federation, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Site]:
    """Each party's home; at the site one model was executed."""
    site = Site(federation, federation.home("north")).copy(tmp_path_factory.mktemp("outputs") / "north")
    site.execute(federation.model("hostile"))
    parties = ("committee", "model-owner", "operator")
    return {"site": site, **{party: Site(federation, federation.home(party)) for party in parties}}


@pytest.mark.parametrize("words", LISTINGS, ids=" ".join)
def test_the_same_content_in_every_form(homes: dict[str, Site], words: tuple[str, ...]) -> None:
    party, shown = LISTINGS[words]
    home = homes[party]
    as_json, as_yaml, table = (home.run(*words, "--output", form) for form in ("json", "yaml", "table"))
    for done in (as_json, as_yaml, table):
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
    told = json.loads(as_json.stdout)
    assert told
    assert yaml.safe_load(as_yaml.stdout) == told
    assert shown in table.stdout
    assert "\x1b" not in table.stdout, "colour into a pipe"
    assert [key for key in keys_of(told) if not re.fullmatch(r"[A-Za-z_0-9]+", key)] == [], "a key is no word"


def keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(key for item in value.values() for key in keys_of(item))}
    return {key for item in value for key in keys_of(item)} if isinstance(value, list) else set()


def test_a_leaderboard_as_json_is_the_servers_own_value(homes: dict[str, Site]) -> None:
    done = homes["committee"].run("leaderboard", "show", BENCHMARK, "-o", "json")
    board = Leaderboard.from_json(done.stdout.encode())
    assert board.benchmark == f"{BENCHMARK}@0.1.0"
    assert [column.dataset for column in board.columns] == ["north/ward"]


@pytest.mark.parametrize("words", [words for words in LISTINGS if words[1] == "list"], ids=" ".join)
def test_a_narrow_terminal_loses_columns_and_no_names(
    homes: dict[str, Site], words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    party, shown = LISTINGS[words]
    monkeypatch.setenv("COLUMNS", "40")
    done = homes[party].run(*words)
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout


def test_what_a_data_owner_reviews_is_what_would_leave(homes: dict[str, Site]) -> None:
    """Every number of the evaluation is shown, and none that is not in it."""
    site = homes["site"]
    [told] = site.told("result", "show", "hostile")
    evaluation = site.files(site.federation.model("hostile")).evaluation()
    assert evaluation is not None
    assert told["evaluation"] == evaluation.model_dump(mode="json")
