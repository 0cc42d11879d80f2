"""Endings of runs become typed errors; outputs are taken over with distrust."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from medeval.domain.benchmark import BoundCube, ModelInterface
from medeval.domain.dataset import DatasetStatistics
from medeval.domain.failures import FailureCode, failure_code
from medeval.domain.package import REQUIRED_TASKS, BlobRef, Cube, CubeKind, Limits, MLCubeManifest, SourcePackage, Task
from medeval.errors import (
    CubeExited,
    CubeOutOfMemory,
    CubeTimedOut,
    DataError,
    EmptyData,
    MedevalError,
    MissingColumn,
    OutputTooLarge,
    RunFailed,
    ScoreNotFinite,
    ScoreOutOfRange,
    WrongCases,
    WrongColumns,
    WroteNothing,
)
from medeval.runtime import steps
from medeval.runtime.port import Ending, RunRequest, RunResult

LIMITS = Limits(time_s=7, memory_bytes=64 * 1024**2, output_bytes=5000)
OWNER = "test"


class Scripted:
    """A runtime whose cube does what the test says, in place of a sandbox."""

    package_kind = "source"

    def __init__(self, act: Callable[[RunRequest], None] = lambda _: None, **result) -> None:
        self.act = act
        self.result = RunResult(**{"ending": Ending.EXITED, "exit_code": 0, "seconds": 0.0, **result})
        self.seen: RunRequest | None = None
        self.parameters = None

    def run(self, request: RunRequest) -> RunResult:
        self.seen = request
        self.parameters = json.loads(request.inputs["parameters.json"].read_text())
        self.act(request)
        return self.result


def bound(kind: CubeKind = CubeKind.MODEL, **parameters) -> BoundCube:
    tasks = tuple(sorted(REQUIRED_TASKS[kind]))
    manifest = MLCubeManifest(
        format="medeval/mlcube@1", name="cube", version="1.0.0", kind=kind, summary="a cube", tasks=tasks
    )
    package = SourcePackage(archive=BlobRef(digest="sha256:" + "0" * 64, size_bytes=1))
    return BoundCube(cube=Cube(manifest=manifest, package=package), parameters=parameters)


def writes(**files: str) -> Callable[[RunRequest], None]:
    """Write files named with `_` for `.` and `__` for `/`."""

    def act(request: RunRequest) -> None:
        for name, text in files.items():
            path = request.output / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    return act


def infer(runtime: Scripted, tmp_path: Path) -> Path:
    return steps.infer(runtime, bound(alpha=1), None, tmp_path, tmp_path / "out", LIMITS, OWNER)


@pytest.fixture(autouse=True)
def no_system_folder(monkeypatch, tmp_path):
    """Nothing of a site may lie in the system's temporary folder: here there is none."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))


def evaluate(runtime: Scripted, tmp_path: Path) -> bytes:
    evaluator = bound(CubeKind.EVALUATOR)
    return steps.evaluate(runtime, evaluator, tmp_path / "p", tmp_path / "l", tmp_path / "out", LIMITS, OWNER)


def prepare(runtime: Scripted, tmp_path: Path) -> None:
    steps.prepare(runtime, bound(CubeKind.PREPARATOR), tmp_path, tmp_path / "out", LIMITS, OWNER)


# --- what is asked of the runtime -------------------------------------------------------------------------------


def test_infer_asks_for_its_task_with_parameters_and_returns_the_predictions(tmp_path):
    runtime = Scripted(writes(predictions_csv="case_id,score\n"))
    assert infer(runtime, tmp_path) == tmp_path / "out" / "predictions.csv"
    assert runtime.seen.task is Task.INFER
    assert set(runtime.seen.inputs) == {"cases", "parameters.json"}
    assert runtime.seen.owner == OWNER
    assert runtime.parameters == {"alpha": 1}


def test_weights_go_along(tmp_path):
    runtime = Scripted(writes(predictions_csv="x"))
    steps.infer(runtime, bound(), tmp_path / "w", tmp_path, tmp_path / "out", LIMITS, OWNER)
    assert runtime.seen.inputs["weights"] == tmp_path / "w"


def test_labels_reach_the_evaluator_alone(tmp_path):
    runtime = Scripted(writes(result_json="{}"))
    assert evaluate(runtime, tmp_path) == b"{}"
    assert set(runtime.seen.inputs) == {"predictions.csv", "labels.csv", "parameters.json"}


def test_a_dataset_is_prepared_checked_and_counted(tmp_path):
    prepare(Scripted(writes(cases__cases_csv="case_id\na\n", labels_csv="case_id,label\na,1\n")), tmp_path)
    preparator, prepared = bound(CubeKind.PREPARATOR), tmp_path / "out"
    checking = Scripted()
    steps.check_prepared(checking, preparator, prepared, LIMITS, OWNER)
    assert set(checking.seen.inputs) == {"cases", "labels.csv", "parameters.json"}
    counting = Scripted(writes(statistics_json='{"cases": 1, "per_class": [0, 1]}'))
    counts = steps.statistics(counting, preparator, prepared, LIMITS, OWNER)
    assert counts == DatasetStatistics(cases=1, per_class=(0, 1))


# --- endings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "error", "names"),
    [
        (Ending.TIMED_OUT, CubeTimedOut, "7 s"),
        (Ending.OUT_OF_MEMORY, CubeOutOfMemory, "64 MiB"),
        (Ending.OUTPUT_TOO_LARGE, OutputTooLarge, "5000 bytes"),
    ],
)
def test_a_passed_limit_names_the_limit(tmp_path, ending, error, names):
    with pytest.raises(error, match=names):
        infer(Scripted(ending=ending, exit_code=137), tmp_path)


@pytest.mark.parametrize(
    ("code", "error"),
    [(1, CubeExited), (21, WrongColumns), (22, WrongCases), (23, ScoreNotFinite), (24, ScoreOutOfRange)],
)
def test_an_evaluator_names_its_failure_by_its_exit_code(tmp_path, code, error):
    with pytest.raises(error) as caught:
        evaluate(Scripted(exit_code=code), tmp_path)
    assert type(caught.value) is error
    assert caught.value.hint


@pytest.mark.parametrize(("code", "error"), [(12, DataError), (13, MissingColumn), (14, EmptyData)])
def test_a_preparator_names_what_the_data_lack(tmp_path, code, error):
    with pytest.raises(error) as caught:
        prepare(Scripted(exit_code=code), tmp_path)
    assert type(caught.value) is error


@pytest.mark.parametrize("code", [12, 13, 14])
def test_an_evaluator_has_no_say_about_raw_data(tmp_path, code):
    """Else nobody would record it as a failure of the execution."""
    with pytest.raises(CubeExited, match=f"exit code {code}") as caught:
        evaluate(Scripted(exit_code=code), tmp_path)
    assert failure_code(caught.value, by_evaluator=True) is FailureCode.EVALUATOR_FAILED


@pytest.mark.parametrize("code", [21, 24])
def test_a_preparator_has_no_say_about_predictions(tmp_path, code):
    with pytest.raises(CubeExited, match=f"exit code {code}"):
        prepare(Scripted(exit_code=code), tmp_path)


@pytest.mark.parametrize("code", [12, 21, 24, 137])
def test_a_model_has_no_say_about_data_or_predictions(tmp_path, code):
    with pytest.raises(CubeExited, match=f"exit code {code}"):
        infer(Scripted(exit_code=code), tmp_path)


def test_no_message_holds_what_the_cube_printed(tmp_path):
    for ending in Ending:
        with pytest.raises(MedevalError) as caught:
            infer(Scripted(ending=ending, exit_code=1, log="patient 4711"), tmp_path)
        assert "4711" not in f"{caught.value} {caught.value.message} {caught.value.hint} {caught.value!r}"
        assert caught.value.log == "patient 4711"


def test_what_is_wrong_with_an_output_comes_with_what_the_cube_printed(tmp_path):
    said = {"log": "there was nothing to write"}
    preparator = bound(CubeKind.PREPARATOR)
    for attempt in (
        lambda: infer(Scripted(**said), tmp_path),
        lambda: evaluate(Scripted(**said), tmp_path),
        lambda: prepare(Scripted(**said), tmp_path),
        lambda: steps.check_prepared(Scripted(**said, exit_code=12), preparator, tmp_path / "out", LIMITS, OWNER),
        lambda: steps.statistics(Scripted(**said), preparator, tmp_path / "out", LIMITS, OWNER),
        lambda: steps.statistics(
            Scripted(writes(statistics_json="{}"), **said), preparator, tmp_path / "out", LIMITS, OWNER
        ),
    ):
        with pytest.raises(MedevalError) as caught:
            attempt()
        assert caught.value.log == "there was nothing to write"


def test_no_hint_is_a_verb_that_failed(tmp_path):
    for attempt in (infer, evaluate, prepare):
        with pytest.raises(CubeExited) as caught:
            attempt(Scripted(exit_code=1), tmp_path)
        assert "medeval" not in caught.value.hint
        assert "printed" in caught.value.hint


def test_what_a_step_copies_lies_beside_its_output_and_is_gone_afterwards(tmp_path):
    seen = []

    def act(request: RunRequest) -> None:
        scratch = request.inputs["parameters.json"].parent
        seen.append((scratch.parent, scratch.stat().st_mode & 0o777))
        writes(predictions_csv="x", statistics_json='{"cases": 1, "per_class": [0, 1]}')(request)

    prepared = tmp_path / "work" / "prepared"
    prepared.mkdir(parents=True)
    steps.infer(Scripted(act), bound(), None, prepared, tmp_path / "work" / "out", LIMITS, OWNER)
    assert seen == [(tmp_path / "work", 0o700)]
    counting = Scripted(act)
    steps.statistics(counting, bound(CubeKind.PREPARATOR), prepared, LIMITS, OWNER)
    assert counting.seen.output.is_relative_to(tmp_path / "work")
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["out", "prepared"]


# --- outputs ----------------------------------------------------------------------------------------------------


def test_a_model_that_writes_nothing(tmp_path):
    with pytest.raises(WroteNothing, match=r"predictions\.csv"):
        infer(Scripted(), tmp_path)


def test_a_model_that_writes_an_empty_file(tmp_path):
    with pytest.raises(WroteNothing, match="empty"):
        infer(Scripted(writes(predictions_csv="")), tmp_path)


def test_a_link_in_place_of_the_predictions(tmp_path):
    (tmp_path / "secret").write_text("of the host")
    with pytest.raises(RunFailed, match="cannot be opened"):
        infer(Scripted(lambda request: (request.output / "predictions.csv").symlink_to(tmp_path / "secret")), tmp_path)


def test_a_folder_in_place_of_the_result(tmp_path):
    with pytest.raises(RunFailed, match="no regular file"):
        evaluate(Scripted(lambda request: (request.output / "result.json").mkdir()), tmp_path)


def test_a_result_of_megabytes_is_not_read(tmp_path):
    with pytest.raises(OutputTooLarge):
        evaluate(Scripted(writes(result_json=" " * (steps.MOST_JSON_BYTES + 1))), tmp_path)


def test_a_prepared_dataset_holds_no_links(tmp_path):
    def act(request: RunRequest) -> None:
        writes(cases__cases_csv="case_id\n", labels_csv="case_id,label\n")(request)
        (request.output / "cases" / "way-out").symlink_to("/etc/hostname")

    with pytest.raises(RunFailed, match="link"):
        prepare(Scripted(act), tmp_path)


@pytest.mark.parametrize("missing", ["cases__cases_csv", "labels_csv"])
def test_a_preparator_that_writes_half(tmp_path, missing):
    files = {"cases__cases_csv": "x", "labels_csv": "x"}
    del files[missing]
    with pytest.raises(WroteNothing):
        prepare(Scripted(writes(**files)), tmp_path)


@pytest.mark.parametrize("text", ["{", '{"cases": "1", "per_class": [0, 1]}', '{"cases": 1}', "\x00"])
def test_statistics_of_another_shape_are_the_preparators_failure(tmp_path, text):
    with pytest.raises(RunFailed):
        steps.statistics(Scripted(writes(statistics_json=text)), bound(CubeKind.PREPARATOR), tmp_path, LIMITS, OWNER)


@pytest.mark.parametrize("header", ["case_id,age", "case_id,age,sex,more", "age,sex,case_id", "\udce9\udcff", ""])
def test_cases_without_the_promised_columns(tmp_path, header):
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "cases.csv").write_bytes(header.encode("utf-8", "surrogateescape") + b"\n1,2,3\n")
    with pytest.raises(RunFailed, match="columns"):
        steps.check_interface(tmp_path, ModelInterface(features=("age", "sex")))


def test_cases_with_the_promised_columns(tmp_path):
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "cases.csv").write_text("case_id,age,sex\n1,2,3\n")
    steps.check_interface(tmp_path, ModelInterface(features=("age", "sex")))
