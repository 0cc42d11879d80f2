"""The prepared dataset: write it, check it, count it."""

import csv
import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from problems import Empty, MissingColumn, Problem
from recipe import Grouping, Recipe
from target import to_texts

if TYPE_CHECKING:
    import numpy as np


def write(
    target: Path, plan: Recipe, features: "np.ndarray", labels: "np.ndarray", strata: list[list[str]], *, seed: bytes
) -> None:
    """Write cases and labels in an order, and under ids, that tell nothing of the rows in the raw file.

    The order is a permutation seeded by the raw file's digest: the same file gives the same bytes again.
    """
    from numpy.random import default_rng

    order = default_rng(int.from_bytes(hashlib.sha256(seed).digest(), "big")).permutation(len(labels))
    ids = [f"c{number:06d}" for number in range(1, len(order) + 1)]
    (target / "cases").mkdir()
    _write_rows(
        target / "cases" / "cases.csv",
        ["case_id", *plan.feature_names],
        # repr gives the shortest text that reads back as the same double.
        ([case_id, *map(repr, features[row].tolist())] for case_id, row in zip(ids, order, strict=True)),
    )
    places = {"": 0} if plan.cluster is None else _renumbered([strata[row][0] for row in order])
    chosen = (
        [case_id, *to_texts(labels[row].tolist()), *_stratum(strata[row], places, plan)]
        for case_id, row in zip(ids, order, strict=True)
    )
    _write_rows(target / "labels.csv", plan.label_columns, chosen)


def _renumbered(patients: list[str]) -> dict[str, int]:
    """Numbers for patients in the order of the cases, which tells nothing of the raw rows."""
    return {patient: number for number, patient in enumerate(dict.fromkeys(patients), 1)}


def _stratum(stratum: list[str], places: dict[str, int], plan: Recipe) -> list[str]:
    if plan.cluster is None:
        return stratum
    return [f"p{places[stratum[0]]:06d}", *stratum[1:]]


def _write_rows(path: Path, header: list[str], rows: Iterator[list]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def check(source: Path, plan: Recipe) -> None:
    """Raise a `Problem` unless cases and labels belong together and every feature is a finite number."""
    header, cases = _read_rows(source / "cases" / "cases.csv")
    names = plan.feature_names
    missing = [name for name in ["case_id", *names] if name not in header]
    if missing:
        raise MissingColumn(f"the cases lack the column {missing[0]}")
    if header != ["case_id", *names]:
        raise Problem("the cases have other columns than the benchmark names")
    labels = {row[0] for row in _read_labels(source, plan)}
    ids = [row[0] for row in cases]
    if len(set(ids)) != len(ids) or set(ids) != labels:
        raise Problem("cases and labels do not name the same cases once each")
    if not all(_is_finite(value) for row in cases for value in row[1:]):
        raise Problem("a feature is no finite number")
    if not ids:
        raise Empty("there is no case")


def _read_labels(source: Path, plan: Recipe) -> list[list[str]]:
    """The rows of `labels.csv`: case id and label."""
    header, rows = _read_rows(source / "labels.csv")
    width = 1 + len(plan.target.names)
    if header != plan.label_columns or not all(plan.target.is_label(*row[1:width]) for row in rows):
        raise Problem("the labels are not case ids with what the benchmark foretells")
    if len({row[0] for row in rows}) != len(rows):
        raise Problem("the labels name a case twice")
    if any(level not in group.levels for row in rows for level, group in _levels(row, plan)):
        raise Problem("the labels hold a level that the benchmark does not name")
    return [row[:width] for row in rows]


def _levels(row: list[str], plan: Recipe) -> Iterator[tuple[str, Grouping]]:
    return zip(row[len(row) - len(plan.groups) :], plan.groups.values(), strict=True)


def _read_rows(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file, strict=True)
    except (OSError, ValueError, csv.Error) as exc:
        raise Problem("the prepared dataset cannot be read") from exc
    if any(len(row) != len(header) for row in rows):
        raise Problem("a row of the prepared dataset has too few or too many fields")
    return header, rows


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def write_statistics(source: Path, target: Path, plan: Recipe) -> None:
    """`statistics.json`: cases, and cases per class (negative and positive, or censored and with an event)."""
    labels = [row[-1] for row in _read_labels(source, plan)]
    positive = labels.count("1")
    plain = {"cases": len(labels), "per_class": [len(labels) - positive, positive]}
    (target / "statistics.json").write_text(json.dumps(plain) + "\n", encoding="utf-8")
