"""The metrics of a detection benchmark: from detections per score bin, and from the joint moments of images.

At the operating threshold (`precision`, `recall`, `f1`, `pq`) variances are linearised over images, or patients. FROC
and average precision are resampled from the table: boxes fall into the bin of their detection, or are missed
(multinomial), other detections into theirs (Poisson). Images share a fate that the table does not show, so both counts
are first reduced by the design effect that recall and false positives per image have at the operating threshold.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from medeval.domain.estimate import Reason
from medeval.domain.families.base import parse_metric
from medeval.domain.families.detection import COLUMNS, DetectionPlan, DetectionTable
from medeval.domain.families.joint import JointMoments
from medeval.domain.result import Evaluation
from medeval.stats import detection_curves as curves
from medeval.stats.joint import Joint, as_share, index_of, share_of
from medeval.stats.macro import macro_average
from medeval.stats.matrix import have_width
from medeval.stats.measure import Measure, resampled, undefined

Reals = NDArray[np.float64]
_BOX, _HIT, _FALSE, _IOU = (COLUMNS.index(name) for name in ("box", "tp", "fp", "iou"))


def measure(evaluation: Evaluation, name: str, plan: DetectionPlan) -> Measure:
    """One metric of an evaluation that was checked against the plan."""
    if not evaluation.cases:
        return undefined(Reason.NO_CASES)
    parts, joint = parse_metric(name), _joint(evaluation)
    if parts.base in ("precision", "recall", "f1", "pq"):
        return _at_the_threshold(parts.base, joint, plan.confidence_level)
    if not joint.means[_BOX - 1]:
        return undefined(Reason.NO_BOX)
    if parts.base in ("froc", "sensitivity"):
        rates = plan.fp_rates if parts.at is None else (parts.at,)
        table = _table(evaluation, plan.iou_thresholds.index(plan.iou_threshold))
        return _froc(table, joint, rates, plan)
    levels = plan.iou_thresholds if parts.at is None else (parts.at,)
    found = [_average_precision(_table(evaluation, plan.iou_thresholds.index(iou)), joint, plan) for iou in levels]
    return found[0] if len(found) == 1 else macro_average(found, evaluation.cases, plan.confidence_level)


def _joint(evaluation: Evaluation) -> Joint:
    state = evaluation.states[-1]
    assert isinstance(state, JointMoments)  # noqa: S101 the plan checked it
    return Joint.of(state)


def _table(evaluation: Evaluation, place: int) -> DetectionTable:
    state = evaluation.states[place]
    assert isinstance(state, DetectionTable)  # noqa: S101 the plan checked it
    return state


def _at_the_threshold(base: str, joint: Joint, level: float) -> Measure:
    """Precision, recall, F1, or panoptic quality (Kirillov et al. 2019, CVPR): sum of IoU / (tp + fp / 2 + fn / 2)."""
    if base == "recall":
        return share_of(joint, _HIT, _BOX, level, Reason.NO_BOX)
    if base == "precision":
        return share_of(_with_calls(joint), _HIT, _BOX, level, Reason.NO_DETECTION)
    if not joint.means[_BOX - 1] and not joint.means[_FALSE - 1]:
        return undefined(Reason.NO_BOX)
    above = _HIT if base == "f1" else _IOU
    # tp + fp / 2 + fn / 2 is (tp + fp + boxes) / 2
    return index_of(joint, lambda m: 2 * m[above - 1] / (m[_HIT - 1] + m[_FALSE - 1] + m[_BOX - 1]), level)


def _with_calls(joint: Joint) -> Joint:
    """All detections in place of boxes."""
    return joint.through([[0, 0, 1, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]])


def _froc(table: DetectionTable, joint: Joint, rates: tuple[float, ...], plan: DetectionPlan) -> Measure:
    """The mean sensitivity at the rates; `bound`: thresholds between two edges are not seen."""
    at, step = np.array(rates), plan.froc_interpolation == "step"

    def take(tp: Reals, fp: Reals) -> Reals:
        found: Reals = curves.sensitivities(tp, fp, table.boxes, table.images, at, step).mean(axis=1)
        return found

    tp, fp = _cumulated(table)
    value = float(take(tp, fp)[0])
    ends = [curves.sensitivity_range(tp[0], fp[0], table.boxes, table.images, rate) for rate in rates]
    low, high = (float(np.mean([end[side] for end in ends])) for side in (0, 1))
    return _resampled(value, table, joint, plan, take, max(value - low, high - value, 0.0))


def _average_precision(table: DetectionTable, joint: Joint, plan: DetectionPlan) -> Measure:
    """With the detections of one bin called together, which is the least it can be; `bound`: the most, less that."""

    def take(tp: Reals, fp: Reals) -> Reals:
        return curves.average_precision(tp, fp, table.boxes, plan.ap_interpolation)

    value = float(take(*_cumulated(table))[0])
    bins = np.array(table.tp, dtype=np.float64), np.array(table.fp, dtype=np.float64)
    best = curves.best_average_precision(*bins, table.boxes, plan.ap_interpolation)
    return _resampled(value, table, joint, plan, take, max(best - value, 0.0))


def _cumulated(table: DetectionTable) -> tuple[Reals, Reals]:
    tp, fp = (curves.cumulate(np.array([bins], dtype=np.float64)) for bins in (table.tp, table.fp))
    return tp, fp


def _resampled(
    value: float, table: DetectionTable, joint: Joint, plan: DetectionPlan, take: curves.Metric, bound: float
) -> Measure:
    level, values = plan.confidence_level, take(*_replicates(table, joint, plan))
    if have_width(values, level):
        return resampled(value, values, table.images, level, bound)
    # as where every box is found, or none: the boxes that count tell how sure that is
    return replace(as_share(value, table.images, _boxes_that_count(joint), level), bound=bound)


@lru_cache(maxsize=64)
def _replicates(table: DetectionTable, joint: Joint, plan: DetectionPlan) -> tuple[Reals, Reals]:
    """Resampled tables, cumulated, each of shape (B, K + 1), in units of the table's boxes and detections."""
    boxes, spread = _boxes_that_count(joint), _spread_of_false(joint)
    size = len(table.tp)
    cells = np.array([*table.tp, table.boxes - sum(table.tp)], dtype=np.float64)
    false = np.array(table.fp, dtype=np.float64) / spread
    generator = np.random.default_rng([plan.seed, *table.tp, *table.fp])
    draws = max(1, round(boxes))
    hits = generator.multinomial(draws, cells / cells.sum(), size=plan.replicates)[:, :size]
    others: Reals = generator.poisson(false, size=(plan.replicates, size)).astype(np.float64) * spread
    return curves.cumulate(hits.astype(np.float64) * (table.boxes / draws)), curves.cumulate(others)


def _boxes_that_count(joint: Joint) -> float:
    """As many independent boxes would give recall the variance that it has."""
    found, boxes = joint.means[_HIT - 1], joint.means[_BOX - 1]
    gradient = [0.0] * len(joint.means)
    gradient[_HIT - 1], gradient[_BOX - 1] = float(1 / boxes), float(-found / boxes**2)
    return joint.effective(_BOX, joint.variance(gradient), float(found / boxes))


def _spread_of_false(joint: Joint) -> float:
    """By how much false positives per image vary more than a Poisson count; at least 1."""
    gradient = [0.0] * len(joint.means)
    gradient[_FALSE - 1] = 1.0
    poisson = float(joint.means[_FALSE - 1]) / joint.n
    return max(1.0, joint.variance(gradient) / poisson) if poisson else 1.0
