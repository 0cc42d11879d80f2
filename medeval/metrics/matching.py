"""Detections matched with boxes, image by image."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Reals: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


def overlaps(first: Reals, second: Reals) -> Reals:
    """Intersection over union of boxes (x1, y1, x2, y2) of shapes (D, 4) and (G, 4), as (D, G)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=2)
    union = _area(first)[:, None] + _area(second)[None, :] - shared
    found: Reals = shared / union
    return found


def _area(boxes: Reals) -> Reals:
    found: Reals = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return found


def match(scores: Reals, shared: Reals, iou: float, matching: str) -> Reals:
    """The overlap with the box that each detection hits, 0 where it hits none; shape (D,).

    `shared` of shape (D, G). In falling order of score, equal scores in the order given: see `DetectionTable`. Of boxes
    that a detection overlaps alike it takes the first.
    """
    if matching not in {"greedy", "voc"}:
        raise ValueError("matching must be 'greedy' or 'voc'")
    hit, free = np.zeros(len(scores)), np.ones(shared.shape[1], dtype=np.bool_)
    if not shared.shape[1]:
        return hit
    for place in np.argsort(-scores, kind="stable"):
        candidates = np.where(free, shared[place], -1.0) if matching == "greedy" else shared[place]
        best = int(np.argmax(candidates))
        if free[best] and candidates[best] >= iou:
            hit[place], free[best] = candidates[best], False
    return hit
