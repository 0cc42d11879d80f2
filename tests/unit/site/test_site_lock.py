"""Two locks of a site's folder; the kernel drops each with its process, however that ends."""

import signal
import subprocess
import sys
import threading

import pytest

from medeval.errors import SiteBusy
from medeval.site.lock import hold

HOLDS = """
import sys, time
from pathlib import Path
from medeval.site.lock import hold
with hold(Path(sys.argv[1]), "agent"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("work", ["agent", "review"])
def test_one_at_a_time(tmp_path, work):
    with hold(tmp_path, work), pytest.raises(SiteBusy) as caught, hold(tmp_path, work):
        pytest.fail("held twice")
    assert caught.value.hint
    with hold(tmp_path, work):
        pass


def test_the_ledgers_lock_is_waited_for(tmp_path):
    """It is held for a moment alone, by whoever writes a line."""
    order: list[str] = []

    def second() -> None:
        with hold(tmp_path, "ledger"):
            order.append("second")

    waiting = threading.Thread(target=second)
    with hold(tmp_path, "ledger"):
        waiting.start()
        waiting.join(timeout=0.2)
        order.append("first")
    waiting.join(timeout=30)
    assert order == ["first", "second"]


def test_people_decide_while_an_agent_works(tmp_path):
    with hold(tmp_path, "agent"), hold(tmp_path, "review"):
        pass


def test_another_folder_is_another_site(tmp_path):
    with hold(tmp_path / "north", "agent"), hold(tmp_path / "south", "agent"):
        pass


def test_a_killed_process_leaves_no_lock(tmp_path):
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(SiteBusy), hold(tmp_path, "agent"):
            pytest.fail("held twice")
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    with hold(tmp_path, "agent"):
        pass
