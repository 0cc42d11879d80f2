"""The benchmark spec: task, data, cubes, metrics, analysis, disclosure, participation, visibility.

A committee writes a *draft* (`benchmark.yaml`), in which cubes are folders; `benchmark publish` resolves it to a
*spec*, in which they are digests. Two builds of one Dockerfile give two identities, so only the spec is addressed.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from medeval.domain.base import Value
from medeval.domain.ids import Name, Text, Title, Version
from medeval.domain.metric_state import PositiveWhen, Probability, check_edges
from medeval.domain.package import BlobRef, Cube, CubeKind, Limits, ModelCard, Parameters
from medeval.domain.policies import (
    HOSPITAL,
    DataClass,
    DisclosurePolicy,
    ParticipationPolicy,
    VisibilityPolicy,
)

Column = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f,\"]+$")]
FolderPath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.][A-Za-z0-9_./-]{0,199}$")]


class TaskType(StrEnum):
    """The families of benchmarks."""

    BINARY_CLASSIFICATION = "binary-classification"


class MetricName(StrEnum):
    """Metrics that the server can derive from the states of a binary classification."""

    ACCURACY = "accuracy"
    PRECISION = "precision"
    AUROC = "auroc"


class Direction(StrEnum):
    """Whether more is better."""

    HIGHER = "higher"
    LOWER = "lower"


class Metric(Value):
    """One metric of a benchmark and how it is read: `decimals` for people, the rest is in the export."""

    name: MetricName
    direction: Direction = Direction.HIGHER
    range: tuple[float, float] = (0.0, 1.0)
    decimals: int = Field(default=2, ge=0, le=6)


class AnalysisPlan(Value):
    """How estimates come about.

    `threshold` turns a score into a decision, `positive_when` says on which side equality falls, `score_edges` cut the
    score table, `confidence_level` is that of every interval. Pooling adds counts over sites.
    """

    primary_metric: MetricName
    threshold: Probability = 0.5
    positive_when: PositiveWhen = PositiveWhen.ABOVE
    score_edges: tuple[Probability, ...] = Field(min_length=3, max_length=1001)
    confidence_level: float = Field(default=0.95, gt=0.5, lt=1)

    @model_validator(mode="after")
    def _cuts_at_the_threshold(self) -> Self:
        check_edges(self.score_edges)
        # At 0 or 1 a score that equals the threshold falls on different sides in the 2x2 and the score table.
        if self.threshold not in self.score_edges[1:-1]:
            raise ValueError("threshold must be one of score_edges, between the first and the last")
        return self


class ModelInterface(Value):
    """What `infer` reads and writes, both by case id; labels are a separate file that only the evaluator is given.

    `features` are the columns of `cases/cases.csv` after `case_id`, in order.
    """

    case_id: Column = "case_id"
    features: tuple[Column, ...] = Field(min_length=1, max_length=10_000)
    score: Column = "score"
    label: Column = "label"


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
    task: TaskType
    data_class: DataClass = DataClass.RESTRICTED
    data_label: Title = "each site's own patients"
    model_interface: ModelInterface
    metrics: tuple[Metric, ...] = Field(min_length=1)
    analysis: AnalysisPlan
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
        return self

    @model_validator(mode="after")
    def _can_be_released(self) -> Self:
        # cases, the 2x2 table, and two counts per bin
        numbers = 1 + 4 + 2 * (len(self.analysis.score_edges) - 1)
        if numbers > self.disclosure.max_numbers:
            raise ValueError(
                f"analysis.score_edges: a result would hold {numbers} numbers, but disclosure.max_numbers is "
                f"{self.disclosure.max_numbers}"
            )
        return self

    @property
    def ref(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    def metric(self, name: MetricName) -> Metric:
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
