"""What people decide by command: requests to a committee, results at a site; against a real server, without a cube."""

import base64
from pathlib import Path

import pytest

from medeval.domain.base import digest_of
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.messages import NewAssociation
from medeval.domain.package import ModelCard
from medeval.domain.permissions import Role
from medeval.domain.policies import PUBLIC_DATA
from medeval.errors import Conflict, NotFound
from medeval.site.build import site_store
from tests.wards import Home, Ward, log_in
from tests.worlds import EVALUATION, World

# --- the committee ----------------------------------------------------------------------------------------------


@pytest.fixture
def committee(sqlite_world: World) -> Home:
    return log_in(sqlite_world, "committee", sqlite_world.token(Role.COMMITTEE))


def ask(world: World, spec: BenchmarkSpec, card: ModelCard) -> None:
    request = NewAssociation(benchmark=spec.ref, kind="model", subject=card.ref)
    world.api(Role.MODEL_OWNER).request_association(request)


def states(home: Home, spec: BenchmarkSpec) -> dict[str, str]:
    return {found["subject"]: found["state"] for found in home.told("benchmark", "show", spec.ref)["associations"]}


def test_a_bare_name_takes_what_waits_and_never_an_old_rejected_version(sqlite_world: World, committee: Home) -> None:
    world, spec = sqlite_world, sqlite_world.publish()
    for version in ("1.9.0", "1.10.0"):
        ask(world, spec, world.submit(version=version))
    committee.told("benchmark", "approve", spec.name, "logistic@1.9.0", "--reject", "--reason", "it leaks")
    approved = committee.told("benchmark", "approve", spec.name, "logistic")
    assert [found["subject"] for found in approved] == ["logistic@1.10.0"]
    assert states(committee, spec) == {"logistic@1.9.0": "rejected", "logistic@1.10.0": "approved"}
    committee.told("benchmark", "approve", spec.name, "logistic")
    assert states(committee, spec)["logistic@1.9.0"] == "rejected", "nothing waits: the newest alone is meant"
    committee.told("benchmark", "approve", spec.name, "logistic@1.9.0")
    assert states(committee, spec)["logistic@1.9.0"] == "approved", "meant by its whole name"


def test_a_benchmark_and_its_list_are_told_in_one_shape(sqlite_world: World, committee: Home) -> None:
    spec = sqlite_world.publish()
    shown = committee.told("benchmark", "show", spec.name)
    assert shown.pop("associations") == []
    assert committee.told("benchmark", "list") == [shown]
    assert shown["spec"] == spec.model_dump(mode="json")
    assert shown["digest"] == spec.to_digest()


def test_the_numbers_of_the_disclosure_policy_are_shown(sqlite_world: World, committee: Home) -> None:
    words = "hospital: at least 100 cases, 10 in each class; cells of 10 or more, rounded to 5; at most 200 numbers"
    strict = sqlite_world.publish(name="strict", disclosure="hospital")
    assert words in " ".join(committee.run("benchmark", "show", strict.name).stdout.split())
    public = sqlite_world.publish(name="open", disclosure=PUBLIC_DATA.model_dump())
    assert "public-data: at least 1 cases, 0 in each class" in committee.run("benchmark", "show", public.name).stdout


# --- the data owner ---------------------------------------------------------------------------------------------


def test_release_takes_all_that_waits_and_what_was_withheld_when_asked(ward: Ward) -> None:
    ward.evaluate("first", "second", "third")
    ward.home.told("result", "withhold", "second", "--reason", "data-quality")
    assert ward.states() == {
        "first": ("waiting for review", False), "second": ("withheld", True), "third": ("waiting for review", False),
    }  # fmt: skip
    released = ward.home.told("result", "release", "--all")
    assert [row["model"] for row in released] == ["first@1.0.0", "third@1.0.0"]
    assert ward.cells() == {"first": "result", "second": "withheld", "third": "result"}
    done = ward.home.run("result", "release", "second")
    assert done.returncode == NotFound.exit_code, "withheld is a decision: it is not undone by the way"
    assert [row["model"] for row in ward.home.told("result", "release", "second", "--withheld")] == ["second@1.0.0"]
    assert ward.cells()["second"] == "result"
    assert ward.home.told("result", "release", "--all", "--withheld") == []


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        (("--benchmark", "breast"), True),
        (("--benchmark", "breast@1.0.0", "--dataset", "masses"), True),
        (("--dataset", "north/masses"), True),
        (("--benchmark", "lungs"), False),
        (("--dataset", "calves"), False),
    ],
)
def test_release_is_narrowed_to_a_benchmark_or_a_dataset(ward: Ward, words: tuple[str, ...], *, chosen: bool) -> None:
    ward.evaluate("first")
    assert len(ward.home.told("result", "withhold", "--all", *words)) == chosen
    assert ward.states()["first"] == (("withheld", True) if chosen else ("waiting for review", False))


def test_a_result_is_told_to_machines_in_one_shape(ward: Ward) -> None:
    ward.evaluate("first")
    [listed] = ward.home.told("result", "list")
    assert ward.home.told("result", "show", "first") == [listed]
    assert listed["evaluation"] == EVALUATION.model_dump(mode="json")
    assert (listed["failure"], listed["refusal"]) == (None, None)
    assert len(listed["execution"]) == len("sha256:") + 64
    [released] = ward.home.told("result", "release", "first")
    assert released == {**listed, "state": "released", "sent": True}


def test_the_review_screen_stands_before_the_decision(ward: Ward) -> None:
    ward.evaluate("first")
    done = ward.home.run("result", "show", "first")
    assert "What was released cannot be called back." in " ".join(done.stdout.split())
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["0", "to", "0.1", "20", "1", "1.05"] in rows
    assert ["0.9", "to", "1", "1", "20", "19.95"] in rows
    assert done.stderr == ""


def test_what_is_approved_is_what_leaves_byte_for_byte(ward: Ward) -> None:
    ward.evaluate("first", "second")
    home = ward.home
    shown = {item["model"].partition("@")[0]: item for item in home.told("result", "review")}
    assert set(shown) == {"first", "second"}
    first = shown["first"]
    assert (first["digest"], first["size_bytes"]) == (digest_of(first["bytes"].encode()), len(first["bytes"]))
    assert first["stands_in_the_way"] is None
    refused = home.run("result", "release", "first", "--digest", shown["second"]["digest"])
    assert refused.returncode == Conflict.exit_code
    assert "what would leave is not what was reviewed" in refused.stderr
    assert ward.states()["first"] == ("waiting for review", False)
    home.told("result", "release", "first", "--digest", first["digest"])
    [sent] = [files.signed() for files in site_store(home.path).list_executions() if files.signed()]
    assert base64.b64decode(sent.envelope.payload) == first["bytes"].encode()
    assert [item["model"] for item in home.told("result", "review")] == [shown["second"]["model"]]
    text = home.run("result", "review", "second").stdout
    assert shown["second"]["bytes"] in "".join(line.strip() for line in text.splitlines())
    assert shown["second"]["digest"] in text
    assert "What it costs" in text
    assert "No result waits for review." in home.run("result", "review", "first").stdout


def test_datasets_and_sites_are_told_in_one_shape(ward: Ward) -> None:
    [dataset] = ward.home.told("dataset", "list")
    assert ward.home.told("dataset", "show", "masses") == dataset
    assert len(dataset["card"]["fingerprint"]) == len("sha256:") + 64
    site = ward.home.told("site", "show")
    assert site["datasets"] == ["masses"]
    again = ward.home.told("site", "init", "north", "--runtime", "process")
    assert again == site
    assert site["min_level"] == 0
    assert "strict: at least 100 cases, 10 in each class" in ward.home.run("dataset", "show", "masses").stdout


@pytest.mark.unshare
def test_a_site_keeps_the_least_level_that_it_asked_for(ward: Ward) -> None:
    home = ward.home
    refused = home.run("site", "init", "north", "--runtime", "process", "--min-level", "1")
    assert refused.returncode == 51
    assert "is of level 0; this site asks for 1 or more" in refused.stderr
    assert home.told("site", "show")["min_level"] == 0
    assert home.told("site", "init", "north", "--runtime", "unshare", "--min-level", "1")["min_level"] == 1
    assert home.run("site", "init", "north", "--runtime", "process").returncode == 51, "it stays what it was"
    assert home.told("site", "show")["sandbox"]["runtime"] == "unshare"
    lowered = home.told("site", "init", "north", "--runtime", "process", "--min-level", "0")
    assert (lowered["min_level"], lowered["sandbox"]["level"]) == (0, 0)


def test_machines_get_nothing_but_the_document(ward: Ward, tmp_path: Path) -> None:
    """Hints, ticks and progress go to stderr; what was written is a record too."""
    home = ward.home
    assert home.told("model", "init", tmp_path / "net")["manifest"] == str(tmp_path / "net" / "mlcube.yaml")
    made = home.told("benchmark", "init", tmp_path / "lungs")
    assert made == {"folder": str(tmp_path / "lungs"), "spec": str(tmp_path / "lungs" / "benchmark.yaml")}
    checked = home.told("benchmark", "check", tmp_path / "lungs")
    assert (checked["benchmark"], checked["check"], checked["disclosure"]["min_cases"]) == (
        "lungs@0.1.0",
        "passed",
        100,
    )
    report = tmp_path / "board.html"
    exported = home.told("leaderboard", "export", "breast", "--file", report)
    assert exported == {"benchmark": "breast@1.0.0", "file": str(report), "log_size": 0}
    assert report.read_text("utf-8").startswith("<!")
    [login] = home.told("login", ward.world.url, "--token-file", ward.world.folder / "north.token")
    assert login == {
        "holder": "someone", "organisation": "Hospital north", "role": "data-owner", "server": ward.world.url,
    }  # fmt: skip
