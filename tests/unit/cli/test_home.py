"""The home of a party, and the version: what the root command is given."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from medeval.cli.main import app
from medeval.errors import NotFound
from medeval.site import build
from tests.processes import MEDEVAL, run_medeval


@pytest.mark.parametrize("words", [("--home", "homes/north"), ()])
def test_a_home_is_absolute_however_it_is_given(tmp_path, monkeypatch, words):
    """Sandboxes bind what lies in it, and take absolute paths alone."""
    homes: list[Path] = []

    def site_store(home: Path) -> None:
        homes.append(home)
        raise NotFound("there is no site", "Make one.")

    monkeypatch.setattr(build, "site_store", site_store)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MEDEVAL_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(app, [*words, "site", "show"])
    assert homes == [tmp_path / ("homes/north" if words else ".medeval")]


@pytest.mark.parametrize("words", [(), ("benchmark",), ("server",)])
def test_without_words_the_help_is_shown_and_nothing_else(words):
    done = subprocess.run([*MEDEVAL, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: ")
    assert "error:" not in done.stderr
    assert "hint:" not in done.stderr


def test_the_version_needs_no_command(tmp_path):
    done = run_medeval(tmp_path, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("medeval ")
