"""Predictions beside labels, read strictly: each case once, each score a finite number in [0, 1].

Files of one order are read in step, in blocks, and at most 8 bytes are kept of each case; others row by row, where
only the labels' case ids are kept. So a model cannot make the evaluator hold more than the dataset is large. No message
names a case or holds a value: counts only.
"""

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

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
from medeval.metrics.case_blocks import Irregular
from medeval.metrics.in_step import values_in_step

Labels: TypeAlias = NDArray[np.bool_]
Scores: TypeAlias = NDArray[np.float64]

#: Read at a time, so that the arrays made of it stay in the cache; and cases given at a time.
BLOCK_BYTES, PART_ROWS = 2**18, 2**16
#: A plain decimal number: Python alone would also take `1_0`, ` 0.5 `, other scripts' digits, `nan` and `inf`.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTERFACE_HINT = "Write the columns that the benchmark's model interface names, as comma-separated UTF-8 text."
_CASES_HINT = "Write exactly one score for each case id in cases.csv."
_LABELS_HINT = "The preparator wrote these labels: check its parameters, and prepare the dataset again."


@dataclass(frozen=True)
class Columns:
    """The column names of the model interface; `extra` are those of `labels.csv` after the label, read elsewhere."""

    case_id: str = "case_id"
    score: str = "score"
    label: str = "label"
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScoredCases:
    """Labels (True is positive) and scores of the same N cases, both of shape (N,)."""

    labels: Labels
    scores: Scores


def read_scored_cases(predictions: Path, labels: Path, columns: Columns | None = None) -> ScoredCases:
    """Align the scores of `predictions` with `labels`.

    Raises `WrongColumns`, `WrongCases`, `ScoreNotFinite` or `ScoreOutOfRange` for predictions, `DataError`,
    `MissingColumn` or `EmptyData` for labels.
    """
    parts = list(iterate_scored_cases(predictions, labels, columns))
    truth, scores = ([getattr(part, name) for part in parts] for name in ("labels", "scores"))
    return ScoredCases(np.concatenate(truth), np.concatenate(scores))


def iterate_scored_cases(
    predictions: Path,
    labels: Path,
    columns: Columns | None = None,
    block_bytes: int = BLOCK_BYTES,
    part_rows: int = PART_ROWS,
) -> Iterator[ScoredCases]:
    """The same cases in parts, in the order of `labels`; raises the same, at the latest after the last part.

    So what was added up counts only once the iterator has ended. Where the rows of both files stand in one order and
    are plainly written, a part is `part_rows` cases or up to a block of `block_bytes` more, and nothing is kept of
    those before; at the end, 8 bytes of each case unless the ids rise (the shorter first, else by bytes). From what is
    otherwise on, the strict reader decides, who holds all cases; the remaining ones come in such parts too.
    """
    columns = columns or Columns()
    plain = values_in_step(
        (predictions, (columns.case_id, columns.score)),
        (labels, (columns.case_id, columns.label, *columns.extra)),
        _to_score,
        block_bytes,
        part_rows,
    )
    given = 0
    try:
        for truth, scores in plain:
            yield ScoredCases(truth, scores)
            given += len(truth)
    except Irregular:
        pass
    else:
        return
    whole = _read_strictly(predictions, labels, columns)
    for begin in range(given, len(whole.labels), max(part_rows, 1)):
        chosen = slice(begin, begin + max(part_rows, 1))
        yield ScoredCases(whole.labels[chosen], whole.scores[chosen])


def _read_strictly(predictions: Path, labels: Path, columns: Columns) -> ScoredCases:
    places, truth = _read_labels(labels, (columns.case_id, columns.label, *columns.extra))
    return ScoredCases(truth, _read_scores(predictions, (columns.case_id, columns.score), places))


def _read_labels(path: Path, header: tuple[str, ...]) -> tuple[dict[str, int], Labels]:
    """Each case id's place, and the labels in that order."""
    places: dict[str, int] = {}
    values: list[bool] = []
    for case_id, label, *_ in _rows(path, header, "labels.csv", (MissingColumn, DataError, _LABELS_HINT)):
        if label not in {"0", "1"}:
            raise DataError("labels.csv holds a label that is neither 0 nor 1", _LABELS_HINT)
        if places.setdefault(case_id, len(values)) != len(values):
            raise DataError("labels.csv names a case twice", _LABELS_HINT)
        values.append(label == "1")
    if not values:
        raise EmptyData("labels.csv holds no case", _LABELS_HINT)
    return places, np.array(values, dtype=np.bool_)


def _read_scores(path: Path, header: tuple[str, str], places: dict[str, int]) -> Scores:
    """The scores in the order of `places`."""
    scores = np.zeros(len(places), dtype=np.float64)
    seen = np.zeros(len(places), dtype=np.bool_)
    rows = unknown = repeated = 0
    for case_id, text in _rows(path, header, "predictions.csv", (WrongColumns, WrongColumns, _INTERFACE_HINT)):
        rows += 1
        score = _to_score(text)
        place = places.get(case_id)
        if place is None:
            unknown += 1
        elif seen[place]:
            repeated += 1
        else:
            seen[place], scores[place] = True, score
    _check_cases(rows, unknown, repeated, seen)
    return scores


def _check_cases(rows: int, unknown: int, repeated: int, seen: Labels) -> None:
    missing = len(seen) - int(np.count_nonzero(seen))
    found = ((missing, "without a score"), (unknown, "of no known case"), (repeated, "of a case scored before"))
    wrong = ", ".join(f"{count} {what}" for count, what in found if count)
    if wrong:
        raise WrongCases(f"the model wrote {rows} scores for {len(seen)} cases: {wrong}", _CASES_HINT)


def _to_score(text: str) -> float:
    """The score as a double, never clipped."""
    score = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(score):
        raise ScoreNotFinite("a score is empty, NaN, infinite or no plain number", "Write a number in [0, 1].")
    if not 0.0 <= score <= 1.0:
        raise ScoreOutOfRange("a score lies outside [0, 1]", "Write a probability; scores are never clipped.")
    return score


def _rows(
    path: Path, header: tuple[str, ...], name: str, refuse: tuple[type[MedevalError], type[MedevalError], str]
) -> Iterator[list[str]]:
    """The rows below an exact header; `refuse` is the error for the header, the one for anything else, their hint."""
    wrong_header, wrong_rows, hint = refuse
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            if tuple(next(reader, ())) != header:
                raise wrong_header(f"{name} must begin with the line {','.join(header)}", hint)
            for row in reader:
                if len(row) != len(header):
                    raise wrong_rows(f"a row of {name} has {len(row)} fields in place of {len(header)}", hint)
                yield row
    except FileNotFoundError as exc:
        raise wrong_header(f"{name} is not there", hint) from exc
    except (csv.Error, UnicodeDecodeError) as exc:
        raise wrong_rows(f"{name} is no plain CSV in UTF-8", hint) from exc
