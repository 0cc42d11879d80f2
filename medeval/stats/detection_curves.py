"""FROC and average precision from detections per score bin, for many tables at once.

Arrays `tp`, `fp` of shape (B, K + 1) are cumulative from the strictest threshold: column 0 accepts no detection, the
last accepts all.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Reals: TypeAlias = NDArray[np.float64]
#: A metric of cumulative (tp, fp), shape (B,).
Metric: TypeAlias = Callable[[Reals, Reals], Reals]

#: COCO reads precision at recall 0, 0.01, ..., 1.
_RECALLS = np.linspace(0.0, 1.0, 101)


def cumulate(bins: Reals) -> Reals:
    """Counts per bin, shape (B, K), as counts at or above each threshold, from the strictest on; shape (B, K + 1)."""
    from_top = np.cumsum(bins[:, ::-1], axis=1)
    return np.concatenate([np.zeros((len(bins), 1)), from_top], axis=1)


def sensitivities(tp: Reals, fp: Reals, boxes: float, images: float, rates: Reals, step: bool) -> Reals:
    """The share of boxes found at each rate of false positives per image, shape (B, R).

    Between two thresholds along a straight line, or (`step`) that of the stricter; beyond the last that of the last.
    """
    found = np.empty((len(tp), len(rates)))
    for row, (hits, false) in enumerate(zip(tp / boxes, fp / images, strict=True)):
        places = np.searchsorted(false, rates, side="right") - 1
        # of thresholds with one rate np.interp takes the last, which finds most, to the left of a rate
        found[row] = hits[places] if step else np.interp(rates, false, hits)
    return found


def sensitivity_range(tp: Reals, fp: Reals, boxes: float, images: float, rate: float) -> tuple[float, float]:
    """Sensitivity at the thresholds before and after a rate; arrays of shape (K + 1,)."""
    place = int(np.searchsorted(fp / images, rate, side="right")) - 1
    after = min(place + 1, len(tp) - 1)
    return float(tp[place] / boxes), float(tp[after] / boxes)


def average_precision(tp: Reals, fp: Reals, boxes: float, interpolation: str) -> Reals:
    """Area under the envelope of precision over recall, shape (B,).

    `every-point`: the sum over thresholds of the gain in recall times the best precision from there on (VOC 2010);
    `coco-101`: the mean of that best precision at 101 recalls, 0 beyond the last recall.
    """
    calls = tp + fp
    precision = np.where(calls > 0, tp / np.where(calls > 0, calls, 1.0), 0.0)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = tp / boxes
    if interpolation == "every-point":
        found: Reals = (np.diff(recall, axis=1) * envelope[:, 1:]).sum(axis=1)
        return found
    return np.array([_at_recalls(*row) for row in zip(recall, envelope, strict=True)])


def _at_recalls(recall: Reals, envelope: Reals) -> float:
    places = np.searchsorted(recall, _RECALLS, side="left")
    known = places < len(recall)
    return float(np.where(known, envelope[np.where(known, places, 0)], 0.0).mean())


def best_average_precision(tp: Reals, fp: Reals, boxes: float, interpolation: str) -> float:
    """The most that average precision can be for these bins, shape (K,): in each, hits score above the others."""
    order = np.stack([tp[::-1], fp[::-1]], axis=1).ravel().astype(np.int64)
    hits = np.repeat(np.tile([1.0, 0.0], len(tp)), order)
    padded = np.concatenate([[0.0], np.cumsum(hits)]), np.concatenate([[0.0], np.cumsum(1.0 - hits)])
    return float(average_precision(padded[0][None], padded[1][None], boxes, interpolation)[0])
