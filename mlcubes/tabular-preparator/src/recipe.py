"""The benchmark's parameters as a checked recipe."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import target as targets
from problems import Problem
from target import Survival, Target


@dataclass(frozen=True)
class Split:
    """scikit-learn's `train_test_split`; the cases are its `test` rows, or its `train` rows.

    Stratified by the label, unless a class has fewer than `stratify_from` rows.
    """

    train_size: float
    test_size: float
    random_state: int
    stratify_from: int = 2
    cases: str = "test"

    def __post_init__(self) -> None:
        if self.cases not in {"test", "train"}:
            raise Problem("split.cases: must be test or train")


@dataclass(frozen=True)
class GivenSplit:
    """The table says itself which rows are for training: `column` holds `train` or `test`."""

    column: str
    cases: str = "test"

    def __post_init__(self) -> None:
        if self.cases not in {"test", "train"}:
            raise Problem("split.cases: must be test or train")


@dataclass(frozen=True)
class Standardise:
    """(value - mean) / (sd + epsilon) with mean and sd (`ddof`) of the site's own training rows."""

    ddof: int = 1
    epsilon: float = 0.0


@dataclass(frozen=True)
class Grouping:
    """The level of a case by a raw column: by its values, or by cuts (a value on a cut belongs to the upper level)."""

    column: str
    levels: tuple[str, ...]
    values: tuple[tuple[float, ...], ...] | None = None
    cuts: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if (self.values is None) == (self.cuts is None):
            raise Problem("groups: give each either levels with values, or levels and cuts")
        if self.cuts is not None and len(self.levels) != len(self.cuts) + 1:
            raise Problem("groups: needs one level more than cuts")
        if self.cuts is not None and list(self.cuts) != sorted(set(self.cuts)):
            raise Problem("groups: cuts must rise")

    def level_of(self, value: float) -> str:
        if self.cuts is not None:
            return self.levels[sum(cut <= value for cut in self.cuts)]
        found = [level for level, values in zip(self.levels, self.values or (), strict=True) if value in values]
        if len(found) != 1:
            raise Problem(f"the column {self.column} holds a value of no group, or of two")
        return found[0]


@dataclass(frozen=True)
class Recipe:
    """How a raw table becomes cases.

    `columns` names the fields of a file without a header line. Features are the numeric columns in this order, then
    for each one-hot column a feature per level but the first. A row with a missing value in a used column is dropped,
    or refused. `cluster` is the column of the patient, `groups` are the variables by which results are shown.
    """

    numeric: tuple[str, ...]
    target: Target | Survival
    one_hot: dict[str, tuple[float, ...]] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ("", "?", "NA")
    missing_rows: str = "drop"
    split: Split | GivenSplit | None = None
    standardise: Standardise | None = None
    cluster: str | None = None
    groups: dict[str, Grouping] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.missing_rows not in {"drop", "refuse"}:
            raise Problem("missing_rows: must be drop or refuse")
        if self.standardise and not self.split:
            raise Problem("standardise: needs a split, whose training rows give mean and sd")
        if any(len(levels) < 2 for levels in self.one_hot.values()):
            raise Problem("one_hot: a column needs two levels or more")
        columns = (*self.numeric, *self.one_hot, *self.target.columns, *self._identifying)
        if len(set(columns)) != len(columns):
            raise Problem("a column is used twice")

    @property
    def used(self) -> tuple[str, ...]:
        """The raw columns that matter, each once, features first; all others are ignored."""
        grouping = (group.column for group in self.groups.values())
        features = (*self.numeric, *self.one_hot)
        return tuple(dict.fromkeys((*features, *self.target.columns, *self._identifying, *grouping)))

    @property
    def split_column(self) -> str | None:
        """The column that says which rows are for training, if the table does."""
        return self.split.column if isinstance(self.split, GivenSplit) else None

    @property
    def _identifying(self) -> tuple[str, ...]:
        """Columns that are no numbers: the patient, and the part of a given split."""
        return tuple(column for column in (self.cluster, self.split_column) if column)

    @property
    def label_columns(self) -> list[str]:
        """The columns of `labels.csv`."""
        return ["case_id", *self.target.names, *([self.cluster] if self.cluster else []), *self.groups]

    @property
    def feature_names(self) -> list[str]:
        levels = [f"{column}_{level:g}" for column, levels in self.one_hot.items() for level in levels[1:]]
        return [*self.numeric, *levels]


def read(path: Path) -> Recipe:
    """The recipe in a JSON file; an unknown or missing parameter is a `Problem`."""
    try:
        return _from_plain(json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError, AttributeError) as exc:
        # A TypeError of a constructor names the parameter, which is the committee's, not the data's.
        raise Problem(f"parameters: {exc}") from exc


def _from_plain(plain: dict) -> Recipe:
    plain = {name: value for name, value in plain.items() if value is not None}
    parts = {"target": targets.from_plain, "split": _split, "standardise": lambda part: Standardise(**part)}
    plain["groups"] = {name: _grouping(part) for name, part in sorted(plain.get("groups", {}).items())}
    for name, make in parts.items():
        if name in plain:
            plain[name] = make(plain[name])
    for name in ("numeric", "columns", "missing"):
        if name in plain:
            plain[name] = tuple(map(str, plain[name]))
    plain["one_hot"] = {column: tuple(map(float, levels)) for column, levels in plain.get("one_hot", {}).items()}
    return Recipe(**plain)


def _split(plain: dict) -> Split | GivenSplit:
    return GivenSplit(**plain) if "column" in plain else Split(**plain)


def _grouping(plain: dict) -> Grouping:
    levels, cuts = plain["levels"], plain.get("cuts")
    if isinstance(levels, dict):
        values = tuple(tuple(map(float, part)) for part in levels.values())
        return Grouping(str(plain["column"]), tuple(map(str, levels)), values)
    return Grouping(
        str(plain["column"]), tuple(map(str, levels)), cuts=None if cuts is None else tuple(map(float, cuts))
    )
