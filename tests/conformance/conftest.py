"""A rig for each runtime of this machine: the probe cube, packaged and installed, and a way to run it."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from medeval.domain.package import RESULT_FILES, Cube, ImagePackage, Limits, Task
from medeval.packaging.build import build_cube
from medeval.packaging.store import BlobStore
from medeval.runtime.choose import runtime_by_name
from medeval.runtime.port import RunRequest, RunResult, Runtime

PROBE_CUBE = Path(__file__).parent / "probe-cube"
LIMITS = Limits(time_s=30, memory_bytes=256 * 1024**2, output_bytes=4 * 1024**2, cpus=1, pids=100)
OWNER = "conformance"
DOCKER = pytest.param("docker", marks=pytest.mark.docker)
#: The runtimes that isolate; a plain process does not, and is refused unless data is public.
SEALED = [
    DOCKER,
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
    pytest.param("unshare", marks=pytest.mark.unshare),
]


@dataclass
class Outcome:
    """What came of a run: how it ended, the cube's own report, and the output folder."""

    result: RunResult
    report: Any
    output: Path


@dataclass
class Rig:
    """A runtime with the probe cube installed in it."""

    name: str
    runtime: Runtime
    cube: Cube
    store: BlobStore
    cache: Path
    work: Path

    @property
    def is_sealed(self) -> bool:
        return self.name != "process"

    def request(self, do: str, limits: Limits = LIMITS, *, asked: Task = Task.INFER, **parameters: Any) -> RunRequest:
        """A request in folders of its own."""
        place = self.work / secrets.token_hex(4)
        (place / "cases").mkdir(parents=True)
        (place / "cases" / "cases.csv").write_text("case_id,age\na,1\n")
        (place / "parameters.json").write_text(json.dumps({"do": do, **parameters}))
        (place / "out").mkdir()
        inputs = {"cases": place / "cases", "parameters.json": place / "parameters.json"}
        return RunRequest(self.cube, asked, inputs, place / "out", limits, OWNER)

    def run(self, do: str, limits: Limits = LIMITS, **parameters: Any) -> Outcome:
        return self.outcome(self.request(do, limits, **parameters))

    def outcome(self, request: RunRequest) -> Outcome:
        result = self.runtime.run(request)
        report = request.output / (RESULT_FILES.get(request.task, "report.json") or "nothing")
        return Outcome(
            result, json.loads(report.read_text()).get("report") if report.exists() else None, request.output
        )

    def look(self, **parameters: Any) -> Any:
        """What the cube sees and can touch."""
        asked = {"writes": [], "reads": [], "lists": [], "connect": ["127.0.0.1", 9], "abstract": "nobody"}
        return self.run("look", **{**asked, **parameters}).report


def new_probe_cube(folder: Path) -> Path:
    """A probe cube unlike any that was ever built: its image can be removed without harm to another."""
    shutil.copytree(PROBE_CUBE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "src" / "nonce.txt").write_text(secrets.token_hex(8))
    return folder


@pytest.fixture(scope="module", params=[*SEALED, "process"])
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    root = tmp_path_factory.mktemp(request.param)
    runtime = runtime_by_name(request.param, root / "cache")
    store = BlobStore(root / "blobs")
    cube = build_cube(new_probe_cube(root / "probe-cube"), runtime, store)
    runtime.install(cube, store)
    yield Rig(request.param, runtime, cube, store, root / "cache", root / "work")
    if isinstance(cube.package, ImagePackage):
        client = docker.APIClient()
        client.remove_image(cube.identity, force=True)
        client.close()
    shutil.rmtree(root)


@pytest.fixture
def as_root() -> bool:
    return os.geteuid() == 0
