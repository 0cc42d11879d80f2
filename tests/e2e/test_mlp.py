"""The torch model, as its owner makes it: trained by the script in its folder, built, and tested on rehearsal data."""

import subprocess
import sys
from pathlib import Path

import pytest

from medeval.errors import CubeExited
from tests.cube_process import ROOT
from tests.federation import Federation, check_failed

pytestmark = [pytest.mark.heavy, pytest.mark.docker, pytest.mark.torch]

CUBE = ROOT / "mlcubes" / "mlp"
BREAST_CANCER = ROOT / "benchmarks" / "breast-cancer"


def test_trained_built_and_rehearsed(federation: Federation, tmp_path: Path) -> None:
    federation.told("committee", "benchmark", "publish", BREAST_CANCER, "--runtime", "docker")
    table, weights = next((BREAST_CANCER / "synthetic" / "data").iterdir()), tmp_path / "weights.pt"
    train = [sys.executable, str(CUBE / "train.py"), "--label", "malignant", "--out", str(weights), str(table)]
    subprocess.run(train, check=True, capture_output=True, timeout=600)
    words = ("model", "test", CUBE, "--benchmark", "breast-cancer", "--weights", weights, "--runtime", "docker")
    [told] = federation.told("model-owner", *words)
    assert (told["rehearsal"], told["cases"]) == ("passed", 200)
    weights.write_bytes(b"no weights at all")
    check_failed(federation.run("model-owner", *words), CubeExited, "ended with exit code")
