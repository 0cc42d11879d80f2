"""Patients and subgroups: which cases belong together, and the evaluation as a whole, by group and by level."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.errors import DataError
from medeval.metrics.exact import cluster_sizes

Plain: TypeAlias = dict[str, Any]
Chosen: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.int64]
#: The states of some of the cases: `chosen` has shape (N,).
StatesOf: TypeAlias = Callable[[Chosen], list[Plain]]

_FORMAT = "medeval/evaluation@1"
_HINT = "The preparator wrote these labels: check its parameters, and prepare the dataset again."


@dataclass(frozen=True)
class Strata:
    """For N cases in the order of the labels: the number of each one's patient, and its level of each group.

    `cluster` of shape (N,), or None where every case is a patient of its own; `groups` by name: the levels of the spec
    and, of shape (N,), the place of each case's level among them.
    """

    cluster: Numbers | None = None
    groups: Mapping[str, tuple[tuple[str, ...], Numbers]] = field(default_factory=dict)


def columns_of(interface: Mapping[str, Any]) -> list[str]:
    """The columns of `labels.csv` after those of the task: the patient, then the groups by name."""
    return [*([interface["cluster"]] if interface.get("cluster") else []), *sorted(interface.get("groups", {}))]


def read_strata(labels: Path, interface: Mapping[str, Any]) -> Strata:
    """The strata of a `labels.csv`; raises `DataError` for a level that the spec does not declare."""
    wanted = columns_of(interface)
    if not wanted:
        return Strata()
    values: dict[str, list[str]] = {name: [] for name in wanted}
    with labels.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            for name in wanted:
                values[name].append(row[name] or "")
    return strata_of(values, interface)


def strata_of(values: Mapping[str, Sequence[str]], interface: Mapping[str, Any]) -> Strata:
    """The strata of cases whose fields are given by column (`columns_of`), in the order of the labels."""
    cluster, declared = interface.get("cluster"), interface.get("groups", {})
    groups = {name: (tuple(levels), _places(values[name], levels)) for name, levels in sorted(declared.items())}
    return Strata(_numbers(values[cluster]) if cluster else None, groups)


def _numbers(values: Sequence[str]) -> Numbers:
    """The same number for the same patient."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int64)


def _places(values: Sequence[str], levels: Sequence[str]) -> Numbers:
    known = {level: place for place, level in enumerate(levels)}
    if not known.keys() >= set(values):
        raise DataError("labels.csv holds a group level that the spec does not declare", _HINT)
    return np.array([known[value] for value in values], dtype=np.int64)


def evaluation(cases: int, states_of: StatesOf, strata: Strata | None = None) -> Plain:
    """The evaluator's result (`domain.result.Evaluation`): all cases, then each level of each group."""
    strata = strata or Strata()
    everyone = np.ones(cases, dtype=np.bool_)
    groups = [
        {"name": name, "level": level, **_part(places == place, states_of, strata)}
        for name, (levels, places) in strata.groups.items()
        for place, level in enumerate(levels)
    ]
    found: Plain = {"format": _FORMAT, **_part(everyone, states_of, strata)}
    return {**found, "groups": groups} if groups else found


def evaluation_of_all(cases: int, states: list[Plain]) -> Plain:
    """The same where there are neither patients nor groups, from states that are there already."""
    return {"format": _FORMAT, "cases": cases, "states": states}


def _part(chosen: Chosen, states_of: StatesOf, strata: Strata) -> Plain:
    part: Plain = {"cases": int(np.count_nonzero(chosen)), "states": states_of(chosen)}
    if strata.cluster is not None:
        sizes = np.bincount(strata.cluster[chosen])
        part["clusters"] = cluster_sizes(sizes[sizes > 0].astype(np.int64))
    return part
