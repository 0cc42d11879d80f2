"""The prepared dataset: write it, check it, count it."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from nifti import Volume
from problems import Empty, MissingColumn, Problem

HEADER = ["case_id", "spacing"]
#: Zip members carry a time: always this one, so that the same volumes give the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Case:
    """An image, its mask in bytes, and the spacing as it is written."""

    image: np.ndarray
    mask: np.ndarray
    spacing: str

    @classmethod
    def of(cls, image: Volume, mask: Volume, labels: Sequence[int]) -> "Case":
        """Raises `Problem` unless image and mask fit, and the mask holds these labels alone."""
        if image.voxels.shape != mask.voxels.shape or not np.allclose(image.spacing, mask.spacing, rtol=1e-4):
            raise Problem("an image and its mask differ in shape or spacing")
        if not np.isfinite(image.voxels).all():
            raise Problem("an image holds a value that is not finite")
        if not np.isin(mask.voxels, labels).all():
            raise Problem("a mask holds a label that the benchmark does not name")
        spacing = "x".join(f"{step:.6g}" for step in mask.spacing)
        return cls(image.voxels.astype(np.float32), mask.voxels.astype(np.uint8), spacing)


def write(target: Path, cases: Sequence[Case], seed: bytes) -> None:
    """Write cases and labels in an order, and under ids, that tell nothing of the raw files."""
    order = np.random.default_rng(int.from_bytes(hashlib.sha256(seed).digest(), "big")).permutation(len(cases))
    named = {f"c{number:06d}": cases[place] for number, place in enumerate(order, 1)}
    table = "".join(f"{','.join(row)}\n" for row in [HEADER, *([case_id, c.spacing] for case_id, c in named.items())])
    (target / "cases").mkdir()
    (target / "cases" / "cases.csv").write_text(table, encoding="utf-8")
    for case_id, case in named.items():
        np.save(target / "cases" / f"{case_id}.npy", np.ascontiguousarray(case.image), allow_pickle=False)
    with zipfile.ZipFile(target / "labels.npz", "w") as archive:
        for case_id, case in named.items():
            _add(archive, f"masks/{case_id}.npy", _to_npy(case.mask))
        _add(archive, "cases.csv", table.encode("utf-8"))


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)


def _to_npy(mask: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.ascontiguousarray(mask), allow_pickle=False)
    return stream.getvalue()


def check(source: Path, labels: Sequence[int]) -> int:
    """The number of cases; raises a `Problem` unless cases and labels belong together."""
    try:
        return _check(source, labels)
    except (OSError, ValueError, KeyError, csv.Error, zipfile.BadZipFile) as exc:
        raise Problem("the prepared dataset cannot be read") from exc


def _check(source: Path, labels: Sequence[int]) -> int:
    table = (source / "cases" / "cases.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(io.StringIO(table), strict=True)
    ids = [row[0] for row in rows]
    if header != HEADER:
        raise MissingColumn("the cases have other columns than the case id and the spacing")
    with zipfile.ZipFile(source / "labels.npz") as archive:
        if archive.read("cases.csv").decode("utf-8") != table:
            raise Problem("cases and labels do not name the same cases")
        if sorted(archive.namelist()) != sorted(["cases.csv", *(f"masks/{case_id}.npy" for case_id in ids)]):
            raise Problem("the labels do not hold one mask for each case")
        for case_id in ids:
            image = np.load(source / "cases" / f"{case_id}.npy", mmap_mode="r", allow_pickle=False)
            with archive.open(f"masks/{case_id}.npy") as member:
                mask = np.lib.format.read_array(member, allow_pickle=False)
            if image.shape != mask.shape or not np.isin(mask, labels).all():
                raise Problem("an image and its mask do not belong together")
    if not ids:
        raise Empty("there is no case")
    return len(ids)


def write_statistics(target: Path, cases: int) -> None:
    """`statistics.json`: cases; a segmentation has no classes."""
    (target / "statistics.json").write_text(json.dumps({"cases": cases, "per_class": []}) + "\n", encoding="utf-8")
