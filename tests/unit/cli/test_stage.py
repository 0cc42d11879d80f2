"""The stage of a demo: a server that hangs ends it, and whatever was played is noted as a person would type it."""

import shlex
import subprocess
import sys
import time

import pytest

from medeval.cli import federation
from medeval.cli.federation import Stage, command
from medeval.errors import DemoFailed

HANGS = (sys.executable, "-c", "import time; time.sleep(600)")
ECHOES = (sys.executable, "-c", "import sys; print(*sys.argv[1:])")


def noted(stage: Stage) -> list[list[str]]:
    """The words of every line, without the preamble and comments."""
    lines = stage.notes.read_text("utf-8").splitlines()
    return [shlex.split(line) for line in lines if line.startswith(("medeval", "python"))]


def test_a_server_that_hangs_at_its_start_ends_the_demo(tmp_path):
    began = time.monotonic()
    stage = Stage(tmp_path, medeval=HANGS, server_start_s=0.3)
    with pytest.raises(DemoFailed, match=r"did not start within 0\.3 s") as caught, stage.server():
        pytest.fail("it never said its address")
    assert caught.value.hint
    assert time.monotonic() - began < 60, "it waited for the thread that reads"


def test_a_server_that_will_not_end_is_killed(monkeypatch):
    monkeypatch.setattr(federation, "SERVER_END_S", 0.2)
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        federation._end(process)
    assert process.returncode == -9


def test_a_server_that_says_something_else(tmp_path):
    with pytest.raises(DemoFailed), Stage(tmp_path, medeval=ECHOES).server():
        pytest.fail("it said no address")


def test_what_was_played_is_noted_in_order(tmp_path):
    stage = Stage(tmp_path / "a folder", medeval=ECHOES)
    stage.folder.mkdir()
    printed = stage.step(
        "Two", [command("north", "site", "show"), command("south", "x", "O'Brien; rm -rf")], together=2
    )
    assert [text.split()[-2:] for text in printed] == [["site", "show"], ["rm", "-rf"]]
    (tmp_path / "train.py").write_text("print('trained')")
    assert stage.run_script(tmp_path / "train.py", "--label", "sick person") == "trained\n"
    stage.run(command("north", "result", "list"))
    home = str(stage.folder / "north")
    assert noted(stage) == [
        ["medeval", "--home", home, "site", "show"],
        ["medeval", "--home", str(stage.folder / "south"), "x", "O'Brien; rm -rf"],
        ["python", str(tmp_path / "train.py"), "--label", "sick person"],
        ["medeval", "--home", home, "result", "list"],
    ]
    checked = subprocess.run(["/bin/sh", "-n", str(stage.notes)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_server_is_shown_at_the_port_it_had(tmp_path):
    says = "import time; print('Results server on http://127.0.0.1:4711, tokens in x', flush=True); time.sleep(600)"
    stage = Stage(tmp_path, medeval=(sys.executable, "-c", says))
    with stage.server() as address:
        assert address == "http://127.0.0.1:4711"
    expected = ["medeval", "server", "start", "--data-dir", str(tmp_path / "server"), "--port", "4711"]
    assert shlex.split(stage.shown_server(address)) == expected
    assert noted(stage) == [[*expected, "&"]]


def test_a_step_that_fails_tells_its_own_error_and_what_to_type(tmp_path):
    fails = (sys.executable, "-c", "import sys; sys.exit('error: no such thing\\nhint:  look')")
    with pytest.raises(DemoFailed, match="exit code 1") as caught:
        Stage(tmp_path, medeval=fails).run(command("north", "site", "run"))
    assert "no such thing" in caught.value.message
    assert caught.value.hint == f"Try it: medeval --home {tmp_path / 'north'} site run"
