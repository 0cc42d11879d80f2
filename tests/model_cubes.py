"""Train a model cube with its own script, and score cases with it as a plain process."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import make_classification

from tests.cube_process import ROOT, check_cube

NAMES = ["f1", "f2", "f3", "f4"]
INTERFACE = {"interface": {"case_id": "patient", "features": NAMES, "score": "risk", "label": "label"}}


def make_table() -> tuple[np.ndarray, np.ndarray]:
    """Features (200, 4) of different scales, and labels (200,)."""
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
