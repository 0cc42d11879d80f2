"""Whom a site and a server believe: digests, allow-lists, keys, roles, and what the runtime isolates."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medeval.client.login import Login, load_login, save_login
from medeval.domain.permissions import Role
from medeval.errors import (
    DigestMismatch,
    Forbidden,
    RuntimeRefused,
    SignatureInvalid,
    Unauthenticated,
)
from tests.federation import BENCHMARK, HOSTILE, TERMS, Federation, Site, check_failed, write_table
from tests.middleman import Plan, middleman
from tests.processes import run_medeval

pytestmark = pytest.mark.docker

TASKS = "GET /api/v1/sites/north/tasks"


# --- digests ----------------------------------------------------------------------------------------------------


def test_a_damaged_blob_in_the_sites_cache(federation: Federation, site: Site) -> None:
    """It never runs; the next run fetches it again and goes on."""
    card = federation.enter({"behaviour": "honest", "seconds": 0})
    assert card.weights is not None
    name = card.weights.digest.removeprefix("sha256:")
    cached = site.store.cache / "blobs" / "sha256" / name[:2] / name
    cached.parent.mkdir(parents=True, exist_ok=True)
    cached.write_bytes(b"x" * card.weights.size_bytes)
    site.allow(card)
    check_failed(site.run("site", "run"), DigestMismatch, "has other bytes", "Run the same command again")
    assert not site.predictions(card).exists()
    assert site.told("site", "run")["evaluated"] == 1


def test_a_download_that_is_not_the_blob(federation: Federation, site: Site) -> None:
    card = federation.enter({"behaviour": "honest", "seconds": 0.0})
    site.allow(card)
    plan = Plan(change={"GET /api/v1/blobs/": lambda data: data[::-1]})
    with middleman(federation.server.address, plan) as address:
        site.speak_to(address)
        check_failed(site.run("site", "run"), DigestMismatch, "not the blob that was asked for", "Fetch it again")
    site.speak_to(federation.server.address)
    assert site.told("site", "run")["evaluated"] == 1


def changed_tasks(change: Callable[[dict[str, Any]], object], model: str) -> Plan:
    def answer(data: bytes) -> bytes:
        tasks = json.loads(data)
        for task in tasks:
            if task["model"]["name"] == model:
                change(task)
        return json.dumps(tasks).encode()

    return Plan(change={TASKS: answer})


def test_a_server_that_hands_out_another_model_under_the_digest(federation: Federation, site: Site) -> None:
    """The name and digest of an allowed model, and weights of its owner's choice."""
    card, other = federation.enter({"behaviour": "honest"}), federation.enter({"behaviour": "leak"})
    assert other.weights is not None
    weights = other.weights.model_dump()
    plan = changed_tasks(lambda task: task["model"].update(weights=weights), card.name)
    site.allow(card)
    check_lied_to(federation, site, plan, "another digest of the model", DigestMismatch.exit_code)
    assert site.told("site", "run")["evaluated"] == 1, "the true model under that digest"
    assert "leak" not in site.predictions(card).read_text()


def test_a_server_that_swaps_a_model_digest_and_all(federation: Federation, site: Site) -> None:
    """What is consistent and not allowed does not run either."""
    card, other = federation.enter({"behaviour": "honest"}), federation.enter({"behaviour": "leak"})
    pinned = {"ref": card.ref, "digest": other.to_digest()}

    def swap(task: dict[str, Any]) -> None:
        task["execution"]["model"] = pinned
        task["model"] = other.model_dump(mode="json")

    site.allow(card)
    check_lied_to(federation, site, changed_tasks(swap, card.name), card.ref, 0)
    assert list((site.store.root / "vault").glob("*")) == []


@pytest.mark.parametrize("what", ["benchmark", "dataset"])
def test_a_server_that_names_another_digest(federation: Federation, site: Site, what: str) -> None:
    card = federation.enter({"behaviour": "honest"})
    wrong = "sha256:" + "0" * 64
    plan = changed_tasks(lambda task: task["execution"][what].update(digest=wrong), card.name)
    site.allow(card)
    check_lied_to(federation, site, plan, f"another digest of the {what}", DigestMismatch.exit_code)
    assert site.told("site", "run")["evaluated"] == 1, "the true task beside the false one"


def check_lied_to(federation: Federation, site: Site, plan: Plan, words: str, exit_code: int) -> None:
    with middleman(federation.server.address, plan) as address:
        site.speak_to(address)
        done = site.run("site", "run")
    site.speak_to(federation.server.address)
    assert done.returncode == exit_code, done.stderr
    assert words in done.stdout + done.stderr
    assert "infer" not in done.stderr, "it ran"


# --- what the data owner allows ---------------------------------------------------------------------------------


def test_nothing_runs_that_is_not_allowed(federation: Federation, site: Site) -> None:
    """Approved by the committee is not allowed by the data owner."""
    card = federation.enter({"behaviour": "honest"})
    done = site.run("site", "run", "-o", "json")
    assert card.ref in json.loads(done.stdout)["not_allowed"]
    assert "infer" not in done.stderr
    assert not (site.store.root / "vault").exists()
    assert site.told("result", "list")[0]["state"] == "new"
    assert site.execute(card)["evaluated"] == 1


def test_an_allowed_name_is_an_allowed_digest(federation: Federation, site: Site) -> None:
    """A new version under the same name is not allowed with it, and a revoked one no more."""
    name = federation.new_name()
    first = federation.enter({"behaviour": "honest"}, name)
    site.told("site", "allow", name)
    second = federation.enter({"behaviour": "honest"}, name, version="1.1.0")
    done = site.told("site", "run")
    assert done["evaluated"] == 1
    assert second.ref in done["not_allowed"]
    assert site.predictions(first).exists()
    assert not site.predictions(second).exists()
    third = federation.enter({"behaviour": "honest"}, name, version="1.2.0")
    site.told("site", "allow", third.ref)
    site.told("site", "allow", "--revoke", name)
    assert site.told("site", "run")["evaluated"] == 0


def test_a_standing_rule_allows_what_is_approved_in_its_benchmark_alone(federation: Federation, tmp_path: Path) -> None:
    """One site, one dataset in each of two benchmarks, a rule for one of them."""
    ruled, other = federation.publish(), federation.publish()
    federation.open_site(name := federation.new_name("site"))
    raw = write_table(tmp_path / "raw")
    for spec in (ruled, other):
        federation.told(name, "dataset", "add", spec.name, "--benchmark", spec.name, "--data", raw)
        federation.told(name, "dataset", "join", spec.name)
        federation.told("committee", "benchmark", "approve", spec.name, "--all")
    cards = [federation.enter({"behaviour": "honest"}, benchmark=spec.name) for spec in (ruled, other)]
    federation.told(name, "site", "allow", "--benchmark", ruled.name, "--organisation", "Somebody else")
    assert federation.told(name, "site", "run")["evaluated"] == 0
    federation.told(name, "site", "allow", "--benchmark", ruled.name)
    done = federation.told(name, "site", "run")
    assert done["evaluated"] == 1
    assert done["not_allowed"] == [cards[1].ref]


# --- keys -------------------------------------------------------------------------------------------------------


def test_a_key_counts_once_an_operator_has_compared_it(federation: Federation) -> None:
    name = federation.new_name("site")
    federation.open_site(name, accept=False)
    spec = federation.publish()
    federation.add_dataset(name, spec.name)
    federation.told("committee", "benchmark", "approve", spec.name, "--all")
    card = federation.enter({"behaviour": "honest"}, benchmark=spec.name)
    site = Site(federation, federation.home(name))
    site.execute(card)
    release = ("result", "release", card.name)
    check_failed(site.run(*release), Forbidden, "not accepted yet", site.store.get_site().fingerprint)
    wrong = ("server", "accept", name, "--fingerprint", "sha256:" + "0" * 64)
    check_failed(federation.run("operator", *wrong), SignatureInvalid, "another fingerprint")
    check_failed(site.run(*release), Forbidden)
    right = ("server", "accept", name, "--fingerprint", federation.told(name, "site", "show")["fingerprint"])
    federation.told("operator", *right)
    site.told(*release)
    assert federation.cell(card, spec.name, site=name)["kind"] == "result"


# --- roles ------------------------------------------------------------------------------------------------------

#: Commands that a role alone may give, on a home of that role.
COMMANDS: dict[str, tuple[Role, tuple[str, ...]]] = {
    "server token": (Role.OPERATOR, ("server", "token", "someone", "--role", "operator")),
    "server accept": (Role.OPERATOR, ("server", "accept", "north", "--fingerprint", "sha256:" + "0" * 64)),
    "benchmark publish": (Role.COMMITTEE, ("benchmark", "publish", "DRAFT", "--runtime", "process")),
    "benchmark approve": (Role.COMMITTEE, ("benchmark", "approve", BENCHMARK, "hostile")),
    "model test": (Role.MODEL_OWNER, ("model", "test", str(HOSTILE), "--benchmark", BENCHMARK)),
    "model submit": (
        Role.MODEL_OWNER,
        ("model", "submit", str(HOSTILE), "--benchmark", BENCHMARK, "--name", "other", "--runtime", "process"),
    ),
    "site init": (Role.DATA_OWNER, ("site", "init", "north", "--runtime", "process")),
    "site allow": (Role.DATA_OWNER, ("site", "allow", "hostile")),
    "site run": (Role.DATA_OWNER, ("site", "run")),
    "dataset add": (Role.DATA_OWNER, ("dataset", "add", "other", "--benchmark", BENCHMARK, "--data", "DRAFT")),
    "dataset join": (Role.DATA_OWNER, ("dataset", "join", "ward")),
    "result release": (Role.DATA_OWNER, ("result", "release", "--all")),
}
#: The server lets every role read, so these never get as far as its refusal.
READING = {"model test", "site allow", "dataset add", "result release"}


@pytest.fixture
def words(federation: Federation, tmp_path: Path, request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The words of a command, with a draft where it names one."""
    draft = tmp_path / federation.new_name("draft")
    assert run_medeval(tmp_path, "benchmark", "init", draft).returncode == 0
    file = draft / "benchmark.yaml"
    file.write_text(file.read_text().replace("data_class: restricted", "data_class: public") + TERMS)
    return tuple(str(draft) if word == "DRAFT" else word for word in COMMANDS[request.param][1])


@pytest.mark.parametrize(("command", "words"), [(name, name) for name in COMMANDS], indirect=["words"], ids=COMMANDS)
def test_without_a_token_of_the_role(federation: Federation, site: Site, command: str, words: tuple[str, ...]) -> None:
    role = COMMANDS[command][0]
    other = Role.COMMITTEE if role is not Role.COMMITTEE else Role.OPERATOR
    save_login(site.home / "login.json", load_login(federation.home(other) / "login.json"))
    check_failed(site.run(*words), Unauthenticated, f"not logged in as {role}", "medeval login")


@pytest.mark.parametrize(
    ("command", "words"),
    [(name, name) for name in COMMANDS if name not in READING],
    indirect=["words"],
    ids=[name for name in COMMANDS if name not in READING],
)
def test_with_a_token_of_another_role(federation: Federation, site: Site, command: str, words: tuple[str, ...]) -> None:
    """A token that was put in the wrong place: the server knows whose it is."""
    role = COMMANDS[command][0]
    other = Role.COMMITTEE if role is not Role.COMMITTEE else Role.OPERATOR
    token = load_login(federation.home(other) / "login.json").tokens[other]
    save_login(site.home / "login.json", Login(server=federation.server.address, tokens={role: token}))
    check_failed(site.run(*words), Forbidden, f"a token of role {other} may not", f"token of role {role}")


def test_a_token_that_nobody_was_given(federation: Federation, tmp_path: Path) -> None:
    """Nothing is remembered of it, and the login of before still counts."""
    file = tmp_path / "token"
    file.write_text("medeval_" + "A" * 43)
    before = (federation.home("committee") / "login.json").read_bytes()
    login = ("login", federation.server.address, "--token-file", file)
    check_failed(federation.run("committee", *login), Unauthenticated)
    assert (federation.home("committee") / "login.json").read_bytes() == before


# --- the runtime ------------------------------------------------------------------------------------------------


def test_a_plain_process_sees_public_data_alone(federation: Federation, tmp_path: Path) -> None:
    """Restricted data wait for a better runtime; the same site takes them once it has one."""
    name = federation.new_name("site")
    federation.open_site(name, runtime="process")
    spec = federation.publish()
    words = ("dataset", "add", "ward", "--benchmark", spec.name, "--data", write_table(tmp_path / "raw"))
    done = federation.run(name, *words)
    check_failed(done, RuntimeRefused, "data that is declared public", "medeval site init")
    site = Site(federation, federation.home(name))
    before = site.store.get_site().fingerprint
    assert site.store.list_datasets() == []
    federation.told(name, "site", "init", name, "--runtime", "docker")
    raised = federation.run(name, "site", "init", name, "--runtime", "docker", "--min-level", "4")
    check_failed(raised, RuntimeRefused, "is of level 2; this site asks for 4 or more", "--min-level")
    stricter = federation.publish(sandbox_level=3)
    refused = ("dataset", "add", "strict", "--benchmark", stricter.name, "--data", tmp_path / "raw")
    check_failed(federation.run(name, *refused), RuntimeRefused, "of level 2", f"{stricter.ref} asks for 3 or more")
    assert site.store.get_site().fingerprint == before, "the key stays"
    federation.told(name, *words)
