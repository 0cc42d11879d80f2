"""The evaluators' other entry: the predictions of M models on the same cases to a paired comparison.

Each model's predictions are read by the reader of its task, as if that model alone was evaluated, so what an evaluation
refuses a comparison refuses too.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from medeval.errors import SpecError

Plain: TypeAlias = dict[str, Any]
#: (a folder per model, parameters) to (cases, a state per metric that is compared, in order).
PairedStates: TypeAlias = Callable[[Sequence[Path], Mapping[str, Any]], tuple[int, list[Plain]]]

#: The module of each task family that compares; it is loaded when its task is compared.
_MODULES = {
    "binary-classification": "compare_binary",
    "multiclass-classification": "compare_classes",
    "multilabel-classification": "compare_classes",
    "regression": "compare_rows",
    "segmentation": "compare_segmentation",
    "survival": "compare_survival",
    "text": "compare_rows",
}


def compare(source: Path, parameters: Mapping[str, Any], scratch: Path) -> Plain:
    """The paired evaluation (`domain.paired`) of `predictions-1.*` to `predictions-M.*` beside `labels.*` in `source`.

    `parameters` are those of an evaluation, with `models` (how many) and `compared` (what is stated of which metric);
    `scratch` is an empty folder. Raises what the reader of the task raises, `SpecError` for a task without comparisons.
    """
    task = parameters["analysis"].get("task")
    if task not in _MODULES:
        raise SpecError("this evaluator compares no models of the plan's task", "Use the evaluator of the task.")
    folders = [_only(source, number, scratch / str(number)) for number in range(1, int(parameters["models"]) + 1)]
    states: PairedStates = import_module(f"medeval.metrics.{_MODULES[task]}").paired_states
    cases, found = states(folders, parameters)
    return {"format": "medeval/paired@1", "cases": cases, "states": found}


def _only(source: Path, number: int, folder: Path) -> Path:
    """A folder in which one model's predictions and the labels stand as they do for an evaluation."""
    folder.mkdir(parents=True)
    for file in source.iterdir():
        name = file.name.replace(f"predictions-{number}.", "predictions.")
        if not name.startswith("predictions-"):
            (folder / name).symlink_to(file.resolve())
    return folder
