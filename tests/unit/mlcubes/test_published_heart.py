"""All 120 + 8 published figures of the heart benchmark, by the cubes as plain processes (containers: `make reproduce`)."""

import csv
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
SITES = ("cleveland", "hungarian", "switzerland", "va")
TEST_CASES = {"cleveland": [56, 48], "hungarian": [56, 33], "switzerland": [1, 15], "va": [10, 35]}
#: NVIDIA FLARE's published accuracy and precision of hello-lr.
HELLO_LR = {
    "cleveland": (0.75, 0.7115384615384616),
    "hungarian": (0.7528089887640449, 0.6122448979591837),
    "switzerland": (0.75, 1.0),
    "va": (0.6, 0.9047619047619048),
}


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def prepared(
    shared_dir: Path, run_cube: Any, heart_draft: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The four hospitals' prepared datasets."""
    folders, tmp_path = {}, tmp_path_factory.mktemp("hospitals")
    for site in SITES:
        raw = tmp_path / "raw" / site
        raw.mkdir(parents=True)
        (raw / "table.data").write_bytes((shared_dir / f"data/heart/processed.{site}.data").read_bytes())
        folders[site] = tmp_path / "prepared" / site
        parameters = heart_draft["preparator"]["parameters"]
        run = run_cube("tabular-preparator", "prepare", {"data": raw}, folders[site], parameters)
        assert run.returncode == 0, run.stderr
    return folders


def evaluate_everything(
    prepared: dict[str, Path], run_cube: Any, draft: dict[str, Any], weights: Path, tmp_path: Path
) -> Iterator[tuple[str, dict[str, int]]]:
    """The 2x2 counts of one model per site."""
    interface = draft["model_interface"]
    for site, folder in prepared.items():
        out = tmp_path / weights.stem / site
        inputs = {"cases": folder / "cases", "weights": weights}
        assert run_cube("logistic", "infer", inputs, out, {"interface": interface}).returncode == 0
        inputs = {"predictions.csv": out / "predictions.csv", "labels.csv": folder / "labels.csv"}
        parameters = {"analysis": draft["analysis"], "interface": interface}
        assert run_cube("binary-evaluator", "evaluate", inputs, out, parameters).returncode == 0
        yield site, json.loads((out / "result.json").read_text())["states"][0]


def accuracy(counts: dict[str, int]) -> float:
    return (counts["tp"] + counts["tn"]) / sum(counts[name] for name in ("tp", "fp", "tn", "fn"))


def test_cases_of_each_hospital(prepared: dict[str, Path], run_cube: Any, tmp_path: Path) -> None:
    for site, folder in prepared.items():
        inputs = {"cases": folder / "cases", "labels.csv": folder / "labels.csv"}
        assert run_cube("tabular-preparator", "statistics", inputs, tmp_path / "s" / site).returncode == 0
        statistics = json.loads((tmp_path / "s" / site / "statistics.json").read_text())
        assert statistics == {"cases": sum(TEST_CASES[site]), "per_class": TEST_CASES[site]}


def test_hello_lr(
    prepared: dict[str, Path], run_cube: Any, heart_draft: dict[str, Any], shared_dir: Path, tmp_path: Path
) -> None:
    models = load(ROOT / "benchmarks/heart-disease/reproduce_models.py").read_models(shared_dir / "reference")
    weights = tmp_path / "hello-lr.json"
    weights.write_text(json.dumps(models["hello-lr"]))
    for site, counts in evaluate_everything(prepared, run_cube, heart_draft, weights, tmp_path):
        found = accuracy(counts), counts["tp"] / (counts["tp"] + counts["fp"])
        assert found == pytest.approx(HELLO_LR[site], abs=1e-12, rel=0)


def test_the_training_script_gives_the_published_hello_lr(
    run_cube: Any, heart_draft: dict[str, Any], shared_dir: Path, tmp_path: Path
) -> None:
    """To 1e-6: FLARE standardised in single precision, the preparator does in double."""
    tables, train = [], load(ROOT / "mlcubes/logistic/train.py")
    parameters = heart_draft["preparator"]["parameters"]
    parameters = {**parameters, "split": {**parameters["split"], "cases": "train"}}
    for site in SITES:
        raw = tmp_path / site
        raw.mkdir()
        (raw / "table.data").write_bytes((shared_dir / f"data/heart/processed.{site}.data").read_bytes())
        out = tmp_path / f"{site}-train"
        assert run_cube("tabular-preparator", "prepare", {"data": raw}, out, parameters).returncode == 0
        tables.append(train.read_table(out, "label"))
    weights = train.fit([table for _, table in tables], tables[0][0], standardise=False)
    theta = np.loadtxt(shared_dir / "reference/nvflare_theta.txt")
    assert weights["features"] == heart_draft["model_interface"]["features"]
    assert [weights["intercept"], *weights["coefficients"]] == pytest.approx(theta, abs=1e-6, rel=0)
    packaged = json.loads((ROOT / "mlcubes/logistic/weights.json").read_text())
    assert packaged["features"] == weights["features"]
    assert packaged["coefficients"] == pytest.approx(weights["coefficients"], abs=1e-12, rel=0)
    assert packaged["intercept"] == pytest.approx(weights["intercept"], abs=1e-12, rel=0)


def test_thirty_flamby_runs_in_one_process(
    prepared: dict[str, Path], heart_draft: dict[str, Any], shared_dir: Path, tmp_path: Path
) -> None:
    """The cubes' own functions, since 120 x 2 processes would take a minute."""
    logistic = load(ROOT / "mlcubes/logistic/src/main.py")
    models = load(ROOT / "benchmarks/heart-disease/reproduce_models.py")
    weights = models.read_models(shared_dir / "reference")
    assert len(weights) == 31
    checked = 0
    with (shared_dir / "reference/heart_per_seed.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if not row["Test"].startswith("client_test_"):
                continue
            folder = prepared[SITES[int(row["Test"][-1])]]
            found = accuracy_of(logistic, weights[models.model_name(row["seed"], row["Method"])], folder, heart_draft)
            assert found == pytest.approx(float(row["published"]), abs=1e-12, rel=0)
            checked += 1
    assert checked == 120


def accuracy_of(logistic: ModuleType, weights: dict[str, Any], folder: Path, draft: dict[str, Any]) -> float:
    from medeval.metrics.binary import evaluation
    from medeval.metrics.predictions import read_scored_cases

    source = folder / "infer"
    source.mkdir(exist_ok=True)
    (source / "weights").write_text(json.dumps(weights))
    (source / "parameters.json").write_text(json.dumps({"interface": draft["model_interface"]}))
    if not (source / "cases").exists():
        (source / "cases").symlink_to(folder / "cases")
    logistic.infer(source, source)
    cases = read_scored_cases(source / "predictions.csv", folder / "labels.csv")
    return accuracy(evaluation(cases, draft["analysis"])["states"][0])
