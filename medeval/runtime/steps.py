"""The pipeline, one step per function: run a task sealed, turn its failure into a typed error, take its output.

Sites and rehearsals call the same functions, so what passes a rehearsal meets the same rules at a site. No message
holds a word that the cube printed: that is the error's `log`, which never leaves. Whatever a step copies lies beside
its output, or beside the prepared dataset that it reads.
"""

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from medeval.domain.benchmark import BoundCube, ModelInterface
from medeval.domain.dataset import DatasetStatistics
from medeval.domain.failures import EXIT_CODES
from medeval.domain.package import RESULT_FILES, CubeKind, Limits, Parameters, Task
from medeval.errors import (
    CubeExited,
    CubeOutOfMemory,
    CubeTimedOut,
    DataError,
    MedevalError,
    OutputTooLarge,
    ResultRefused,
    RunFailed,
    WroteNothing,
)
from medeval.runtime.json_output import read_json
from medeval.runtime.output_files import check_output, check_plain_tree
from medeval.runtime.port import Ending, RunRequest, RunResult, Runtime
from medeval.runtime.staging import scratch_beside

#: A statistics or result file is small; whatever is larger is a mistake or an attempt to carry data out.
MOST_JSON_BYTES = 2 * 1024 * 1024
#: Ten thousand columns of eighty characters.
_LONGEST_HEADER = 1024 * 1024
#: Of what a kind of cube is asked for its opinion: the raw data, the predictions; a model of nothing.
_MAY_SAY: dict[CubeKind, type[MedevalError]] = {CubeKind.PREPARATOR: DataError, CubeKind.EVALUATOR: RunFailed}


def prepare(runtime: Runtime, bound: BoundCube, raw: Path, out: Path, limits: Limits, owner: str) -> None:
    """Turn raw data into a prepared dataset: `out` (empty or absent) then holds `cases/cases.csv` and the labels.

    Raises the cube's own error (`DataError`, `MissingColumn`, `EmptyData`), or a `RunFailed`.
    """
    with _ran(runtime, bound, Task.PREPARE, {"data": raw}, out, limits, owner):
        check_plain_tree(out)
        check_output(out / "cases" / "cases.csv")
        check_output(_labels_in(out))


def check_prepared(runtime: Runtime, bound: BoundCube, prepared: Path, limits: Limits, owner: str) -> None:
    """Let the preparator's sanity check judge a prepared dataset; raises what it finds wrong."""
    inputs = _prepared_inputs(prepared)
    with (
        scratch_beside(prepared) as scratch,
        _ran(runtime, bound, Task.SANITY_CHECK, inputs, scratch / "out", limits, owner),
    ):
        pass  # the exit code is the whole answer


def check_interface(prepared: Path, interface: ModelInterface) -> None:
    """Raise `RunFailed` unless the prepared cases have the columns that models are promised.

    The labels must end with the columns of patient and groups that the spec names.
    """
    hint = "The committee must align preparator and model_interface; tell it."
    if _header_of(prepared / "cases" / "cases.csv") != [interface.case_id, *interface.features]:
        raise RunFailed("the preparator's columns are not those of the spec's model interface", hint)
    strata = interface.strata
    labels = _labels_in(prepared)
    if labels.suffix == ".csv" and strata and tuple(_header_of(labels)[-len(strata) :]) != strata:
        raise RunFailed("the preparator's labels do not end with the spec's cluster and groups", hint)


def _header_of(file: Path) -> list[str]:
    with file.open(encoding="utf-8", errors="replace") as lines:
        return next(csv.reader([lines.readline(_LONGEST_HEADER)]), [])


def statistics(runtime: Runtime, bound: BoundCube, prepared: Path, limits: Limits, owner: str) -> DatasetStatistics:
    """The counts of a prepared dataset; raises `RunFailed` when the preparator fails or writes anything else."""
    inputs = _prepared_inputs(prepared)
    with (
        scratch_beside(prepared) as scratch,
        _ran(runtime, bound, Task.STATISTICS, inputs, scratch / "out", limits, owner) as out,
    ):
        data = read_json(out / "statistics.json", MOST_JSON_BYTES)
        return DatasetStatistics.from_json(data, refuse=RunFailed)


def infer(
    runtime: Runtime, model: BoundCube, weights: Path | None, cases: Path, out: Path, limits: Limits, owner: str
) -> Path:
    """Run a model on `cases` (the folder); returns the file of predictions in `out` (empty or absent).

    It is `predictions.csv`, or `predictions.npz` where the model wrote that: `check_format` holds it to the task.
    """
    inputs = {"cases": cases} if weights is None else {"cases": cases, "weights": weights}
    with _ran(runtime, model, Task.INFER, inputs, out, limits, owner):
        return check_output(_either(out, "predictions"))


def check_format(predictions: Path, expected: str) -> None:
    """Raise `WroteNothing` where predictions are not in the file that the task asks for."""
    if predictions.name != expected:
        raise WroteNothing(f"the model wrote no {expected}", f"Write {expected}, as the benchmark's task asks.")


def evaluate(
    runtime: Runtime, bound: BoundCube, predictions: Path, labels: Path, out: Path, limits: Limits, owner: str
) -> bytes:
    """The evaluator's `result.json`: strict JSON in one form, as yet unchecked (`disclosure` judges it).

    Raises `ResultRefused` for what is no such JSON; `WrongColumns`, `WrongCases`, `ScoreNotFinite` or
    `ScoreOutOfRange` when the evaluator finds the predictions wanting, a `RunFailed` when the evaluator itself fails.
    """
    inputs = {f"predictions{_suffix(predictions)}": predictions, f"labels{_suffix(labels)}": labels}
    with _ran(runtime, bound, Task.EVALUATE, inputs, out, limits, owner):
        return read_json(out / "result.json", MOST_JSON_BYTES, refuse=ResultRefused)


def compare(
    runtime: Runtime,
    bound: BoundCube,
    predictions: Sequence[Path],
    labels: Path,
    out: Path,
    limits: Limits,
    owner: str,
) -> bytes:
    """The evaluator's `comparison.json`, as yet unchecked: models in the order of `predictions`.

    Raises as `evaluate` does.
    """
    inputs = {f"predictions-{number}{file.suffix}": file for number, file in enumerate(predictions, start=1)}
    with _ran(runtime, bound, Task.COMPARE, {**inputs, labels.name: labels}, out, limits, owner):
        return read_json(out / "comparison.json", MOST_JSON_BYTES, refuse=ResultRefused)


def _prepared_inputs(prepared: Path) -> dict[str, Path]:
    labels = _labels_in(prepared)
    return {"cases": prepared / "cases", labels.name: labels}


def _labels_in(prepared: Path) -> Path:
    return _either(prepared, "labels")


def _either(folder: Path, name: str) -> Path:
    """The file of arrays where there is one, else that of rows."""
    arrays = folder / f"{name}.npz"
    return arrays if os.path.lexists(arrays) else folder / f"{name}.csv"


def _suffix(file: Path) -> str:
    return ".npz" if file.suffix == ".npz" else ".csv"


@contextmanager
def _ran(
    runtime: Runtime,
    bound: BoundCube,
    task: Task,
    inputs: Mapping[str, Path],
    out: Path,
    limits: Limits,
    owner: str,
) -> Iterator[Path]:
    """Run a task and give its output; what is wrong with run or output is raised with what the cube printed."""
    out.mkdir(parents=True, exist_ok=True)
    if task in RESULT_FILES:
        limits = limits.model_copy(update={"output_bytes": min(limits.output_bytes, MOST_JSON_BYTES)})
    with _parameters_file(bound.parameters, out) as parameters:
        everything = {**inputs, "parameters.json": parameters}
        result = runtime.run(RunRequest(bound.cube, task, everything, out, limits, owner))
    try:
        check_ending(result, bound.cube.manifest.kind, task, limits)
        yield out
    except MedevalError as exc:
        exc.log = result.log
        raise


def check_ending(result: RunResult, kind: CubeKind, task: Task, limits: Limits) -> None:
    """Raise the error that a run's ending stands for, unless the task did its work."""
    who = f"the {kind}'s {task}"
    if result.ending is Ending.TIMED_OUT:
        raise CubeTimedOut(f"{who} ran longer than {limits.time_s} s", "Make it faster, or raise limits.time_s.")
    if result.ending is Ending.OUT_OF_MEMORY:
        mebibytes = limits.memory_bytes // 1024**2
        raise CubeOutOfMemory(f"{who} needed more than {mebibytes} MiB", "Use less, or raise limits.memory_bytes.")
    if result.ending is Ending.OUTPUT_TOO_LARGE:
        hint = "Write less, or raise limits.output_bytes."
        raise OutputTooLarge(f"{who} wrote more than {limits.output_bytes} bytes", hint)
    if result.exit_code != 0:
        raise _exit_error(who, kind, result.exit_code)


def _exit_error(who: str, kind: CubeKind, exit_code: int) -> MedevalError:
    known = EXIT_CODES.get(exit_code)
    if known is None or not issubclass(known, _MAY_SAY.get(kind, ())):
        hint = "What it printed says why. Whoever made the cube has to correct it."
        return CubeExited(f"{who} ended with exit code {exit_code}", hint)
    rule = (known.__doc__ or known.code).rstrip(".")
    hint = "What it printed says more, and the cube's card what it expects."
    return known(f"{who} says: {rule[0].lower()}{rule[1:]}", hint)


@contextmanager
def _parameters_file(parameters: Parameters, out: Path) -> Iterator[Path]:
    """A file of the parameters, in a folder of its own, readable by the user that a container runs as."""
    with scratch_beside(out) as scratch:
        file = scratch / "parameters.json"
        file.write_text(json.dumps(parameters, sort_keys=True), encoding="utf-8")
        file.chmod(0o644)
        yield file
