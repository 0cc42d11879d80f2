"""The linear risk: its score against numpy, its probabilities against lifelines' Cox model, and its own rules."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from tests.cube_process import check_cube, run_cube
from tests.model_cubes import INTERFACE, NAMES, make_table, scores, write_cases

WEIGHTS = {"features": ["f2", "f1"], "coefficients": [0.5, -1.0], "intercept": 0.25}


def write(path: Path, weights: object) -> Path:
    path.write_text(json.dumps(weights))
    return path


def test_a_score_by_name_of_the_columns(tmp_path: Path) -> None:
    x, _ = make_table()
    found = scores("linear-risk", write(tmp_path / "w.json", WEIGHTS), x, tmp_path)
    assert found == pytest.approx(0.5 * x[:, 1] - x[:, 0] + 0.25, abs=1e-12)


def test_probabilities_are_those_of_a_cox_model(tmp_path: Path) -> None:
    x, y = make_table()
    x = x / x.std(axis=0)
    frame = pd.DataFrame(x, columns=NAMES).assign(time=1 + np.arange(len(x)) % 50, event=y)
    cox = CoxPHFitter().fit(frame, "time", "event")
    centre = -float(cox.params_ @ frame[NAMES].mean())
    survival = np.exp(-cox.baseline_cumulative_hazard_.iloc[:, 0])
    baseline = {"times": [10, 30], "survival": [float(survival[10]), float(survival[30])]}
    weights = {"coefficients": cox.params_.tolist(), "intercept": centre, "baseline": baseline}
    inputs = {
        "cases": write_cases(tmp_path / "cases", x, NAMES),
        "weights": write(tmp_path / "w.json", weights),
    }
    out = check_cube("linear-risk", "infer", inputs, tmp_path / "out", INTERFACE)
    with (out / "predictions.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["patient", "risk", "p_10", "p_30"]
    expected = 1 - cox.predict_survival_function(frame[NAMES], times=[10, 30]).to_numpy().T
    assert np.array([row[2:] for row in rows], dtype=float) == pytest.approx(expected, abs=1e-12)


def test_extreme_scores_give_certain_events(tmp_path: Path) -> None:
    baseline = {"times": [1, 2], "survival": [1.0, 0.5]}
    weights = write(tmp_path / "w.json", {"coefficients": [1.0], "intercept": 0.0, "baseline": baseline})
    inputs = {"cases": write_cases(tmp_path / "cases", np.array([[1000.0], [-1000.0]]), ["f1"]), "weights": weights}
    out = check_cube("linear-risk", "infer", inputs, tmp_path / "out", INTERFACE)
    lines = (out / "predictions.csv").read_text().splitlines()
    assert lines[1:] == ["c0,1000.0,0.0,1.0", "c1,-1000.0,0.0,0.0"]


def test_weights_for_other_columns_are_refused(tmp_path: Path) -> None:
    inputs = {
        "cases": write_cases(tmp_path / "cases", np.ones((2, 1)), ["f1"]),
        "weights": write(tmp_path / "w.json", WEIGHTS),
    }
    run = run_cube("linear-risk", "infer", inputs, tmp_path / "out", INTERFACE)
    assert (run.returncode, "do not fit" in run.stderr) == (1, True)
