"""The logistic cube against scikit-learn, and its own rules."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.cube_process import load_script, run_cube
from tests.model_cubes import INTERFACE, make_table, scores, train, write_cases, write_table


def test_newton_with_little_damping_finds_the_maximum_likelihood(tmp_path: Path) -> None:
    x, y = make_table()
    options = ("--standardise", "--iterations", "30", "--damping", "1e-6")
    train("logistic", write_table(tmp_path / "t.csv", x, y), tmp_path / "w.json", *options)
    reference = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit((x - x.mean(0)) / x.std(0), y)
    expected = reference.predict_proba((x - x.mean(0)) / x.std(0))[:, 1]
    assert scores("logistic", tmp_path / "w.json", x, tmp_path) == pytest.approx(expected, abs=1e-5)


def test_sites_add_up_to_the_pooled_rows() -> None:
    x, y = make_table()
    fit = load_script("mlcubes/logistic/train.py").newton
    apart = fit([(x[:70] / 100, y[:70]), (x[70:] / 100, y[70:])])
    assert apart == pytest.approx(fit([(x / 100, y)]), abs=1e-12)


def test_logistic_takes_columns_by_name_and_stands_extreme_logits(tmp_path: Path) -> None:
    weights = tmp_path / "w.json"
    weights.write_text(json.dumps({"features": ["f2", "f1"], "coefficients": [1000.0, 1.0], "intercept": 0.5}))
    x = np.array([[0.25, 0.0, 0, 0], [0.0, 1.0, 0, 0], [0.0, -1.0, 0, 0]])
    expected = [1 / (1 + math.exp(-0.75)), 1.0, 0.0]
    assert scores("logistic", weights, x, tmp_path).tolist() == pytest.approx(expected, abs=1e-15)


def test_no_case_gives_no_score(tmp_path: Path) -> None:
    train("logistic", write_table(tmp_path / "t.csv", *make_table()), tmp_path / "w.json")
    assert len(scores("logistic", tmp_path / "w.json", np.empty((0, 4)), tmp_path)) == 0


def test_weights_for_other_columns_are_refused(tmp_path: Path) -> None:
    train("logistic", write_table(tmp_path / "t.csv", *make_table()), tmp_path / "w.json")
    cases = write_cases(tmp_path / "cases", np.ones((2, 3)), ["f1", "f2", "f3"])
    inputs = {"cases": cases, "weights": tmp_path / "w.json"}
    run = run_cube("logistic", "infer", inputs, tmp_path / "out", INTERFACE)
    assert (run.returncode, "do not fit" in run.stderr) == (1, True)
    assert list((tmp_path / "out").iterdir()) == []
