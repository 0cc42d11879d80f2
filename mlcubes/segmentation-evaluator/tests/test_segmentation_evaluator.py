"""The evaluator as a process: its result, and an exit code for each thing that predictions can lack."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medeval.domain.failures import EXIT_CODES
from medeval.domain.families.segmentation import SegmentationPlan
from medeval.domain.result import Evaluation
from tests.cube_process import ROOT, run_cube

CUBE = "segmentation-evaluator"
PLAN = SegmentationPlan(structures={"head": 1}, boundary="surface-elements")
PARAMETERS = {"analysis": PLAN.model_dump(mode="json"), "interface": {"case_id": "scan"}}
TRUTH = np.pad(np.ones((2, 2, 2), dtype=np.uint8), 2)


def evaluate(folder: Path, masks: dict[str, Any], truth: Any = TRUTH, line: str = "a,1x1x2\n") -> Any:
    stream = io.BytesIO()
    np.save(stream, truth)
    with zipfile.ZipFile(folder / "l.npz", "w") as file:
        file.writestr("masks/a.npy", stream.getvalue())
        file.writestr("cases.csv", "scan,spacing\n" + line)
    np.savez(folder / "p.npz", **masks)
    inputs = {"predictions.npz": folder / "p.npz", "labels.npz": folder / "l.npz"}
    return run_cube(CUBE, "evaluate", inputs, folder / "out", PARAMETERS)


def test_the_result_is_an_evaluation(tmp_path: Path) -> None:
    run = evaluate(tmp_path, {"a": TRUTH})
    assert run.returncode == 0, run.stderr
    found = Evaluation.from_json((tmp_path / "out/result.json").read_bytes())
    assert found.cases == 1
    assert PLAN.check_states(1, found.states) == ()


@pytest.mark.parametrize(
    ("masks", "code"),
    [
        ({"a": TRUTH[1:]}, "predictions.wrong-columns"),
        ({"b": TRUTH}, "predictions.wrong-cases"),
        ({}, "predictions.wrong-cases"),
        ({"a": TRUTH * np.nan}, "predictions.not-finite"),
        ({"a": TRUTH * 2}, "predictions.out-of-range"),
    ],
)
def test_each_failure_has_its_exit_code(tmp_path: Path, masks: dict[str, Any], code: str) -> None:
    run = evaluate(tmp_path, masks)
    assert EXIT_CODES[run.returncode].code == code, run.stderr
    assert run.stdout == ""
    assert not (tmp_path / "out/result.json").exists()


def test_labels_that_are_wrong(tmp_path: Path) -> None:
    assert evaluate(tmp_path, {"a": TRUTH}, TRUTH * 3).returncode == 12
    assert evaluate(tmp_path, {"a": TRUTH}, line="").returncode == 14


def test_another_command_is_refused(tmp_path: Path) -> None:
    assert run_cube(CUBE, "infer", {}, tmp_path / "out").returncode == 2


def test_it_needs_numpy_and_scipy_alone(tmp_path: Path) -> None:
    script = "import sys, medeval.metrics.segmentation; print(*sys.modules, sep='\\n')"
    words = [sys.executable, "-c", script]
    ended = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.split(".")[0] for name in ended.stdout.split()}
    assert {"numpy", "scipy"} <= loaded
    assert not loaded & {"pydantic", "sklearn", "torch", "monai", "pandas", "rfc8785"}
