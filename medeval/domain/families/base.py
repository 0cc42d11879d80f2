"""What every task family shares: names of metrics, exact sums, mergeable states, the analysis plan's common part."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, StringConstraints

from medeval.domain.base import Value
from medeval.domain.ids import Name
from medeval.errors import ResultRefused

MAX_COUNT = 2**40
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Probability = Annotated[float, Field(ge=0, le=1)]
Column = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f,\"]+$")]
#: `auroc`, `net_benefit@0.2`, `nsd@2/anterior`: a metric, where it is taken, of which label or structure.
MetricId = Annotated[
    str,
    StringConstraints(max_length=120, pattern=r"^[a-z][a-z0-9_]{0,39}(@[0-9]+(\.[0-9]+)?)?(/[A-Za-z0-9_-]{1,60})?$"),
]
_METRIC = re.compile(r"([a-z][a-z0-9_]*)(?:@([0-9.]+))?(?:/(.+))?")

#: JSON numbers are exact below 2**53, so a larger integer travels in two parts of which the lower has this many bits.
LOW_BITS = 46
#: Sums of real numbers count units of 2**-52, the spacing of doubles just below 1.
UNIT_BITS = 52


@dataclass(frozen=True)
class MetricParts:
    """A metric's name taken apart: `nsd@2/anterior` is `nsd`, 2.0, `anterior`."""

    base: str
    at: float | None
    of: str | None


def parse_metric(name: str) -> MetricParts:
    """The parts of a metric's name; raises ValueError for what is none."""
    found = _METRIC.fullmatch(name)
    if found is None:
        raise ValueError("not the name of a metric")
    base, at, of = found.groups()
    return MetricParts(base, None if at is None else float(at), of)


class Wide(Value):
    """An integer that may pass 2**53: `hi` * 2**46 + `lo`, with 0 <= `lo` < 2**46."""

    hi: int = Field(ge=-(2**53) + 1, lt=2**53)
    lo: int = Field(ge=0, lt=2**LOW_BITS)

    @classmethod
    def of(cls, total: int) -> Self:
        """The wide form of an integer; raises `ResultRefused` from 2**98 on."""
        if abs(total) >= 2 ** (53 + LOW_BITS - 1):
            raise ResultRefused("a sum is larger than a state can hold", "Give the quantity in a larger unit.")
        return cls(hi=total >> LOW_BITS, lo=total & (2**LOW_BITS - 1))

    @property
    def total(self) -> int:
        """The integer itself."""
        return (self.hi << LOW_BITS) + self.lo

    @property
    def real(self) -> float:
        """The sum of real numbers that is counted in units of 2**-52, correctly rounded."""
        return float(self.total / 2**UNIT_BITS)

    def plus(self, other: "Wide") -> "Wide":
        """The sum, exactly."""
        return Wide.of(self.total + other.total)


class State(Value):
    """A mergeable sufficient statistic.

    `merge(a, b)` equals, exactly and in any order, the state of all cases together; it raises `ResultRefused` for
    states of another grid, threshold or structure.
    """

    def merge(self, other: Self) -> Self:
        """The state of both sets of cases: counts and sums are added, everything else has to be the same."""
        check_alike(self._frame(), other._frame())
        return self.model_copy(update={name: _add(getattr(self, name), getattr(other, name)) for name in self.summed})

    #: The fields that add up: counts, `Wide` sums, tuples of either.
    summed: ClassVar[tuple[str, ...]] = ()

    @property
    def numbers(self) -> int:
        """How many numbers it holds that come from the data; grids and thresholds come from the spec."""
        return sum(_size(getattr(self, name)) for name in self.summed)

    def _frame(self) -> tuple[Any, ...]:
        return (type(self), *(getattr(self, name) for name in type(self).model_fields if name not in self.summed))


def _add(first: Any, second: Any) -> Any:
    if isinstance(first, Wide | Moments):
        return first.plus(second)
    if isinstance(first, tuple):
        if len(first) != len(second):
            check_alike(len(first), len(second))
        return tuple(_add(a, b) for a, b in zip(first, second, strict=True))
    return first + second


def _size(value: Any) -> int:
    if isinstance(value, Moments):
        return value.numbers
    return sum(_size(item) for item in value) if isinstance(value, tuple) else 1


def check_alike(first: object, second: object) -> None:
    """Raise `ResultRefused` unless two states are of one frame."""
    if first != second:
        raise ResultRefused("two states differ in kind, edges or threshold", "Use results of one benchmark spec.")


class ClusterTotals(Value):
    """Per-case values summed by patient, over `clusters` patients.

    With m cases and total t of each patient: `sizes` is the sum of m * m, `squares` that of t * t, `products` that of
    t * m, the latter two in units of 2**-52. They give the variance of a mean over cases that are clustered by patient.
    """

    clusters: Count
    sizes: Count
    squares: Wide
    products: Wide

    def plus(self, other: "ClusterTotals") -> "ClusterTotals":
        """Those of both sets of patients; a patient belongs to one site alone."""
        return ClusterTotals(
            clusters=self.clusters + other.clusters,
            sizes=self.sizes + other.sizes,
            squares=self.squares.plus(other.squares),
            products=self.products.plus(other.products),
        )


class Moments(Value):
    """Count, sum and sum of squares of per-case values, the sums in units of 2**-52; `totals` for clusters."""

    n: Count
    total: Wide
    squares: Wide
    totals: ClusterTotals | None = None

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return 7 if self.totals else 3

    def plus(self, other: "Moments") -> "Moments":
        """The moments of both sets of values."""
        check_alike(self.totals is None, other.totals is None)
        return Moments(
            n=self.n + other.n,
            total=self.total.plus(other.total),
            squares=self.squares.plus(other.squares),
            totals=self.totals.plus(other.totals) if self.totals and other.totals else None,
        )


class ClusterSizes(Value):
    """How cases are clustered by patient: how many clusters, and the sum of their squared sizes.

    Cases of one patient tell less than as many patients. Intervals of counts take them as fully alike, which is the
    safe side: n cases then count as n * n / `squares` (Kish's design effect with correlation 1).
    """

    clusters: Count
    squares: Count

    def plus(self, other: "ClusterSizes") -> "ClusterSizes":
        """The clusters of both sets; a patient belongs to one site alone."""
        return ClusterSizes(clusters=self.clusters + other.clusters, squares=self.squares + other.squares)


class DeclaredComparison(Value):
    """Two models, by name, whose difference the committee declared beforehand."""

    first: Name
    second: Name


class ComparedBy(StrEnum):
    """What a paired comparison states of a metric: the kinds of `domain.paired`."""

    COVARIANCE = "paired-covariance"
    DISCORDANT = "discordant-counts"
    MOMENTS = "paired-moments"


@dataclass(frozen=True)
class Compared:
    """A metric by which models can be compared on the same cases, and how; `unit` is what 1 in the state is worth."""

    metric: str
    by: ComparedBy
    unit: float = 1.0


class PlanBase(Value):
    """What the analysis plan of every family holds.

    `confidence_level` is that of every interval. Sites are pooled from `min_sites` on by a random-effects
    meta-analysis. `comparisons` are tested with Holm's adjustment; without any, each model is compared with the best.
    `replicates` and `seed` rule every bootstrap, so that the same results give the same board. `exact_scalars` asks for
    the exact values that a table gives up to a bound; they leave only under a policy that allows exact values.
    """

    primary_metric: MetricId
    confidence_level: float = Field(default=0.95, gt=0.5, lt=1)
    comparisons: tuple[DeclaredComparison, ...] = Field(default=(), max_length=100)
    min_sites: int = Field(default=3, ge=3, le=100)
    replicates: int = Field(default=1000, ge=200, le=10_000)
    seed: int = Field(default=0, ge=0, lt=2**32)
    exact_scalars: bool = False

    #: The files of predictions and of labels.
    predictions_file: ClassVar[str] = "predictions.csv"
    labels_file: ClassVar[str] = "labels.csv"
    #: Whether the states of this task can be merged and rounded, as a policy with a minimum cell asks.
    can_merge: ClassVar[bool] = False
    #: Whether each case is of exactly one class, so that the cases per class add up to the cases.
    classes_share_cases: ClassVar[bool] = False

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes of a task, in the order in which cases are counted; none where it has no classes."""
        return ()

    def count_classes(self, rows: Iterable[Mapping[str, str | None]], label: str) -> tuple[int, ...] | None:
        """The cases per class of the rows of `labels.csv`; None for a label that the task does not know."""
        del rows, label
        return ()

    def dull_row(self, score: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(columns after the case id, their values) of a prediction that says the same of every case."""
        return (score,), ("0.5",)

    def check_metric(self, name: str) -> None:
        """Raise ValueError unless this plan's states give that metric."""
        raise ValueError(f"{name} is no metric of this task")

    def check_states(self, cases: int, states: tuple[State, ...]) -> tuple[int, ...]:
        """The cases per class; raises `ResultRefused` unless the states are those of the plan and agree."""
        raise ResultRefused(f"states: {len(states)} for {cases} cases, of a task without any", "Name a task.")

    def compared(self, metrics: tuple[str, ...]) -> tuple[Compared, ...]:
        """By which of the benchmark's metrics models are compared on the same cases, the primary one first.

        None of a task, or of a primary metric, for which there is no paired comparison.
        """
        del metrics
        return ()

    @property
    def holds_exact_values(self) -> bool:
        """Whether a result holds values that only a policy with `exact_values` lets out."""
        return self.exact_scalars

    def numbers(self) -> int:
        """How many numbers a whole result of this plan holds."""
        return 0


def moments_of(states: Iterable[State]) -> Iterator[Moments]:
    """The moments that states are made of."""
    for state in states:
        for name in state.summed:
            value = getattr(state, name)
            yield from (item for item in (value if isinstance(value, tuple) else (value,)) if isinstance(item, Moments))


def merge_states(first: tuple[State, ...], second: tuple[State, ...]) -> tuple[State, ...]:
    """The states of both sets of cases, one by one."""
    check_alike(len(first), len(second))
    for a, b in zip(first, second, strict=True):
        check_alike(type(a), type(b))
    return tuple(a.merge(b) for a, b in zip(first, second, strict=True))
