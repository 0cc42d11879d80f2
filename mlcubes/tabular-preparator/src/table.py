"""The raw table: find it, read it strictly, encode it as numbers."""

import csv
import math
from pathlib import Path

from problems import Empty, MissingColumn, Problem
from recipe import Recipe

SUFFIXES = {".csv", ".data"}


def find_file(folder: Path) -> Path:
    """The one table in the folder."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()]
    if not found:
        raise Empty("the data folder holds no .csv or .data file")
    if len(found) > 1:
        raise Problem(f"the data folder holds {len(found)} .csv or .data files in place of one")
    return found[0]


def read(path: Path, recipe: Recipe) -> list[list[float]]:
    """The used columns (`recipe.used`) of every complete row, as numbers; patients are numbered, a test row is 1."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[field.strip() for field in row] for row in csv.reader(file, strict=True) if row]
    except (csv.Error, UnicodeDecodeError) as exc:
        raise Problem("the table is no plain CSV in UTF-8") from exc
    if not rows:
        raise Empty("the table is empty")
    names = list(recipe.columns) if recipe.columns else rows.pop(0)
    _check_shape(names, rows, recipe)
    places = [names.index(name) for name in recipe.used]
    complete = [row for row in ([row[place] for place in places] for row in rows) if _is_complete(row, recipe)]
    if not complete:
        raise Empty("no row without a missing value is left")
    patients: dict[str, float] = {}

    def to_number(text: str, name: str) -> float:
        if name == recipe.cluster:
            return patients.setdefault(text, len(patients))
        return _to_part(text) if name == recipe.split_column else _to_number(text, name)

    return [[to_number(text, name) for text, name in zip(row, recipe.used, strict=True)] for row in complete]


def _check_shape(names: list[str], rows: list[list[str]], recipe: Recipe) -> None:
    missing = [name for name in recipe.used if name not in names]
    if missing:
        raise MissingColumn(f"the table lacks the column {missing[0]}")
    if len(set(names)) != len(names):
        raise Problem("the table names a column twice")
    if rows and {len(row) for row in rows} <= set(range(len(names))):
        raise MissingColumn(f"every row has fewer than the {len(names)} columns")
    if any(len(row) != len(names) for row in rows):
        raise Problem(f"a row does not have {len(names)} fields")


def _is_complete(row: list[str], recipe: Recipe) -> bool:
    complete = not any(text in recipe.missing for text in row)
    if not complete and recipe.missing_rows == "refuse":
        raise Problem("a row has a missing value")
    return complete


def _to_part(text: str) -> float:
    if text not in {"train", "test"}:
        raise Problem("the column of the split holds something that is neither train nor test")
    return float(text == "test")


def _to_number(text: str, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Problem(f"the column {column} holds something that is no number")
    return value


def encode(rows: list[list[float]], recipe: Recipe) -> tuple[list[list[float]], list[list[float]], list[list[str]]]:
    """Features in the order of `recipe.feature_names`, labels (`target.names`), and patient and groups of each row."""
    plain = len(recipe.numeric)
    target = plain + len(recipe.one_hot)
    features = [
        row[:plain] + [hot for level, item in zip(row[plain:target], recipe.one_hot.items(), strict=True)
                       for hot in _one_hot(level, *item)]
        for row in rows
    ]  # fmt: skip
    end = target + len(recipe.target.columns)
    labels = [recipe.target.label_of(*row[target:end]) for row in rows]
    return features, labels, [_strata(row, recipe) for row in rows]


def test_rows(rows: list[list[float]], recipe: Recipe) -> list[bool] | None:
    """Which rows are for testing, where the table says so."""
    if recipe.split_column is None:
        return None
    place = recipe.used.index(recipe.split_column)
    return [row[place] == 1 for row in rows]


def _strata(row: list[float], recipe: Recipe) -> list[str]:
    """The number of the patient, then the level of each group."""
    patient = [f"{row[recipe.used.index(recipe.cluster)]:.0f}"] if recipe.cluster else []
    return patient + [group.level_of(row[recipe.used.index(group.column)]) for group in recipe.groups.values()]


def _one_hot(value: float, column: str, levels: tuple[float, ...]) -> list[float]:
    if value not in levels:
        raise Problem(f"the column {column} holds a level that the benchmark does not name")
    return [float(value == level) for level in levels[1:]]
