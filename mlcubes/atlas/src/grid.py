"""A volume in another grid over the same box: each voxel takes what lies at its centre."""

import numpy as np


def lay(volume: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """`volume` on a grid of that shape; as `scipy.ndimage.zoom(order=0, grid_mode=True, mode="grid-constant")`."""
    return volume[np.ix_(*(_places(old, new) for old, new in zip(volume.shape, shape, strict=True)))]


def _places(old: int, new: int) -> np.ndarray:
    """For each of `new` voxels the one of `old` voxels that holds its centre."""
    # In scipy's order of operations: where a centre falls on a face, the last bit decides as it does there.
    centres = (np.arange(new) + 0.5) * (old / new) - 0.5
    return np.clip(np.floor(centres + 0.5).astype(int), 0, old - 1)
