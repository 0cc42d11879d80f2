"""The benchmark's parameters as a checked recipe."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from problems import Problem


@dataclass(frozen=True)
class Target:
    """A case is positive when `column` is greater than `positive_above`, or one of `positive_values`."""

    column: str
    positive_above: float | None = None
    positive_values: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if (self.positive_above is None) == (self.positive_values is None):
            raise Problem("target: give either positive_above or positive_values")

    def is_positive(self, value: float) -> bool:
        if self.positive_above is not None:
            return value > self.positive_above
        return value in (self.positive_values or ())


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
    target: Target
    one_hot: dict[str, tuple[float, ...]] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ("", "?", "NA")
    missing_rows: str = "drop"
    split: Split | None = None
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
        columns = (*self.numeric, *self.one_hot, self.target.column, *([self.cluster] if self.cluster else []))
        if len(set(columns)) != len(columns):
            raise Problem("a column is used twice")

    @property
    def used(self) -> tuple[str, ...]:
        """The raw columns that matter, each once, features first; all others are ignored."""
        grouping = (group.column for group in self.groups.values())
        cluster = (self.cluster,) if self.cluster else ()
        return tuple(dict.fromkeys((*self.numeric, *self.one_hot, self.target.column, *cluster, *grouping)))

    @property
    def label_columns(self) -> list[str]:
        """The columns of `labels.csv`."""
        return ["case_id", "label", *([self.cluster] if self.cluster else []), *self.groups]

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
    parts = {"target": _target, "split": lambda part: Split(**part), "standardise": lambda part: Standardise(**part)}
    plain["groups"] = {name: _grouping(part) for name, part in plain.get("groups", {}).items()}
    for name, make in parts.items():
        if name in plain:
            plain[name] = make(plain[name])
    for name in ("numeric", "columns", "missing"):
        if name in plain:
            plain[name] = tuple(map(str, plain[name]))
    plain["one_hot"] = {column: tuple(map(float, levels)) for column, levels in plain.get("one_hot", {}).items()}
    return Recipe(**plain)


def _grouping(plain: dict) -> Grouping:
    levels, cuts = plain["levels"], plain.get("cuts")
    if isinstance(levels, dict):
        values = tuple(tuple(map(float, part)) for part in levels.values())
        return Grouping(str(plain["column"]), tuple(map(str, levels)), values)
    return Grouping(
        str(plain["column"]), tuple(map(str, levels)), cuts=None if cuts is None else tuple(map(float, cuts))
    )


def _target(plain: dict) -> Target:
    values = plain.get("positive_values")
    return Target(**{**plain, "positive_values": None if values is None else tuple(map(float, values))})
