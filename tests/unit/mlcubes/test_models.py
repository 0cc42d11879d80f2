"""The model cubes against the libraries that they stand for."""

import csv
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from tests.cube_process import ROOT, check_cube, load_script, run_cube

NAMES = ["f1", "f2", "f3", "f4"]
INTERFACE = {"interface": {"case_id": "patient", "features": NAMES, "score": "risk", "label": "label"}}


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    x, y = make_classification(200, 4, n_informative=3, n_redundant=0, flip_y=0.2, random_state=7)
    return x * [1, 10, 100, 0.1] + [0, 5, -50, 1], y


def write_cases(folder: Path, x: np.ndarray, names: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "cases.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["patient", *names])
        writer.writerows([f"c{i}", *map(repr, row)] for i, row in enumerate(x.tolist()))
    return folder


def write_table(path: Path, x: np.ndarray, y: np.ndarray) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*NAMES, "sick"])
        writer.writerows([*map(repr, row), int(label)] for row, label in zip(x.tolist(), y, strict=True))
    return path


def scores(cube: str, weights: Path, x: np.ndarray, folder: Path, names: list[str] = NAMES) -> np.ndarray:
    inputs = {"cases": write_cases(folder / "cases", x, names), "weights": weights}
    out = check_cube(cube, "infer", inputs, folder / "out", INTERFACE)
    with (out / "predictions.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["patient", "risk"]
    assert [row[0] for row in rows] == [f"c{i}" for i in range(len(x))]
    return np.array([float(row[1]) for row in rows])


def train(cube: str, table: Path, weights: Path, *options: str) -> None:
    script = str(ROOT / "mlcubes" / cube / "train.py")
    command = [sys.executable, script, "--label", "sick", "--out", str(weights), *options, str(table)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr


def test_newton_with_little_damping_finds_the_maximum_likelihood(data: Any, tmp_path: Path) -> None:
    x, y = data
    options = ("--standardise", "--iterations", "30", "--damping", "1e-6")
    train("logistic", write_table(tmp_path / "t.csv", x, y), tmp_path / "w.json", *options)
    reference = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit((x - x.mean(0)) / x.std(0), y)
    expected = reference.predict_proba((x - x.mean(0)) / x.std(0))[:, 1]
    assert scores("logistic", tmp_path / "w.json", x, tmp_path) == pytest.approx(expected, abs=1e-5)


def test_sites_add_up_to_the_pooled_rows(data: Any) -> None:
    x, y = data
    fit = load_script("mlcubes/logistic/train.py").newton
    apart = fit([(x[:70] / 100, y[:70]), (x[70:] / 100, y[70:])])
    assert apart == pytest.approx(fit([(x / 100, y)]), abs=1e-12)


def test_logistic_takes_columns_by_name_and_stands_extreme_logits(tmp_path: Path) -> None:
    weights = tmp_path / "w.json"
    weights.write_text(json.dumps({"features": ["f2", "f1"], "coefficients": [1000.0, 1.0], "intercept": 0.5}))
    x = np.array([[0.25, 0.0, 0, 0], [0.0, 1.0, 0, 0], [0.0, -1.0, 0, 0]])
    expected = [1 / (1 + math.exp(-0.75)), 1.0, 0.0]
    assert scores("logistic", weights, x, tmp_path).tolist() == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("cube", ["logistic", "gradient-boosting"])
def test_no_case_gives_no_score(cube: str, data: Any, tmp_path: Path) -> None:
    train(cube, write_table(tmp_path / "t.csv", *data), tmp_path / "w.json")
    assert len(scores(cube, tmp_path / "w.json", np.empty((0, 4)), tmp_path)) == 0


@pytest.mark.parametrize("cube", ["logistic", "gradient-boosting"])
def test_weights_for_other_columns_are_refused(cube: str, data: Any, tmp_path: Path) -> None:
    train(cube, write_table(tmp_path / "t.csv", *data), tmp_path / "w.json")
    cases = write_cases(tmp_path / "cases", np.ones((2, 3)), ["f1", "f2", "f3"])
    inputs = {"cases": cases, "weights": tmp_path / "w.json"}
    run = run_cube(cube, "infer", inputs, tmp_path / "out", INTERFACE)
    assert (run.returncode, "do not fit" in run.stderr) == (1, True)
    assert list((tmp_path / "out").iterdir()) == []


def test_trees_from_json_score_as_scikit_learn_does(data: Any, tmp_path: Path) -> None:
    x, y = data
    script = load_script("mlcubes/gradient-boosting/train.py")
    train("gradient-boosting", write_table(tmp_path / "t.csv", x, y), tmp_path / "w.json")
    rng = np.random.default_rng(3)
    # Besides the training rows: new ones, and rows that lie exactly on thresholds.
    new = np.vstack([x, rng.normal(size=(200, 4)) * x.std(0) + x.mean(0)])
    for tree in json.loads((tmp_path / "w.json").read_text())["trees"]:
        new = np.vstack([new, np.where(np.arange(4) == tree["feature"][0], tree["threshold"][0], new[0])])
    expected = script.train(x, y).predict_proba(new)[:, 1]
    shuffled = scores("gradient-boosting", tmp_path / "w.json", new[:, ::-1], tmp_path, NAMES[::-1])
    assert shuffled == pytest.approx(expected, abs=1e-12)


@pytest.mark.torch
def test_the_network_scores_as_torch_does_and_training_repeats(data: Any, tmp_path: Path) -> None:
    x, y = data
    table = write_table(tmp_path / "t.csv", x, y)
    for name in ("w.pt", "again.pt"):
        train("mlp", table, tmp_path / name)
    found = scores("mlp", tmp_path / "w.pt", x[:, ::-1], tmp_path, NAMES[::-1])
    assert found.tolist() == scores("mlp", tmp_path / "again.pt", x, tmp_path / "again").tolist()
    assert found == pytest.approx(numpy_network(tmp_path / "w.pt", x), abs=1e-5)
    assert ((found > 0.5) == y).mean() > 0.8


def numpy_network(weights: Path, x: np.ndarray) -> np.ndarray:
    """The same network from its weights, in double precision and without torch's layers."""
    import torch  # noqa: PLC0415 an extra

    state = {name: value.double().numpy() for name, value in torch.load(weights, weights_only=True)["state"].items()}
    hidden = (x - state["mean"]) / state["scale"] @ state["layers.0.weight"].T + state["layers.0.bias"]
    logits = np.maximum(hidden, 0) @ state["layers.2.weight"][0] + state["layers.2.bias"]
    return np.asarray(1 / (1 + np.exp(-logits)))
