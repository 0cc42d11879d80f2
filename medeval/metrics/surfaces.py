"""How far the boundaries of two masks lie apart, exactly, in mm.

A distance is looked up only from the elements of one boundary to those of the other, so its cost grows with the surface
and not with the volume: along one axis the steps to the next element of the same column are known everywhere; the
columns around an element are then visited from near to far until none can hold anything nearer. The few elements that
lie farther from the other boundary than a window of columns are looked up in a k-d tree.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, product
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from medeval.metrics.surface_elements import Mask, Reals, elements

Steps: TypeAlias = NDArray[np.unsignedinteger[Any]]
Places: TypeAlias = NDArray[np.intp]
Spacing: TypeAlias = tuple[float, ...]

#: Half the width of the window of columns, in voxels.
_REACH = 8


@dataclass(frozen=True)
class SurfaceDistances:
    """From each element of the prediction's boundary (P,) to the truth's, and back (T,), in mm.

    Weights are what each element counts, in the same order; None: 1 each.
    """

    to_truth: Reals
    to_prediction: Reals
    weights: tuple[Reals, Reals] | None = None

    def at_most(self, worst: float) -> "SurfaceDistances":
        """The same, where no distance counts for more than `worst` mm."""
        return SurfaceDistances(np.minimum(self.to_truth, worst), np.minimum(self.to_prediction, worst), self.weights)

    def nsd(self, tau: float) -> float:
        """The share of both boundaries that lies within `tau` mm of the other (Nikolov et al. 2018)."""
        near, whole = 0.0, 0.0
        for distances, weights in self._sides():
            near += float(weights[distances <= tau].sum())
            whole += float(weights.sum())
        return near / whole

    def assd(self) -> float:
        """The average symmetric surface distance: the mean over the elements of both boundaries."""
        summed = sum(float((distances * weights).sum()) for distances, weights in self._sides())
        return summed / sum(float(weights.sum()) for _, weights in self._sides())

    def hd(self, share: float = 0.95) -> float:
        """The larger of both directed distances below which `share` of the boundary lies.

        Without weights the quantile is interpolated linearly; with weights it is the first distance at which the
        summed weight reaches the share.
        """
        if self.weights is None:
            return max(float(np.quantile(distances, share)) for distances, _ in self._sides())
        return max(_weighted_quantile(distances, weights, share) for distances, weights in self._sides())

    def _sides(self) -> Iterator[tuple[Reals, Reals]]:
        ones = (np.ones_like(self.to_truth), np.ones_like(self.to_prediction))
        return zip((self.to_truth, self.to_prediction), self.weights or ones, strict=True)


def _weighted_quantile(distances: Reals, weights: Reals, share: float) -> float:
    order = np.argsort(distances, kind="stable")
    reached = np.cumsum(weights[order])
    place = int(np.searchsorted(reached, share * reached[-1]))
    return float(distances[order][min(place, len(order) - 1)])


def surface_distances(
    prediction: Mask,
    truth: Mask,
    spacing: Spacing,
    boundary: str,
    search: Callable[[Mask, Mask, Spacing], Reals] | None = None,
) -> SurfaceDistances:
    """The distances between two masks of one shape; neither is empty. `spacing` in mm along each axis.

    `search` is what stands for `nearest` (`volume_device.nearest_on`).
    """
    search = search or nearest
    box = bounding_box(prediction | truth)
    (near, near_sizes), (far, far_sizes) = (
        elements(np.pad(np.ascontiguousarray(mask[box]), 1), boundary, spacing) for mask in (prediction, truth)
    )
    weights = None if near_sizes is None or far_sizes is None else (near_sizes[near], far_sizes[far])
    return SurfaceDistances(search(near, far, spacing), search(far, near, spacing), weights)


def bounding_box(mask: Mask) -> tuple[slice, ...]:
    """The smallest box that holds a mask that is not empty."""
    box: tuple[slice, ...] = ()
    for axis in range(mask.ndim):
        # The axes before are cut already, so each look is at less than the one before.
        part = mask[box]
        found = np.flatnonzero(part.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        box = (*box, slice(int(found[0]), int(found[-1]) + 1))
    return box


def nearest(sources: Mask, targets: Mask, spacing: Spacing) -> Reals:
    """From each source voxel, in the order of the array, the distance in mm to the nearest target voxel.

    Both of one shape; there is a target.
    """
    points = voxel_places(sources)
    squares, left = _search_columns(points, targets, spacing)
    if len(left):
        places = voxel_places(targets)
        scale = np.asarray(spacing)
        tree = KDTree(places * scale, balanced_tree=False, compact_nodes=False)
        found = tree.query(points[left] * scale)[1]
        parts = np.square((points[left] - places[found]) * scale)
        squares[left] = parts[:, 0] + parts[:, 1:].sum(axis=1)
    return np.sqrt(squares)


def voxel_places(mask: Mask) -> Places:
    """The indices (N, ndim) of the voxels of a mask; several times as fast as `np.argwhere`."""
    return np.stack(np.unravel_index(np.flatnonzero(mask), mask.shape), axis=1)


def _search_columns(points: Places, targets: Mask, spacing: Spacing) -> tuple[Reals, Places]:
    """Squared distances (N,), and the places of those points for which the window was too narrow."""
    steps = _column_steps(targets)
    none = int(np.iinfo(steps.dtype).max)
    along = np.square(np.arange(none + 1) * float(spacing[0]))
    along[none] = np.inf
    aside_of = ((0, 0), *((_REACH, _REACH),) * (targets.ndim - 1))
    margin = np.ascontiguousarray(np.pad(steps, aside_of, constant_values=none))
    strides = np.array(margin.strides) // margin.itemsize
    flat, start = margin.ravel(), np.add(points, (0, *(_REACH,) * (targets.ndim - 1))) @ strides
    squares, todo = np.full(len(points), np.inf), np.arange(len(points))
    best = squares.copy()
    for aside, offsets, limit in _rings(spacing[1:]):
        for offset in offsets:
            np.minimum(best, along[flat[start + int(np.dot(offset, strides[1:]))]] + aside, out=best)
        open_ = best > limit
        squares[todo[~open_]] = best[~open_]
        todo, start, best = todo[open_], start[open_], best[open_]
        if not len(todo):
            break
    return squares, todo


def _column_steps(targets: Mask) -> Steps:
    """Along the first axis, the steps from each voxel to the nearest target; the largest number where there is none."""
    length = targets.shape[0]
    kind = np.uint8 if length < np.iinfo(np.uint8).max else np.uint16
    none = np.iinfo(kind).max
    steps: Steps = np.where(targets, kind(0), kind(none))
    for here, before in (
        *((i, i - 1) for i in range(1, length)),
        *((i, i + 1) for i in range(length - 2, -1, -1)),
    ):
        # One below the largest, plus one: a column without a target stays without.
        np.minimum(steps[here], np.minimum(steps[before], none - 1) + kind(1), out=steps[here])
    return steps


@lru_cache(maxsize=64)
def _rings(spacing: Spacing) -> tuple[tuple[float, tuple[tuple[int, ...], ...], float], ...]:
    """Columns around a column from near to far: squared distance, offsets, and that of the next ring.

    Only rings of which every column lies in the window.
    """
    # Products, never powers: those round otherwise, and every search has to give the same doubles.
    outside = min(((_REACH + 1) * step) * ((_REACH + 1) * step) for step in spacing)
    window = product(range(-_REACH, _REACH + 1), repeat=len(spacing))
    found = sorted((sum((o * s) * (o * s) for o, s in zip(offset, spacing, strict=True)), offset) for offset in window)
    rings = [(aside, tuple(o for _, o in group)) for aside, group in groupby(found, key=lambda item: item[0])]
    kept = [ring for ring in rings if ring[0] < outside]
    limits = [aside for aside, _ in kept[1:]] + [outside]
    return tuple((aside, offsets, limit) for (aside, offsets), limit in zip(kept, limits, strict=True))
