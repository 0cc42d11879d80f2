"""The `Runtime` port: run one pinned cube, sealed. Its docstrings are the specification of every implementation."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from medeval.domain.attestation import SandboxRecord
from medeval.domain.package import BlobRef, Cube, Limits, Task


class Ending(StrEnum):
    """How a run ended."""

    EXITED = "exited"
    TIMED_OUT = "timed-out"
    OUT_OF_MEMORY = "out-of-memory"
    OUTPUT_TOO_LARGE = "output-too-large"


@dataclass(frozen=True)
class Probe:
    """Whether a runtime works on this machine, observed by a probe run, and why not.

    `name` is one of docker, bubblewrap, unshare, process. `level`: 0 no isolation, 1 namespaces (bubblewrap, unshare),
    2 hardened engine. `package_kind` is the kind of package that it runs.
    """

    name: str
    version: str
    level: int
    package_kind: str
    works: bool
    reason: str = ""


@dataclass(frozen=True)
class RunRequest:
    """One task of one cube.

    `inputs` maps names of `domain.package`'s table (such as `cases`) to files or folders on the host; each is seen
    read-only under the input folder by that name. `output` is an empty folder of the caller; what the task writes is
    there afterwards, owned by the caller. For a task in `RESULT_FILES` that is one file, there from the start, or
    nothing. What a run needs copies of is copied beside `output`, into folders that are private and gone with the run;
    of a killed agent they stay, so the caller clears the place where `output` lies.
    `owner` labels the run, so that `reap` finds what a killed agent left.
    """

    cube: Cube
    task: Task
    inputs: Mapping[str, Path]
    output: Path
    limits: Limits
    owner: str


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    `log` is the tail of what it printed (at most 8 KiB), without control characters: for the eyes of whoever ran it,
    never sent.
    """

    ending: Ending
    exit_code: int
    seconds: float
    log: str = field(repr=False, default="")


class BlobSource(Protocol):
    """Where an implementation finds the blobs of a package."""

    def path(self, blob: BlobRef) -> Path:
        """The file of a blob, verified against its digest; raises `NotFound`, `DigestMismatch` or a client error."""


class Runtime(Protocol):
    """Runs cubes of one package kind on this machine."""

    @property
    def package_kind(self) -> str:
        """`image` or `source`."""

    def sandbox(self) -> SandboxRecord:
        """What a statement says of this runtime, as it is now: name, version, level. Raises `RuntimeUnavailable`."""

    def probe(self) -> Probe:
        """Start something real and see whether it works; never raises."""

    def install(self, cube: Cube, blobs: BlobSource) -> None:
        """Make the cube runnable from its blobs.

        Idempotent: what is installed already asks for no blob. No tag of the machine moves. Raises `ImageInvalid` when
        the bytes do not hold what the digests say, `RuntimeUnavailable` for a package of another kind.
        """

    def run(self, request: RunRequest) -> RunResult:
        """Run the task to its end or its time limit.

        No network; inputs read-only; nothing else of the host readable that the cube does not need; writes go to the
        output folder, or the one file that a task gives, and a private temporary folder alone. However it ends, nothing
        of the run is left running; with one exception: a container of an engine outlives a killed agent, within its
        limits of memory and CPU time, until the next `reap`. A cube that ran and failed is a `RunResult`; `EngineFault`
        is raised when the machinery failed, `NotFound` when the cube is not installed, `UsageError` when an input holds
        the output folder.
        """

    def reap(self, owner: str) -> int:
        """End every run that carries this label and is still there; return how many.

        Whoever may have been killed calls it before the next run.
        """


@runtime_checkable
class KeepsImages(Protocol):
    """What a runtime of images can tell besides: where on its machine they lie."""

    def image_folder(self) -> Path:
        """The folder, which may be another machine's; raises `RuntimeUnavailable` or `EngineFault`."""


@runtime_checkable
class ImageMaker(Protocol):
    """What a runtime of images can do besides: make one. Nothing that it makes has a name."""

    def build(self, context: Iterator[bytes], dockerfile: str, told: Callable[[str], None]) -> str:
        """Build the tar of a folder without network; returns the engine's ID.

        `told` hears each line that the build prints. Raises `BuildFailed` with the last of them.
        """

    def save(self, engine_id: str) -> Iterator[bytes]:
        """The archive of an image (docker image spec v1.2), a piece at a time; raises `EngineFault`."""
