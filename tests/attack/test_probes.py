"""A model that tries everything, in each runtime of this machine, under the options of jobs; the host looks, too."""

import json
import os
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from medeval.domain.package import ImagePackage, Limits, Task
from medeval.errors import RunFailed
from medeval.packaging.build import build_cube
from medeval.packaging.store import BlobStore
from medeval.runtime.choose import runtime_by_name
from medeval.runtime.output_files import check_plain_tree
from medeval.runtime.port import Ending, RunRequest, RunResult
from tests.attack.report import Tell
from tests.conformance.conftest import SEALED

CUBE = Path(__file__).parent / "hostile-probes"
LIMITS = Limits(time_s=60, memory_bytes=512 * 2**20, output_bytes=4 * 2**20, cpus=1, pids=100)
#: The issue asks for so many attempts in each runtime.
LEAST = 60
#: Where the probes would leave a file of theirs.
PLANTED = ("/hostile", "/usr/bin/hostile", "/dev/hostile", "/dev/shm/hostile")  # noqa: S108 nobody's


#: The engine's first process in a container has nothing that the cube has not.
BEYOND = {"docker": {"read memory of the first process"}}


class Host:
    """What a host has that no model may reach, and listeners that must hear nothing."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.secret = secrets.token_hex(16)
        self.folder = folder
        for name in ("token", "cases.csv"):
            (folder / name).write_text(self.secret)
            (folder / name).chmod(0o644)
        self.tcp = stack.enter_context(socket.create_server(("0.0.0.0", 0)))  # noqa: S104 every way in is open
        self.udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.udp.bind(("0.0.0.0", 0))  # noqa: S104
        self.abstract, self.file = (stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
        self.name = f"medeval-{self.secret}"
        self.abstract.bind("\0" + self.name)
        self.file.bind(str(folder / "socket"))
        for listener in (self.tcp, self.abstract, self.file):
            listener.listen()
        for listener in self.listeners:
            listener.setblocking(False)
        command = [sys.executable, "-c", "import time; time.sleep(600)", self.secret]
        self.process = stack.enter_context(subprocess.Popen(command))
        stack.callback(self.process.kill)

    @property
    def listeners(self) -> tuple[socket.socket, ...]:
        return self.tcp, self.udp, self.abstract, self.file

    @property
    def told(self) -> dict[str, Any]:
        """What the probes are told: as much as somebody inside could know at best."""
        return {
            "hosts": sorted({"127.0.0.1", socket.gethostbyname(socket.gethostname())}),
            "tcp": self.tcp.getsockname()[1],
            "udp": self.udp.getsockname()[1],
            "abstract": self.name,
            "socket": str(self.folder / "socket"),
            "secrets": [str(self.folder / "token"), str(self.folder / "cases.csv")],
            "processes": [self.process.pid, os.getpid(), os.getppid()],
        }

    def heard(self) -> list[str]:
        """The listeners that anyone reached."""
        found = []
        for listener in self.listeners:
            try:
                listener.recv(1) if listener is self.udp else listener.accept()[0].close()
            except BlockingIOError:
                continue
            found.append(str(listener.getsockname()))
        return found


@dataclass
class Probed:
    """What came of the run of all probes."""

    runtime: str
    host: Host
    result: RunResult
    report: dict[str, Any]
    place: Path


@pytest.fixture(scope="module", params=SEALED)
def probed(request: pytest.FixtureRequest) -> Iterator[Probed]:
    """One container for everything."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="medeval-attack-")))
        root.chmod(0o755)
        (root / "host").mkdir(mode=0o755)
        host = Host(stack, root / "host")
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("MEDEVAL_SITE_TOKEN", host.secret)
        runtime = runtime_by_name(request.param, root / "cache")
        store = BlobStore(root / "blobs")
        shutil.copytree(CUBE, root / "cube")
        (root / "cube" / "src" / "nonce.txt").write_text(host.secret[:8])
        cube = build_cube(root / "cube", runtime, store)
        runtime.install(cube, store)
        if isinstance(cube.package, ImagePackage):
            client = docker.APIClient()
            stack.callback(client.close)
            stack.callback(client.remove_image, cube.identity, force=True)
        place = root / "run"
        (place / "cases").mkdir(parents=True)
        (place / "cases" / "cases.csv").write_text("case_id,age\na,1\n")
        (place / "parameters.json").write_text(json.dumps(host.told))
        (place / "out").mkdir()
        inputs = {"cases": place / "cases", "parameters.json": place / "parameters.json"}
        result = runtime.run(RunRequest(cube, Task.INFER, inputs, place / "out", LIMITS, f"attack-{host.secret[:8]}"))
        assert (result.ending, result.exit_code) == (Ending.EXITED, 0), result.log
        yield Probed(request.param, host, result, json.loads((place / "out" / "report.json").read_text()), place)


def test_everything_is_refused(probed: Probed, tell: Tell) -> None:
    probes = probed.report["probes"]
    judged = probes.keys() - BEYOND.get(probed.runtime, set())
    worked = {name: probes[name]["seen"] for name in judged if not probes[name]["refused"]}
    tell("probes of a hostile model", probed.runtime, f"{len(judged)} tried, {len(judged) - len(worked)} refused")
    assert worked == {}
    assert len(judged) >= LEAST


def test_the_host_saw_nothing(probed: Probed, tell: Tell) -> None:
    """Whatever the probes say: no listener was reached, no file appeared or changed, no process ended."""
    host, place = probed.host, probed.place
    assert host.heard() == []
    assert {path.name: path.read_text() for path in host.folder.iterdir() if path.is_file()} == {
        "token": host.secret,
        "cases.csv": host.secret,
    }
    assert [path.name for path in place.glob("cases/*")] == ["cases.csv"]
    assert (place / "cases" / "cases.csv").read_text() == "case_id,age\na,1\n"
    assert host.process.poll() is None
    assert [path for path in PLANTED if Path(path).exists()] == []
    tell("probes of a hostile model", f"{probed.runtime}, seen by the host", f"0 of {len(host.listeners)} listeners")


def test_the_listeners_would_have_heard(tmp_path: Path) -> None:
    """The control: the same knocks from outside a sandbox are heard."""
    with ExitStack() as stack:
        host = Host(stack, tmp_path)
        told = host.told
        socket.create_connection(("127.0.0.1", told["tcp"])).close()
        for address in ("\0" + told["abstract"], told["socket"]):
            with socket.socket(socket.AF_UNIX) as stream:
                stream.connect(address)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stream:
            stream.sendto(b"out", ("127.0.0.1", told["udp"]))
        time.sleep(0.2)
        assert len(host.heard()) == len(host.listeners)


def test_nothing_of_the_host_shows(probed: Probed) -> None:
    """Neither its variables, nor its processes, nor where its files lie."""
    seen = probed.report["seen"]
    assert probed.host.secret not in json.dumps(seen)
    assert seen["processes"] <= 3
    assert seen["interfaces"] == ["lo"]


def test_outputs_that_are_no_plain_files(probed: Probed, tell: Tell) -> None:
    folders = sorted((probed.place / "out" / "shapes").iterdir())
    refused = 0
    for folder in folders:
        assert any(folder.iterdir()), "nothing was there to refuse"
        with pytest.raises(RunFailed):
            check_plain_tree(folder)
        refused += 1
    raising = probed.place / "out" / "odd" / "set-user-id"
    tell("probes of a hostile model", f"{probed.runtime}, outputs", f"{len(folders)} shapes tried, {refused} refused")
    assert len(folders) == 6
    assert not raising.stat().st_mode & (stat.S_ISUID | stat.S_ISGID), "it would run as whoever owns it"
