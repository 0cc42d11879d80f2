"""Segmentations of the same cases: per-case differences of a metric between each two models."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medeval.metrics.paired_states import Plain, difference_moments
from medeval.metrics.segmentation import Measured, Read, Rules, kept_cases, means_of, read_cases


def paired_states(folders: Sequence[Path], parameters: Mapping[str, Any]) -> tuple[int, list[Plain]]:
    """The cases, and a state for each metric that `parameters["compared"]` names."""
    rules = Rules.of(parameters["analysis"])
    read = [read_cases(folder, parameters.get("interface", {}), rules) for folder in folders]
    wanted = [item["metric"] for item in parameters["compared"]]
    return read[0].cases, [_state(metric, read, rules) for metric in wanted]


def _state(metric: str, read: Sequence[Read], rules: Rules) -> Plain:
    base, _, structure = metric.partition("/")
    place = rules.metrics.index(base)
    columns = [_of_case(one.measured, structure, place, rules) for one in read]
    values, kept = (np.stack(rows) for rows in zip(*columns, strict=True))
    return difference_moments(metric, values, kept, read[0].strata.cluster)


def _of_case(measured: Sequence[Measured], structure: str, place: int, rules: Rules) -> tuple[Any, Any]:
    """A value per case (N,), and whether it counts: of one structure, or the mean over those that count."""
    if structure:
        one = measured[list(rules.structures).index(structure)]
        return one.values[:, place], kept_cases(one, rules)
    return means_of(measured, rules, place)
