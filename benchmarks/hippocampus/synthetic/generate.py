"""Write the rehearsal data: `python generate.py [OUT]`.

Six invented volumes: two ellipsoids in noise, of about the size of a hippocampus; nothing comes from a patient. Same
format as a site's raw data: NIfTI-1 files of one name in `images` and `labels`, of unlike shapes and types.
"""

import gzip
import struct
import sys
from pathlib import Path

import numpy as np

VOLUMES = 6
SEED = 20260417
#: NIfTI's code and numpy's type of what is written.
TYPES = {2: "<u1", 16: "<f4"}


def make_volume(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """An image with values from 0 to 255, and its mask: 0 background, 1 the front ellipsoid, 2 the rear one."""
    shape = rng.integers((18, 26, 16), (23, 32, 21))
    grid = np.meshgrid(*map(np.arange, shape), indexing="ij")
    mask = np.zeros(shape, dtype=np.uint8)
    for label, place in ((2, 0.32), (1, 0.66)):
        centre = np.array([0.5, place, 0.5]) * shape + rng.normal(0, 0.7, 3)
        radii = np.array([4.5, 6.0, 4.0]) + rng.normal(0, 0.4, 3)
        mask[sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True)) < 1] = label
    image = np.clip(np.round(60 + 50 * (mask > 0) + rng.normal(0, 12, shape)), 0, 255)
    return image, mask


def to_nifti(voxels: np.ndarray, code: int) -> bytes:
    """A single-file NIfTI-1 volume of 1 mm voxels, compressed to the same bytes each time."""
    voxels = voxels.astype(TYPES[code])
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *voxels.shape, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, code, voxels.itemsize * 8)
    struct.pack_into("<8f", header, 76, 1, 1, 1, 1, 0, 0, 0, 0)
    struct.pack_into("<3f", header, 108, 352, 1, 0)
    header[123] = 2
    header[344:348] = b"n+1\0"
    return gzip.compress(bytes(header) + voxels.tobytes(order="F"), mtime=0)


def main(out: Path) -> None:
    """Write the files into the folder `out`."""
    rng = np.random.default_rng(SEED)
    for part in ("images", "labels"):
        (out / part).mkdir(parents=True, exist_ok=True)
    for number in range(1, VOLUMES + 1):
        image, mask = make_volume(rng)
        name = f"invented_{number:03d}.nii.gz"
        (out / "images" / name).write_bytes(to_nifti(image, 16 if number % 2 else 2))
        (out / "labels" / name).write_bytes(to_nifti(mask, 2))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data")
