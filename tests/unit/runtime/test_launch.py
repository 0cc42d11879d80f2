"""The parts of the launcher that can be seen without a sandbox: finding, killing and burying processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medeval.runtime import launch
from medeval.runtime.watch import memory_bytes

FAMILY = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE).wait()"


@pytest.fixture
def family():
    """A process with a child of its own; gives both."""
    parent = subprocess.Popen([sys.executable, "-c", FAMILY])
    deadline = time.monotonic() + 20
    while not (children := launch.children_of(parent.pid)) and time.monotonic() < deadline:
        time.sleep(0.01)
    yield parent, children[0]
    for pid in (*children, parent.pid):
        launch.kill_all_in(pid)
    parent.wait()


def is_gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


def test_children_are_found_at_every_depth(family):
    parent, child = family
    assert parent.pid in launch.children_of(os.getpid())
    assert launch.children_of(child) == []
    assert launch.children_of(2**22 + 1) == []


def test_a_family_is_killed_as_a_whole(family):
    parent, child = family
    launch.kill_all_in(parent.pid)
    parent.wait()
    deadline = time.monotonic() + 20
    while not is_gone(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert parent.returncode == -signal.SIGKILL
    assert is_gone(child)
    launch.kill_all_in(parent.pid)


def test_memory_of_a_family_is_more_than_that_of_its_youngest(family):
    parent, child = family
    alone = memory_bytes(child, 2**60)
    assert 0 < alone < memory_bytes(parent.pid, 2**60)
    # Where it matters, shared pages are divided: never more than the quick sum.
    assert 0 < memory_bytes(parent.pid, 0) <= memory_bytes(parent.pid, 2**60)


def test_a_failed_call_is_an_error_with_its_name():
    with pytest.raises(OSError, match="prctl"):
        launch.prctl(-1, 0)


def test_where_the_cube_is_not_seen_none_is_started(tmp_path):
    """The launcher ends before it says that it is sealed."""
    read, write = os.pipe()
    plan = {"folder": str(tmp_path / "nowhere"), "lifeline": read, "status": write, "command": ["true"]}
    assert launch.main(plan) == launch.NOT_SEALED
    os.close(write)
    assert os.read(read, 10) == b""
    os.close(read)
