"""Boxes of images from files: any number of rows a case, and images without a box."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.errors import DataError, EmptyData, ScoreOutOfRange, WrongCases
from medeval.metrics import case_rows, strata

Reals: TypeAlias = NDArray[np.float64]
CORNERS = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True)
class Images:
    """Of each of N images its boxes, shape (G, 4), and its detections, shape (D, 5) with the score last."""

    boxes: Sequence[Reals]
    detections: Sequence[Reals]
    strata: strata.Strata


def read_images(source: Path, interface: Mapping[str, Any], most: int) -> Images:
    """Both files; `labels.csv` names every image, one without a box in a row with four empty fields.

    Raises `DataError`, `MissingColumn` or `EmptyData` for labels, `WrongColumns`, `WrongCases` (unknown images, more
    than `most` detections of one), `ScoreNotFinite` or `ScoreOutOfRange` (also for a box without area) for predictions.
    """
    places, boxes, fields = _read_boxes(source, interface)
    detections = _read_detections(source, interface, places, most)
    kept = [np.array(rows, dtype=np.float64).reshape(-1, 4) for rows in boxes]
    by_column = {name: [row[at] for row in fields] for at, name in enumerate(strata.columns_of(interface))}
    return Images(kept, detections, strata.strata_of(by_column, interface))


def _read_boxes(
    source: Path, interface: Mapping[str, Any]
) -> tuple[dict[str, int], list[list[list[float]]], list[list[str]]]:
    """Each image's place, its boxes, and its fields of strata."""
    places: dict[str, int] = {}
    boxes: list[list[list[float]]] = []
    fields: list[list[str]] = []
    empty: set[int] = set()
    for case_id, *row in case_rows.rows_of_labels(source, interface, CORNERS):
        place = places.setdefault(case_id, len(boxes))
        corners, rest = row[:4], row[4:]
        if place == len(boxes):
            boxes.append([])
            fields.append(rest)
        elif place in empty or not any(corners) or fields[place] != rest:
            raise DataError("labels.csv contradicts itself on one image", case_rows.LABELS_HINT)
        if any(corners):
            boxes[place].append(_box(corners))
        else:
            empty.add(place)
    if not boxes:
        raise EmptyData("labels.csv holds no case", case_rows.LABELS_HINT)
    return places, boxes, fields


def _box(corners: Sequence[str]) -> list[float]:
    found = [case_rows.to_measured(text) for text in corners]
    if not _has_area(found):
        raise DataError("labels.csv holds a box without area", case_rows.LABELS_HINT)
    return found


def _has_area(box: Sequence[float]) -> bool:
    """Whether the corners are in order, and the area is neither lost to rounding nor endless."""
    return box[0] < box[2] and box[1] < box[3] and 0.0 < (box[2] - box[0]) * (box[3] - box[1]) < float("inf")


def _read_detections(source: Path, interface: Mapping[str, Any], places: Mapping[str, int], most: int) -> list[Reals]:
    found: list[list[list[float]]] = [[] for _ in places]
    unknown = many = 0
    for case_id, *row in case_rows.rows_of_predictions(source, interface, (*CORNERS, interface.get("score", "score"))):
        place = places.get(case_id)
        if place is None:
            unknown += 1
        elif len(found[place]) == most:
            many += 1
        else:
            found[place].append(_detection(row))
    if unknown or many:
        message = f"{unknown} detections are of no known image, {many} beyond {most} of one image"
        raise WrongCases(message, "Write boxes of the images in cases.csv alone, the most certain ones.")
    return [np.array(rows, dtype=np.float64).reshape(-1, 5) for rows in found]


def _detection(row: Sequence[str]) -> list[float]:
    found = [*(case_rows.to_number(text) for text in row[:4]), case_rows.to_share(row[4])]
    if not _has_area(found):
        raise ScoreOutOfRange("a detected box has no area", "Write corners with x1 < x2 and y1 < y2.")
    return found
