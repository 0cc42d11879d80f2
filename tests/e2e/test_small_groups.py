"""A level of too few cases, from the raw data of a hospital to the board: it stays at the site, the rest leaves."""

import base64
import csv
import json
import re
from typing import Any

import pytest
import requests
import rfc8785

from medeval.disclosure.merging import rounded_count
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.package import ModelCard
from medeval.errors import TooFewCases
from medeval.signing import dsse
from tests.federation import Federation, Site, nowhere, write_table

pytestmark = pytest.mark.docker

#: Of ages 40 to 90 in the site's table few lie below the first cut.
CUTS, LEVELS = (43, 65), ["young", "middle", "old"]
TOO_FEW = {"kind": "not-estimable", "reason": "too few cases to show"}
SUPPRESSED = {"kind": "not-estimable", "reason": "suppressed by the disclosure policy"}


@pytest.fixture(scope="module")
def spec(federation: Federation) -> BenchmarkSpec:
    """The strict policy, and three bands of age; ten bins, so that four parts hold fewer than 200 numbers."""
    plain = federation.spec().model_dump(mode="json")
    interface, preparator = plain["model_interface"], plain["preparator"]
    bands = {"column": "age", "cuts": list(CUTS), "levels": LEVELS}
    return federation.publish(
        model_interface=interface | {"groups": {"age": LEVELS}},
        preparator=preparator | {"parameters": preparator["parameters"] | {"groups": {"age": bands}}},
        analysis=plain["analysis"] | {"score_edges": [place / 10 for place in range(11)]},
        metrics=[*plain["metrics"], {"name": "oe"}],
        disclosure="hospital",
    )


@pytest.fixture(scope="module")
def evaluated(
    federation: Federation, spec: BenchmarkSpec, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Site, ModelCard, dict[str, int]]:
    """A site whose result waits for review, and how many of its cases each band holds."""
    folder = tmp_path_factory.mktemp("small-groups")
    site = Site(federation, federation.home("north")).copy(folder / "north")
    dataset, raw = federation.new_name("dataset"), write_table(folder / "raw")
    site.told("dataset", "add", dataset, "--benchmark", spec.name, "--data", raw)
    site.told("dataset", "join", dataset)
    federation.told("committee", "benchmark", "approve", spec.name, "--all")
    card = federation.enter({"behaviour": "honest"}, benchmark=spec.ref)
    assert site.execute(card)["waiting"] == 1
    with (raw / "table.csv").open(newline="") as file:
        bands = [sum(int(row["age"]) >= cut for cut in CUTS) for row in csv.DictReader(file)]
    return site, card, {level: bands.count(place) for place, level in enumerate(LEVELS)}


def test_the_small_level_stays_and_the_rest_is_shown_everywhere(
    evaluated: tuple[Site, ModelCard, dict[str, int]], spec: BenchmarkSpec
) -> None:
    site, card, counts = evaluated
    assert counts["young"] < 10 <= min(counts["middle"], counts["old"]), "the data are not as this test needs them"
    other, shown = sorted(("middle", "old"), key=counts.__getitem__)
    check_review(site, card, other, shown)
    check_forged(site, card, counts[other])
    site.told("result", "release", card.name)
    check_sent(site, card, other, shown, counts)
    check_board(site.federation, spec, other, shown, counts)


def check_review(site: Site, card: ModelCard, other: str, shown: str) -> None:
    text = site.run("result", "show", card.name).stdout
    assert re.search(r"age young +insufficient: fewer than 10 cases", text), text
    assert re.search(rf"age {other} +suppressed: else a smaller level would follow", text)
    assert f"What leaves: cases (age {shown})" in text
    assert "What leaves: cases (age young)" not in text


def check_forged(site: Site, card: ModelCard, cases: int) -> None:
    """A site that shows the suppressed level after all is refused, with the rule and without a count."""
    address = site.federation.server.address
    with nowhere() as nobody:
        site.speak_to(nobody)
        site.run("result", "release", card.name)
    site.speak_to(address)
    statement = payload_of(site, card)
    groups = statement["predicate"]["result"]["evaluation"]["groups"]
    whole = next(group for group in groups if "states" in group)
    for group in groups:
        if group.get("withheld") == "suppressed":
            del group["withheld"]
            group |= {"cases": cases, "states": resized(whole["states"], cases), "clusters": None}
    envelope = dsse.seal(rfc8785.dumps(statement), site.store.key_file.read_bytes()).model_dump(mode="json")
    headers = {"Authorization": f"Bearer {site.store.upload_token_file.read_text()}"}
    answer = requests.post(f"{address}/api/v1/statements", json={"envelope": envelope}, headers=headers, timeout=60)
    problem = answer.json()
    assert problem["code"] == TooFewCases.code, problem
    assert problem["detail"].startswith("groups: a level that holds, or gives away, too few cases must be withheld")
    assert not re.search(r"\d", problem["detail"].replace("hospital is 10", "")), problem


def resized(states: list[dict[str, Any]], cases: int) -> list[dict[str, Any]]:
    """A score table of so many cases, all of the lowest bin."""
    (table,) = states
    empty = [0] * (len(table["n0"]) - 1)
    half = [[cases // 2, *empty], [cases - cases // 2, *empty]]
    sums = [{"hi": 0, "lo": 0}] * len(table["sums"])
    return [table | {"n0": half[0], "n1": half[1], "sums": sums}]


def rounded(cases: int) -> int:
    """Half of either class, each rounded to fives."""
    return rounded_count(cases // 2, 5) + rounded_count(cases - cases // 2, 5)


def payload_of(site: Site, card: ModelCard) -> dict[str, Any]:
    return dict(json.loads(base64.b64decode(site.signed(card).envelope.payload)))


def check_sent(site: Site, card: ModelCard, other: str, shown: str, counts: dict[str, int]) -> None:
    evaluation = payload_of(site, card)["predicate"]["result"]["evaluation"]
    held = {"young": "insufficient", other: "suppressed"}
    for group in evaluation["groups"]:
        if group["level"] in held:
            assert group == {"name": "age", "level": group["level"], "withheld": held[group["level"]]}
        else:
            assert (group["level"], group["cases"]) == (shown, rounded(counts[shown]))
    assert evaluation["cases"] == rounded(sum(counts.values()))


def check_board(federation: Federation, spec: BenchmarkSpec, other: str, shown: str, counts: dict[str, int]) -> None:
    board = federation.told("committee", "leaderboard", "show", spec.ref)
    (row,) = board["rows"]
    groups = {group["level"]: group for group in row["groups"]}
    for level, absent in (("young", TOO_FEW), (other, SUPPRESSED)):
        assert groups[level]["counts"] == absent
        assert groups[level]["withheld"] == 1
        assert [item["all_cases"] for item in groups[level]["pooled"]] == [absent] * len(spec.metrics)
    assert groups[shown]["counts"]["cases"] == rounded(counts[shown])
    # of sixty cases one bin is left, which says nothing of ranking, but how many events there are to those expected
    kinds = {item["metric"]: item["all_cases"]["kind"] for item in groups[shown]["pooled"]}
    assert (kinds["auroc"], kinds["oe"]) == ("not-estimable", "estimate")
    text = federation.run("committee", "leaderboard", "show", spec.ref).stdout
    assert "age: young: too few cases to show; withheld at 1 site" in text
    assert f"age: {other}: suppressed by the disclosure policy; withheld at 1 site" in text
    file = federation.folder / "small-groups.html"
    federation.told("committee", "leaderboard", "export", spec.ref, "--file", file)
    page = file.read_text(encoding="utf-8")
    assert "∅ too few" in page
    assert "▨ suppressed" in page
    assert "▨ 1 withheld" in page
