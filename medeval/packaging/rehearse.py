"""`model test`: a model on the benchmark's rehearsal data, step by step as at a site, in the same sandbox."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.package import ModelCard
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused
from medeval.packaging.progress import Progress
from medeval.runtime import steps
from medeval.runtime.port import BlobSource, Runtime
from medeval.runtime.unpack import untar

OWNER = "rehearsal"


def rehearse_model(
    card: ModelCard, spec: BenchmarkSpec, runtime: Runtime, fetching: BlobSource, progress: Progress
) -> Evaluation:
    """Run a model as a site would; raises what a site would record as its failure."""
    for cube in (spec.preparator.cube, spec.evaluator.cube, card.cube):
        runtime.install(cube, fetching)
    with _workplace() as work:
        _prepare(spec, runtime, fetching, work, progress)
        progress(card.ref, "infer")
        weights = fetching.path(card.weights) if card.weights else None
        cases = work / "prepared" / "cases"
        predictions = steps.infer(
            runtime, spec.bind_model(card), weights, cases, work / "infer", spec.limits.infer, OWNER
        )
        progress(card.ref, "evaluate")
        labels = work / "prepared" / "labels.csv"
        data = steps.evaluate(
            runtime, spec.bound_evaluator(), predictions, labels, work / "evaluate", spec.limits.evaluate, OWNER
        )
    return Evaluation.from_json(data, refuse=ResultRefused)


def rehearse_preparation(spec: BenchmarkSpec, runtime: Runtime, blobs: BlobSource, progress: Progress) -> None:
    """Prepare and check the rehearsal data; raises what a site would see, before any site does."""
    runtime.install(spec.preparator.cube, blobs)
    with _workplace() as work:
        _prepare(spec, runtime, blobs, work, progress)


def _prepare(spec: BenchmarkSpec, runtime: Runtime, blobs: BlobSource, work: Path, progress: Progress) -> None:
    progress(spec.ref, "prepare rehearsal data")
    untar(blobs.path(spec.rehearsal), work / "raw")
    prepared, limits = work / "prepared", spec.limits.prepare
    steps.prepare(runtime, spec.preparator, work / "raw", prepared, limits, OWNER)
    steps.check_prepared(runtime, spec.preparator, prepared, limits, OWNER)
    steps.check_interface(prepared, spec.model_interface)


@contextmanager
def _workplace() -> Iterator[Path]:
    """A folder that goes away, also when what a container wrote in it is another user's."""
    folder = Path(tempfile.mkdtemp(prefix="medeval-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
