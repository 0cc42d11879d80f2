"""How well one predicted structure matches the true one: overlap, and distances between the boundaries in mm."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Labels: TypeAlias = NDArray[Any]

#: Voxels that are compared at once: both masks of a block stay in the processor's cache.
_BLOCK = 1 << 17


@dataclass(frozen=True)
class Overlap:
    """Voxels of the prediction, of the truth, and of both."""

    intersection: int
    prediction: int
    truth: int

    @property
    def dsc(self) -> float:
        """Dice's similarity coefficient; either mask holds a voxel."""
        return 2 * self.intersection / (self.prediction + self.truth)

    @property
    def iou(self) -> float:
        """Intersection over union; either mask holds a voxel."""
        return self.intersection / (self.prediction + self.truth - self.intersection)


def overlap(prediction: Labels, truth: Labels, label: int | None = None) -> Overlap:
    """Count the voxels of one label; without a label, those of two boolean masks. Both of one shape."""
    if label is None and prediction.flags.c_contiguous and truth.flags.c_contiguous:
        return _count(prediction.reshape(-1), truth.reshape(-1), None)
    if prediction.flags.f_contiguous and truth.flags.f_contiguous:
        prediction, truth = prediction.T, truth.T
    return _count(np.ascontiguousarray(prediction).reshape(-1), np.ascontiguousarray(truth).reshape(-1), label)


def _count(prediction: Labels, truth: Labels, label: int | None) -> Overlap:
    both = first = second = 0
    for start in range(0, prediction.size, _BLOCK):
        a, b = prediction[start : start + _BLOCK], truth[start : start + _BLOCK]
        if label is not None:
            a, b = a == label, b == label
        first += int(np.count_nonzero(a))
        second += int(np.count_nonzero(b))
        both += int(np.count_nonzero(a & b))
    return Overlap(both, first, second)
