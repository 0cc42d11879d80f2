"""Detection of boxes: the plan, detections by score bin, and the joint moments of images at the operating threshold."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from medeval.domain.families.base import Count, MetricId, PlanBase, Probability, State, parse_metric
from medeval.domain.families.binary import PositiveWhen, check_edges
from medeval.domain.families.joint import JointMoments, Resolution, joint_numbers
from medeval.errors import ResultRefused

Overlap = Annotated[float, Field(gt=0, lt=1)]
Matching = Literal["greedy", "voc"]
#: Per image: boxes of the truth; at the operating threshold detections that hit and that do not, and the hits' IoU.
COLUMNS = ("one", "box", "tp", "fp", "iou")
AT_THE_THRESHOLD = frozenset(["precision", "recall", "f1", "pq"])
_HINT = "Nothing has left. Use the evaluator and the parameters that the benchmark spec pins."


class DetectionTable(State):
    """Detections that hit a box (`tp`) and that do not (`fp`) per score bin, at one IoU, over images and their boxes.

    Bins as in a score table. Within an image detections are matched in falling order of score, those of equal score in
    the order of the file. `greedy`: each takes the free box that it overlaps most, if by at least `iou` (as COCO does);
    `voc`: each points at the box that it overlaps most, and hits if that is free and the overlap at least `iou`.
    """

    kind: Literal["detection-table"] = "detection-table"
    iou: Overlap
    matching: Matching
    edges: tuple[Probability, ...] = Field(min_length=2, max_length=1001)
    positive_when: PositiveWhen
    images: Count
    boxes: Count
    tp: tuple[Count, ...]
    fp: tuple[Count, ...]
    summed = ("images", "boxes", "tp", "fp")

    @model_validator(mode="after")
    def _is_a_table(self) -> Self:
        check_edges(self.edges)
        if not len(self.tp) == len(self.fp) == len(self.edges) - 1:
            raise ValueError("tp and fp must have one count per bin")
        if sum(self.tp) > self.boxes:
            raise ValueError("tp must not add up to more than boxes")
        return self

    def at(self, threshold: float) -> tuple[int, int]:
        """(tp, fp) at a threshold that is one of the edges."""
        cut = self.edges.index(threshold)
        return sum(self.tp[cut:]), sum(self.fp[cut:])


class DetectionPlan(PlanBase):
    """How detections are analysed.

    Boxes are (x1, y1, x2, y2) with x1 < x2 and y1 < y2, in continuous coordinates: width is x2 - x1. `iou_thresholds`
    rise; `iou_threshold`, one of them, is that of FROC and of the operating point, which `threshold`, one of
    `score_edges`, defines. `fp_rates` are the false positives per image at which FROC reads the sensitivity, between
    two thresholds along a straight line (`linear`) or from the stricter one (`step`). `score_resolution` is the step to
    which the overlap of each hit is rounded before it is summed.
    """

    task: Literal["detection"] = "detection"
    primary_metric: MetricId = "froc"
    score_edges: tuple[Probability, ...] = Field(min_length=3, max_length=1001)
    positive_when: PositiveWhen = PositiveWhen.ABOVE
    threshold: Probability = 0.5
    iou_thresholds: tuple[Overlap, ...] = Field(default=(0.5,), min_length=1, max_length=10)
    iou_threshold: Overlap = 0.5
    matching: Matching = "greedy"
    ap_interpolation: Literal["every-point", "coco-101"] = "every-point"
    froc_interpolation: Literal["linear", "step"] = "linear"
    fp_rates: tuple[Annotated[float, Field(gt=0, le=10_000)], ...] = Field(
        default=(0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0), min_length=1, max_length=20
    )
    max_detections: int = Field(default=1000, ge=1, le=10_000, description="detections per image at most")
    score_resolution: Resolution = 0.001
    exact_scalars: Literal[False] = False

    @model_validator(mode="after")
    def _is_a_plan(self) -> Self:
        check_edges(self.score_edges)
        if self.threshold not in self.score_edges[1:-1]:
            raise ValueError("threshold must be one of score_edges, between the first and the last")
        for name, values in (("iou_thresholds", self.iou_thresholds), ("fp_rates", self.fp_rates)):
            if any(a >= b for a, b in pairwise(values)):
                raise ValueError(f"{name} must rise strictly")
        if self.iou_threshold not in self.iou_thresholds:
            raise ValueError("iou_threshold must be one of iou_thresholds")
        return self

    @property
    def holds_exact_values(self) -> bool:
        """Whether a result holds sums of unrounded values."""
        return self.score_resolution == "exact"

    def dull_row(self, score: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The same box in every image."""
        return ("x1", "y1", "x2", "y2", score), ("0", "0", "1", "1", "0.5")

    def check_metric(self, name: str) -> None:
        """Raise ValueError for what the tables do not give."""
        parts = parse_metric(name)
        allowed = {"ap": self.iou_thresholds, "sensitivity": self.fp_rates}
        plain = parts.base in AT_THE_THRESHOLD | {"froc", "map"} and parts.at is None
        if parts.of is None and (plain or parts.at in allowed.get(parts.base, ())):
            return
        raise ValueError(f"{name} is no metric of this detection plan")

    def check_states(self, cases: int, states: tuple[State, ...]) -> tuple[int, ...]:
        """No classes; raises `ResultRefused` unless tables and moments are those of the plan and count the same."""
        tables, moments = states[:-1], states[-1] if states else None
        if (
            not isinstance(moments, JointMoments)
            or moments.columns != COLUMNS
            or len(tables) != len(self.iou_thresholds)
        ):
            raise ResultRefused("states: must be a table per IoU threshold and the joint moments of images", _HINT)
        boxes = moments.count("box")
        for at, (table, iou) in enumerate(zip(tables, self.iou_thresholds, strict=True)):
            self._check_table(table, iou, (cases, boxes), at)
            if isinstance(table, DetectionTable) and iou == self.iou_threshold:
                self._check_moments(moments, table, cases)
        return ()

    def _check_table(self, table: State, iou: float, counted: tuple[int, int], at: int) -> None:
        frame = (iou, self.matching, self.score_edges, self.positive_when)
        if not isinstance(table, DetectionTable):
            raise ResultRefused(f"states[{at}]: must be a detection table", _HINT)
        if (table.iou, table.matching, table.edges, table.positive_when) != frame:
            raise ResultRefused(f"states[{at}]: is not what the spec's analysis plan declares", _HINT)
        if (table.images, table.boxes) != counted:
            raise ResultRefused(f"states[{at}]: images or boxes are not those of the result", _HINT)

    def _check_moments(self, moments: JointMoments, table: DetectionTable, cases: int) -> None:
        last = len(self.iou_thresholds)
        moments.check(cases, last)
        moments.check_whole(("box", "tp", "fp"), last)
        if (moments.count("tp"), moments.count("fp")) != table.at(self.threshold):
            raise ResultRefused(f"states[{last}]: does not count what the table counts", _HINT)
        hits, overlap = moments.total("tp").total, moments.total("iou").total
        slack = 0.0 if self.score_resolution == "exact" else self.score_resolution / 2
        if not (self.iou_threshold - slack - 1e-9) * hits <= overlap <= hits * (1 + slack + 1e-9):
            raise ResultRefused(f"states[{last}].totals: iou lies outside its range", _HINT)

    def numbers(self) -> int:
        """Images, boxes and two counts a bin for each IoU; the joint moments."""
        return len(self.iou_thresholds) * 2 * len(self.score_edges) + joint_numbers(len(COLUMNS))
