"""Segmentation: the plan, with the definition of a boundary and the price of a missed structure."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from medeval.domain.families.base import Compared, ComparedBy, MetricId, PlanBase, State, parse_metric
from medeval.domain.families.segmentation_states import (
    HINT,
    CaseRules,
    Millimetres,
    StructureCases,
    StructureMeans,
    StructureName,
    check_moments,
)
from medeval.errors import ResultRefused

#: Moments of patients' totals hold so many numbers, those of cases fewer.
_MOST_IN_MOMENTS = 7
#: cases, three counts of absence, three of voxels, units, three of their spread
_IN_STRUCTURE = 11

LabelValue = Annotated[int, Field(ge=1, le=65_535)]


class SegmentationPlan(PlanBase):
    """How a segmentation is analysed.

    `structures` gives each structure's value in the masks; 0 is background, and any other value is an error. For
    `boundary`, `taus`, `penalty` and `both_empty` see `CaseRules`. Metrics are `dsc`, `iou`, `nsd@TAU`, `hd95` and
    `assd`, of one structure (`dsc/liver`) or of each case's mean over its structures (`dsc`), and `micro_dice/liver`,
    the Dice coefficient of all cases' voxels together.
    """

    task: Literal["segmentation"] = "segmentation"
    primary_metric: MetricId = "dsc"
    structures: dict[StructureName, LabelValue] = Field(min_length=1, max_length=200)
    boundary: Literal["voxel-centres", "surface-elements"]
    taus: tuple[Millimetres, ...] = Field(default=(), max_length=20)
    penalty: Literal["image-diagonal"] | Millimetres = "image-diagonal"
    both_empty: Literal["excluded", "one"] = "excluded"

    predictions_file: ClassVar[str] = "predictions.npz"
    labels_file: ClassVar[str] = "labels.npz"

    @model_validator(mode="after")
    def _is_clear(self) -> Self:
        if len(set(self.structures.values())) != len(self.structures):
            raise ValueError("structures: two of them share a label value")
        if any(a >= b for a, b in zip(self.taus, self.taus[1:], strict=False)):
            raise ValueError("taus must rise strictly")
        if len(set(self.rules.metrics)) != len(self.rules.metrics):
            raise ValueError("taus: two of them share the name of their metric")
        if not isinstance(self.penalty, str) and self.taus and self.taus[-1] >= self.penalty:
            raise ValueError("penalty must be larger than every tau: beyond it distances are not told apart")
        return self

    @property
    def rules(self) -> CaseRules:
        """What a state repeats of the plan."""
        return CaseRules(boundary=self.boundary, taus=self.taus, penalty=self.penalty, both_empty=self.both_empty)

    def place_of(self, name: str) -> int | None:
        """Where the moments of a metric stand, whatever its structure; None for the micro-averaged Dice."""
        parts = parse_metric(name)
        base = parts.base if parts.at is None else f"{parts.base}@{parts.at:g}"
        return self.rules.metrics.index(base) if base in self.rules.metrics else None

    def check_metric(self, name: str) -> None:
        """Raise ValueError for what is no metric of these structures at these taus."""
        parts = parse_metric(name)
        if parts.of is not None and parts.of not in self.structures:
            raise ValueError(f"{name}: is of no structure of the plan")
        if parts.base == "micro_dice" and parts.at is None and (parts.of or len(self.structures) == 1):
            return
        if self.place_of(name) is None:
            named = ", ".join((*self.rules.metrics, "micro_dice/STRUCTURE"))
            raise ValueError(f"{name} is no metric of this segmentation: {named}")

    def check_states(self, cases: int, states: tuple[State, ...]) -> tuple[int, ...]:
        """No classes; raises `ResultRefused` unless the states are those of the structures, and agree with `cases`."""
        several = len(self.structures) > 1
        expected = (*(StructureCases,) * len(self.structures), *((StructureMeans,) if several else ()))
        if tuple(type(state) for state in states) != expected:
            raise ResultRefused("states: must be one for each structure, then that of their mean", HINT)
        # A dict of a spec comes back from canonical JSON in the order of its names.
        for at, (state, name) in enumerate(zip(states, sorted(self.structures), strict=False)):
            if isinstance(state, StructureCases):
                self._check_structure(state, name, cases, at)
        last = states[-1]
        if isinstance(last, StructureMeans):
            self._check_means(last, tuple(state for state in states if isinstance(state, StructureCases)), cases)
        return ()

    def _check_structure(self, state: StructureCases, name: str, cases: int, at: int) -> None:
        if (state.structure, state.rules, state.cases) != (name, self.rules, cases):
            raise ResultRefused(f"states[{at}]: must be of {name}, by the plan's rules, over all cases", HINT)
        state.check(at)

    def _check_means(self, state: StructureMeans, structures: tuple[StructureCases, ...], cases: int) -> None:
        at = len(structures)
        if state.rules != self.rules:
            raise ResultRefused(f"states[{at}]: is not by the plan's rules", HINT)
        check_moments(state.moments, self.rules, at, None)
        counted = [structure.counted for structure in structures]
        if not max(counted) <= state.moments[0].n <= min(cases, sum(counted)):
            raise ResultRefused(f"states[{at}].moments: are not those of so many cases", HINT)

    def compared(self, metrics: tuple[str, ...]) -> tuple[Compared, ...]:
        """Means of per-case values: the primary metric first, then at most three others of the benchmark."""
        means = [name for name in (self.primary_metric, *metrics) if self.place_of(name) is not None]
        if self.place_of(self.primary_metric) is None:
            return ()
        return tuple(Compared(name, ComparedBy.MOMENTS) for name in dict.fromkeys(means))[:4]

    def numbers(self) -> int:
        """Counts, voxels and, where cases are of patients, seven numbers for each moment."""
        moments = _MOST_IN_MOMENTS * len(self.rules.metrics)
        structures = len(self.structures)
        return structures * (_IN_STRUCTURE + moments) + (moments if structures > 1 else 0)
