"""`model test`: a model on the benchmark's rehearsal data, step by step as at a site, in the same sandbox."""

import csv
import fcntl
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from medeval.disclosure.check import check_states
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
        steps.check_format(predictions, spec.analysis.predictions_file)
        progress(card.ref, "evaluate")
        return _evaluate(spec, runtime, predictions, work, owner)


def rehearse_benchmark(
    spec: BenchmarkSpec, runtime: Runtime, blobs: BlobSource, progress: Progress, owner: str = OWNER
) -> None:
    """Prepare the rehearsal data and evaluate the same score for every case.

    Raises what a site would see, before any site does: cubes that fail, or that do not fit each other or the spec.
    """
    for cube in (spec.preparator.cube, spec.evaluator.cube):
        runtime.install(cube, blobs)
    with _workplace() as work:
        _prepare(spec, runtime, blobs, work, progress, owner)
        predictions = work / spec.analysis.predictions_file
        _predict_alike(work / "prepared", predictions, spec)
        progress(spec.ref, "evaluate rehearsal data")
        _evaluate(spec, runtime, predictions, work, owner)


def _prepare(
    spec: BenchmarkSpec, runtime: Runtime, blobs: BlobSource, work: Path, progress: Progress, owner: str
) -> None:
    progress(spec.ref, "prepare rehearsal data")
    untar(blobs.path(spec.rehearsal), work / "raw")
    prepared, limits = work / "prepared", spec.limits.prepare
    steps.prepare(runtime, spec.preparator, work / "raw", prepared, limits, owner)
    steps.check_prepared(runtime, spec.preparator, prepared, limits, owner)
    steps.check_interface(prepared, spec.model_interface)


def _predict_alike(prepared: Path, predictions: Path, spec: BenchmarkSpec) -> None:
    """What a model would write that says the same of every case; where cases are volumes, the labels themselves."""
    if predictions.suffix != ".csv":
        _predict_the_labels(prepared / spec.analysis.labels_file, predictions)
        return
    interface = spec.model_interface
    columns, values = spec.analysis.dull_row(interface.score)
    with (
        (prepared / "cases" / "cases.csv").open(encoding="utf-8", newline="") as file,
        predictions.open("w", encoding="utf-8", newline="") as out,
    ):
        ids = [row[0] for row in csv.reader(file)][1:]
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([interface.case_id, *columns])
        writer.writerows((case_id, *values) for case_id in ids)


def _predict_the_labels(labels: Path, predictions: Path) -> None:
    """The masks of an archive of labels, under the names that a model gives them."""
    with zipfile.ZipFile(labels) as source, zipfile.ZipFile(predictions, "w") as target:
        for name in source.namelist():
            if name.startswith("masks/"):
                target.writestr(name.removeprefix("masks/"), source.read(name))


def _evaluate(spec: BenchmarkSpec, runtime: Runtime, predictions: Path, work: Path, owner: str) -> Evaluation:
    """The evaluation, held to the analysis plan; rehearsal data may have fewer cases than the policy asks of sites."""
    labels, limits = work / "prepared" / spec.analysis.labels_file, spec.limits.evaluate
    data = steps.evaluate(runtime, spec.bound_evaluator(), predictions, labels, work / "evaluate", limits, owner)
    evaluation = Evaluation.from_json(data, refuse=ResultRefused)
    check_states(evaluation, spec)
    return evaluation


@contextmanager
def _workplace() -> Iterator[Path]:
    """A folder that goes away, also when what a container wrote in it is another user's."""
    folder = Path(tempfile.mkdtemp(prefix="medeval-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
