"""Single-file NIfTI-1 volumes (.nii, .nii.gz), read strictly: https://nifti.nimh.nih.gov/nifti-1/

Offsets of the 348-byte header: dim at 40 (8 short), datatype at 70 (short), pixdim at 76 (8 float), vox_offset at 108,
scl_slope at 112 and scl_inter at 116 (float), xyzt_units at 123 (byte), magic at 344.
"""

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from problems import Problem

_HEADER = 352
#: The NIfTI code of each type of numbers that is read, and numpy's.
_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2"}
#: Metres, millimetres, micrometres; 0 (not said) is taken for mm.
_UNITS = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}


@dataclass(frozen=True)
class Volume:
    """Voxels, and the edges of a voxel in mm along each axis."""

    voxels: np.ndarray
    spacing: tuple[float, ...]


def read(path: Path, most_voxels: int) -> Volume:
    """The volume in a file; raises `Problem` for anything else, before more than that is unpacked."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            header = file.read(_HEADER)
            order = _order(header)
            shape, spacing = _grid(header, order, most_voxels)
            kind = np.dtype(order + _TYPES.get(*struct.unpack_from(order + "h", header, 70), "V"))
            offset, slope, shift = struct.unpack_from(order + "3f", header, 108)
            _check_type(kind, offset)
            size = math.prod(shape) * kind.itemsize
            data = file.read(int(offset) - _HEADER + size + 1)[int(offset) - _HEADER :]
    except (OSError, EOFError, struct.error, zlib.error) as exc:
        raise Problem("a file is no NIfTI-1 volume, or is cut off") from exc
    if len(data) != size:
        raise Problem("a file is shorter or longer than its header says")
    return Volume(_scaled(np.frombuffer(data, kind).reshape(shape, order="F"), slope, shift), spacing)


def _order(header: bytes) -> str:
    if len(header) == _HEADER and header[344:348] == b"n+1\0":
        for order in "<>":
            if struct.unpack_from(order + "i", header)[0] == 348:
                return order
    raise Problem("a file is no NIfTI-1 volume in a single file")


def _grid(header: bytes, order: str, most_voxels: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
    axes, *sizes = struct.unpack_from(order + "8h", header, 40)
    # Trailing axes of one are no axes: a volume may come as one moment of a series.
    if not 2 <= axes <= 7 or any(size != 1 for size in sizes[3:axes]):
        raise Problem("a volume has neither two nor three dimensions")
    shape = tuple(sizes[: min(axes, 3)])
    steps = struct.unpack_from(order + "8f", header, 76)[1 : 1 + len(shape)]
    unit = _UNITS.get(header[123] & 7)
    if min(shape) < 1 or math.prod(shape) > most_voxels:
        raise Problem(f"a volume has no voxel, or more than {most_voxels}")
    if unit is None or not all(math.isfinite(step) and step > 0 for step in steps):
        raise Problem("a volume has no usable spacing")
    return shape, tuple(step * unit for step in steps)


def _check_type(kind: np.dtype, offset: float) -> None:
    if kind.kind == "V":
        raise Problem("a volume holds a type of numbers that is not read")
    if not (math.isfinite(offset) and _HEADER <= offset <= 2**20 and offset == int(offset)):
        raise Problem("a volume's data begin at an impossible place")


def _scaled(voxels: np.ndarray, slope: float, shift: float) -> np.ndarray:
    """A slope of 0 means that there is none."""
    if slope == 0 or (slope, shift) == (1.0, 0.0):
        return voxels
    if not (math.isfinite(slope) and math.isfinite(shift)):
        raise Problem("a volume has no usable slope")
    return voxels * np.float64(slope) + np.float64(shift)
