"""The preparator on small volumes: what it reads, and each way in which a file can be wrong."""

import csv
import gzip
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cube_process import check_cube, run_cube

CUBE = "hippocampus-preparator"
PARAMETERS = {"labels": [0, 1, 2], "most_voxels": 1000}
CODES = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "f8": 64, "i1": 256, "u2": 512}
MASK = np.arange(60).reshape(3, 4, 5) % 3


def nifti(voxels: np.ndarray, kind: str = "u1", order: str = "<", **change: Any) -> bytes:
    given = {"dim": (voxels.ndim, *voxels.shape), "code": CODES[kind], "pixdim": (1.0,) * 7, "scale": (1.0, 0.0)}
    given |= {"offset": 352.0, "units": 2, "magic": b"n+1\0", "size": 348, "tail": b""} | change
    header = bytearray(352)
    struct.pack_into(order + "i", header, 0, given["size"])
    struct.pack_into(order + f"{len(given['dim'])}h", header, 40, *given["dim"])
    struct.pack_into(order + "h", header, 70, given["code"])
    struct.pack_into(order + f"{len(given['pixdim'])}f", header, 80, *given["pixdim"])
    struct.pack_into(order + "3f", header, 108, given["offset"], *given["scale"])
    header[123] = given["units"]
    header[344:348] = given["magic"]
    return bytes(header) + voxels.astype(order + kind).tobytes(order="F") + given["tail"]


def raw(folder: Path, image: bytes, mask: bytes, name: str = "a.nii") -> Path:
    for part, data in (("images", image), ("labels", mask)):
        (folder / "raw" / part).mkdir(parents=True, exist_ok=True)
        (folder / "raw" / part / name).write_bytes(data)
    return folder / "raw"


def prepared_of(folder: Path, **files: Any) -> tuple[np.ndarray, np.ndarray, list[list[str]]]:
    out = check_cube(CUBE, "prepare", {"data": raw(folder, **files)}, folder / "out", PARAMETERS)
    with zipfile.ZipFile(out / "labels.npz") as archive, archive.open("masks/c000001.npy") as member:
        mask = np.lib.format.read_array(member, allow_pickle=False)
    with (out / "cases/cases.csv").open(newline="") as file:
        return np.load(out / "cases/c000001.npy"), mask, list(csv.reader(file))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", CODES)
def test_numbers_of_each_type_and_order(tmp_path: Path, kind: str, order: str) -> None:
    voxels = np.arange(60).reshape(3, 4, 5)
    files = {"image": nifti(voxels, kind, order), "mask": nifti(MASK, kind, order)}
    image, mask, rows = prepared_of(tmp_path, **files)
    np.testing.assert_array_equal(image, voxels)
    np.testing.assert_array_equal(mask, MASK)
    assert (image.dtype, mask.dtype) == (np.float32, np.uint8)
    assert rows == [["case_id", "spacing"], ["c000001", "1x1x1"]]


def test_slope_spacing_units_and_compression(tmp_path: Path) -> None:
    steps = {"pixdim": (0.0005, 0.001, 0.0025, 0, 0, 0, 0), "units": 1}
    files = {
        "image": gzip.compress(nifti(MASK, "i2", scale=(0.5, -3.0), **steps)),
        "mask": gzip.compress(nifti(MASK, **steps)),
    }
    image, _, rows = prepared_of(tmp_path, **files, name="a.nii.gz")
    np.testing.assert_array_equal(image, MASK * 0.5 - 3)
    assert rows[1] == ["c000001", "0.5x1x2.5"]


def test_a_flat_image_and_a_series_of_one_moment(tmp_path: Path) -> None:
    image, _, rows = prepared_of(tmp_path, image=nifti(MASK[0]), mask=nifti(MASK[0]))
    assert (image.shape, rows[1][1]) == ((4, 5), "1x1")
    files = {"image": nifti(MASK, dim=(4, 3, 4, 5, 1)), "mask": nifti(MASK)}
    again = tmp_path / "again"
    again.mkdir()
    assert prepared_of(again, **files)[0].shape == (3, 4, 5)


WRONG = {
    "another size of header": nifti(MASK, size=540),
    "two files": nifti(MASK, magic=b"ni1\0"),
    "cut off": nifti(MASK)[:-1],
    "longer": nifti(MASK, tail=b"x"),
    "a header alone": nifti(MASK)[:200],
    "nothing": b"",
    "complex numbers": nifti(MASK, code=32),
    "no voxel": nifti(MASK, dim=(3, 0, 4, 5)),
    "negative": nifti(MASK, dim=(3, -3, -4, 5)),
    "too many voxels": nifti(MASK, dim=(3, 3000, 4000, 500)),
    "a series": nifti(np.stack([MASK] * 2, axis=3)),
    "one dimension": nifti(MASK[0, 0]),
    "no spacing": nifti(MASK, pixdim=(0.0,) * 7),
    "spacing that is no number": nifti(MASK, pixdim=(float("nan"),) * 7),
    "an unknown unit": nifti(MASK, units=5),
    "data inside the header": nifti(MASK, offset=100.0),
    "data far away": nifti(MASK, offset=1e30),
    "data nowhere": nifti(MASK, offset=float("nan")),
    "a slope that is no number": nifti(MASK, scale=(float("inf"), 0.0)),
    "a label without a name": nifti(MASK + 1),
    "half a label": nifti(MASK / 2, "f4"),
    "no number": nifti(np.where(MASK == 1, np.nan, MASK), "f4"),
    "another shape": nifti(MASK[:2]),
    "another spacing": nifti(MASK, pixdim=(2.0,) * 7),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_mask_ends_with_its_code_and_says_nothing_of_the_data(tmp_path: Path, what: str) -> None:
    folder = raw(tmp_path, nifti(MASK), WRONG[what], "patient-name.nii")
    run = run_cube(CUBE, "prepare", {"data": folder}, tmp_path / "out", PARAMETERS)
    assert run.returncode == 12, run.stderr
    assert run.stderr.startswith("error: ")
    assert "patient" not in run.stderr
    assert "Traceback" not in run.stderr


def test_compressed_files_that_are_damaged(tmp_path: Path) -> None:
    whole = gzip.compress(nifti(MASK))
    for place, data in enumerate((whole[:-9], whole[:60] + b"\xff" * 40 + whole[100:], b"no gzip")):
        folder = raw(tmp_path / str(place), gzip.compress(nifti(MASK)), data, "a.nii.gz")
        assert run_cube(CUBE, "prepare", {"data": folder}, tmp_path / f"out{place}", PARAMETERS).returncode == 12


def test_missing_folders_and_masks(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    assert run_cube(CUBE, "prepare", {"data": tmp_path / "none"}, tmp_path / "a", PARAMETERS).returncode == 13
    folder = raw(tmp_path, nifti(MASK), nifti(MASK))
    (folder / "labels/a.nii").rename(folder / "labels/b.nii")
    assert run_cube(CUBE, "prepare", {"data": folder}, tmp_path / "b", PARAMETERS).returncode == 13
    for part in ("images/a.nii", "labels/b.nii"):
        (folder / part).unlink()
    assert run_cube(CUBE, "prepare", {"data": folder}, tmp_path / "c", PARAMETERS).returncode == 14


@pytest.mark.parametrize(
    "parameters", [{}, {"labels": []}, {"labels": [0, 300]}, {"labels": "x"}, {"labels": [0], "more": 1}]
)
def test_wrong_parameters(tmp_path: Path, parameters: dict[str, Any]) -> None:
    folder = raw(tmp_path, nifti(MASK), nifti(MASK))
    assert run_cube(CUBE, "prepare", {"data": folder}, tmp_path / "out", parameters).returncode == 12


def test_a_sanity_check_finds_what_does_not_belong_together(tmp_path: Path) -> None:
    folder = raw(tmp_path, nifti(MASK), nifti(MASK))
    out = check_cube(CUBE, "prepare", {"data": folder}, tmp_path / "out", PARAMETERS)
    inputs = {"cases": out / "cases", "labels.npz": out / "labels.npz"}
    check_cube(CUBE, "sanity_check", inputs, tmp_path / "s", PARAMETERS)
    assert run_cube(CUBE, "sanity_check", inputs, tmp_path / "s", {"labels": [0, 1]}).returncode == 12
    counted = check_cube(CUBE, "statistics", inputs, tmp_path / "c", PARAMETERS)
    assert json.loads((counted / "statistics.json").read_text()) == {"cases": 1, "per_class": []}
    np.save(out / "cases/c000001.npy", np.zeros((3, 4, 6), dtype=np.float32))
    assert run_cube(CUBE, "sanity_check", inputs, tmp_path / "s", PARAMETERS).returncode == 12
    (out / "cases/cases.csv").write_text("case_id,spacing\nc000002,1x1x1\n")
    assert run_cube(CUBE, "sanity_check", inputs, tmp_path / "s", PARAMETERS).returncode == 12
    (out / "cases/cases.csv").write_text("case_id\nc000001\n")
    assert run_cube(CUBE, "statistics", inputs, tmp_path / "s", PARAMETERS).returncode == 13
