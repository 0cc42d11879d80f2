"""Files of any columns beside one another, read strictly: each case once, each row as wide as the header.

Only the labels' rows decide what is kept, so a model cannot make the evaluator hold more than the dataset is large. No
message names a case or holds a value: counts only.
"""

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medeval.errors import (
    DataError,
    EmptyData,
    MedevalError,
    MissingColumn,
    ScoreNotFinite,
    ScoreOutOfRange,
    WrongCases,
    WrongColumns,
)
from medeval.metrics.strata import columns_of

PREDICTIONS, LABELS = "predictions.csv", "labels.csv"
LABELS_HINT = "The preparator wrote these labels: check its parameters, and prepare the dataset again."
_PREDICTIONS_HINT = "Write the columns that the benchmark names for its task, as comma-separated UTF-8 text."
_CASES_HINT = "Write exactly one row for each case id in cases.csv."
#: A plain decimal number: Python alone would also take `1_0`, ` 0.5 `, other scripts' digits, `nan` and `inf`.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Truth:
    """The labels: each case id's place, and the fields after the case id in the order of places."""

    places: Mapping[str, int]
    rows: Sequence[Sequence[str]]


def case_id_of(interface: Mapping[str, Any]) -> str:
    """The column of case ids."""
    return str(interface.get("case_id", "case_id"))


def read_truth(source: Path, interface: Mapping[str, Any], columns: Sequence[str]) -> Truth:
    """`labels.csv`: the case id, `columns`, and the strata's; raises `DataError`, `MissingColumn` or `EmptyData`."""
    places: dict[str, int] = {}
    rows: list[Sequence[str]] = []
    for case_id, *fields in rows_of_labels(source, interface, columns):
        if places.setdefault(case_id, len(rows)) != len(rows):
            raise DataError(f"{LABELS} names a case twice", LABELS_HINT)
        rows.append(fields[: len(columns)])
    if not rows:
        raise EmptyData(f"{LABELS} holds no case", LABELS_HINT)
    return Truth(places, rows)


def read_predicted(
    source: Path, interface: Mapping[str, Any], columns: Sequence[str], truth: Truth
) -> Sequence[Sequence[str]]:
    """`predictions.csv` in the order of the labels; raises `WrongColumns` or `WrongCases`."""
    found: list[Sequence[str] | None] = [None] * len(truth.rows)
    total = unknown = repeated = 0
    for case_id, *fields in rows_of_predictions(source, interface, columns):
        total += 1
        place = truth.places.get(case_id)
        if place is None:
            unknown += 1
        elif found[place] is not None:
            repeated += 1
        else:
            found[place] = fields
    kept = [fields for fields in found if fields is not None]
    missing = len(found) - len(kept)
    wrong = ((missing, "without a row"), (unknown, "of no known case"), (repeated, "of a case that had one before"))
    if told := ", ".join(f"{count} {what}" for count, what in wrong if count):
        raise WrongCases(f"the model wrote {total} rows for {len(found)} cases: {told}", _CASES_HINT)
    return kept


def rows_of_labels(source: Path, interface: Mapping[str, Any], columns: Sequence[str]) -> Iterator[list[str]]:
    """The rows of `labels.csv`, one by one, the columns of strata included."""
    header = (case_id_of(interface), *columns, *columns_of(interface))
    return _rows(source / LABELS, header, (MissingColumn, DataError, LABELS_HINT))


def rows_of_predictions(source: Path, interface: Mapping[str, Any], columns: Sequence[str]) -> Iterator[list[str]]:
    """The rows of `predictions.csv`, one by one."""
    header = (case_id_of(interface), *columns)
    return _rows(source / PREDICTIONS, header, (WrongColumns, WrongColumns, _PREDICTIONS_HINT))


def to_number(text: str) -> float:
    """A plain decimal number; raises `ScoreNotFinite`."""
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise ScoreNotFinite("a prediction is empty, NaN, infinite or no plain number", "Write a finite number.")
    return number


def to_share(text: str) -> float:
    """A number in [0, 1], never clipped; raises `ScoreNotFinite` or `ScoreOutOfRange`."""
    number = to_number(text)
    if not 0.0 <= number <= 1.0:
        raise ScoreOutOfRange("a score lies outside [0, 1]", "Write probabilities; scores are never clipped.")
    return number


def to_measured(text: str) -> float:
    """A number of the labels; raises `DataError`."""
    try:
        return to_number(text)
    except ScoreNotFinite as exc:
        raise DataError(f"{LABELS} holds a value that is no plain finite number", LABELS_HINT) from exc


def _rows(
    path: Path, header: tuple[str, ...], refuse: tuple[type[MedevalError], type[MedevalError], str]
) -> Iterator[list[str]]:
    """The rows below an exact header; `refuse` is the error for the header, the one for anything else, their hint."""
    wrong_header, wrong_rows, hint = refuse
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            if tuple(next(reader, ())) != header:
                raise wrong_header(f"{path.name} must begin with the line {','.join(header)}", hint)
            for row in reader:
                if len(row) != len(header):
                    raise wrong_rows(f"a row of {path.name} has {len(row)} fields in place of {len(header)}", hint)
                yield row
    except FileNotFoundError as exc:
        raise wrong_header(f"{path.name} is not there", hint) from exc
    except (csv.Error, UnicodeDecodeError) as exc:
        raise wrong_rows(f"{path.name} is no plain CSV in UTF-8", hint) from exc
