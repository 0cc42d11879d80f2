"""The analysis plan of survival: grid, outputs, metrics, and which states a result holds."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from medeval.domain.families.base import Column, Compared, ComparedBy, MetricId, PlanBase, State, parse_metric
from medeval.domain.families.survival_states import (
    HINT,
    HorizonErrors,
    HorizonPairs,
    Resolution,
    RiskTable,
    SurvivalPairs,
    Times,
    check_sums,
)
from medeval.errors import ResultRefused

_OF_ALL_TIMES = frozenset({"harrell_c", "uno_c"})
_AT_A_TIME = frozenset({"auc", "brier", "oe"})
_OF_PROBABILITIES = frozenset({"brier", "ibs", "oe"})


class SurvivalPlan(PlanBase):
    """How a survival benchmark is analysed.

    `time` and `event` name columns of `labels.csv` (0 or more; 1 or 0), in that order after the case id. `time_edges`
    and `score_edges` (inner cuts; none is allowed) cut the risk table. `times`, some of the time edges, are those at
    which models are judged. `tau`, one of them too, ends Uno's C (the last edge unless given). `score_range` is that of
    the risk: any finite number unless given. With `outputs: risk+probabilities` a model also writes `p_TIME` for each
    of `times`, which are rounded to `probability_resolution`.
    """

    task: Literal["survival"] = "survival"
    primary_metric: MetricId = "harrell_c"
    time: Column = "time"
    event: Column = "event"
    time_edges: Times = Field(min_length=1)
    score_edges: tuple[float, ...] = Field(default=(), max_length=1000)
    score_range: tuple[float, float] | None = None
    times: Times = ()
    tau: float | None = None
    outputs: Literal["risk", "risk+probabilities"] = "risk"
    probability_resolution: Resolution = "exact"

    classes_share_cases: ClassVar[bool] = True

    @property
    def class_names(self) -> tuple[str, ...]:
        """Cases are counted in this order."""
        return "censored", "with an event"

    def count_classes(self, rows: Iterable[Mapping[str, str | None]], label: str) -> tuple[int, ...] | None:
        """The cases censored and with an event; None where the event is neither 0 nor 1."""
        del label
        found = Counter(row.get(self.event) for row in rows)
        classes = found.pop("0", 0), found.pop("1", 0)
        return None if found else classes

    def dull_row(self, score: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """A prediction that says the same of every case: the lowest risk, and a probability of a half."""
        times = [f"p_{time:g}" for time in self.times] if self.has_probabilities else []
        risk = 0.5 if self.score_range is None else self.score_range[0]
        return (score, *times), (repr(risk), *("0.5" for _ in times))

    @model_validator(mode="after")
    def _edges_rise(self) -> Self:
        for name in ("time_edges", "score_edges", "times"):
            if any(a >= b for a, b in pairwise(getattr(self, name))):
                raise ValueError(f"{name} must rise strictly")
        if not set(self.times) <= set(self.time_edges) or self.last not in self.time_edges:
            raise ValueError("times and tau must be among time_edges")
        if len({f"{time:g}" for time in self.times}) != len(self.times):
            raise ValueError("times: two of them share the name of their column")
        return self

    @model_validator(mode="after")
    def _outputs_are_used(self) -> Self:
        if self.score_range is not None and self.score_range[0] >= self.score_range[1]:
            raise ValueError("score_range must rise")
        if self.has_probabilities and not self.times:
            raise ValueError("outputs: probabilities need times")
        if self.has_probabilities and self.probability_resolution == "exact" and not self.exact_scalars:
            raise ValueError("probability_resolution must be a step unless exact_scalars are asked for")
        return self

    @property
    def last(self) -> float:
        """The last time at which an event counts for Uno's C."""
        return self.time_edges[-1] if self.tau is None else self.tau

    @property
    def has_probabilities(self) -> bool:
        """Whether models write probabilities beside the risk."""
        return self.outputs != "risk"

    def check_metric(self, name: str) -> None:
        """Raise ValueError for a metric that the states of this plan do not give."""
        parts = parse_metric(name)
        if parts.of is not None:
            raise ValueError(f"{name}: a survival benchmark has one event")
        if parts.base not in _OF_ALL_TIMES | _AT_A_TIME | {"ibs"} or (parts.base in _AT_A_TIME) != (
            parts.at is not None
        ):
            raise ValueError(f"{name} is no metric of a survival benchmark")
        if parts.at is not None and parts.at not in self.times:
            raise ValueError(f"{name}: must be taken at one of times")
        if parts.base == "ibs" and len(self.times) < 2:
            raise ValueError("ibs: needs two times or more")

    def compared(self, metrics: tuple[str, ...]) -> tuple[Compared, ...]:
        """Harrell's C where it is the primary metric."""
        del metrics
        return (Compared(self.primary_metric, ComparedBy.COVARIANCE),) if self.primary_metric == "harrell_c" else ()

    def check_states(self, cases: int, states: tuple[State, ...]) -> tuple[int, ...]:
        """Censored cases and events of the states that this plan asks for; raises `ResultRefused` otherwise."""
        if tuple(type(state) for state in states) != self._kinds() or not isinstance(states[0], RiskTable):
            raise ResultRefused("states: must be those of the plan, the risk table first", HINT)
        table = states[0]
        for place, state in enumerate(states):
            self._check_frame(place, state)
        if sum(table.classes) != cases:
            raise ResultRefused("states[0]: events and censored must add up to cases", HINT)
        for state in states[1:]:
            check_sums(state, table)
        return table.classes

    def _kinds(self) -> tuple[type[State], ...]:
        exact = (SurvivalPairs, *((HorizonPairs,) if self.times else ())) if self.exact_scalars else ()
        return (RiskTable, *exact, *((HorizonErrors,) if self.has_probabilities else ()))

    def _check_frame(self, place: int, state: State) -> None:
        declared = {
            "time_edges": self.time_edges,
            "score_edges": self.score_edges,
            "times": self.times,
            "resolution": self.probability_resolution,
        }
        for field, value in declared.items():
            if getattr(state, field, value) != value:
                raise ResultRefused(f"states[{place}].{field}: is not what the spec's analysis plan declares", HINT)

    def numbers(self) -> int:
        """Two counts per cell of the table; the pairs per interval; the sums per time."""
        rows = len(self.time_edges) + 1
        cells = sum(self.time_edges.index(time) + 1 for time in self.times)
        table = 2 * rows * (len(self.score_edges) + 1)
        pairs = 3 * rows + 3 + 3 * cells if self.exact_scalars else 0
        return table + pairs + (3 * len(self.times) + 2 * cells if self.has_probabilities else 0)
