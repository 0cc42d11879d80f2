"""The evaluator as a process: its result, and an exit code for each thing that predictions can lack."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from medeval.domain.failures import EXIT_CODES
from medeval.domain.families.binary import ScoreTable
from medeval.domain.result import Evaluation
from medeval.errors import SpecError
from tests.cube_process import ROOT, run_cube

PARAMETERS = {
    "analysis": {"task": "binary-classification", "score_edges": [0, 0.5, 1], "positive_when": "above"},
    "interface": {"case_id": "patient", "features": ["f"], "score": "risk", "label": "sick"},
}


def evaluate(folder: Path, predictions: str, labels: str = "patient,sick\na,1\nb,0\n") -> Any:
    (folder / "p.csv").write_text(predictions)
    (folder / "l.csv").write_text(labels)
    inputs = {"predictions.csv": folder / "p.csv", "labels.csv": folder / "l.csv"}
    return run_cube("tabular-evaluator", "evaluate", inputs, folder / "out", PARAMETERS)


def test_the_result_is_an_evaluation(tmp_path: Path) -> None:
    assert evaluate(tmp_path, "patient,risk\nb,0.5\na,0.75\n").returncode == 0
    found = Evaluation.from_json((tmp_path / "out/result.json").read_bytes())
    assert found.cases == 2
    (table,) = found.states
    assert isinstance(table, ScoreTable)
    assert table.split_at(0.5) == (1, 0, 1, 0)
    assert (table.n0, table.n1, [total.real for total in table.sums]) == ((1, 0), (0, 1), [0.5, 0.75])


def test_a_task_of_another_evaluator_is_refused(tmp_path: Path) -> None:
    parameters = {**PARAMETERS, "analysis": {"task": "guessing"}}
    run = run_cube("tabular-evaluator", "evaluate", {}, tmp_path / "out", parameters)
    assert run.returncode == SpecError.exit_code
    assert "does not know the task" in run.stderr


@pytest.mark.parametrize(
    ("predictions", "code"),
    [
        ("patient,score\na,1\nb,0\n", "predictions.wrong-columns"),
        ("patient,risk\na,1\n", "predictions.wrong-cases"),
        ("patient,risk\na,nan\nb,0\n", "predictions.not-finite"),
        ("patient,risk\na,1.5\nb,0\n", "predictions.out-of-range"),
    ],
)
def test_each_failure_has_its_exit_code(tmp_path: Path, predictions: str, code: str) -> None:
    run = evaluate(tmp_path, predictions)
    assert EXIT_CODES[run.returncode].code == code
    assert run.stdout == ""
    assert not (tmp_path / "out/result.json").exists()


def test_labels_without_a_case(tmp_path: Path) -> None:
    assert evaluate(tmp_path, "patient,risk\n", "patient,sick\n").returncode == 14


def test_another_command_is_refused(tmp_path: Path) -> None:
    assert run_cube("tabular-evaluator", "infer", {}, tmp_path / "out").returncode == 2


def test_it_evaluates_with_numpy_alone(tmp_path: Path) -> None:
    """Start-up counts in every execution; another task's module, and what it needs, is not loaded."""
    (tmp_path / "predictions.csv").write_text("patient,risk\nb,0.5\na,0.75\n")
    (tmp_path / "labels.csv").write_text("patient,sick\na,1\nb,0\n")
    (tmp_path / "parameters.json").write_text(json.dumps(PARAMETERS))
    main = str(ROOT / "mlcubes/tabular-evaluator/src/main.py")
    script = "import runpy, sys; main = runpy.run_path(sys.argv[1])['main']; code = main(sys.argv[2:]); "
    script += "print(*sys.modules, sep='\\n'); sys.exit(code)"
    words = ["evaluate", "--input", str(tmp_path), "--output", str(tmp_path)]
    ended = subprocess.run([sys.executable, "-c", script, main, *words], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.split())
    assert {"numpy", "medeval.metrics.binary"} <= loaded
    assert not loaded & {"pydantic", "scipy", "sklearn", "argparse", "pandas", "rfc8785", "medeval.metrics.survival"}


def peak_bytes(folder: Path, cases: int, interface: dict[str, Any]) -> int:
    """The largest resident set of an evaluator of so many cases."""
    folder.mkdir()
    rows = [f"case-{case},{case % 997 / 997!r}" for case in range(cases)]
    (folder / "predictions.csv").write_text("\n".join(["case_id,score", *rows]) + "\n")
    rows = [f"case-{case},{case % 3 // 2}" + ",F" * len(interface) for case in range(cases)]
    (folder / "labels.csv").write_text("\n".join(["case_id,label" + ",sex" * len(interface), *rows]) + "\n")
    analysis = {"task": "binary-classification", "score_edges": [0, 0.25, 0.5, 1], "positive_when": "above"}
    (folder / "parameters.json").write_text(json.dumps({"analysis": analysis, "interface": interface}))
    main = str(ROOT / "mlcubes/tabular-evaluator/src/main.py")
    script = "import pathlib, runpy, sys; main = runpy.run_path(sys.argv[1])['main']; assert main(sys.argv[2:]) == 0; "
    script += "print(pathlib.Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    words = ["evaluate", "--input", str(folder), "--output", str(folder)]
    run = subprocess.run([sys.executable, "-c", script, main, *words], capture_output=True, text=True, check=True)
    assert json.loads((folder / "result.json").read_text())["cases"] == cases
    return int(run.stdout) * 1024


def test_memory_does_not_grow_with_the_cases(tmp_path: Path) -> None:
    """A score table alone streams; where groups are asked for, all cases are held, so the measurement can tell."""
    small, large = (peak_bytes(tmp_path / str(cases), cases, {}) for cases in (200_000, 800_000))
    assert large - small < 600_000 * 4
    held = peak_bytes(tmp_path / "held", 800_000, {"groups": {"sex": ["F", "M"]}})
    assert held - small > 600_000 * 9
