"""Run a cube's task as a runtime does, but as a plain process: the same command line and folders."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
CubeRun: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def run_cube(tmp_path_factory: pytest.TempPathFactory) -> CubeRun:
    """`run_cube(cube, task, inputs, out, parameters)`: inputs by their name under the input folder."""

    def run(
        cube: str, task: str, inputs: Mapping[str, Path], out: Path, parameters: Mapping[str, Any] | None = None
    ) -> subprocess.CompletedProcess[str]:
        source = tmp_path_factory.mktemp("input")
        for name, path in inputs.items():
            (source / name).symlink_to(path.resolve())
        (source / "parameters.json").write_text(json.dumps(parameters or {}))
        out.mkdir(parents=True, exist_ok=True)
        script = ROOT / "mlcubes" / cube / "src" / "main.py"
        command = [sys.executable, str(script), task, "--input", str(source), "--output", str(out)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=source)

    return run


@pytest.fixture(scope="session")
def heart_draft() -> dict[str, Any]:
    """`benchmarks/heart-disease/benchmark.yaml` as plain data."""
    return dict(yaml.safe_load((ROOT / "benchmarks/heart-disease/benchmark.yaml").read_text()))
