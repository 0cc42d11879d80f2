"""The pipeline, one step per function: run a task sealed, turn its failure into a typed error, take its output.

Sites and rehearsals call the same functions, so what passes a rehearsal meets the same rules at a site. No message
holds a word that the cube printed.
"""

import csv
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from medeval.domain.benchmark import BoundCube, ModelInterface
from medeval.domain.dataset import DatasetStatistics
from medeval.domain.failures import EXIT_CODES
from medeval.domain.package import CubeKind, Limits, Parameters, Task
from medeval.errors import CubeExited, CubeOutOfMemory, CubeTimedOut, MedevalError, OutputTooLarge, RunFailed
from medeval.runtime.output_files import check_output, check_plain_tree, read_output
from medeval.runtime.port import Ending, RunRequest, RunResult, Runtime

#: A statistics or result file is small; whatever is larger is a mistake or an attempt to carry data out.
MOST_JSON_BYTES = 2 * 1024 * 1024
#: Ten thousand columns of eighty characters.
_LONGEST_HEADER = 1024 * 1024


def prepare(runtime: Runtime, bound: BoundCube, raw: Path, out: Path, limits: Limits, owner: str) -> None:
    """Turn raw data into a prepared dataset: `out` (empty or absent) then holds `cases/cases.csv` and `labels.csv`.

    Raises the cube's own error (`DataError`, `MissingColumn`, `EmptyData`), or a `RunFailed`.
    """
    _run(runtime, bound, Task.PREPARE, {"data": raw}, out, limits, owner)
    check_plain_tree(out)
    check_output(out / "cases" / "cases.csv")
    check_output(out / "labels.csv")


def check_prepared(runtime: Runtime, bound: BoundCube, prepared: Path, limits: Limits, owner: str) -> None:
    """Let the preparator's sanity check judge a prepared dataset; raises what it finds wrong."""
    with tempfile.TemporaryDirectory(prefix="medeval-") as scratch:
        _run(runtime, bound, Task.SANITY_CHECK, _prepared_inputs(prepared), Path(scratch, "out"), limits, owner)


def check_interface(prepared: Path, interface: ModelInterface) -> None:
    """Raise `RunFailed` unless the prepared cases have the columns that models are promised."""
    with (prepared / "cases" / "cases.csv").open(encoding="utf-8", errors="replace") as file:
        header = next(csv.reader([file.readline(_LONGEST_HEADER)]), [])
    if header != [interface.case_id, *interface.features]:
        hint = "The committee must align preparator and model_interface; tell it."
        raise RunFailed("the preparator's columns are not those of the spec's model interface", hint)


def statistics(runtime: Runtime, bound: BoundCube, prepared: Path, limits: Limits, owner: str) -> DatasetStatistics:
    """The counts of a prepared dataset; raises `RunFailed` when the preparator fails or writes anything else."""
    with tempfile.TemporaryDirectory(prefix="medeval-") as scratch:
        out = Path(scratch, "out")
        _run(runtime, bound, Task.STATISTICS, _prepared_inputs(prepared), out, limits, owner)
        data = read_output(out / "statistics.json", MOST_JSON_BYTES)
    return DatasetStatistics.from_json(data, refuse=RunFailed)


def infer(
    runtime: Runtime, model: BoundCube, weights: Path | None, cases: Path, out: Path, limits: Limits, owner: str
) -> Path:
    """Run a model on `cases` (the folder); returns the file of predictions in `out` (empty or absent)."""
    inputs = {"cases": cases} if weights is None else {"cases": cases, "weights": weights}
    _run(runtime, model, Task.INFER, inputs, out, limits, owner)
    return check_output(out / "predictions.csv")


def evaluate(
    runtime: Runtime, bound: BoundCube, predictions: Path, labels: Path, out: Path, limits: Limits, owner: str
) -> bytes:
    """The bytes of the evaluator's `result.json`, as yet unchecked (`disclosure` judges them).

    Raises `WrongColumns`, `WrongCases`, `ScoreNotFinite` or `ScoreOutOfRange` when the evaluator finds the predictions
    wanting, a `RunFailed` when the evaluator itself fails.
    """
    inputs = {"predictions.csv": predictions, "labels.csv": labels}
    _run(runtime, bound, Task.EVALUATE, inputs, out, limits, owner)
    return read_output(out / "result.json", MOST_JSON_BYTES)


def _prepared_inputs(prepared: Path) -> dict[str, Path]:
    return {"cases": prepared / "cases", "labels.csv": prepared / "labels.csv"}


def _run(
    runtime: Runtime,
    bound: BoundCube,
    task: Task,
    inputs: Mapping[str, Path],
    out: Path,
    limits: Limits,
    owner: str,
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with _parameters_file(bound.parameters) as parameters:
        everything = {**inputs, "parameters.json": parameters}
        result = runtime.run(RunRequest(bound.cube, task, everything, out, limits, owner))
    error = find_failure(result, bound.cube.manifest.kind, task, limits)
    if error is not None:
        raise error


def find_failure(result: RunResult, kind: CubeKind, task: Task, limits: Limits) -> MedevalError | None:
    """The error that a run's ending stands for, or None when the task did its work."""
    who = f"the {kind}'s {task}"
    if result.ending is Ending.TIMED_OUT:
        return CubeTimedOut(f"{who} ran longer than {limits.time_s} s", "Make it faster, or raise limits.time_s.")
    if result.ending is Ending.OUT_OF_MEMORY:
        mebibytes = limits.memory_bytes // 1024**2
        return CubeOutOfMemory(f"{who} needed more than {mebibytes} MiB", "Use less, or raise limits.memory_bytes.")
    if result.ending is Ending.OUTPUT_TOO_LARGE:
        hint = "Write less, or raise limits.output_bytes."
        return OutputTooLarge(f"{who} wrote more than {limits.output_bytes} bytes", hint)
    return None if result.exit_code == 0 else _exit_error(who, kind, result.exit_code)


def _exit_error(who: str, kind: CubeKind, exit_code: int) -> MedevalError:
    # A model is not asked for its opinion of the data or of its own predictions.
    known = None if kind is CubeKind.MODEL else EXIT_CODES.get(exit_code)
    if known is None:
        return CubeExited(f"{who} ended with exit code {exit_code}", "Rehearse it with `medeval model test`.")
    rule = (known.__doc__ or known.code).rstrip(".")
    return known(f"{who} says: {rule[0].lower()}{rule[1:]}", "The cube's card says what it expects.")


@contextmanager
def _parameters_file(parameters: Parameters) -> Iterator[Path]:
    """A file of the parameters, in a folder of its own, readable by the user that a container runs as."""
    with tempfile.TemporaryDirectory(prefix="medeval-") as scratch:
        file = Path(scratch, "parameters.json")
        file.write_text(json.dumps(parameters, sort_keys=True), encoding="utf-8")
        file.chmod(0o644)
        yield file
