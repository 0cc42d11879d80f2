"""Disclosure control has no branch that its own tests do not take."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.heavy
def test_every_branch_is_taken(tmp_path: Path) -> None:
    data = {**os.environ, "COVERAGE_FILE": str(tmp_path / "data")}
    words = ["run", "--branch", "--source=medeval/disclosure", "--rcfile=/dev/null", "-m", "pytest", "-q"]
    tests = ["-p", "no:xdist", "-p", "no:cacheprovider", "tests/unit/disclosure"]
    ran = coverage(data, *words, *tests)
    assert ran.returncode == 0, ran.stdout[-2000:]
    told = coverage(data, "report", "--rcfile=/dev/null", "--show-missing", "--fail-under=100")
    assert told.returncode == 0, told.stdout


def coverage(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "coverage", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
