"""Two definitions of a mask's boundary, in 2-D and 3-D; a benchmark spec names the one it means.

`voxel-centres`: the centres of those mask voxels that have a face neighbour outside the mask (the mask less its erosion
by the face-connected cross). Every element counts 1. This is the usual definition of MONAI and medpy.

`surface-elements`: the corners where 2 x 2 (x 2) voxels meet of which some, but not all, belong to the mask. An element
counts its length or area in mm: that of the polygons through the midpoints of the cut edges (marching cubes; where a
face is ambiguous the mask's voxels are kept apart; a polygon that is not flat is measured as the fan around its mean
corner). Positions are those of DeepMind's surface-distance and of MONAI's sub-voxel mode, so are the lengths in 2-D; in
3-D their tables split bent polygons into other triangles.

Whatever lies outside an image is background, so a mask that touches the border has a boundary there.
"""

from functools import lru_cache
from itertools import combinations, product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Mask: TypeAlias = NDArray[np.bool_]
Reals: TypeAlias = NDArray[np.float64]
Corner: TypeAlias = tuple[int, ...]
Edge: TypeAlias = tuple[Corner, Corner]

VOXEL_CENTRES = "voxel-centres"
SURFACE_ELEMENTS = "surface-elements"
BOUNDARIES = (VOXEL_CENTRES, SURFACE_ELEMENTS)


def elements(mask: Mask, boundary: str, spacing: tuple[float, ...]) -> tuple[Mask, Reals | None]:
    """Where the boundary's elements lie, and what each voxel of that grid counts (None: 1 each).

    `mask` has a margin of one voxel of background on every side. The grid of elements has the mask's shape for
    `voxel-centres` and one less along each axis for `surface-elements`.
    """
    if boundary == VOXEL_CENTRES:
        return _inner_border(mask), None
    if boundary != SURFACE_ELEMENTS:
        raise ValueError("boundary must be 'voxel-centres' or 'surface-elements'")
    codes = _codes(mask)
    found: Mask = (codes != 0) & (codes != 2 ** (2**mask.ndim) - 1)
    return found, element_sizes(spacing)[codes]


def _inner_border(mask: Mask) -> Mask:
    """Mask voxels with a face neighbour outside; the margin stays out."""
    middle = (slice(1, -1),) * mask.ndim
    core = mask[middle].copy()
    for axis in range(mask.ndim):
        for shifted in (slice(0, -2), slice(2, None)):
            core &= mask[(*middle[:axis], shifted, *middle[axis + 1 :])]
    border = np.zeros_like(mask)
    np.logical_and(mask[middle], ~core, out=border[middle])
    return border


def _codes(mask: Mask) -> NDArray[np.uint8]:
    """For each corner of the grid, a bit for each of the voxels that meet there, in the order of `_corners`."""
    bits = mask.view(np.uint8)
    codes = np.zeros(tuple(n - 1 for n in mask.shape), dtype=np.uint8)
    for place, corner in enumerate(_corners(mask.ndim)):
        codes |= bits[tuple(slice(c, n - 1 + c) for c, n in zip(corner, mask.shape, strict=True))] << np.uint8(place)
    return codes


@lru_cache(maxsize=256)
def element_sizes(spacing: tuple[float, ...]) -> Reals:
    """The length (2-D) or area (3-D) of the boundary inside each of the 16 or 256 arrangements of voxels."""
    scale = np.asarray(spacing, dtype=np.float64)
    sizes = [sum(_size(np.asarray(loop) * scale) for loop in loops) for loops in _arrangements(len(spacing))]
    return np.array(sizes, dtype=np.float64)


def _size(loop: Reals) -> float:
    """Of a segment (2, 2) its length, of a closed polygon (P, 3) the area of the fan around its mean corner."""
    if loop.shape == (2, 2):
        return float(np.linalg.norm(loop[1] - loop[0]))
    spokes = loop - loop.mean(axis=0)
    return float(np.linalg.norm(np.cross(spokes, np.roll(spokes, -1, axis=0)), axis=1).sum() / 2)


@lru_cache(maxsize=2)
def _arrangements(ndim: int) -> tuple[tuple[tuple[tuple[float, ...], ...], ...], ...]:
    """The midpoints of segments (2-D) or closed polygons (3-D) of every arrangement."""
    corners = _corners(ndim)
    chosen = ({c for place, c in enumerate(corners) if code >> place & 1} for code in range(2 ** len(corners)))
    return tuple(
        tuple(tuple(_middle(edge) for edge in part) for part in (_segments(inside) if ndim == 2 else _loops(inside)))
        for inside in chosen
    )


def _corners(ndim: int) -> list[Corner]:
    return list(product((0, 1), repeat=ndim))


def _middle(edge: Edge) -> tuple[float, ...]:
    return tuple((a + b) / 2 for a, b in zip(*edge, strict=True))


def _segments(inside: set[Corner], axes: tuple[int, int] = (0, 1), fixed: Corner = (0, 0)) -> list[tuple[Edge, Edge]]:
    """How the boundary crosses one square face: each segment joins the midpoints of two cut edges."""
    ring = [_placed(fixed, axes, pair) for pair in ((0, 0), (0, 1), (1, 1), (1, 0))]
    edges: list[Edge] = [(min(a, b), max(a, b)) for a, b in zip(ring, ring[1:] + ring[:1], strict=True)]
    cut = [edge for edge in edges if (edge[0] in inside) != (edge[1] in inside)]
    if len(cut) == 2:
        return [(cut[0], cut[1])]
    # Two voxels across the diagonal: each keeps its own corner.
    around = [[edge for edge in cut if corner in edge] for corner in ring if corner in inside and cut]
    return [(first, second) for first, second in around]


def _placed(fixed: Corner, axes: tuple[int, int], pair: tuple[int, int]) -> Corner:
    corner = list(fixed)
    corner[axes[0]], corner[axes[1]] = pair
    return tuple(corner)


def _loops(inside: set[Corner]) -> list[list[Edge]]:
    """The closed polygons of a cube: the segments on its six faces, joined."""
    beside: dict[Edge, list[Edge]] = {}
    for axes in combinations(range(3), 2):
        axis = 3 - sum(axes)
        for side in (0, 1):
            fixed = tuple(side if place == axis else 0 for place in range(3))
            for first, second in _segments(inside, (axes[0], axes[1]), fixed):
                beside.setdefault(first, []).append(second)
                beside.setdefault(second, []).append(first)
    loops = []
    while beside:
        loop = [next(iter(beside))]
        while onward := [edge for edge in beside.pop(loop[-1]) if edge in beside]:
            loop.append(onward[0])
        loops.append(loop)
    return loops
