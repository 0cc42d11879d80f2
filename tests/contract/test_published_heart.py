"""All 120 + 8 published figures of the heart benchmark, without containers (`make reproduce` has them)."""

import csv
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from medeval.domain.families.binary import BinaryPlan
from medeval.domain.result import Evaluation
from medeval.metrics.evaluate import evaluate
from medeval.stats.estimates import measure_of
from medeval.stats.measure import Measured
from tests.cube_process import check_cube, evaluate_model, load_script, read_draft

DRAFT = read_draft("heart-disease")
PLAN = BinaryPlan.from_plain(DRAFT["analysis"])
PARAMETERS = DRAFT["preparator"]["parameters"]
SITES = ("cleveland", "hungarian", "switzerland", "va")
TEST_CASES = {"cleveland": [56, 48], "hungarian": [56, 33], "switzerland": [1, 15], "va": [10, 35]}
#: NVIDIA FLARE's published accuracy and precision of hello-lr.
HELLO_LR = {
    "cleveland": (0.75, 0.7115384615384616),
    "hungarian": (0.7528089887640449, 0.6122448979591837),
    "switzerland": (0.75, 1.0),
    "va": (0.6, 0.9047619047619048),
}


def prepare(shared: Path, folder: Path, part: str) -> dict[str, Path]:
    """The four hospitals' prepared datasets: the test or the training rows of the split."""
    parameters = {**PARAMETERS, "split": {**PARAMETERS["split"], "cases": part}}
    for site in SITES:
        raw = folder / "raw" / site
        raw.mkdir(parents=True)
        (raw / "table.data").write_bytes((shared / f"data/heart/processed.{site}.data").read_bytes())
        check_cube("tabular-preparator", "prepare", {"data": raw}, folder / part / site, parameters)
    return {site: folder / part / site for site in SITES}


@pytest.fixture(scope="module")
def prepared(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return prepare(shared_dir, tmp_path_factory.mktemp("hospitals"), "test")


@pytest.fixture(scope="module")
def published_weights(shared_dir: Path) -> dict[str, Any]:
    script = load_script("benchmarks/heart-disease/reproduce_models.py")
    return dict(script.read_models(shared_dir / "reference"))


def figures(evaluated: dict[str, Any]) -> tuple[float, float]:
    """Accuracy and precision (the positive predictive value), as a leaderboard derives them."""
    found = Evaluation.from_plain(evaluated)
    PLAN.check_states(found.cases, found.states)
    accuracy, ppv = (measure_of(found, name, PLAN) for name in ("accuracy", "ppv"))
    assert isinstance(accuracy, Measured)
    assert isinstance(ppv, Measured)
    return accuracy.value, ppv.value


def test_cases_of_each_hospital(prepared: dict[str, Path], tmp_path: Path) -> None:
    for site, folder in prepared.items():
        inputs = {"cases": folder / "cases", "labels.csv": folder / "labels.csv"}
        check_cube("tabular-preparator", "sanity_check", inputs, tmp_path / "check" / site, PARAMETERS)
        out = check_cube("tabular-preparator", "statistics", inputs, tmp_path / site, PARAMETERS)
        statistics = json.loads((out / "statistics.json").read_text())
        assert statistics == {"cases": sum(TEST_CASES[site]), "per_class": TEST_CASES[site]}


def test_hello_lr(prepared: dict[str, Path], published_weights: dict[str, Any], tmp_path: Path) -> None:
    weights = tmp_path / "hello-lr.json"
    weights.write_text(json.dumps(published_weights["hello-lr"]))
    for site, folder in prepared.items():
        evaluated = evaluate_model(DRAFT, "logistic", weights, folder, tmp_path / site)
        assert figures(evaluated) == pytest.approx(HELLO_LR[site], abs=1e-12, rel=0)


def test_thirty_flamby_runs(
    prepared: dict[str, Path], published_weights: dict[str, Any], shared_dir: Path, tmp_path: Path
) -> None:
    """By the cube's and medeval's own functions in one process, since 240 processes would take a minute."""
    logistic = load_script("mlcubes/logistic/src/main.py")
    name_of = load_script("benchmarks/heart-disease/reproduce_models.py").model_name
    assert len(published_weights) == 31
    checked = 0
    with (shared_dir / "reference/heart_per_seed.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Test"].startswith("client_test_")]
    for row in rows:
        folder = prepared[SITES[int(row["Test"].removeprefix("client_test_"))]]
        weights = published_weights[name_of(row["seed"], row["Method"])]
        evaluated = evaluate_here(logistic, weights, folder, tmp_path / str(checked))
        assert figures(evaluated)[0] == pytest.approx(float(row["published"]), abs=1e-12, rel=0)
        checked += 1
    assert checked == 120


def evaluate_here(logistic: ModuleType, weights: dict[str, Any], folder: Path, scratch: Path) -> dict[str, Any]:
    scratch.mkdir()
    (scratch / "weights").write_text(json.dumps(weights))
    (scratch / "parameters.json").write_text(json.dumps({"interface": DRAFT["model_interface"]}))
    (scratch / "cases").symlink_to(folder / "cases")
    logistic.infer(scratch, scratch)
    (scratch / "labels.csv").symlink_to(folder / "labels.csv")
    return evaluate(scratch, {"analysis": DRAFT["analysis"], "interface": DRAFT["model_interface"]})


def test_the_training_script_gives_the_published_hello_lr(shared_dir: Path, tmp_path: Path) -> None:
    """To 1e-6: FLARE standardised in single precision, the preparator does in double."""
    train = load_script("mlcubes/logistic/train.py")
    read = [train.read_table(folder, "label") for folder in prepare(shared_dir, tmp_path, "train").values()]
    weights = train.fit([table for _, table in read], read[0][0], standardise=False)
    theta = np.loadtxt(shared_dir / "reference/nvflare_theta.txt")
    assert weights["features"] == DRAFT["model_interface"]["features"]
    assert [weights["intercept"], *weights["coefficients"]] == pytest.approx(theta, abs=1e-6, rel=0)
    packaged = json.loads(Path(train.__file__).with_name("weights.json").read_text())
    assert packaged["features"] == weights["features"]
    numbers = [packaged["intercept"], *packaged["coefficients"]]
    assert numbers == pytest.approx([weights["intercept"], *weights["coefficients"]], abs=1e-12, rel=0)
