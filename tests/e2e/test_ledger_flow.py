"""A site's whole life with a recorder on its line: every body that left has an entry, and no entry another body."""

import base64
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from medeval.client.api import Api
from medeval.domain.attestation import read_statement
from medeval.domain.base import digest_of
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.messages import Decision
from medeval.domain.package import ModelCard
from medeval.domain.permissions import Role
from medeval.errors import Conflict, LedgerBroken
from tests.federation import Federation, Site, check_failed
from tests.middleman import Plan, middleman

pytestmark = pytest.mark.docker


@dataclass
class Life:
    """A site of its own, what it sent, and the models that it met."""

    site: Site
    spec: BenchmarkSpec
    plan: Plan
    models: dict[str, ModelCard]

    def entries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.site.told("site", "ledger", "show")
        return found

    def kinds(self, model: str) -> list[str]:
        """What the ledger says of a model alone, in order."""
        shown = self.site.told("site", "ledger", "show", "--model", self.models[model].name)
        return [entry["event"]["kind"] for entry in shown if len(entry["event"]["topic"]["models"]) == 1]


@pytest.fixture(scope="module")
def life(federation: Federation) -> Iterator[Life]:
    """Init, join, run, release, withhold, compare, fail, be refused; most of it twice, as people do."""
    name, plan = federation.new_name("recorded"), Plan()
    spec = federation.publish()
    with middleman(federation.server.address, plan) as address:
        site = open_site(federation, name, address)
        for _ in range(2):
            site.told("dataset", "add", "ward", "--benchmark", spec.name, "--data", federation.folder / "raw")
            site.told("dataset", "join", "ward")
        federation.told("committee", "benchmark", "approve", spec.name, "--all")
        behaviours = {"first": "honest", "second": "honest", "kept": "honest", "odd": "honest", "broken": "exit-1"}
        models = {word: federation.enter({"behaviour": how}, benchmark=spec.ref) for word, how in behaviours.items()}
        site.execute(*models.values())
        release(site, models)
        refuse(federation, site, spec, models["odd"])
        assert site.told("site", "run")["compared"] == 1
        site.told("result", "withhold", "comparison/ward", "--reason", "disclosure-risk")
        site.told("result", "release", "comparison/ward", "--withheld")
        assert site.told("site", "run")["sent"] == 0
        yield Life(site, spec, plan, models)


def open_site(federation: Federation, name: str, address: str) -> Site:
    token = federation.folder / f"{name}.token"
    words = ("--role", "data-owner", "--organisation", f"Hospital {name}", "--save", token)
    federation.told("operator", "server", "token", name, *words)
    federation.told(name, "login", address, "--token-file", token)
    for _ in range(2):
        made = federation.told(name, "site", "init", name, "--runtime", "docker")
    federation.told("operator", "server", "accept", name, "--fingerprint", made["fingerprint"])
    return Site(federation, federation.home(name))


def release(site: Site, models: dict[str, ModelCard]) -> None:
    site.told("result", "release", models["first"].name, "--note", "agreed")
    for _ in range(2):
        site.told("result", "release", models["second"].name)
        site.told("result", "withhold", models["kept"].name, "--reason", "data-quality", "--note", "old scanner")


def refuse(federation: Federation, site: Site, spec: BenchmarkSpec, card: ModelCard) -> None:
    """The committee takes a model back between evaluation and release."""
    plain = {"benchmark": spec.ref, "kind": "model", "subject": card.ref, "state": "rejected", "reason": "withdrawn"}
    with federation.speaking("committee", Role.COMMITTEE) as transport:
        Api(transport).decide(Decision.from_plain(plain))
    check_failed(site.run("result", "release", card.name), Conflict)


def test_every_body_that_left_has_an_entry_and_the_other_way_round(life: Life) -> None:
    left = {digest_of(body): len(body) for _, body in life.plan.bodies}
    recorded = {
        entry["event"]["sent"]["digest"]: entry["event"]["sent"]["size_bytes"]
        for entry in life.entries()
        if entry["event"]["sent"]
    }
    assert recorded == left
    lines = {line for line, _ in life.plan.bodies}
    assert lines == {
        "POST /api/v1/sites",
        "PUT /api/v1/datasets",
        "POST /api/v1/associations",
        "POST /api/v1/statements",
    }
    sendings = [line for line in life.plan.seen if not line.startswith(("GET ", "HEAD "))]
    assert len(sendings) == len(life.plan.bodies), "something was asked of the server in another way"


def test_each_entry_says_what_its_bytes_say(life: Life) -> None:
    """Read from the recorder, the long way round: the kind, the subject and the reason stand in the bytes."""
    by_digest = {entry["event"]["sent"]["digest"]: entry["event"] for entry in life.entries() if entry["event"]["sent"]}
    statements = 0
    for line, body in life.plan.bodies:
        event = by_digest[digest_of(body)]
        if not line.endswith("/statements"):
            continue
        statement = read_statement(base64.b64decode(json.loads(body)["envelope"]["payload"]))
        predicate = statement.model_dump(mode="json")["predicate"]
        expected = {"result": "result", "no-result": predicate.get("outcome"), "comparison": "comparison"}
        kind = expected[statement.predicateType.split(":")[2]]
        assert event["kind"] == {"failed": "failure"}.get(kind, kind)
        assert event["reason"] == predicate.get("reason")
        assert event["topic"]["benchmark"] == life.spec.ref
        if kind != "comparison":
            assert event["topic"]["subject"] == f"sha256:{statement.subject[0].digest.sha256}"
        statements += 1
    assert statements == 6


def test_what_became_of_each_model(life: Life) -> None:
    assert life.kinds("first") == ["result", "receipt"]
    assert life.kinds("second") == ["result", "receipt"]
    assert life.kinds("kept") == ["withheld", "receipt"]
    assert life.kinds("broken") == ["failure", "receipt"]
    assert life.kinds("odd") == ["result", "refused"]
    compared = life.site.told("site", "ledger", "show", "--model", life.models["first"].ref)[2:]
    assert [entry["event"]["kind"] for entry in compared] == ["withheld", "comparison", "receipt"]
    assert compared[0]["event"]["sent"] is None, "nobody is told of a comparison that is withheld"
    assert compared[0]["event"]["reason"] == "disclosure-risk"
    assert sorted(compared[1]["event"]["topic"]["models"]) == sorted(life.models[m].ref for m in ("first", "second"))


def test_what_was_done_twice_stands_there_once(life: Life) -> None:
    kinds = [entry["event"]["kind"] for entry in life.entries()]
    for kind in ("begun", "registration", "dataset-card", "join-request"):
        assert kinds.count(kind) == 1, kind


def test_owners_bits_and_notes(life: Life) -> None:
    entries = {entry["number"]: entry["event"] for entry in life.entries()}
    results = [event for event in entries.values() if event["kind"] == "result"]
    assert {tuple(event["topic"]["owners"]) for event in results} == {
        tuple(event["topic"]["owners"]) for event in entries.values() if event["kind"] in ("failure", "comparison")
    }
    assert all(event["topic"]["owners"] for event in results)
    assert all(event["bits"] > 0 for event in entries.values() if event["kind"] in ("result", "comparison", "failure"))
    assert [event["note"] for event in entries.values() if event["note"]] == ["agreed", "old scanner"]
    assert not any(b"old scanner" in body or b"agreed" in body for _, body in life.plan.bodies)
    told = {event["kind"]: event["decided_by"] for event in entries.values()}
    assert (told["failure"], told["result"], told["withheld"]) == ("policy", "data-owner", "data-owner")


def test_a_site_whose_ledger_was_changed_stops(life: Life, tmp_path: Path) -> None:
    """Nothing runs, nothing is asked for, nothing is sent; restored from the backup, everything goes on."""
    site = life.site.copy(tmp_path / "site")
    card = life.site.federation.enter({"behaviour": "honest"}, benchmark=life.spec.ref)
    site.execute(card)
    file, seen = site.store.ledger_file, len(life.plan.seen)
    backup = file.read_bytes()
    file.write_bytes(backup.replace(b'"data-quality"', b'"model-concern"'))
    commands = (
        ("site", "run"),
        ("result", "release", card.name),
        ("result", "withhold", card.name),
        ("result", "release", life.models["odd"].name),
        ("dataset", "join", "ward"),
        ("site", "init", site.store.get_site().name, "--runtime", "docker"),
        ("site", "ledger", "verify"),
    )
    for words in commands:
        check_failed(site.run(*words), LedgerBroken, "entry", "of the ledger was changed", "backup")
    sent = [line for line in life.plan.seen[seen:] if not line.startswith("GET ")]
    assert sent == []
    file.write_bytes(backup)
    site.told("result", "release", card.name)
    assert site.told("site", "ledger", "verify")["ledger"] == "holds"


@pytest.mark.parametrize("lost", [("ledger.jsonl",), ("ledger.head",), ("ledger.jsonl", "ledger.head")], ids=" ".join)
def test_a_site_whose_ledger_is_gone_stops(life: Life, tmp_path: Path, lost: tuple[str, ...]) -> None:
    site = life.site.copy(tmp_path / "site")
    for name in lost:
        (site.store.root / name).unlink()
    check_failed(site.run("site", "run"), LedgerBroken, "missing")
    shutil.copyfile(life.site.store.ledger_file, site.store.ledger_file)
    shutil.copyfile(life.site.store.ledger_head_file, site.store.ledger_head_file)
    site.told("site", "run")
