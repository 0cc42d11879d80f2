"""The benchmark spec: task, data, cubes, metrics, analysis, disclosure, participation, visibility.

A committee writes a *draft* (`benchmark.yaml`), in which cubes are folders; `benchmark publish` resolves it to a
*spec*, in which they are digests. Two builds of one Dockerfile give two identities, so only the spec is addressed.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from medeval.domain.base import Value
from medeval.domain.families.base import Column, Compared, MetricId, parse_metric
from medeval.domain.ids import Name, Text, Title, Version
from medeval.domain.package import BlobRef, Cube, CubeKind, Limits, ModelCard, Parameters, Task
from medeval.domain.paired import MAX_MODELS, paired_numbers
from medeval.domain.plan import Plan
from medeval.domain.policies import (
    HOSPITAL,
    DataClass,
    DisclosurePolicy,
    ParticipationPolicy,
    VisibilityPolicy,
)

FolderPath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.][A-Za-z0-9_./-]{0,199}$")]


class Direction(StrEnum):
    """Which values are better: more, less, or those nearest to the target."""

    HIGHER = "higher"
    LOWER = "lower"
    TARGET = "target"


#: Metrics of which less is better.
_LOWER = frozenset(["lr_negative", "brier", "ece", "ici", "ibs", "hd95", "assd", "mae", "rmse", "refusal_rate"])
#: Metrics that are best at a value.
_TARGETS = {
    "oe": 1.0,
    "calibration_slope": 1.0,
    "calibration_intercept": 0.0,
    "bias": 0.0,
    "loa_low": 0.0,
    "loa_high": 0.0,
}


class Metric(Value):
    """One metric of a benchmark and how it is read: `decimals` for people, the rest is in the export."""

    name: MetricId
    decimals: int = Field(default=2, ge=0, le=6)

    @property
    def direction(self) -> Direction:
        """Which values are better; a property of the metric, so no spec can turn it round."""
        base = parse_metric(self.name).base
        if base in _TARGETS:
            return Direction.TARGET
        return Direction.LOWER if base in _LOWER else Direction.HIGHER

    @property
    def target(self) -> float:
        """The value that is best, of a metric whose direction is `target`."""
        return _TARGETS[parse_metric(self.name).base]

    def badness(self, value: float) -> float:
        """How far a value is from good: what a board is sorted by, upwards."""
        if self.direction is Direction.TARGET:
            return abs(value - self.target)
        return value if self.direction is Direction.LOWER else -value


class ModelInterface(Value):
    """What `infer` reads and writes, both by case id; labels are a separate file that only the evaluator is given.

    `features` are the columns of `cases/cases.csv` after `case_id`, in order; none where cases are files. `cluster` and
    `groups` (each with its levels) are columns of `labels.csv` after the labels: the patient that a case is of, and the
    variables by which results are shown for subgroups.
    """

    case_id: Column = "case_id"
    features: tuple[Column, ...] = Field(default=(), max_length=10_000)
    score: Column = "score"
    label: Column = "label"
    cluster: Column | None = None
    groups: dict[Column, tuple[Column, ...]] = Field(default_factory=dict, max_length=8)

    @model_validator(mode="after")
    def _has_levels(self) -> Self:
        if any(not 2 <= len(set(levels)) == len(levels) <= 20 for levels in self.groups.values()):
            raise ValueError("groups: each needs 2 to 20 levels, each once")
        return self

    @property
    def strata(self) -> tuple[str, ...]:
        """The columns of `labels.csv` after those of the task: the patient, then the groups by name.

        By name, since canonical JSON keeps no other order of keys.
        """
        return (*((self.cluster,) if self.cluster else ()), *sorted(self.groups))

    @property
    def levels(self) -> tuple[tuple[str, str], ...]:
        """(name, level) of every group, in order."""
        return tuple((name, level) for name in sorted(self.groups) for level in self.groups[name])


class RunLimits(Value):
    """Limits of each kind of run."""

    prepare: Limits = Limits()
    infer: Limits = Limits()
    evaluate: Limits = Limits()


class BenchmarkTerms(Value):
    """What a draft and a spec share: everything but the cubes."""

    format: Literal["medeval/benchmark@1"]
    name: Name
    version: Version
    title: Title
    question: Title
    description: Text = ""
    data_class: DataClass = DataClass.RESTRICTED
    data_label: Title = "each site's own patients"
    model_interface: ModelInterface
    metrics: tuple[Metric, ...] = Field(min_length=1)
    analysis: Plan
    limits: RunLimits = RunLimits()
    disclosure: DisclosurePolicy = HOSPITAL
    participation: ParticipationPolicy = ParticipationPolicy()
    visibility: VisibilityPolicy = VisibilityPolicy()

    @model_validator(mode="after")
    def _names_its_metrics(self) -> Self:
        names = [metric.name for metric in self.metrics]
        if len(set(names)) != len(names):
            raise ValueError("metrics: a name stands twice")
        if self.analysis.primary_metric not in names:
            raise ValueError("analysis.primary_metric must be one of metrics")
        for name in names:
            self.analysis.check_metric(name)
        return self

    @model_validator(mode="after")
    def _can_be_released(self) -> Self:
        numbers = self.numbers
        if numbers > self.disclosure.max_numbers:
            raise ValueError(
                f"analysis: a result would hold {numbers} numbers, but disclosure.max_numbers is "
                f"{self.disclosure.max_numbers}"
            )
        wrong = self.find_conflict(self.disclosure)
        if wrong is not None:
            raise ValueError(wrong)
        return self

    def find_conflict(self, policy: DisclosurePolicy) -> str | None:
        """Why no result of this benchmark could ever be released under a policy; None where one can."""
        if self.analysis.holds_exact_values and not policy.exact_values:
            return (
                "analysis: asks for exact values, which the disclosure policy does not allow; give score_resolution a "
                "step, and leave exact_scalars out"
            )
        if policy.merges and not self.analysis.can_merge:
            return (
                f"disclosure: {policy.name} merges and rounds counts, which the states of {self.task} do not allow; "
                "name a policy with min_cell 0 and round_to 1"
            )
        return None

    @property
    def numbers(self) -> int:
        """How many numbers a result holds: cases and states, in all and by group, and two where cases are clustered."""
        sizes = 2 if self.model_interface.cluster else 0
        return (1 + self.analysis.numbers() + sizes) * (1 + len(self.model_interface.levels))

    @property
    def task(self) -> str:
        """The task family."""
        return self.analysis.task

    @property
    def ref(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    def metric(self, name: str) -> Metric:
        """The metric of that name; `StopIteration` cannot happen for the primary one."""
        return next(metric for metric in self.metrics if metric.name == name)


class CubeFolder(Value):
    """A cube of a draft: a folder relative to `benchmark.yaml`, and the parameters it is given."""

    folder: FolderPath
    parameters: Parameters = Field(default_factory=dict)


class RehearsalFolder(Value):
    """Rehearsal data of a draft: invented raw data in the format that sites bring."""

    folder: FolderPath


class BenchmarkDraft(BenchmarkTerms):
    """`benchmark.yaml`: cubes by folder."""

    preparator: CubeFolder
    evaluator: CubeFolder
    rehearsal: RehearsalFolder


class BoundCube(Value):
    """A cube of a spec: pinned, with its parameters."""

    cube: Cube
    parameters: Parameters = Field(default_factory=dict)


class BenchmarkSpec(BenchmarkTerms):
    """A published benchmark: cubes and rehearsal data (one tar of the raw folder) by digest."""

    preparator: BoundCube
    evaluator: BoundCube
    rehearsal: BlobRef

    @model_validator(mode="after")
    def _cubes_fit(self) -> Self:
        expected = ((self.preparator, CubeKind.PREPARATOR), (self.evaluator, CubeKind.EVALUATOR))
        for bound, kind in expected:
            if bound.cube.manifest.kind is not kind:
                raise ValueError(f"{kind}: the cube is a {bound.cube.manifest.kind}")
        return self

    def bound_evaluator(self) -> BoundCube:
        """The evaluator with the parameters that it is given: analysis plan, interface, and its own."""
        plan = self.analysis.model_dump(mode="json")
        return self._bind(self.evaluator.cube, {"analysis": plan, **self.evaluator.parameters})

    def compared(self, models: int) -> tuple[Compared, ...]:
        """What a paired comparison of so many models states: the metrics that can be compared, as many as may leave.

        None where the evaluator cannot compare, the primary metric has no paired comparison, or so many models would
        take more numbers than the disclosure policy lets out.
        """
        if Task.COMPARE not in self.evaluator.cube.manifest.tasks or not 2 <= models <= MAX_MODELS:
            return ()
        wanted = self.analysis.compared(tuple(metric.name for metric in self.metrics))
        clustered = self.model_interface.cluster is not None
        while wanted and paired_numbers(wanted, models, clustered=clustered) > self.disclosure.max_numbers:
            wanted = wanted[:-1]
        return wanted

    def bound_comparer(self, models: int) -> BoundCube:
        """The evaluator with the parameters of a comparison: how many models, and what is stated of which metric."""
        wanted: list[JsonValue] = [{"metric": item.metric, "kind": item.by.value} for item in self.compared(models)]
        bound = self.bound_evaluator()
        return BoundCube(cube=bound.cube, parameters={**bound.parameters, "models": models, "compared": wanted})

    def bind_model(self, card: ModelCard) -> BoundCube:
        """A model with the parameters that it is given: the interface, and its own."""
        return self._bind(card.cube, card.parameters)

    def _bind(self, cube: Cube, parameters: Parameters) -> BoundCube:
        interface = self.model_interface.model_dump(mode="json")
        return BoundCube(cube=cube, parameters={"interface": interface, **parameters})

    @property
    def blobs(self) -> tuple[BlobRef, ...]:
        """Every blob that a site needs besides the models'."""
        cubes = self.preparator.cube.package.blobs + self.evaluator.cube.package.blobs
        return tuple(dict.fromkeys((*cubes, self.rehearsal)))
