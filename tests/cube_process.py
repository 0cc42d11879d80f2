"""Run a cube's task as a runtime does, with the same command line and folders, but as a plain process."""

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent


def run_cube(
    cube: str, task: str, inputs: Mapping[str, Path], out: Path, parameters: Mapping[str, Any] | None = None
) -> subprocess.CompletedProcess[str]:
    """Inputs by their name under the input folder; `out` is made."""
    out.mkdir(parents=True, exist_ok=True)
    script = ROOT / "mlcubes" / cube / "src" / "main.py"
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch)
        for name, path in inputs.items():
            (source / name).symlink_to(path.resolve())
        (source / "parameters.json").write_text(json.dumps(parameters or {}))
        command = [sys.executable, str(script), task, "--input", str(source), "--output", str(out)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=scratch)


def check_cube(
    cube: str, task: str, inputs: Mapping[str, Path], out: Path, parameters: Mapping[str, Any] | None = None
) -> Path:
    """The output folder of a run that must end well."""
    run = run_cube(cube, task, inputs, out, parameters)
    assert run.returncode == 0, run.stderr
    assert run.stdout == ""
    return out


def evaluate_model(draft: Mapping[str, Any], model: str, weights: Path, prepared: Path, out: Path) -> dict[str, Any]:
    """infer -> evaluate on a prepared dataset; returns the evaluation."""
    interface = {"interface": draft["model_interface"]}
    check_cube(model, "infer", {"cases": prepared / "cases", "weights": weights}, out, interface)
    inputs = {"predictions.csv": out / "predictions.csv", "labels.csv": prepared / "labels.csv"}
    check_cube("tabular-evaluator", "evaluate", inputs, out, {"analysis": draft["analysis"], **interface})
    return dict(json.loads((out / "result.json").read_text()))


def read_draft(benchmark: str) -> dict[str, Any]:
    """`benchmark.yaml` as plain data."""
    return dict(yaml.safe_load((ROOT / "benchmarks" / benchmark / "benchmark.yaml").read_text()))


def load_script(path: str) -> ModuleType:
    """A script of the repository as a module."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
