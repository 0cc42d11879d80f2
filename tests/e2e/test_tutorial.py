"""The tutorial, typed as it stands: `medeval demo`, then the server again and every look at it."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.processes import MEDEVAL, serving

TUTORIAL = Path(__file__).resolve().parents[2] / "docs/tutorials/first-federation.md"


def typed_commands() -> list[list[str]]:
    """The words after `.venv/bin/medeval` of each command in the tutorial."""
    lines = re.findall(r"^\.venv/bin/medeval (.*)$", TUTORIAL.read_text(), re.M)
    return [shlex.split(line) for line in lines]


def run(words: list[str], folder: Path, timeout: float = 1200) -> str:
    done = subprocess.run([*MEDEVAL, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=timeout)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.heavy
def test_the_tutorial_can_be_typed(tmp_path):
    played = run(["demo"], tmp_path)
    assert "AUROC at each site, and the mean (95% CI)" in played
    page = (tmp_path / "demo/breast-cancer.html").read_text()
    assert "breast-cancer@1.0.0" in page
    looks = [words for words in typed_commands() if words[0] == "--home"]
    assert len(looks) >= 6
    shown = {}
    with serving(tmp_path / "demo/server") as address:
        for words in looks:
            here = [word.replace("http://127.0.0.1:8080", address) for word in words]
            shown[" ".join(words[2:4])] = run(here, tmp_path)
    assert "logistic" in shown["leaderboard show"]
    assert "cases: 114" in shown["result show"]


def test_the_tutorial_starts_with_the_demo_and_a_server():
    """What the test above starts by other means stands in the tutorial."""
    assert "make demo" in TUTORIAL.read_text()
    assert ["server", "start", "--data-dir", "demo/server", "--port", "8080"] in typed_commands()


@pytest.mark.heavy
@pytest.mark.shared
def test_the_demo_of_real_hospitals(tmp_path, shared_dir):
    """From a local copy, since the data are no part of the repository."""
    played = run(["demo", "heart-disease", "--data", str(shared_dir / "data/heart"), "--folder", "hearts"], tmp_path)
    assert "Switzerland" in played or "Zurich" in played
    assert (tmp_path / "hearts/heart-disease.html").is_file()
    assert str(shared_dir) not in (tmp_path / "hearts/heart-disease.html").read_text()
