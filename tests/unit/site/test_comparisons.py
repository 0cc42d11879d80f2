"""Comparisons at a site: made of what is released, reviewed like results, and re-derived from disk after any stop."""

import base64
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from medeval.domain.attestation import ComparisonStatement, WithholdReason, read_statement
from medeval.domain.base import digest_of
from medeval.domain.dataset import DatasetCard, DatasetStatistics
from medeval.domain.execution import ExecutionSpec, Pinned, PinnedDataset
from medeval.domain.ledger import EntryKind
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import SiteTask
from medeval.domain.package import Cube, Task
from medeval.errors import Conflict, EngineFault, NotFound, ServerUnreachable
from medeval.packaging.progress import silent
from medeval.runtime.port import Ending, RunRequest, RunResult
from medeval.signing import dsse, keys
from medeval.site import comparisons, outbox, release, review
from medeval.site.comparison_files import ComparisonFiles, list_comparisons
from medeval.site.context import Site
from medeval.site.lock import hold
from medeval.site.records import DatasetRecord, Examination, RunRecord, SiteRecord, Stage
from medeval.site.store import ExecutionFiles, SiteStore, write
from tests.boards import STRICT
from tests.cube_process import run_cube
from tests.paired_cases import COMPARING, evaluation_of, read_alike
from tests.sites import SANDBOX, FakeEgress
from tests.worlds import make_card, make_spec

NAMES = ("alpha", "beta", "gamma")


@dataclass
class Cubes:
    """Runs the repository's own evaluator as a plain process, or ends as a test says."""

    package_kind: str = "source"
    exit_code: int | None = None
    error: BaseException | None = None
    change: Callable[[str], str] = str
    requests: list[RunRequest] = field(default_factory=list)

    def install(self, cube: Cube, blobs: object) -> None:
        """There is nothing to install."""

    def sandbox(self) -> object:
        return SANDBOX

    def run(self, request: RunRequest) -> RunResult:
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        if self.exit_code is not None:
            return RunResult(Ending.EXITED, self.exit_code, 0.1, "patient 4711")
        inputs = dict(request.inputs)
        parameters = inputs.pop("parameters.json")
        ended = run_cube(
            "tabular-evaluator", request.task, inputs, request.output, json.loads(Path(parameters).read_text())
        )
        out = request.output / "comparison.json"
        if out.exists():
            out.write_text(self.change(out.read_text()))
        return RunResult(Ending.EXITED, ended.returncode, 0.1, ended.stderr)


@dataclass
class Place:
    """A site with a dataset of 120 cases that three models have read."""

    site: Site
    egress: FakeEgress
    cubes: Cubes

    def __post_init__(self) -> None:
        self.spec = make_spec(**COMPARING)
        self.labels, self.scores = read_alike(len(NAMES), 3)
        store = self.site.store
        store.put_spec(self.spec)
        store.put_examination(Examination(sandbox=SANDBOX))
        card = DatasetCard(
            site="north",
            name="ward",
            title="A ward",
            benchmark=self.spec.to_digest(),
            preparator=self.spec.preparator.cube.identity,
            fingerprint=digest_of(b"ward"),
            statistics=DatasetStatistics(cases=120, per_class=(60, 60)),
            policy=STRICT,
        )
        self.record = DatasetRecord(card=card, counts=card.statistics, benchmark=self.spec.ref, raw=card.fingerprint)
        store.put_dataset(self.record)
        prepared = store.dataset_folder("ward") / "prepared"
        prepared.mkdir()
        rows = [f"c{number},{int(label)}" for number, label in enumerate(self.labels)]
        (prepared / "labels.csv").write_text("case_id,label\n" + "\n".join(rows) + "\n")

    def execute(self, name: str, *, released: bool = True) -> ExecutionFiles:
        """A model's predictions and evaluation; its result is released."""
        model, scores = make_card(name), self.scores[NAMES.index(name)]
        execution = ExecutionSpec(
            benchmark=Pinned(ref=self.spec.ref, digest=self.spec.to_digest()),
            model=Pinned(ref=model.ref, digest=model.to_digest()),
            dataset=PinnedDataset(ref="north/ward", digest=self.record.card.to_digest()),
        )
        files = self.site.store.execution(execution.to_digest())
        files.put_task(SiteTask(execution=execution, state=ExecutionState.PENDING, organisation="Owner", model=model))
        vault = self.site.store.vault(execution.to_digest())
        vault.mkdir(parents=True)
        lines = [f"c{number},{score!r}" for number, score in enumerate(scores.tolist())]
        (vault / "predictions.csv").write_text("case_id,score\n" + "\n".join(lines) + "\n")
        evaluation = evaluation_of(self.spec, self.labels, scores)
        files.put_evaluation(evaluation, RunRecord(sandbox=SANDBOX, medeval="0.1.0"))
        if released:
            release.release(self.site, files)
        return files

    def make(self) -> comparisons.Made:
        return comparisons.make_all(self.site, silent)

    def only(self) -> ComparisonFiles:
        (files,) = list_comparisons(self.site.store)
        return files

    def sent(self) -> list[ComparisonStatement]:
        statements = [read_statement(base64.b64decode(envelope.payload)) for envelope in self.egress.sent]
        return [statement for statement in statements if isinstance(statement, ComparisonStatement)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    store, cubes = SiteStore(tmp_path / "site"), Cubes()
    egress = FakeEgress(store)
    key = keys.new_private_key()
    write(store.key_file, key)
    record = {"name": "north", "title": "North", "server": "http://127.0.0.1:9", "fingerprint": digest_of(key)}
    sandbox = SANDBOX.model_dump()
    store.put_site(SiteRecord.from_plain({**record, "sandbox": sandbox, "package_kind": "source"}))
    # Nothing here asks the server or fetches a blob.
    return Place(Site(store, None, None, egress, lambda: cubes), egress, cubes)  # type: ignore[arg-type]


def models_of(files: ComparisonFiles) -> list[str]:
    return [model.ref for model in files.spec().models]


# --- making one -------------------------------------------------------------------------------------------------


def test_released_models_are_compared_and_wait_for_review(place: Place) -> None:
    place.execute("beta")
    assert place.make() == comparisons.Made(0, None), "one model is no comparison"
    place.execute("alpha")
    place.execute("gamma", released=False)
    assert place.make() == comparisons.Made(1, None)
    files = place.only()
    assert models_of(files) == ["alpha@1.0.0", "beta@1.0.0"]
    assert files.stage() is Stage.EVALUATED
    paired = files.paired()
    assert paired is not None
    assert paired.cases == 120
    assert place.sent() == [], "nothing leaves before a person decides"
    (request,) = place.cubes.requests
    assert request.task is Task.COMPARE
    assert request.limits.time_s == 2 * place.spec.limits.evaluate.time_s
    assert place.make() == comparisons.Made(0, None)
    assert len(place.cubes.requests) == 1, "what is made is not made again"


def test_a_further_release_gives_the_next_comparison(place: Place) -> None:
    for name in ("alpha", "beta"):
        place.execute(name)
    place.make()
    place.execute("gamma")
    place.make()
    assert models_of(place.only()) == ["alpha@1.0.0", "beta@1.0.0", "gamma@1.0.0"], "the older one gave way"


def test_what_was_released_stays_and_is_followed(place: Place) -> None:
    for name in ("alpha", "beta"):
        place.execute(name)
    place.make()
    release.release(place.site, place.only())
    place.execute("gamma")
    place.make()
    stages = {tuple(models_of(files)): files.stage() for files in list_comparisons(place.site.store)}
    assert sorted(stages.values()) == [Stage.RELEASED, Stage.EVALUATED]
    assert stages["alpha@1.0.0", "beta@1.0.0"] is Stage.RELEASED
    assert [len(item.subject) for item in place.sent()] == [2]


@pytest.mark.parametrize("lost", ["predictions", "receipt"])
def test_a_model_without_predictions_or_receipt_is_left_out(place: Place, lost: str) -> None:
    for name in ("alpha", "beta"):
        place.execute(name)
    if lost == "predictions":
        shutil.rmtree(place.site.store.vault(place.execute("gamma").task().execution.to_digest()))
    else:
        place.egress.answer = ServerUnreachable("away")
        with pytest.raises(ServerUnreachable):
            place.execute("gamma")
    place.make()
    assert models_of(place.only()) == ["alpha@1.0.0", "beta@1.0.0"]


def test_predictions_that_changed_since_are_found_out(place: Place) -> None:
    files = [place.execute(name) for name in ("alpha", "beta")]
    predictions = place.site.store.vault(files[0].task().execution.to_digest()) / "predictions.csv"
    lines = predictions.read_text().splitlines()
    lines[1], lines[2] = lines[1].replace("c0", "c1"), lines[2].replace("c1", "c0")
    predictions.write_text("\n".join(lines) + "\n")
    assert place.make().compared == 0
    assert place.only().stage() is Stage.FAILED
    failure = place.only().failure()
    assert failure is not None
    assert "disagrees with the models' results" in failure.message


# --- what fails, and what is killed -----------------------------------------------------------------------------


def test_a_comparison_that_fails_stays_at_the_site_and_is_tried_once(place: Place) -> None:
    for name in ("alpha", "beta"):
        place.execute(name)
    place.cubes.exit_code = 1
    assert place.make() == comparisons.Made(0, None)
    files = place.only()
    assert files.stage() is Stage.FAILED
    assert files.log() == "patient 4711"
    assert outbox.flush(place.site).sent == 0
    place.make()
    assert len(place.cubes.requests) == 1
    files.forget_failure()
    place.cubes.exit_code = None
    assert place.make().compared == 1


@pytest.mark.parametrize("error", [EngineFault("the engine is away"), OSError("disk full")])
def test_what_stops_the_site_is_told_and_the_next_round_goes_on(place: Place, error: Exception) -> None:
    for name in ("alpha", "beta"):
        place.execute(name)
    place.cubes.error = error
    made = place.make()
    assert (made.compared, type(made.stopped)) == (0, EngineFault)
    assert place.only().stage() is Stage.NEW
    place.cubes.error = None
    assert place.make().compared == 1


def test_a_killed_agent_loses_nothing(place: Place) -> None:
    """As if it had died while the evaluator ran, between two files, and after the older one began to go."""
    for name in ("alpha", "beta"):
        place.execute(name)
    place.cubes.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        place.make()
    assert place.only().stage() is Stage.NEW
    place.cubes.error = None
    write(place.only().folder / "run.json", RunRecord(sandbox=SANDBOX, medeval="0.1.0").to_canonical())
    place.make()
    assert place.only().stage() is Stage.EVALUATED
    (place.only().folder / "run.json").unlink()
    place.execute("gamma")
    assert place.make().compared == 1
    assert len(models_of(place.only())) == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace('"cases": 120', '"cases": 119'), "cases"),
        (lambda text: text.replace('"cases": 120', '"cases": 120, "patients": "4711"'), "patients"),
        (lambda text: text.replace('"values": [', '"values": [NaN, '), "NaN"),
        (lambda text: text.replace('"values": [', '"values": [0.5, '), "variance per"),
        (lambda text: text.replace('"auroc"', '"brier"'), "metrics that the benchmark compares"),
        (lambda text: '"' + "x" * 2_000_000 + '"', "larger"),
    ],
)
def test_what_an_evaluator_should_not_write_goes_nowhere(
    place: Place, change: Callable[[str], str], words: str
) -> None:
    for name in ("alpha", "beta"):
        place.execute(name)
    place.cubes.change = change
    assert place.make().compared == 0
    failure = place.only().failure()
    assert failure is not None
    assert words in failure.message
    assert "4711" not in failure.message
    ledger = place.site.ledger.read()
    assert ledger is not None
    stopped = ledger.entries[-1].event
    assert (stopped.kind, stopped.reason, stopped.sent) == (EntryKind.STOPPED, failure.code, None)
    assert stopped.topic.models == ("alpha@1.0.0", "beta@1.0.0")


# --- deciding ---------------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(place: Place) -> Place:
    """A comparison of two models that waits for review."""
    for name in ("alpha", "beta"):
        place.execute(name)
    place.make()
    return place


def test_it_is_listed_and_named_like_a_result(waiting: Place) -> None:
    rows = review.list_results(waiting.site)
    assert [row.model for row in rows] == ["alpha@1.0.0", "beta@1.0.0", "comparison/ward"]
    (row,) = review.releasable(waiting.site, [])
    assert (row.model, row.dataset, row.stage) == ("comparison/ward", "north/ward", Stage.EVALUATED)
    for name in ("comparison/ward", row.execution[:20]):
        assert [found.execution for found in review.releasable(waiting.site, [name])] == [row.execution]
    assert review.releasable(waiting.site, [], dataset="other") == []
    with pytest.raises(NotFound):
        review.releasable(waiting.site, ["comparison/other"])


def test_release_signs_what_was_reviewed_and_sends_it_once(waiting: Place) -> None:
    files = waiting.only()
    signed = release.release(waiting.site, files)
    assert release.release(waiting.site, files) == signed
    (statement,) = waiting.sent()
    assert statement.predicate.result.comparison == files.spec()
    assert statement.predicate.result.paired == files.paired()
    assert statement.predicate.provenance.sandbox == SANDBOX
    public = keys.read_public_key(
        base64.b64encode(keys.public_key_of(waiting.site.store.key_file.read_bytes())).decode()
    )
    assert dsse.unseal(signed.envelope, public) == statement.to_canonical()
    digests = ["sha256:" + subject.digest.sha256 for subject in statement.subject]
    assert digests == [execution.to_digest() for execution in files.spec().executions]
    assert review.releasable(waiting.site, []) == []


def test_withheld_it_stays_until_it_is_released_after_all(waiting: Place) -> None:
    files = waiting.only()
    (row,) = review.withholdable(waiting.site, ["comparison/ward"])
    release.withhold(waiting.site, row.files, WithholdReason.DISCLOSURE_RISK)
    assert files.stage() is Stage.WITHHELD
    assert files.withheld() is WithholdReason.DISCLOSURE_RISK
    ledger = waiting.site.ledger.read()
    assert ledger is not None
    kept = ledger.entries[-1].event
    assert (kept.kind, kept.reason, kept.sent, kept.bits) == (EntryKind.WITHHELD, "disclosure-risk", None, 0)
    assert (kept.topic.subject, kept.topic.owners) == (files.spec().to_digest(), ("Owner",))
    assert waiting.sent() == []
    assert outbox.flush(waiting.site).sent == 0
    assert waiting.make().compared == 0, "withheld is decided"
    assert review.releasable(waiting.site, []) == []
    (row,) = review.releasable(waiting.site, [], withheld=True)
    release.release(waiting.site, row.files)
    assert files.stage() is Stage.RELEASED
    with pytest.raises(Conflict, match="signed already"):
        release.withhold(waiting.site, files, WithholdReason.DATA_OWNER_DECISION)


def test_an_outage_keeps_it_and_the_outbox_sends_it(waiting: Place) -> None:
    waiting.egress.answer = ServerUnreachable("away")
    with pytest.raises(ServerUnreachable):
        release.release(waiting.site, waiting.only())
    assert outbox.kept_hint(waiting.site).startswith("1 statement")
    assert waiting.make().compared == 0
    waiting.egress.answer = None
    assert outbox.flush(waiting.site).sent == 1
    assert len(waiting.sent()) == 1


def test_a_refusal_is_kept_and_told_by_name(waiting: Place) -> None:
    waiting.egress.answer = ServerUnreachable("away")
    with pytest.raises(ServerUnreachable):
        release.release(waiting.site, waiting.only())
    waiting.egress.answer = Conflict("dataset north/ward is not approved")
    flushed = outbox.flush(waiting.site)
    assert (flushed.sent, flushed.refused) == (0, ("comparison/ward",))
    assert waiting.only().stage() is Stage.REFUSED
    assert review.withholdable(waiting.site, []) == []


def test_nothing_gives_way_while_a_person_decides(waiting: Place) -> None:
    waiting.execute("gamma")
    with hold(waiting.site.store.root, "review"):
        assert waiting.make() == comparisons.Made(0, None)
    assert waiting.make().compared == 1
    assert len(models_of(waiting.only())) == 3
