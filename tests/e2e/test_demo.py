"""`medeval demo`: what it prints can be typed, what it leaves can be opened, and it ends what it began."""

import json
import re
import shlex
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from medeval.errors import UsageError
from tests.contract.test_docs import find_fault
from tests.federation import check_failed, read_told
from tests.processes import MEDEVAL, run_medeval, serving

PATIENCE_S = 1200


@dataclass
class Played:
    """A demo that was played in `folder`."""

    folder: Path
    done: subprocess.CompletedProcess[str]

    @property
    def typed(self) -> list[list[str]]:
        """The words after `medeval` of every command that was shown."""
        lines = re.findall(r"^ +\$ medeval (.+)$", self.done.stderr, re.M)
        return [shlex.split(line) for line in lines]

    def leaderboard(self, benchmark: str) -> dict[str, Any]:
        """What the committee sees once the server was started again where it was."""
        login = json.loads((self.folder / "committee" / "login.json").read_text())
        with serving(self.folder / "server", port=int(login["server"].rpartition(":")[2])):
            home = self.folder / "committee"
            return dict(read_told(run_medeval(home, "leaderboard", "show", benchmark, "-o", "json")))


def play(folder: Path, *words: str | Path) -> Played:
    command = [*MEDEVAL, "demo", *map(str, words), "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return Played(folder, done)


def check_commands(played: Played) -> None:
    """Each step is public, and the parties' homes are those that the reader has."""
    typed = played.typed
    assert len(typed) > 20
    assert {words: fault for words in map(tuple, typed) if (fault := find_fault(list(words)))} == {}
    nouns = {words[2] if words[0] == "--home" else words[0] for words in typed}
    assert nouns >= {"login", "benchmark", "model", "site", "dataset", "result", "leaderboard", "server"}
    homes = {Path(words[1]) for words in typed if words[0] == "--home"}
    assert all(home.is_dir() for home in homes)


def check_report(played: Played, benchmark: str, sites: tuple[str, ...]) -> None:
    """One file that asks for nothing else, with a picture, each site, and its own policy."""
    report = played.folder / f"{benchmark}.html"
    assert f"Report   {report}" in played.done.stderr
    page = report.read_text(encoding="utf-8")
    asked_for = re.findall(r"""(?:src|href|srcset|action|data)\s*=\s*["']([^"'#][^"']*)""", page)
    assert [address for address in asked_for if not address.startswith("data:")] == []
    assert re.search(r"@import|url\(\s*['\"]?http|<script|<link", page) is None
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "<svg" in page
    assert [site for site in sites if site not in page] == []
    assert str(played.folder.parent) not in page


def check_over(played: Played) -> None:
    """Its server has ended."""
    login = json.loads((played.folder / "committee" / "login.json").read_text())
    port = int(login["server"].rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=5):
        pytest.fail("the server still listens")


def check_compared(board: dict[str, Any], models: int, sites: int) -> None:
    """Every site's comparison is in the log and on the board, and tiers rest on them."""
    assert board["log_size"] == sites * (models + 1)
    assert board["tier_basis"] == "differences on the same cases"
    found = [item for item in board["comparisons"] if item["metric"] == board["primary_metric"]]
    ranked = [row["model"] for row in board["rows"] if row["rank"]]
    assert len(ranked) == models
    assert [{item["first"], item["second"]} for item in found] == [{ranked[0], other} for other in ranked[1:]]
    for item in found:
        assert item["sites"] == sites
        assert item["low"] <= item["difference"] <= item["high"]
        assert item["p"] <= item["p_adjusted"] <= 1


BREAST_SITES = ("North (artificial)", "South (artificial)", "East (artificial)", "West (artificial)")


@pytest.mark.parametrize(
    ("runtime", "level", "from_source"),
    [
        pytest.param("docker", 2, False, marks=[pytest.mark.docker, pytest.mark.heavy]),
        pytest.param("bubblewrap", 1, True, marks=[pytest.mark.bubblewrap, pytest.mark.heavy]),
    ],
)
def test_breast_cancer(tmp_path: Path, runtime: str, level: int, from_source: bool) -> None:
    played = play(tmp_path / "demo", "--runtime", runtime)
    assert f"Runtime  {runtime} " in played.done.stderr
    assert f", level {level}" in played.done.stderr
    assert "AUROC at each site, and the mean (95% CI)" in played.done.stdout
    assert all(site.partition(" ")[0] in played.done.stdout for site in BREAST_SITES)
    check_commands(played)
    check_report(played, "breast-cancer", BREAST_SITES)
    check_over(played)
    board = played.leaderboard("breast-cancer")
    assert board["executions"] == {"pending": 0, "released": 8, "withheld": 0, "failed": 0}
    assert board["policy"] == "exact-counts"
    check_compared(board, models=2, sites=4)
    cells = [cell for row in board["rows"] for cell in row["cells"]]
    assert {cell["from_source"] for cell in cells} == {from_source}
    assert all(cell["cases"] >= 100 for cell in cells)
    assert all(runtime in cell["sandbox"] for cell in cells)
    for row in board["rows"]:
        assert (row["sites"], row["counts"]["cases"]) == (4, sum(cell["cases"] for cell in row["cells"]))
        assert row["pooled"][0]["estimate"]["value"] > 0.9


@pytest.mark.heavy
@pytest.mark.bubblewrap
def test_heart_disease_on_the_real_files(tmp_path: Path, shared_dir: Path) -> None:
    """Without an engine, and with the sites' own protocol: Switzerland's test rows hold one negative."""
    played = play(tmp_path / "demo", "heart-disease", "--data", shared_dir / "data/heart", "--runtime", "bubblewrap")
    check_commands(played)
    check_report(played, "heart-disease", ("Cleveland Clinic", "Hungarian Institute of Cardiology", "VA Long Beach"))
    check_over(played)
    board = played.leaderboard("heart-disease")
    assert board["executions"]["released"] == 12
    assert board["primary_metric"] == "accuracy"
    assert [cell["cases"] for cell in board["rows"][0]["cells"]] == [104, 89, 16, 45]
    check_compared(board, models=3, sites=4)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    done = run_medeval(tmp_path / "home", "demo", "--folder", tmp_path, "--runtime", "process")
    check_failed(done, UsageError, "is no earlier demo", "--folder")
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_demo_that_there_is_not(tmp_path: Path) -> None:
    done = run_medeval(tmp_path / "home", "demo", "lungs", "--folder", tmp_path / "demo")
    check_failed(done, UsageError, "no demo 'lungs'", "breast-cancer or heart-disease")
    assert not (tmp_path / "demo").exists()
