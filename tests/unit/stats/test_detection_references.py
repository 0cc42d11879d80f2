"""The metrics of a detection benchmark against pycocotools, MONAI and torchmetrics, which share no code with it."""

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from medeval.domain.families.binary import PositiveWhen
from medeval.domain.families.detection import DetectionPlan
from medeval.domain.result import Evaluation
from medeval.metrics.box_files import Images
from medeval.metrics.detection import detect, detection_states
from medeval.metrics.strata import Strata
from medeval.stats.families.detection import measure
from medeval.stats.measure import Measured

LEVELS, RATES, CELLS, SIDE = (0.5, 0.65, 0.75), (0.3, 0.7, 1.1), 5, 20
PLAN = DetectionPlan.model_validate(
    {
        "score_edges": tuple(place / 1000 for place in range(1001)),
        "positive_when": PositiveWhen.AT_OR_ABOVE,
        "iou_thresholds": LEVELS,
        "iou_threshold": 0.5,
        "fp_rates": RATES,
        "ap_interpolation": "coco-101",
        "score_resolution": "exact",
    }
)
Sample = list[tuple[np.ndarray, np.ndarray]]


def sample(seed: int, images: int = 37) -> Sample:
    """Boxes of whole pixels, one a cell, so that none overlap; found with some error; every score is another one."""
    rng = np.random.default_rng(seed)
    scores = iter(rng.permutation(np.arange(1, 1000)) / 1000)
    found = []
    for _ in range(images):
        cells = rng.choice(CELLS**2, rng.integers(0, 9), replace=False)
        boxes = boxes_in(cells, rng)
        kept = rng.random(len(cells)) < 0.75
        moved = np.clip(boxes[kept] + rng.integers(-2, 3, (int(kept.sum()), 4)), *limits_of(cells[kept]))
        others = boxes_in(rng.choice(np.setdiff1d(np.arange(CELLS**2), cells), rng.poisson(1.6), replace=False), rng)
        every = np.concatenate([moved, others])
        marked = [(*box, next(scores)) for box in every.tolist()]
        found.append((boxes, np.array(marked, dtype=np.float64).reshape(-1, 5)))
    return found


def corners_of(cells: np.ndarray) -> np.ndarray:
    return np.stack([cells % CELLS, cells // CELLS], axis=1) * float(SIDE)


def limits_of(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low = np.tile(corners_of(cells), 2)
    return low, low + SIDE


def boxes_in(cells: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    corners = corners_of(cells)
    return np.concatenate(
        [corners + rng.integers(0, 5, corners.shape), corners + rng.integers(12, SIDE, corners.shape)], axis=1
    )


def get(name: str, images: Sample) -> float:
    PLAN.check_metric(name)
    analysis = PLAN.model_dump(mode="json")
    detected = detect(Images([boxes for boxes, _ in images], [found for _, found in images], Strata()), analysis)
    states = detection_states(detected, np.ones(len(images), dtype=np.bool_), analysis)
    found = Evaluation.from_plain({"format": "medeval/evaluation@1", "cases": len(images), "states": states})
    measured = measure(found, name, PLAN)
    assert isinstance(measured, Measured), measured
    return measured.value


def wide(boxes: np.ndarray) -> np.ndarray:
    """Corners and sizes, as COCO writes boxes."""
    return np.concatenate([boxes[:, :2], boxes[:, 2:4] - boxes[:, :2]], axis=1)


def by_coco(images: Sample) -> COCOeval:
    """Evaluated by COCO's own program."""
    truth, results = COCO(), []
    annotations = []
    for image, (boxes, found) in enumerate(images, start=1):
        for box in wide(boxes).tolist():
            frame = {"id": len(annotations) + 1, "image_id": image, "category_id": 1, "iscrowd": 0}
            annotations.append({**frame, "bbox": box, "area": box[2] * box[3]})
        for box, score in zip(wide(found).tolist(), found[:, 4].tolist(), strict=True):
            results.append({"image_id": image, "category_id": 1, "bbox": box, "score": score})
    named = [{"id": image} for image in range(1, len(images) + 1)]
    truth.dataset = {"images": named, "annotations": annotations, "categories": [{"id": 1}], "info": {}}
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        found_by = COCOeval(truth, truth.loadRes(results), "bbox")
        found_by.params.iouThrs = np.array(LEVELS)
        found_by.evaluate()
        found_by.accumulate()
    return found_by


@pytest.mark.parametrize("seed", range(4))
def test_average_precision_is_that_of_pycocotools(seed: int) -> None:
    images = sample(seed)
    precision = by_coco(images).eval["precision"][:, :, 0, 0, -1]  # per IoU and recall; all areas, most detections
    expected = {f"ap@{iou}": precision[place].mean() for place, iou in enumerate(LEVELS)}
    assert {name: get(name, images) for name in expected} == pytest.approx(expected, rel=1e-9)
    assert get("map", images) == pytest.approx(precision.mean(), rel=1e-9)
    assert len({round(value, 3) for value in expected.values()}) == len(LEVELS)


@pytest.mark.parametrize("seed", range(4))
def test_the_operating_point_is_that_of_pycocotools(seed: int) -> None:
    images = sample(seed)
    called = [(boxes, found[found[:, 4] >= PLAN.threshold]) for boxes, found in images]
    matched = [one["dtMatches"][0] > 0 for one in by_coco(called).evalImgs if one and one["aRng"] == [0, 1e10]]
    tp, fp = (sum(int(np.count_nonzero(hits == kind)) for hits in matched) for kind in (True, False))
    boxes = sum(len(some) for some, _ in images)
    expected = {"precision": tp / (tp + fp), "recall": tp / boxes, "f1": 2 * tp / (tp + fp + boxes)}
    assert {name: get(name, images) for name in expected} == pytest.approx(expected, rel=1e-12)


@pytest.fixture(scope="module")
def froc() -> Any:
    """MONAI's, which warns while it is imported."""
    import monai.metrics.froc as found  # noqa: PLC0415 heavy, and not everywhere

    return found


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(4))
def test_froc_is_that_of_monai(froc: Any, seed: int) -> None:
    images = sample(seed)
    hits, others = hits_and_others(images, iou=0.5)
    curve = froc.compute_froc_curve_data(others, hits, sum(len(boxes) for boxes, _ in images), len(images))
    assert get("froc", images) == pytest.approx(froc.compute_froc_score(*curve, RATES), rel=1e-12)
    for rate in RATES:
        expected = froc.compute_froc_score(*curve, (rate,))
        assert get(f"sensitivity@{rate}", images) == pytest.approx(expected, rel=1e-12)


def hits_and_others(images: Sample, iou: float) -> tuple[np.ndarray, np.ndarray]:
    """The scores of detections that hit a box, and of those that do not; no two boxes overlap, so a hit is a hit."""
    hits, others = [], []
    for boxes, found in images:
        near = coco_mask.iou(wide(found), wide(boxes), [0] * len(boxes)) if len(found) and len(boxes) else None
        for place, score in enumerate(found[:, 4]):
            (hits if near is not None and near[place].max() >= iou else others).append(score)
    return np.array(hits), np.array(others)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(4))
def test_panoptic_quality_is_that_of_torchmetrics(seed: int) -> None:
    """Boxes that do not overlap, drawn as instances on a canvas."""
    import torch  # noqa: PLC0415 heavy, and not everywhere
    from torchmetrics.detection import PanopticQuality  # noqa: PLC0415

    images = sample(seed)
    called = [found[found[:, 4] >= PLAN.threshold] for _, found in images]
    quality = PanopticQuality(things={1}, stuffs={0}, return_per_class=True)
    drawn = [np.stack([canvas(one) for one in some]) for some in (called, [boxes for boxes, _ in images])]
    found = quality(*(torch.from_numpy(volume) for volume in drawn))
    assert get("pq", images) == pytest.approx(float(found[0, 0]), rel=1e-6)  # torchmetrics' is in single precision
    assert 0.3 < float(found[0, 0]) < 0.9


def canvas(boxes: np.ndarray) -> np.ndarray:
    """(category, instance) of each pixel."""
    drawn = np.zeros((CELLS * SIDE, CELLS * SIDE, 2), dtype=np.int64)
    for number, (x1, y1, x2, y2) in enumerate(boxes[:, :4].astype(int).tolist(), start=1):
        drawn[y1:y2, x1:x2] = (1, number)
    return drawn
