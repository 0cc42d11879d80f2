"""Several classes: one of them a case (multiclass), or any number of labels a case (multilabel).

Multiclass: the K x K table of label and decision, and one score table a class (that class against the rest).
Multilabel: one score table a label, and the joint moments of each case's hits, misses and false alarms.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from medeval.domain.families.base import (
    Compared,
    ComparedBy,
    Count,
    MetricId,
    PlanBase,
    Probability,
    State,
    parse_metric,
)
from medeval.domain.families.binary import OF_THE_TABLE, BinaryPlan, PositiveWhen, ScoreTable
from medeval.domain.families.joint import JointMoments, joint_numbers
from medeval.errors import ResultRefused

#: What stands after the slash in `auroc/melanoma`.
ClassName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
ClassNames = Annotated[tuple[ClassName, ...], Field(min_length=2, max_length=50)]
_HINT = "Nothing has left. Use the evaluator and the parameters that the benchmark spec pins."

#: Metrics of the K x K table as a whole, and of one of its classes.
OF_ALL_CLASSES = frozenset(["accuracy", "balanced_accuracy", "macro_f1", "micro_f1", "kappa", "quadratic_kappa", "mcc"])
OF_ONE_CLASS = frozenset(["sensitivity", "specificity", "ppv", "npv", "f1"])
#: Metrics over all labels.
OF_ALL_LABELS = frozenset(["macro_auroc", "macro_f1", "micro_f1", "exact_match"])
#: Of each case: labels found, called wrongly, missed, and 1 where all labels are right.
COLUMNS = ("one", "tp", "fp", "fn", "exact")


class ConfusionMatrix(State):
    """Cases by label (rows) and decision (columns), in the order of `classes`.

    The decision is the class of the highest score; of classes that share it the one that the `tie_rule` names in the
    order of `classes`.
    """

    kind: Literal["confusion-matrix"] = "confusion-matrix"
    classes: ClassNames
    tie_rule: Literal["first", "last"]
    counts: tuple[tuple[Count, ...], ...]
    summed = ("counts",)

    @model_validator(mode="after")
    def _is_square(self) -> Self:
        if any(len(row) != len(self.classes) for row in (self.counts, *self.counts)):
            raise ValueError("counts must have a row and a column per class")
        return self

    @property
    def per_class(self) -> tuple[int, ...]:
        """Cases of each class."""
        return tuple(sum(row) for row in self.counts)


class _ClassesPlan(PlanBase):
    """What both plans share: the classes, and the score table of each."""

    classes: ClassNames
    score_edges: tuple[Probability, ...] = Field(min_length=3, max_length=1001)
    positive_when: PositiveWhen = PositiveWhen.ABOVE
    score_resolution: float | Literal["exact"] = 0.001
    exact_scalars: Literal[False] = False

    @model_validator(mode="after")
    def _tables_are_those_of_binary(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes: a name stands twice")
        self.binary()
        return self

    def binary(self) -> BinaryPlan:
        """The plan of one class against the rest."""
        return BinaryPlan(
            confidence_level=self.confidence_level,
            replicates=self.replicates,
            seed=self.seed,
            threshold=self._threshold(),
            positive_when=self.positive_when,
            score_edges=self.score_edges,
            score_resolution=self.score_resolution,
        )

    @property
    def holds_exact_values(self) -> bool:
        """Whether a result holds more of single scores than counts and rounded sums."""
        return self.score_resolution == "exact"

    def dull_row(self, score: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """All classes alike."""
        del score
        return self.classes, (repr(1 / len(self.classes)),) * len(self.classes)

    def _threshold(self) -> float:
        """Some edge: a multiclass decision takes no threshold."""
        return self.score_edges[1]

    def _check_class(self, name: str | None) -> None:
        if name not in self.classes:
            raise ValueError("a metric of one class ends in a slash and one of the plan's classes")

    def _check_tables(self, cases: int, states: tuple[State, ...]) -> tuple[ScoreTable, ...]:
        """One score table a class, in their order."""
        tables = tuple(state for state in states if isinstance(state, ScoreTable))
        if not len(tables) == len(states) == len(self.classes):
            raise ResultRefused("states: must hold one score table for each class of the plan", _HINT)
        binary = self.binary()
        for table in tables:
            binary.check_states(cases, (table,))
        return tables

    def _table_numbers(self) -> int:
        return 3 * (len(self.score_edges) - 1) * len(self.classes)


class MulticlassPlan(_ClassesPlan):
    """How a classification into several classes is analysed.

    `classes` names the columns of predictions, one probability each, in the order that `quadratic_kappa` takes for
    their rank. The probabilities of a case add up to 1 within `sum_tolerance`.
    """

    task: Literal["multiclass-classification"] = "multiclass-classification"
    primary_metric: MetricId = "macro_auroc"
    tie_rule: Literal["first", "last"] = "first"
    sum_tolerance: float = Field(default=0.001, gt=0, le=0.01)

    classes_share_cases: ClassVar[bool] = True

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes."""
        return self.classes

    def count_classes(self, rows: Iterable[Mapping[str, str | None]], label: str) -> tuple[int, ...] | None:
        """The cases of each class; None where a label is no class."""
        found = Counter(row.get(label) for row in rows)
        return tuple(found[name] for name in self.classes) if found.keys() <= set(self.classes) else None

    def check_metric(self, name: str) -> None:
        """Raise ValueError for what neither the K x K table nor a score table gives."""
        parts = parse_metric(name)
        if parts.of is None and parts.at is None and parts.base in OF_ALL_CLASSES | {"macro_auroc"}:
            return
        if parts.at is not None or parts.base not in OF_ONE_CLASS | OF_THE_TABLE:
            raise ValueError(f"{name} is no metric of a multiclass classification")
        self._check_class(parts.of)

    def check_states(self, cases: int, states: tuple[State, ...]) -> tuple[int, ...]:
        """Cases of each class; raises `ResultRefused` unless all tables count the same cases."""
        matrix = states[0] if states else None
        if not isinstance(matrix, ConfusionMatrix):
            raise ResultRefused("states[0]: must be the confusion matrix", _HINT)
        if (matrix.classes, matrix.tie_rule) != (self.classes, self.tie_rule):
            raise ResultRefused("states[0]: classes or tie rule are not those of the plan", _HINT)
        tables = self._check_tables(cases, states[1:])
        if sum(matrix.per_class) != cases or matrix.per_class != tuple(table.classes[1] for table in tables):
            raise ResultRefused("states: the confusion matrix and the score tables count other cases", _HINT)
        return matrix.per_class

    def compared(self, metrics: tuple[str, ...]) -> tuple[Compared, ...]:
        """Right decisions, or the mean of the classes' AUROCs, where that is the primary metric."""
        del metrics
        return _compared(self.primary_metric, {"accuracy": ComparedBy.DISCORDANT, **_AREAS})

    def numbers(self) -> int:
        """The K x K table, and a score table a class."""
        return len(self.classes) ** 2 + self._table_numbers()


class MultilabelPlan(_ClassesPlan):
    """How a classification with any number of labels a case is analysed.

    `classes` names the labels: the columns of labels (0 or 1) and of predictions (a probability each). `threshold`
    turns each score into a decision.
    """

    task: Literal["multilabel-classification"] = "multilabel-classification"
    primary_metric: MetricId = "macro_auroc"
    threshold: Probability = 0.5

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of each label the cases without and with it."""
        return tuple(f"{name} {side}" for name in self.classes for side in ("absent", "present"))

    def count_classes(self, rows: Iterable[Mapping[str, str | None]], label: str) -> tuple[int, ...] | None:
        """Of each label the cases without and with it; None where neither 0 nor 1 stands."""
        del label
        found = Counter((name, row.get(name)) for row in rows for name in self.classes)
        if not {value for _, value in found} <= {"0", "1"}:
            return None
        return tuple(found[name, value] for name in self.classes for value in ("0", "1"))

    def _threshold(self) -> float:
        return self.threshold

    def check_metric(self, name: str) -> None:
        """Raise ValueError for what neither all labels nor the score table of one give."""
        parts = parse_metric(name)
        if parts.of is None and parts.at is None and parts.base in OF_ALL_LABELS:
            return
        self._check_class(parts.of)
        self.binary().check_metric(name.partition("/")[0])

    def check_states(self, cases: int, states: tuple[State, ...]) -> tuple[int, ...]:
        """For each label the cases without and with it; raises `ResultRefused` unless all states count the same."""
        moments = states[-1] if states else None
        if not isinstance(moments, JointMoments) or moments.columns != COLUMNS:
            raise ResultRefused("states: must end in the joint moments of hits and misses", _HINT)
        at = len(states) - 1
        tables = self._check_tables(cases, states[:-1])
        moments.check(cases, at)
        moments.check_whole(COLUMNS[1:], at)
        cells = [table.split_at(self.threshold) for table in tables]
        counted = tuple(sum(cell[place] for cell in cells) for place in (0, 1, 3))
        if counted != tuple(moments.count(name) for name in ("tp", "fp", "fn")) or moments.count("exact") > cases:
            raise ResultRefused(f"states[{at}]: does not count what the score tables count", _HINT)
        return tuple(count for table in tables for count in table.classes)

    def compared(self, metrics: tuple[str, ...]) -> tuple[Compared, ...]:
        """Cases right in every label, or the mean of the labels' AUROCs, where that is the primary metric."""
        del metrics
        return _compared(self.primary_metric, {"exact_match": ComparedBy.DISCORDANT, **_AREAS})

    def numbers(self) -> int:
        """A score table a label, and the joint moments."""
        return self._table_numbers() + joint_numbers(len(COLUMNS))


_AREAS = {"macro_auroc": ComparedBy.COVARIANCE}


def _compared(metric: str, known: Mapping[str, ComparedBy]) -> tuple[Compared, ...]:
    return (Compared(metric, known[metric]),) if metric in known else ()
