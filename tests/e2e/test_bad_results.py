"""Results that break a rule: an evaluator in league with a model, a site that sends what it likes, and repetition."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import rfc8785

from medeval.disclosure.leaving import to_leave
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.failures import FailureCode
from medeval.domain.package import ModelCard
from medeval.domain.policies import HOSPITAL
from medeval.domain.result import Evaluation
from medeval.errors import Conflict, MedevalError, ResultRefused, ServerUnreachable, TooFewCases, UsageError
from medeval.signing import dsse
from medeval.stats.words import reason_words
from tests.federation import OBEDIENT, Federation, Site, check_failed, nowhere, write_table

pytestmark = pytest.mark.docker

Change = Callable[[dict[str, Any]], object]

#: What is changed in an honest result, and the words that name field and rule.
BROKEN: dict[str, tuple[Change, list[str]]] = {
    "undeclared": (lambda r: r.update(patients=[1, 2, 3]), ["patients", "Extra inputs are not permitted"]),
    "undeclared-in-state": (lambda r: r["states"][0].update(ids="a b"), ["states[0]", "ids", "Extra inputs"]),
    "text": (lambda r: first_count(r, "sixty"), ["states[0]", "n0[0]", "valid integer"]),
    "fraction": (lambda r: first_count(r, 60.25), ["states[0]", "n0[0]", "valid integer"]),
    "negative": (lambda r: first_count(r, -1), ["states[0]", "n0[0]", "greater than or equal to 0"]),
    "too-large": (lambda r: first_count(r, 2**41), ["states[0]", "n0[0]", "less than or equal to"]),
    "edge": (lambda r: r["states"][0]["edges"].__setitem__(1, 1.5), ["edges[1]", "less than or equal to 1"]),
    "other-plan": (lambda r: r["states"][0]["edges"].__setitem__(1, 0.07), ["states[0].edges", "analysis plan"]),
    "finer-sums": (lambda r: r["states"][0].update(resolution="exact"), ["states[0].resolution", "analysis plan"]),
    "missing": (lambda r: r.update(states=[]), ["states", "at least 1 item"]),
    "one-more": (lambda r: r["states"].append(PAIRS), ["states: must be those of the plan"]),
    "two": (lambda r: r["states"].append(r["states"][0]), ["states: must be those of the plan"]),
    "count": (lambda r: first_count(r, 61), ["states[0]", "must add up to cases"]),
    "sums": (lambda r: r["states"][0]["sums"][0].update(lo=2**20), ["states[0].sums", "of its bin"]),
    "patients": (lambda r: r.update(clusters={"clusters": 1, "squares": 1}), ["clusters: must be there exactly if"]),
    "groups": (lambda r: r.update(groups=[group_of(r)]), ["groups: must be the levels that the spec declares"]),
    "nan": (lambda r: first_count(r, float("nan")), ["NaN is not a number"]),
}
#: Exact values, which this plan has not asked for.
STRATUM = {"n0": 60, "n1": 60, "double_wins": {"hi": 0, "lo": 7200}, "s10": 0.0, "s01": 0.0}
PAIRS = {"kind": "pairs", "strata": [STRATUM]}


def first_count(result: dict[str, Any], value: object) -> None:
    result["states"][0]["n0"][0] = value


def group_of(result: dict[str, Any]) -> dict[str, Any]:
    """All cases as one more subgroup."""
    return {"name": "sex", "level": "F", "clusters": None, "cases": result["cases"], "states": result["states"]}


def honest_result(spec: BenchmarkSpec, n0: int = 60, n1: int = 60) -> dict[str, Any]:
    """Each case is scored 0 or 1, as its label is."""
    plan = spec.analysis.model_dump(mode="json")
    empty = [0] * (len(plan["score_edges"]) - 2)
    frame = {"edges": plan["score_edges"], "positive_when": plan["positive_when"]}
    sums = [{"hi": 0, "lo": total} for total in (*empty, round(n1 / plan["score_resolution"]))]
    table = {**frame, "resolution": plan["score_resolution"], "n0": [n0, *empty], "n1": [*empty, n1], "sums": sums}
    whole = {"cases": n0 + n1, "states": [{"kind": "score-table", **table}], "clusters": None}
    return {"format": "medeval/evaluation@1", **whole, "groups": []}


def broken_result(spec: BenchmarkSpec, name: str) -> dict[str, Any]:
    result = honest_result(spec)
    BROKEN[name][0](result)
    return result


# --- an evaluator in league with the model ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def league(federation: Federation, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with data in a benchmark whose evaluator gives out whatever the model wrote; the strict policy holds."""
    folder = tmp_path_factory.mktemp("league")
    draft = federation.draft(name := federation.new_name("league"))
    shutil.copytree(OBEDIENT, draft / "obedient-evaluator")
    file = draft / "benchmark.yaml"
    terms, _, rest = file.read_text().partition("\ndisclosure:")
    limits = rest.partition("\n")[2].replace("output_bytes: 1000000", "output_bytes: 2000000")
    file.write_text(f"{terms.replace('folder: tabular-evaluator', 'folder: obedient-evaluator')}\n{limits}")
    federation.told("committee", "benchmark", "publish", draft, "--runtime", "docker")
    site = Site(federation, federation.home("north")).copy(folder / "north")
    dataset = federation.new_name("dataset")
    words = ("dataset", "add", dataset, "--benchmark", name, "--data", write_table(folder / "raw"))
    site.told(*words)
    site.told("dataset", "join", dataset)
    federation.told("committee", "benchmark", "approve", name, "--all")
    return site


def spec_of(site: Site) -> BenchmarkSpec:
    return next(
        site.federation.spec(record.benchmark)
        for record in site.store.list_datasets()
        if record.benchmark.startswith("league")
    )


def write_as(site: Site, texts: dict[str, str]) -> dict[str, ModelCard]:
    """One round of models that write these texts, by name."""
    spec = spec_of(site)
    cards = {
        name: site.federation.enter({"behaviour": "text", "text": text}, benchmark=spec.ref)
        for name, text in texts.items()
    }
    site.execute(*cards.values())
    return cards


def test_what_an_evaluator_may_not_give_out_stays_at_the_site(league: Site) -> None:
    spec = spec_of(league)
    texts = {name: json.dumps(broken_result(spec, name)) for name in BROKEN}
    expected = {name: (FailureCode.RESULT_REFUSED, words) for name, (_, words) in BROKEN.items()}
    texts |= {
        "other-count": json.dumps(honest_result(spec, 59)),
        "few": json.dumps(honest_result(spec, 9, 60)),
        "few-in-a-class": json.dumps(honest_result(spec, 111, 9)),
        "prose": "Mrs Smith, born 1950, is ill",
        "twice": '{"cases": 120, "cases": 120}',
        "much": json.dumps(honest_result(spec) | {"more": "x" * 1_100_000}),
    }
    expected |= {
        "other-count": (FailureCode.RESULT_REFUSED, ["cases: must be those of the prepared dataset"]),
        "few": (FailureCode.TOO_FEW_CASES, ["evaluation.cases", "min_cases of policy hospital is 100"]),
        "few-in-a-class": (FailureCode.TOO_FEW_CASES, ["evaluation.per_class", "min_per_class", "is 10"]),
        "prose": (FailureCode.RESULT_REFUSED, ["not strict JSON"]),
        "twice": (FailureCode.RESULT_REFUSED, ["a key stands twice"]),
        "much": (FailureCode.RESULT_REFUSED, ["document: larger than"]),
    }
    cards = write_as(league, texts)
    cells = cells_of(league, spec)
    for name, (code, words) in expected.items():
        failure = league.files(cards[name]).failure()
        assert failure is not None, name
        assert failure.code is code, name
        assert [word for word in words if word not in failure.message] == [], f"{name}: {failure.message}"
        assert cells[cards[name].ref] == {"kind": "failed", "reason": reason_words(code)}


def test_the_data_themselves_are_no_result(league: Site) -> None:
    """The model writes the cases as its predictions, and the evaluator would hand them out."""
    spec = spec_of(league)
    card = league.federation.enter({"behaviour": "leak"}, benchmark=spec.ref)
    assert league.execute(card)["failed"] == 1
    assert cells_of(league, spec)[card.ref]["reason"] == reason_words(FailureCode.RESULT_REFUSED)
    assert "c000001," in league.predictions(card).read_text(), "nothing was there to leak"
    held = [path for path in league.federation.server.data_dir.rglob("*") if path.is_file()]
    assert [path.name for path in held if b"c000001," in path.read_bytes()] == []


def test_an_honest_result_of_the_same_evaluator_leaves(league: Site) -> None:
    spec = spec_of(league)
    card = write_as(league, {"honest": json.dumps(honest_result(spec))})["honest"]
    league.told("result", "release", card.name)
    assert cells_of(league, spec)[card.ref]["cases"] == 120


def cells_of(site: Site, spec: BenchmarkSpec) -> dict[str, dict[str, Any]]:
    board = site.federation.told("committee", "leaderboard", "show", spec.ref)
    return {row["model"]: row["cells"][0] for row in board["rows"]}


# --- a site that sends what it likes ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unsent(league: Site) -> tuple[Site, dict[str, Any]]:
    """An honest statement as plain values, signed and never sent."""
    card = write_as(league, {"honest": json.dumps(honest_result(spec_of(league)))})["honest"]
    address = league.federation.server.address
    with nowhere() as nobody:
        league.speak_to(nobody)
        check_failed(league.run("result", "release", card.name), ServerUnreachable)
    league.speak_to(address)
    payload = base64.b64decode(league.signed(card).envelope.payload)
    return league, dict(json.loads(payload))


def post(site: Site, statement: dict[str, Any]) -> requests.Response:
    """Sign as the site signs, and send."""
    try:
        payload = rfc8785.dumps(statement)
    except rfc8785.FloatDomainError:  # NaN has no canonical form, nor any other in JSON
        payload = json.dumps(statement).encode()
    return post_envelope(site, dsse.seal(payload, site.store.key_file.read_bytes()).model_dump(mode="json"))


def post_envelope(site: Site, envelope: dict[str, Any]) -> requests.Response:
    url = f"{site.federation.server.address}/api/v1/statements"
    headers = {"Authorization": f"Bearer {site.store.upload_token_file.read_text()}"}
    return requests.post(url, json={"envelope": envelope}, headers=headers, timeout=60)


def check_refused(answer: requests.Response, error: type[MedevalError], words: list[str]) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (error.status, error.code), problem
    assert [word for word in words if word not in problem["detail"]] == [], problem
    assert problem["hint"]


@pytest.mark.parametrize("name", BROKEN)
def test_the_server_refuses_it_too_though_it_is_signed(unsent: tuple[Site, dict[str, Any]], name: str) -> None:
    site, statement = unsent
    changed = json.loads(json.dumps(statement))
    changed["predicate"]["result"]["evaluation"] = broken_result(spec_of(site), name)
    check_refused(post(site, changed), ResultRefused, BROKEN[name][1])


@pytest.mark.parametrize(
    ("counts", "words"),
    [((30, 30), ["evaluation.cases", "min_cases"]), ((115, 5), ["evaluation.per_class", "min_per_class"])],
)
def test_too_few_cases_are_refused_by_the_server(
    unsent: tuple[Site, dict[str, Any]], counts: tuple[int, int], words: list[str]
) -> None:
    site, statement = unsent
    changed = json.loads(json.dumps(statement))
    changed["predicate"]["result"]["evaluation"] = honest_result(spec_of(site), *counts)
    check_refused(post(site, changed), TooFewCases, [*words, "policy hospital"])


def test_after_all_refusals_the_honest_statement_is_taken_once(unsent: tuple[Site, dict[str, Any]]) -> None:
    """Run last on purpose: none of the refused statements has left a trace."""
    site, statement = unsent
    execution = "sha256:" + statement["subject"][0]["digest"]["sha256"]
    assert site.federation.server.log(execution) == []
    assert site.told("site", "run")["sent"] == 1
    assert site.federation.server.log(execution) == ["released"]


# --- the same again, and something else -------------------------------------------------------------------------


@pytest.fixture
def evaluated(federation: Federation, site: Site) -> tuple[Site, ModelCard]:
    card = federation.enter({"behaviour": "honest"})
    assert site.execute(card)["waiting"] == 1
    return site, card


def test_the_same_result_twice_is_recorded_once(evaluated: tuple[Site, ModelCard], tmp_path: Path) -> None:
    site, card = evaluated
    twin = site.copy(tmp_path / "twin")
    site.told("result", "release", card.name)
    first = site.signed(card)
    assert first.receipt is not None
    site.told("result", "release", card.name)
    assert site.signed(card) == first
    twin.told("result", "release", card.name)
    assert twin.signed(card) == first, "a site restored from a backup is told the same"
    again = post_envelope(site, first.envelope.model_dump(mode="json"))
    assert again.json() == first.receipt.model_dump(mode="json")
    assert site.federation.server.log(site.execution(card)) == ["released"]


def test_a_changed_result_of_a_released_execution(evaluated: tuple[Site, ModelCard], tmp_path: Path) -> None:
    site, card = evaluated
    twin = site.copy(tmp_path / "twin")
    site.told("result", "release", card.name)
    before = site.federation.cell(card)
    file = twin.files(card).folder / "evaluation.json"
    changed = Evaluation.from_plain(honest_result(site.federation.spec()))
    file.write_bytes(to_leave(changed, site.federation.spec().analysis, HOSPITAL).to_canonical())
    check_failed(twin.run("result", "release", card.name), Conflict, "released", "it is final")
    answer = post_envelope(twin, twin.signed(card).envelope.model_dump(mode="json"))
    check_refused(answer, Conflict, ["released"])
    assert answer.status_code == requests.codes.conflict
    assert site.federation.server.log(site.execution(card)) == ["released"]
    assert site.federation.cell(card) == before


def test_what_was_released_cannot_be_withheld(evaluated: tuple[Site, ModelCard]) -> None:
    site, card = evaluated
    site.told("result", "release", card.name)
    check_failed(site.run("result", "withhold", card.name), Conflict, "cannot be called back")
    assert site.federation.cell(card)["kind"] == "result"


def test_a_withheld_result_is_shown_as_withheld_and_may_be_released_later(evaluated: tuple[Site, ModelCard]) -> None:
    site, card = evaluated
    unlisted = site.run("result", "withhold", card.name, "--reason", "Mrs Smith complained")
    check_failed(unlisted, UsageError, "not on the list", "data-quality")
    site.told("result", "withhold", card.name, "--reason", "data-quality")
    assert site.federation.cell(card) == {"kind": "withheld", "reason": reason_words("data-quality")}
    site.told("result", "release", card.name, "--withheld")
    assert site.federation.cell(card)["kind"] == "result"
    assert site.federation.server.log(site.execution(card)) == ["withheld", "released"]


def test_a_payload_that_was_changed_after_signing(evaluated: tuple[Site, ModelCard]) -> None:
    site, card = evaluated
    site.told("result", "release", card.name)
    envelope = site.signed(card).envelope.model_dump(mode="json")
    payload = base64.b64decode(envelope["payload"])
    envelope["payload"] = base64.b64encode(payload.replace(b'"cases":', b'"cases":1')).decode()
    answer = post_envelope(site, envelope)
    assert (answer.status_code, answer.json()["code"]) == (422, "signature.invalid")
