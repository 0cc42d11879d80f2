"""What a failed cube printed is kept at the site for its owner, and is part of nothing that leaves."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from medeval.domain.attestation import Envelope, SandboxRecord
from medeval.domain.dataset import DatasetCard, DatasetStatistics
from medeval.domain.execution import ExecutionSpec
from medeval.domain.failures import FailureCode
from medeval.domain.ledger import EntryKind
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import SiteTask
from medeval.domain.package import Task
from medeval.errors import ServerUnreachable
from medeval.packaging.progress import silent
from medeval.packaging.store import BlobStore
from medeval.runtime.port import Ending, RunRequest, RunResult
from medeval.signing import keys
from medeval.site.context import Site
from medeval.site.entries import Decided, Terms
from medeval.site.execute import execute
from medeval.site.records import AllowedModel, AllowList, DatasetRecord, SiteRecord
from medeval.site.release import report_failure
from medeval.site.store import ExecutionFiles, SiteStore, write
from tests.boards import STRICT
from tests.worlds import blob_of, make_card, make_spec

PRINTED = "Traceback: patient 4711 has no age"


class Cubes:
    """A runtime whose model works; the evaluator ends as the test says."""

    package_kind = "source"

    def __init__(self, failing: Task, exit_code: int) -> None:
        self.failing, self.exit_code = failing, exit_code

    def install(self, cube: object, blobs: object) -> None:
        """There is nothing to install."""

    def sandbox(self) -> SandboxRecord:
        return SandboxRecord(runtime="process", version="3.11", level=0)

    def run(self, request: RunRequest) -> RunResult:
        if request.task is self.failing:
            return RunResult(Ending.EXITED, self.exit_code, 0.1, PRINTED)
        (request.output / "predictions.csv").write_text("case_id,score\n")
        return RunResult(Ending.EXITED, 0, 0.1, "all is well")


class Door:
    """A door out that writes down what passes; the server is away."""

    def __init__(self) -> None:
        self.passed: list[Envelope] = []

    def send_statement(self, envelope: Envelope, decided: Decided, terms: Terms) -> None:
        self.passed.append(envelope)
        raise ServerUnreachable("no answer")


def pinned(ref: str, digest: str) -> dict[str, str]:
    return {"ref": ref, "digest": digest}


@pytest.fixture
def make_site(tmp_path) -> Callable[[Task, int], tuple[Site, ExecutionFiles]]:
    def make(failing: Task, exit_code: int) -> tuple[Site, ExecutionFiles]:
        store, spec, model = SiteStore(tmp_path / "site"), make_spec(), make_card()
        dataset = dataset_card(spec.to_digest(), spec.preparator.cube.identity)
        key = keys.new_private_key()
        write(store.key_file, key)
        store.put_site(site_record(key))
        store.put_spec(spec)
        store.put_dataset(
            DatasetRecord(card=dataset, counts=dataset.statistics, benchmark=spec.ref, raw=dataset.fingerprint)
        )
        store.put_allow_list(AllowList(models=(AllowedModel(ref=model.ref, digest=model.to_digest()),)))
        execution = ExecutionSpec.from_plain(
            {
                "benchmark": pinned(spec.ref, spec.to_digest()),
                "model": pinned(model.ref, model.to_digest()),
                "dataset": pinned(dataset.ref, dataset.to_digest()),
            }
        )
        files = store.execution(execution.to_digest())
        state = ExecutionState.PENDING
        files.put_task(SiteTask(execution=execution, state=state, organisation="Acme", model=model))
        blobs = BlobStore(tmp_path / "blobs")
        blobs.add_bytes(b"weights")
        cubes = Cubes(failing, exit_code)
        return Site(store=store, api=None, blobs=blobs, egress=Door(), make_runtime=lambda: cubes), files

    return make


def dataset_card(benchmark: str, preparator: str) -> DatasetCard:
    return DatasetCard(
        site="north",
        name="ward",
        title="A ward",
        benchmark=benchmark,
        preparator=preparator,
        fingerprint=blob_of(b"ward").digest,
        statistics=DatasetStatistics(cases=120, per_class=(60, 60)),
        policy=STRICT,
    )


def site_record(key: bytes) -> SiteRecord:
    return SiteRecord.from_plain(
        {
            "name": "north",
            "title": "North",
            "server": "http://127.0.0.1:9",
            "fingerprint": blob_of(key).digest,
            "sandbox": {"runtime": "bubblewrap", "version": "1.0", "level": 1},
            "package_kind": "source",
        }
    )


@pytest.mark.parametrize(
    ("failing", "exit_code", "code"),
    [
        (Task.INFER, 1, FailureCode.MODEL_EXITED),
        (Task.EVALUATE, 1, FailureCode.EVALUATOR_FAILED),
        (Task.EVALUATE, 12, FailureCode.EVALUATOR_FAILED),
        (Task.EVALUATE, 13, FailureCode.EVALUATOR_FAILED),
        (Task.EVALUATE, 14, FailureCode.EVALUATOR_FAILED),
        (Task.EVALUATE, 22, FailureCode.PREDICTIONS_WRONG_CASES),
        (Task.EVALUATE, 0, FailureCode.EVALUATOR_FAILED),
    ],
)
def test_a_failure_is_recorded_with_the_words_of_its_cube(make_site, failing, exit_code, code):
    site, files = make_site(failing, exit_code)
    execute(site, files, silent)
    failure = files.failure()
    assert failure.code is code
    assert files.log() == PRINTED
    assert (files.folder / "cube.log").stat().st_mode & 0o777 == 0o600
    assert "4711" not in failure.to_canonical().decode()


def test_the_words_do_not_leave(make_site):
    site, files = make_site(Task.EVALUATE, 1)
    execute(site, files, silent)
    with pytest.raises(ServerUnreachable):
        report_failure(site, files, files.failure().code)
    [envelope] = site.egress.passed
    assert b"evaluator-failed" in base64.b64decode(envelope.payload)
    assert b"4711" not in base64.b64decode(envelope.payload)


def test_another_attempt_forgets_them(make_site):
    site, files = make_site(Task.INFER, 1)
    assert files.log() == ""
    execute(site, files, silent)
    files.forget_failure()
    assert files.log() == ""
    assert not (files.folder / "cube.log").exists()


def test_nothing_of_a_run_is_left_outside_the_sites_work_folder(make_site, tmp_path):
    """What was copied for it lies where the agent's next round clears."""
    site, files = make_site(Task.INFER, 1)
    seen: list[Path] = []
    run = site.runtime.run
    site.runtime.run = lambda request: seen.append(request.inputs["parameters.json"]) or run(request)
    execute(site, files, silent)
    assert all(path.is_relative_to(site.store.root / "work") for path in seen)
    assert len(seen) == 1


def test_what_disclosure_control_stops_is_in_the_ledger_and_a_broken_model_is_not(make_site):
    """A model that ends with an error stopped by itself; a result that breaks a rule was stopped here."""
    site, files = make_site(Task.INFER, 1)
    execute(site, files, silent)
    assert site.ledger.read() is None
    files.forget_failure()
    site.runtime.failing = Task.PREPARE
    run = site.runtime.run

    def write_too_much(request: RunRequest) -> RunResult:
        done = run(request)
        (request.output / "result.json").write_text('{"patients": [4711]}')
        return done

    site.runtime.run = write_too_much
    execute(site, files, silent)
    assert files.failure().code is FailureCode.RESULT_REFUSED
    _, stopped = (entry.event for entry in site.ledger.read().entries)
    assert (stopped.kind, stopped.reason) == (EntryKind.STOPPED, "result-refused")
    assert (stopped.topic.subject, stopped.topic.owners) == (files.task().execution.to_digest(), ("Acme",))
    assert b"4711" not in site.store.ledger_file.read_bytes()
