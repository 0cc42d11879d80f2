"""Label volumes in two zip archives, read strictly and case by case: `predictions.npz` beside `labels.npz`.

`predictions.npz` is what `numpy.savez(file, **{case_id: mask})` writes: for each case a member `CASE.npy`, an integer
array of the shape of the case's image. `labels.npz` holds `masks/CASE.npy` for each case and `cases.csv`, whose columns
are the case id, `spacing` (the voxel's edges in mm, joined by `x`: `1x1x2.5`), the patient and the groups.

A member is judged by its declared size and its header before anything of it is unpacked, and one case is held at a
time. Nothing is unpickled. No message names a case or holds a value: counts only.
"""

import csv
import io
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from medeval.errors import DataError, EmptyData, MedevalError, MissingColumn, ScoreNotFinite, WrongCases, WrongColumns
from medeval.metrics.strata import columns_of
from medeval.metrics.volumes import Labels

PREDICTIONS, LABELS = "predictions.npz", "labels.npz"
#: Two gigavoxels: larger than any clinical image, small enough to hold.
MOST_VOXELS = 2**31
_MOST_CASES = 1_000_000
_MOST_CSV_BYTES = 256 * 1024**2
_HEADER_BYTES = 4096
_MODEL_HINT = "Write predictions.npz with an integer array of each case's shape, named by its case id."
_LABELS_HINT = "The preparator wrote these labels: check its parameters, and prepare the dataset again."


@dataclass(frozen=True)
class CaseRow:
    """A line of the labels' `cases.csv`: the case, its spacing in mm, and its patient and groups by column."""

    case_id: str
    spacing: tuple[float, ...]
    strata: Mapping[str, str]


@dataclass(frozen=True)
class Refusal:
    """What is raised for a file: for an archive that is none, for a wrong member, and the hint."""

    name: str
    archive: type[MedevalError]
    member: type[MedevalError]
    hint: str


_OF_MODEL = Refusal(PREDICTIONS, WrongColumns, WrongColumns, _MODEL_HINT)
_OF_LABELS = Refusal(LABELS, MissingColumn, DataError, _LABELS_HINT)


class Archive:
    """The arrays of one archive, read one at a time."""

    def __init__(self, file: zipfile.ZipFile, prefix: str, refusal: Refusal) -> None:
        self._file, self._prefix, self._refusal = file, prefix, refusal
        names = [item.filename for item in file.infolist()]
        if len(names) > _MOST_CASES or len(set(names)) != len(names):
            raise self._wrong("names a member twice, or holds a million")
        self.names = set(names)

    def member(self, case_id: str) -> str:
        """The name of a case's member."""
        return f"{self._prefix}{case_id}.npy"

    def read(self, case_id: str, shape: tuple[int, ...] | None = None) -> Labels:
        """The volume of a case; raises unless it is of integers and, where given, of that shape."""
        info = self._file.getinfo(self.member(case_id))
        most = math.prod(shape) * 8 if shape else MOST_VOXELS * 8
        if info.file_size > most + _HEADER_BYTES:
            raise self._wrong("holds an array larger than its image")
        try:
            with self._file.open(info) as stream:
                return self._unpack(stream, info.file_size, shape)
        except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError, RuntimeError) as exc:
            raise self._wrong("holds something that is no plain array") from exc
        except ArithmeticError as exc:
            raise self._wrong("holds an array of an impossible size") from exc

    def read_text(self, name: str) -> str:
        """A text member in UTF-8."""
        if name not in self.names or self._file.getinfo(name).file_size > _MOST_CSV_BYTES:
            raise self._refusal.archive(f"{self._refusal.name} lacks {name}", self._refusal.hint)
        try:
            return self._file.read(name).decode("utf-8")
        except (zipfile.BadZipFile, UnicodeDecodeError, OSError) as exc:
            raise self._wrong(f"{name} is no text in UTF-8") from exc

    def _unpack(self, stream: Any, size: int, shape: tuple[int, ...] | None) -> Labels:
        version = np.lib.format.read_magic(stream)
        if version not in {(1, 0), (2, 0)}:
            raise ValueError("another version of the format")
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        found, by_columns, kind = read(stream)
        self._check(found, kind, shape)
        wanted = math.prod(found) * kind.itemsize
        # Declared once in the zip and once in the array's header: both have to agree before memory is taken.
        if not 0 <= size - wanted <= _HEADER_BYTES:
            raise ValueError("sizes disagree")
        data = stream.read(wanted + 1)
        if len(data) != wanted:
            raise ValueError("sizes disagree")
        return np.frombuffer(data, kind).reshape(found, order="F" if by_columns else "C")

    def _check(self, found: tuple[int, ...], kind: np.dtype[Any], shape: tuple[int, ...] | None) -> None:
        if kind.kind == "f" and self._refusal is _OF_MODEL:
            raise ScoreNotFinite("a predicted mask holds real numbers in place of labels", _MODEL_HINT)
        if kind.kind not in "uib":
            raise self._wrong("holds an array that is not of integers")
        if shape is not None and found != shape:
            raise self._wrong("holds an array that has not the shape of its image")
        if len(found) not in {2, 3} or not 0 < math.prod(found) <= MOST_VOXELS:
            raise self._wrong("holds an array that is no image in two or three dimensions")

    def _wrong(self, what: str) -> MedevalError:
        return self._refusal.member(f"{self._refusal.name} {what}", self._refusal.hint)


@contextmanager
def open_labels(source: Path) -> Iterator[Archive]:
    """The truth; raises `MissingColumn` or `DataError`."""
    with _opened(source / LABELS, "masks/", _OF_LABELS) as archive:
        yield archive


@contextmanager
def open_predictions(source: Path, cases: Sequence[str]) -> Iterator[Archive]:
    """What a model wrote, for exactly these cases; raises `WrongColumns`, `WrongCases` or `ScoreNotFinite`."""
    with _opened(source / PREDICTIONS, "", _OF_MODEL) as archive:
        wanted = {archive.member(case_id) for case_id in cases}
        missing, unknown = len(wanted - archive.names), len(archive.names - wanted)
        if missing or unknown:
            told = f"{missing} without a mask, {unknown} of no known case"
            raise WrongCases(f"the model wrote {len(archive.names)} masks for {len(wanted)} cases: {told}", _MODEL_HINT)
        yield archive


@contextmanager
def _opened(path: Path, prefix: str, refusal: Refusal) -> Iterator[Archive]:
    try:
        file = zipfile.ZipFile(path)
    except (FileNotFoundError, zipfile.BadZipFile) as exc:
        raise refusal.archive(f"{refusal.name} is not there, or no zip archive", refusal.hint) from exc
    with file:
        yield Archive(file, prefix, refusal)


def read_case_rows(labels: Archive, interface: Mapping[str, Any]) -> list[CaseRow]:
    """The lines of the labels' `cases.csv`, one for each mask; raises `MissingColumn`, `DataError` or `EmptyData`."""
    names = columns_of(interface)
    header = [str(interface.get("case_id", "case_id")), "spacing", *names]
    lines = csv.reader(io.StringIO(labels.read_text("cases.csv"), newline=""), strict=True)
    try:
        if next(lines, []) != header:
            raise MissingColumn(f"cases.csv of {LABELS} must begin with the line {','.join(header)}", _LABELS_HINT)
        rows = [_to_row(line, header) for line in lines]
    except csv.Error as exc:
        raise DataError(f"cases.csv of {LABELS} is no plain CSV", _LABELS_HINT) from exc
    if not rows:
        raise EmptyData(f"{LABELS} holds no case", _LABELS_HINT)
    wanted = {labels.member(row.case_id) for row in rows}
    if len(wanted) != len(rows) or wanted != labels.names - {"cases.csv"}:
        raise DataError(f"{LABELS} must hold one mask for each line of cases.csv", _LABELS_HINT)
    return rows


def _to_row(line: list[str], header: list[str]) -> CaseRow:
    if len(line) != len(header):
        raise DataError(f"a line of cases.csv has {len(line)} fields in place of {len(header)}", _LABELS_HINT)
    try:
        spacing = tuple(float(part) for part in line[1].split("x"))
    except ValueError as exc:
        raise DataError("cases.csv holds a spacing that is no number", _LABELS_HINT) from exc
    if not all(1e-3 <= step <= 1e3 for step in spacing):
        raise DataError("cases.csv holds a spacing outside 0.001 to 1000 mm", _LABELS_HINT)
    return CaseRow(line[0], spacing, dict(zip(header[2:], line[2:], strict=True)))
