"""The evaluators' one entry: predictions and labels of any task to the evaluation that a site may release."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from medeval.errors import SpecError

#: The module of each task family; it is loaded when its task is evaluated, since start-up counts in every execution.
_MODULES = {
    "binary-classification": "binary",
    "detection": "detection",
    "multiclass-classification": "classes",
    "multilabel-classification": "classes",
    "regression": "regression",
    "segmentation": "segmentation",
    "survival": "survival",
    "text": "text",
}


def evaluate(source: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The evaluation of the files in `source` under `parameters`: `analysis` (the plan) and `interface`.

    Raises what the family's reader raises for predictions or labels that do not fit, `SpecError` for another task.
    """
    task = parameters["analysis"].get("task")
    if task not in _MODULES:
        raise SpecError("this evaluator does not know the task of the analysis plan", "Use the evaluator of the task.")
    found: dict[str, Any] = import_module(f"medeval.metrics.{_MODULES[task]}").evaluate(source, parameters)
    return found
