"""`medeval site doctor` as a user meets it; the sandbox's own controls are in tests/conformance/test_doctor.py."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from medeval.cli.main import app
from medeval.site import doctor_machine
from medeval.site.doctor_machine import check_room
from tests.processes import MEDEVAL


def run(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [*MEDEVAL, "--home", str(home), "site", "doctor", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_machine_as_machines_read_it(tmp_path: Path) -> None:
    done = run(tmp_path / "not-there-yet", "--only", "machine", "--output", "json")
    found = {item["control"]: item for item in json.loads(done.stdout)}
    assert list(found) in (["room", "engine-room", "gpu"], ["room", "gpu"])
    assert found["room"]["required"] is True
    assert (found["gpu"]["held"], found["gpu"]["required"]) == (True, False)
    assert done.returncode == (0 if all(item["held"] or not item["required"] for item in found.values()) else 51)


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
    full = check_room(tmp_path, 2**60)
    assert not full.held
    assert "of 1073741834.0 needed" in full.observed


def test_the_table_marks_what_does_not_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = check_room(tmp_path, 2**60).model_copy(update={"required": False})
    monkeypatch.setattr(doctor_machine, "check_room", lambda *_: seen)
    done = CliRunner().invoke(app, ["--home", str(tmp_path), "site", "doctor", "--only", "machine"])
    assert done.exit_code == 0
    assert "Make" in done.stdout
    assert any(mark in done.stdout for mark in ("!", "[!!]"))
