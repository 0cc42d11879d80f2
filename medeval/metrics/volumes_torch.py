"""Surface distances by torch, on whatever device the masks lie: for GPUs; needs the extra `torch`.

The same definition as `surfaces.surface_distances` with `voxel-centres`, and the same results up to rounding in double
precision. Every element of one boundary is held against every one of the other, in blocks: much arithmetic, but of the
kind that a GPU does at once. On a CPU the search by columns is faster.
"""

import numpy as np
import torch

from medeval.metrics.surfaces import Spacing, SurfaceDistances

#: Pairs of elements in a block: half a gigabyte of distances.
_BLOCK = 1 << 26


def surface_distances_torch(prediction: torch.Tensor, truth: torch.Tensor, spacing: Spacing) -> SurfaceDistances:
    """The distances between two boolean masks of one shape and device; neither is empty. `spacing` in mm."""
    box = _box(prediction | truth)
    scale = torch.tensor(spacing, dtype=torch.float64, device=prediction.device)
    near, far = (_border(mask[box]).nonzero() * scale for mask in (prediction, truth))
    return SurfaceDistances(_nearest(near, far), _nearest(far, near))


def overlap_torch(prediction: torch.Tensor, truth: torch.Tensor) -> tuple[int, int, int]:
    """Voxels of both masks, of the prediction, of the truth."""
    both, first, second = (int(torch.count_nonzero(mask)) for mask in (prediction & truth, prediction, truth))
    return both, first, second


def _box(mask: torch.Tensor) -> tuple[slice, ...]:
    """The smallest box that holds a mask that is not empty."""
    axes = range(mask.ndim)
    found = (torch.amax(mask, dim=tuple(other for other in axes if other != axis)).nonzero() for axis in axes)
    return tuple(slice(int(places[0]), int(places[-1]) + 1) for places in found)


def _border(mask: torch.Tensor) -> torch.Tensor:
    """Voxels of the mask with a face neighbour outside; beyond the box there is background."""
    padded = torch.nn.functional.pad(mask, (1, 1) * mask.ndim)
    core = torch.ones_like(mask)
    for axis in range(mask.ndim):
        inner = (slice(1, -1),) * axis
        rest = (slice(1, -1),) * (mask.ndim - axis - 1)
        core &= padded[(*inner, slice(0, -2), *rest)] & padded[(*inner, slice(2, None), *rest)]
    return mask & ~core


def _nearest(sources: torch.Tensor, targets: torch.Tensor) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The distance from each source (S, ndim) to the nearest target (T, ndim)."""
    rows = max(1, _BLOCK // len(targets))
    # The exact mode: the fast one takes differences of squares, which cancel.
    mode = "donot_use_mm_for_euclid_dist"
    parts = [torch.cdist(block, targets, compute_mode=mode).amin(dim=1) for block in torch.split(sources, rows)]
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = torch.cat(parts).cpu().numpy()
    return found
