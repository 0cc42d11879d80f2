"""`medeval site doctor` as a user meets it; the sandbox's own controls are in tests/conformance/test_doctor.py."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from medeval.cli.main import app
from medeval.site import doctor
from medeval.site.doctor import check_machine
from tests.processes import MEDEVAL


def run(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [*MEDEVAL, "--home", str(home), "site", "doctor", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_machine_as_machines_read_it(tmp_path: Path) -> None:
    done = run(tmp_path / "not-there-yet", "--only", "machine", "--output", "json")
    (found,) = json.loads(done.stdout)
    assert (found["control"], found["required"]) == ("room", True)
    assert done.returncode == (0 if found["held"] else 51)


def test_a_server_that_nobody_logged_in_to(tmp_path: Path) -> None:
    done = run(tmp_path, "--only", "server")
    assert done.returncode == 51
    assert "login SERVER --token-file" in done.stdout
    assert "1 of 1 controls do not hold here: the results server answers" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.bubblewrap
def test_the_sandbox_of_this_machine(tmp_path: Path) -> None:
    """What bubblewrap has no means for is told, and refuses nothing."""
    done = run(tmp_path, "--only", "sandbox", "--runtime", "bubblewrap", "--output", "json")
    assert done.returncode == 0, done.stderr
    found = {item["control"]: item for item in json.loads(done.stdout)}
    assert [name for name, item in found.items() if not item["held"]] == ["inodes"]
    assert found["inodes"]["required"] is False


def test_a_plain_process_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "--only", "sandbox", "--runtime", "process")
    assert done.returncode == 51
    assert "a plain process seals nothing" in done.stderr


def test_a_full_disk_is_found(tmp_path: Path) -> None:
    assert not check_machine(tmp_path, 2**60).held
    assert check_machine(tmp_path, 1).held


def test_the_table_marks_what_does_not_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = doctor.check_machine(tmp_path, 2**60).model_copy(update={"required": False})
    monkeypatch.setattr(doctor, "check_machine", lambda *_: seen)
    done = CliRunner().invoke(app, ["--home", str(tmp_path), "site", "doctor", "--only", "machine"])
    assert done.exit_code == 0
    assert "Make room" in done.stdout
    assert any(mark in done.stdout for mark in ("!", "[!!]"))
