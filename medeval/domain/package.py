"""MLCubes: what a manifest says, how a built cube is addressed, and what a model owner submits.

The interface between medeval and a cube is a command line and two folders. Each task is started as
`ENTRYPOINT TASK --input IN --output OUT`; IN is read-only and holds the named inputs below. For `prepare` and `infer`
OUT is empty and writable. For the others it is read-only, and the one file that they write is there already, empty:
they open it and write, and neither put another in its place nor write beside it.

    prepare       in: data/ parameters.json              out: cases/ labels.csv
    sanity_check  in: cases/ labels.csv parameters.json  out: nothing; exit code 0 or a code of `failures`
    statistics    in: cases/ labels.csv parameters.json  out: statistics.json
    infer         in: cases/ parameters.json [weights]   out: predictions.csv
    evaluate      in: predictions.csv labels.csv parameters.json   out: result.json
    compare       in: predictions-1.csv ... predictions-M.csv labels.csv parameters.json   out: comparison.json

An evaluator may offer `compare`: M models on the same cases, in the order of their names.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

import rfc8785
from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator

from medeval.domain.base import Value
from medeval.domain.ids import Digest, Name, Text, Title, Version


def _check_canonical(parameters: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """What has no canonical JSON has no digest: RFC 8785 takes finite numbers, whole ones up to 2**53 - 1.

    Written and read and written, since 2.0**53 has a canonical form that reads back as a whole number without one.
    """
    try:
        rfc8785.dumps(json.loads(rfc8785.dumps(parameters)))
    except rfc8785.CanonicalizationError:
        raise ValueError("numbers must be finite, and whole ones below 2**53") from None
    return parameters


Parameters: TypeAlias = Annotated[dict[str, JsonValue], AfterValidator(_check_canonical)]

#: Path segments that begin with no dot: nothing hidden, nothing above the folder.
RELATIVE_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"

RelativeFile = Annotated[str, StringConstraints(max_length=200, pattern=RELATIVE_PATTERN)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]


class CubeKind(StrEnum):
    """The three kinds of MLCube."""

    PREPARATOR = "preparator"
    MODEL = "model"
    EVALUATOR = "evaluator"


class Task(StrEnum):
    """The tasks that a cube can offer."""

    PREPARE = "prepare"
    SANITY_CHECK = "sanity_check"
    STATISTICS = "statistics"
    INFER = "infer"
    EVALUATE = "evaluate"
    COMPARE = "compare"


#: The tasks that give one small file, by its name, or nothing but their exit code.
RESULT_FILES: Mapping[Task, str | None] = {
    Task.SANITY_CHECK: None,
    Task.STATISTICS: "statistics.json",
    Task.EVALUATE: "result.json",
    Task.COMPARE: "comparison.json",
}

#: The tasks that a cube of each kind must offer.
REQUIRED_TASKS: dict[CubeKind, frozenset[Task]] = {
    CubeKind.PREPARATOR: frozenset({Task.PREPARE, Task.SANITY_CHECK, Task.STATISTICS}),
    CubeKind.MODEL: frozenset({Task.INFER}),
    CubeKind.EVALUATOR: frozenset({Task.EVALUATE}),
}


class Limits(Value):
    """What one run may use: wall time in seconds, memory and output in bytes, CPUs, processes."""

    time_s: int = Field(default=600, ge=1, le=86_400)
    memory_bytes: int = Field(default=2 * 1024**3, ge=16 * 1024**2, le=1024**4)
    output_bytes: int = Field(default=1024**3, ge=1, le=1024**4)
    cpus: float = Field(default=1.0, gt=0, le=256)
    pids: int = Field(default=256, ge=1, le=32_768)


class MLCubeManifest(Value):
    """`mlcube.yaml`: what a cube is and how its tasks are started.

    `medeval` names the sub-packages of medeval that are copied into the build context (an evaluator's `metrics`).
    `weights` names a file in the folder that is no part of the image: many models share one image.
    """

    format: Literal["medeval/mlcube@1"]
    name: Name
    version: Version
    kind: CubeKind
    summary: Title
    tasks: tuple[Task, ...] = Field(min_length=1)
    entrypoint: tuple[Word, ...] = ("python", "src/main.py")
    dockerfile: RelativeFile = "Dockerfile"
    requirements: RelativeFile | None = None
    medeval: bool = False
    weights: RelativeFile | None = None
    parameters: Parameters = Field(default_factory=dict)

    @model_validator(mode="after")
    def _offers_its_tasks(self) -> "MLCubeManifest":
        missing = REQUIRED_TASKS[self.kind] - set(self.tasks)
        if missing:
            raise ValueError(f"a {self.kind} must offer {', '.join(sorted(missing))}")
        return self


class BlobRef(Value):
    """Bytes kept by the server under their digest."""

    digest: Digest
    size_bytes: int = Field(ge=0, le=2**53 - 1)


class ImagePackage(Value):
    """A container image: its identity is the digest of its config; layers are uncompressed tars by diff id."""

    kind: Literal["image"] = "image"
    config: BlobRef
    layers: tuple[BlobRef, ...] = Field(min_length=1, max_length=127)

    @property
    def identity(self) -> str:
        """The config digest."""
        return self.config.digest

    @property
    def blobs(self) -> tuple[BlobRef, ...]:
        """Every blob that a site needs, without repeats."""
        return tuple(dict.fromkeys((self.config, *self.layers)))


class SourcePackage(Value):
    """A source folder for the embedded sandbox: its identity is the digest of folder + lock, as one tar."""

    kind: Literal["source"] = "source"
    archive: BlobRef

    @property
    def identity(self) -> str:
        """The archive's digest."""
        return self.archive.digest

    @property
    def blobs(self) -> tuple[BlobRef, ...]:
        """The archive."""
        return (self.archive,)


CubePackage: TypeAlias = Annotated[ImagePackage | SourcePackage, Field(discriminator="kind")]


class Cube(Value):
    """A packaged cube: manifest and package, ready to run on any machine that has its blobs."""

    manifest: MLCubeManifest
    package: CubePackage

    @property
    def identity(self) -> str:
        """The package's digest."""
        return self.package.identity


class ModelCard(Value):
    """What a model owner submits: a cube, its weights, its parameters."""

    format: Literal["medeval/model@1"] = "medeval/model@1"
    name: Name
    version: Version
    summary: Title
    description: Text = ""
    cube: Cube
    weights: BlobRef | None = None
    parameters: Parameters = Field(default_factory=dict)

    @property
    def ref(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    @property
    def blobs(self) -> tuple[BlobRef, ...]:
        """Every blob that a site needs to run the model."""
        return self.cube.package.blobs + ((self.weights,) if self.weights else ())
