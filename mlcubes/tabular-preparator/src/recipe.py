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
class Recipe:
    """How a raw table becomes cases.

    `columns` names the fields of a file without a header line. Features are the numeric columns in this order, then
    for each one-hot column a feature per level but the first. A row with a missing value in a used column is dropped,
    or refused.
    """

    numeric: tuple[str, ...]
    target: Target
    one_hot: dict[str, tuple[float, ...]] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ("", "?", "NA")
    missing_rows: str = "drop"
    split: Split | None = None
    standardise: Standardise | None = None

    def __post_init__(self) -> None:
        if self.missing_rows not in {"drop", "refuse"}:
            raise Problem("missing_rows: must be drop or refuse")
        if self.standardise and not self.split:
            raise Problem("standardise: needs a split, whose training rows give mean and sd")
        if any(len(levels) < 2 for levels in self.one_hot.values()):
            raise Problem("one_hot: a column needs two levels or more")
        if len(set(self.used)) != len(self.used):
            raise Problem("a column is used twice")

    @property
    def used(self) -> tuple[str, ...]:
        """The raw columns that matter; all others are ignored."""
        return (*self.numeric, *self.one_hot, self.target.column)

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
    for name, make in parts.items():
        if name in plain:
            plain[name] = make(plain[name])
    for name in ("numeric", "columns", "missing"):
        if name in plain:
            plain[name] = tuple(map(str, plain[name]))
    plain["one_hot"] = {column: tuple(map(float, levels)) for column, levels in plain.get("one_hot", {}).items()}
    return Recipe(**plain)


def _target(plain: dict) -> Target:
    values = plain.get("positive_values")
    return Target(**{**plain, "positive_values": None if values is None else tuple(map(float, values))})
