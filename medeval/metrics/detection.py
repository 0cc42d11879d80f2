"""The states of a detection benchmark (`medeval.domain.families.detection`): boxes found per score bin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.metrics import strata
from medeval.metrics.binary import ABOVE, score_table
from medeval.metrics.box_files import Images, read_images
from medeval.metrics.joint import Clusters, Plain, Reals, joint_moments, rounded
from medeval.metrics.matching import match, overlaps

Places: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Detections:
    """All detections: image and score of shape (D,), overlap with the box hit (0: none) per IoU of shape (D, T).

    `boxes` of shape (N,): boxes of each image.
    """

    image: Places
    scores: Reals
    hits: Reals
    boxes: Places


def evaluate(source: Path, parameters: Mapping[str, Any]) -> Plain:
    """The evaluation of `predictions.csv` (case_id,x1,y1,x2,y2,score) and `labels.csv` (case_id,x1,y1,x2,y2,...)."""
    interface, analysis = parameters.get("interface", {}), parameters["analysis"]
    images = read_images(source, interface, int(analysis["max_detections"]))
    found, groups = detect(images, analysis), images.strata

    def states_of(chosen: strata.Chosen) -> list[Plain]:
        return detection_states(found, chosen, analysis, groups.cluster)

    return strata.evaluation(len(images.boxes), states_of, groups)


def detect(images: Images, analysis: Mapping[str, Any]) -> Detections:
    """Match the detections of each image at each IoU threshold."""
    levels, matching = [float(iou) for iou in analysis["iou_thresholds"]], analysis["matching"]
    hits = [_match(*pair, levels, matching) for pair in zip(images.boxes, images.detections, strict=True)]
    sizes = [len(detections) for detections in images.detections]
    every = np.concatenate(images.detections) if images.detections else np.zeros((0, 5))
    return Detections(
        image=np.repeat(np.arange(len(sizes), dtype=np.int64), sizes),
        scores=every[:, 4],
        hits=np.concatenate(hits) if hits else np.zeros((0, len(levels))),
        boxes=np.array([len(boxes) for boxes in images.boxes], dtype=np.int64),
    )


def _match(boxes: Reals, detections: Reals, levels: Sequence[float], matching: str) -> Reals:
    shared = overlaps(detections[:, :4], boxes)
    return np.stack([match(detections[:, 4], shared, iou, matching) for iou in levels], axis=1)


def detection_states(
    found: Detections, chosen: strata.Chosen, analysis: Mapping[str, Any], cluster: Clusters | None = None
) -> list[Plain]:
    """A table per IoU threshold, and the joint moments of the chosen images; chosen and cluster of shape (N,)."""
    levels = [float(iou) for iou in analysis["iou_thresholds"]]
    inside = chosen[found.image]
    tables = [_table(found, place, iou, (chosen, inside), analysis) for place, iou in enumerate(levels)]
    operating = found.hits[:, levels.index(float(analysis["iou_threshold"]))]
    threshold = float(analysis["threshold"])
    called = found.scores > threshold if analysis["positive_when"] == ABOVE else found.scores >= threshold
    columns = {
        "box": found.boxes.astype(np.float64),
        "tp": _per_image(found, called & (operating > 0)),
        "fp": _per_image(found, called & (operating == 0)),
        "iou": _per_image(found, called, rounded(operating, analysis["score_resolution"])),
    }
    of_chosen = {name: column[chosen] for name, column in columns.items()}
    return [*tables, joint_moments(of_chosen, None if cluster is None else cluster[chosen])]


def _table(found: Detections, place: int, iou: float, masks: tuple[Any, Any], analysis: Mapping[str, Any]) -> Plain:
    chosen, inside = masks
    hit, scores = found.hits[inside, place] > 0, found.scores[inside]
    bins = score_table(hit, scores, analysis["score_edges"], analysis["positive_when"])
    frame = {
        "iou": iou,
        "matching": analysis["matching"],
        "edges": bins["edges"],
        "positive_when": bins["positive_when"],
    }
    counts = {"images": int(np.count_nonzero(chosen)), "boxes": int(found.boxes[chosen].sum())}
    return {"kind": "detection-table", **frame, **counts, "tp": bins["n1"], "fp": bins["n0"]}


def _per_image(found: Detections, chosen: Any, weights: Reals | None = None) -> Reals:
    """How many of the chosen detections each image has, or the sum of their weights, shape (N,)."""
    some = None if weights is None else weights[chosen]
    counts: Reals = np.bincount(found.image[chosen], weights=some, minlength=len(found.boxes)).astype(np.float64)
    return counts
