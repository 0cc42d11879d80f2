"""`model test`: a model on the benchmark's rehearsal data, step by step as at a site, in the same sandbox."""

import fcntl
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.package import ModelCard
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused
from medeval.packaging.progress import Progress
from medeval.runtime import steps
from medeval.runtime.port import BlobSource, Runtime
from medeval.runtime.unpack import untar

OWNER = "rehearsal"


@contextmanager
def rehearsing(place: Path, runtime: Runtime) -> Iterator[str]:
    """Gives the label of the rehearsals that belong to the folder `place`.

    Who finds no other rehearsal at work there ends what killed ones have left. The kernel drops the lock with the
    process, however it ends.
    """
    place.mkdir(parents=True, exist_ok=True)
    with (place / "rehearsal.lock").open("a+", encoding="ascii") as file:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            runtime.reap(_label(file))
        fcntl.flock(file, fcntl.LOCK_SH)
        yield _label(file)


def _label(file: TextIO) -> str:
    """The label that the lock's file holds; whoever holds it alone and finds it empty makes one."""
    file.seek(0)
    if not file.read():
        file.write(f"{OWNER}-{secrets.token_hex(8)}")
        file.flush()
    file.seek(0)
    return file.read()


def rehearse_model(
    card: ModelCard,
    spec: BenchmarkSpec,
    runtime: Runtime,
    fetching: BlobSource,
    progress: Progress,
    owner: str = OWNER,
) -> Evaluation:
    """Run a model as a site would; raises what a site would record as its failure. `owner` labels what runs."""
    for cube in (spec.preparator.cube, spec.evaluator.cube, card.cube):
        runtime.install(cube, fetching)
    with _workplace() as work:
        _prepare(spec, runtime, fetching, work, progress, owner)
        progress(card.ref, "infer")
        weights = fetching.path(card.weights) if card.weights else None
        cases = work / "prepared" / "cases"
        predictions = steps.infer(
            runtime, spec.bind_model(card), weights, cases, work / "infer", spec.limits.infer, owner
        )
        progress(card.ref, "evaluate")
        labels = work / "prepared" / "labels.csv"
        data = steps.evaluate(
            runtime, spec.bound_evaluator(), predictions, labels, work / "evaluate", spec.limits.evaluate, owner
        )
    return Evaluation.from_json(data, refuse=ResultRefused)


def rehearse_preparation(
    spec: BenchmarkSpec, runtime: Runtime, blobs: BlobSource, progress: Progress, owner: str = OWNER
) -> None:
    """Prepare and check the rehearsal data; raises what a site would see, before any site does."""
    runtime.install(spec.preparator.cube, blobs)
    with _workplace() as work:
        _prepare(spec, runtime, blobs, work, progress, owner)


def _prepare(
    spec: BenchmarkSpec, runtime: Runtime, blobs: BlobSource, work: Path, progress: Progress, owner: str
) -> None:
    progress(spec.ref, "prepare rehearsal data")
    untar(blobs.path(spec.rehearsal), work / "raw")
    prepared, limits = work / "prepared", spec.limits.prepare
    steps.prepare(runtime, spec.preparator, work / "raw", prepared, limits, owner)
    steps.check_prepared(runtime, spec.preparator, prepared, limits, owner)
    steps.check_interface(prepared, spec.model_interface)


@contextmanager
def _workplace() -> Iterator[Path]:
    """A folder that goes away, also when what a container wrote in it is another user's."""
    folder = Path(tempfile.mkdtemp(prefix="medeval-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
