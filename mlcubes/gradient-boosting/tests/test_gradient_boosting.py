"""The boosted trees against scikit-learn, and their own rules."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cube_process import load_script, run_cube
from tests.model_cubes import INTERFACE, NAMES, make_table, scores, train, write_cases, write_table


def test_trees_from_json_score_as_scikit_learn_does(tmp_path: Path) -> None:
    x, y = make_table()
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


def test_no_case_gives_no_score(tmp_path: Path) -> None:
    train("gradient-boosting", write_table(tmp_path / "t.csv", *make_table()), tmp_path / "w.json")
    assert len(scores("gradient-boosting", tmp_path / "w.json", np.empty((0, 4)), tmp_path)) == 0


def test_weights_for_other_columns_are_refused(tmp_path: Path) -> None:
    train("gradient-boosting", write_table(tmp_path / "t.csv", *make_table()), tmp_path / "w.json")
    cases = write_cases(tmp_path / "cases", np.ones((2, 3)), ["f1", "f2", "f3"])
    inputs = {"cases": cases, "weights": tmp_path / "w.json"}
    run = run_cube("gradient-boosting", "infer", inputs, tmp_path / "out", INTERFACE)
    assert (run.returncode, "do not fit" in run.stderr) == (1, True)
    assert list((tmp_path / "out").iterdir()) == []
