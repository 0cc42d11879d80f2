"""A malformed spec is told by field or line before anything is built; the corrected one passes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from medeval.errors import Conflict, MedevalError, NotFound, SpecError, UsageError
from tests.federation import BENCHMARK, check_failed
from tests.processes import run_medeval


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    folder = tmp_path / "screening"
    assert run_medeval(tmp_path, "benchmark", "init", folder).returncode == 0
    return folder


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (replaced("question: Which", "question: [Which"), SpecError, ["benchmark.yaml: line ", "Correct that line"]),
        (replaced("task: binary", "taste: binary"), SpecError, ["benchmark.yaml: analysis", "'task' is missing"]),
        (replaced("metrics:", "colour: red\nmetrics:"), SpecError, ["benchmark.yaml: colour", "Extra inputs"]),
        (replaced("metrics:", "name: again\nmetrics:"), SpecError, ["benchmark.yaml: line 1", "name stands twice"]),
        (
            replaced("threshold: 0.5", "threshold: high"),
            SpecError,
            ["analysis.binary-classification.threshold", "valid number"],
        ),
        (replaced("threshold: 0.5", "threshold: .nan"), SpecError, ["benchmark.yaml"]),
        (replaced("folder: rehearsal", "folder: nowhere"), NotFound, ["rehearsal.folder"]),
        (lambda _: "\x00", SpecError, ["benchmark.yaml: malformed YAML"]),
        (lambda _: "", SpecError, ["benchmark.yaml"]),
    ],
    ids=["yaml", "missing-field", "unknown-field", "field-twice", "text", "nan", "no-rehearsal", "bytes", "empty"],
)
def test_a_malformed_draft(
    draft: Path, tmp_path: Path, change: Callable[[str], str], error: type[MedevalError], words: list[str]
) -> None:
    file = draft / "benchmark.yaml"
    right = file.read_text()
    file.write_text(change(right))
    check_failed(run_medeval(tmp_path, "benchmark", "check", draft), error, *words)
    file.write_text(right)
    assert run_medeval(tmp_path, "benchmark", "check", draft).returncode == 0


def test_the_line_that_is_wrong_is_named(draft: Path, tmp_path: Path) -> None:
    file = draft / "benchmark.yaml"
    lines = file.read_text().splitlines()
    number = next(index for index, line in enumerate(lines) if line.startswith("question:"))
    lines[number] = "question: a: b"
    file.write_text("\n".join(lines))
    check_failed(run_medeval(tmp_path, "benchmark", "check", draft), SpecError, f"line {number + 1}, column")


def test_a_folder_without_a_draft(tmp_path: Path) -> None:
    check_failed(run_medeval(tmp_path, "benchmark", "check", tmp_path), NotFound, "there is no benchmark.yaml")


def test_a_folder_that_is_there_is_not_overwritten(draft: Path, tmp_path: Path) -> None:
    before = (draft / "benchmark.yaml").read_bytes()
    check_failed(run_medeval(tmp_path, "benchmark", "init", draft), Conflict)
    assert (draft / "benchmark.yaml").read_bytes() == before


def test_a_folder_whose_name_is_none(tmp_path: Path) -> None:
    check_failed(run_medeval(tmp_path, "model", "init", tmp_path / "My Model"), UsageError, "is no name")
    assert not (tmp_path / "My Model").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kind: model", "kind: oracle", ["mlcube.yaml: kind"]),
        ("kind: model", "kind: evaluator", ["mlcube.yaml", "must offer evaluate"]),
        ("kind: model", "kind: model\nnetwork: yes", ["mlcube.yaml: network", "Extra inputs"]),
        ("entrypoint: [", "entrypoint: {", ["mlcube.yaml: line "]),
    ],
    ids=["kind", "tasks", "unknown-field", "yaml"],
)
def test_a_malformed_manifest(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    folder = tmp_path / "my-model"
    assert run_medeval(tmp_path, "model", "init", folder).returncode == 0
    file = folder / "mlcube.yaml"
    right = file.read_text()
    file.write_text(replaced(old, new)(right))
    build = ("model", "build", folder, "--runtime", "process")
    check_failed(run_medeval(tmp_path, *build), SpecError, *words)
    file.write_text(right)
    assert run_medeval(tmp_path, *build).returncode == 0


@pytest.mark.docker
def test_a_published_version_never_changes(federation, tmp_path: Path) -> None:
    """Other terms under a published version are refused; under a new version they are taken."""
    published = federation.spec().to_digest()
    folder = tmp_path / BENCHMARK
    shutil.copytree(federation.folder / BENCHMARK, folder)
    file = folder / "benchmark.yaml"
    file.write_text(replaced("threshold: 0.5", "threshold: 0.55")(file.read_text()))
    publish = ("benchmark", "publish", folder, "--runtime", "docker")
    check_failed(federation.run("committee", *publish), Conflict, BENCHMARK)
    assert federation.spec(f"{BENCHMARK}@0.1.0").to_digest() == published
    file.write_text(replaced(f"name: {BENCHMARK}", f"name: {federation.new_name('benchmark')}")(file.read_text()))
    assert federation.run("committee", *publish).returncode == 0
