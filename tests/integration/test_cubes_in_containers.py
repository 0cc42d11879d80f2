"""The cubes as images: built from their locks without network, run by ID, and equal to what a plain process gives."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.families.binary import ScoreTable
from medeval.domain.result import Evaluation
from medeval.metrics.compare import compare
from medeval.packaging.build import build_cube
from medeval.packaging.progress import silent
from medeval.packaging.publish import check_draft, resolve
from medeval.packaging.rehearse import rehearse_model
from medeval.packaging.store import BlobStore
from medeval.packaging.submit import ModelSource, model_cards
from medeval.runtime import steps
from medeval.runtime.docker_engine import DockerRuntime
from tests.cube_process import ROOT
from tests.paired_cases import read_alike

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> BlobStore:
    return BlobStore(tmp_path_factory.mktemp("store"))


def spec_of(name: str, store: BlobStore) -> BenchmarkSpec:
    folder = ROOT / "benchmarks" / name
    return resolve(folder, check_draft(folder), DockerRuntime(), store, silent)


def rehearse(benchmark: str, cube: str, weights: Path, store: BlobStore) -> Evaluation:
    runtime = DockerRuntime()
    (card,) = model_cards([ModelSource(ROOT / "mlcubes" / cube, weights)], runtime, store, silent)
    return rehearse_model(card, spec_of(benchmark, store), runtime, store, silent)


@pytest.mark.parametrize("benchmark", ["breast-cancer", "heart-disease"])
def test_golden_result(benchmark: str, store: BlobStore) -> None:
    expected = ROOT / "benchmarks" / benchmark / "expected"
    found = rehearse(benchmark, "logistic", expected / "weights.json", store)
    assert found == Evaluation.from_json((expected / "result.json").read_bytes())


def train(cube: str, benchmark: str, label: str, weights: Path) -> None:
    """On rehearsal data: good enough to see the cube work."""
    table = next((ROOT / "benchmarks" / benchmark / "synthetic/data").iterdir())
    script = str(ROOT / "mlcubes" / cube / "train.py")
    command = [sys.executable, script, "--label", label, "--out", str(weights), str(table)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


def test_gradient_boosting(store: BlobStore, tmp_path: Path) -> None:
    train("gradient-boosting", "breast-cancer", "malignant", tmp_path / "weights.json")
    evaluation = rehearse("breast-cancer", "gradient-boosting", tmp_path / "weights.json", store)
    assert evaluation.cases == 200
    assert accuracy(evaluation) > 0.9


@pytest.mark.torch
@pytest.mark.heavy
def test_mlp(store: BlobStore, tmp_path: Path) -> None:
    train("mlp", "breast-cancer", "malignant", tmp_path / "weights.pt")
    evaluation = rehearse("breast-cancer", "mlp", tmp_path / "weights.pt", store)
    assert evaluation.cases == 200
    assert accuracy(evaluation) > 0.9


def accuracy(evaluation: Evaluation) -> float:
    table = evaluation.states[0]
    assert isinstance(table, ScoreTable)
    tp, _, tn, _ = table.split_at(0.5)
    return (tp + tn) / evaluation.cases


def test_cubes_of_one_lock_share_all_layers_but_the_last(store: BlobStore) -> None:
    built = {
        name: build_cube(ROOT / "mlcubes" / name, DockerRuntime(), store).package
        for name in ("logistic", "gradient-boosting", "tabular-evaluator")
    }
    layers = [[layer.digest for layer in package.layers] for package in built.values() if package.kind == "image"]
    assert len(layers) == len(built)
    assert len({tuple(chain[:-1]) for chain in layers}) == 1
    assert len({chain[-1] for chain in layers}) == len(layers)
    own = [package.layers[-1].size_bytes for package in built.values() if package.kind == "image"]
    assert max(own) < 1024**2


def test_a_comparison_in_a_container_is_that_of_a_process(store: BlobStore, tmp_path: Path) -> None:
    """The sealed output folder is the one place to write to; predictions come as files of their own."""
    spec, runtime = spec_of("breast-cancer", store), DockerRuntime()
    runtime.install(spec.evaluator.cube, store)
    labels, scores = read_alike(3, 0, n=200)
    rows = "".join(f"c{number},{int(label)}\n" for number, label in enumerate(labels))
    (tmp_path / "labels.csv").write_text(f"case_id,label\n{rows}")
    predictions = [tmp_path / f"of-{model}.csv" for model in range(3)]
    for file, row in zip(predictions, scores.tolist(), strict=True):
        file.write_text("case_id,score\n" + "".join(f"c{number},{score!r}\n" for number, score in enumerate(row)))
    bound, limits = spec.bound_comparer(3), spec.limits.evaluate
    labels_file = tmp_path / "labels.csv"
    data = steps.compare(runtime, bound, predictions, labels_file, tmp_path / "out", limits, "a-test")
    source = tmp_path / "in"
    source.mkdir()
    for number, file in enumerate(predictions, 1):
        (source / f"predictions-{number}.csv").symlink_to(file)
    (source / "labels.csv").symlink_to(labels_file)
    assert json.loads(data) == compare(source, bound.parameters, tmp_path / "scratch")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["comparison.json"]
