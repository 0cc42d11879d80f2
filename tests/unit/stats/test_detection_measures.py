"""The metrics of a detection benchmark against brute force over thresholds and images, and where there is none."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from medeval.domain.estimate import Method, NotEstimable, Reason
from medeval.domain.families.binary import PositiveWhen
from medeval.domain.families.detection import DetectionPlan
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused
from medeval.metrics.box_files import Images
from medeval.metrics.detection import detect, detection_states
from medeval.metrics.matching import match, overlaps
from medeval.metrics.strata import Strata
from medeval.stats.families.detection import measure
from medeval.stats.measure import Measured, slope_at

RATES = (0.25, 0.5, 1.0, 2.0)
FINE: dict[str, Any] = {
    "score_edges": tuple(place / 50 for place in range(51)),
    "positive_when": PositiveWhen.AT_OR_ABOVE,
    "iou_thresholds": (0.3, 0.5),
    "fp_rates": RATES,
    "score_resolution": "exact",
}
PLAN = DetectionPlan.model_validate(FINE)
NAMES = ("froc", "sensitivity@1", "ap@0.3", "ap@0.5", "map", "precision", "recall", "f1", "pq")
Sample = list[tuple[np.ndarray, np.ndarray]]


def sample(seed: int, images: int = 60, grid: int = 50) -> Sample:
    """Boxes on a lattice, most of them found with some error, and false ones beside; scores on the grid's edges."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(images):
        cells = rng.choice(36, rng.integers(0, 5), replace=False)
        corners = np.stack([cells % 6, cells // 6], axis=1) * 20.0
        boxes = np.concatenate([corners, corners + rng.uniform(8, 16, corners.shape)], axis=1)
        kept = boxes[rng.random(len(boxes)) < 0.8]
        near = kept + rng.normal(0, 1.2, kept.shape)
        false = rng.uniform(0, 110, (rng.poisson(1.5), 2))
        others = np.concatenate([false, false + rng.uniform(8, 16, false.shape)], axis=1)
        scores = np.concatenate([rng.beta(4, 2, len(near)), rng.beta(2, 4, len(others))])
        scores = np.floor(scores * grid) / grid
        detections = np.concatenate([np.concatenate([near, others]), scores[:, None]], axis=1)
        found.append((boxes, detections))
    return found


def evaluation(images: Sample, plan: DetectionPlan = PLAN, cluster: np.ndarray | None = None) -> Evaluation:
    analysis = plan.model_dump(mode="json")
    detected = detect(Images([boxes for boxes, _ in images], [found for _, found in images], Strata()), analysis)
    states = detection_states(detected, np.ones(len(images), dtype=np.bool_), analysis, cluster)
    plain = {"format": "medeval/evaluation@1", "cases": len(images), "states": states}
    found = Evaluation.from_plain(plain)
    plan.check_states(found.cases, found.states)
    return found


def get(name: str, images: Sample, plan: DetectionPlan = PLAN, cluster: np.ndarray | None = None) -> Measured:
    plan.check_metric(name)
    found = measure(evaluation(images, plan, cluster), name, plan)
    assert isinstance(found, Measured), found
    assert found.low <= found.value <= found.high
    assert found.low < found.high
    assert 0 < found.variance < np.inf
    return found


def counts(images: Sample, threshold: float, iou: float) -> tuple[int, int, int, float]:
    """(hits, other detections, boxes, overlap of the hits) of detections at or above a threshold, matched afresh."""
    hits = others = total = 0
    overlap = 0.0
    for boxes, found in images:
        kept = found[found[:, 4] >= threshold]
        matched = match(kept[:, 4], overlaps(kept[:, :4], boxes), iou, "greedy")
        hits, others = hits + int((matched > 0).sum()), others + int((matched == 0).sum())
        total, overlap = total + len(boxes), overlap + float(matched.sum())
    return hits, others, total, overlap


def thresholds(images: Sample) -> list[float]:
    return sorted({float(score) for _, found in images for score in found[:, 4]}, reverse=True)


def curve(images: Sample, iou: float) -> list[tuple[int, int, int]]:
    return [(0, 0, counts(images, 2.0, iou)[2]), *(counts(images, score, iou)[:3] for score in thresholds(images))]


def average_precision(images: Sample, iou: float, recalls: list[float] | None = None) -> float:
    """The area by the definition: at each recall the best precision of any threshold that reaches it."""
    points = [(hits / boxes, hits / max(hits + others, 1)) for hits, others, boxes in curve(images, iou)]
    best = [max((p for r, p in points if r >= recall), default=0.0) for recall in recalls or [r for r, _ in points]]
    if recalls:
        return float(np.mean(best))
    return sum((r - before) * high for (r, _), (before, _), high in zip(points[1:], points, best[1:], strict=False))


@pytest.mark.parametrize("seed", range(3))
def test_average_precision_is_that_of_a_brute_force(seed: int) -> None:
    images = sample(seed)
    coco = DetectionPlan.model_validate({**FINE, "ap_interpolation": "coco-101"})
    recalls = [place / 100 for place in range(101)]
    for iou in (0.3, 0.5):
        assert get(f"ap@{iou}", images).value == pytest.approx(average_precision(images, iou))
        assert get(f"ap@{iou}", images, coco).value == pytest.approx(average_precision(images, iou, recalls), abs=1e-2)
    assert get("map", images).value == pytest.approx(np.mean([average_precision(images, iou) for iou in (0.3, 0.5)]))


@pytest.mark.parametrize("seed", range(3))
def test_froc_is_that_of_a_brute_force(seed: int) -> None:
    images = sample(seed)
    points = curve(images, 0.5)
    rates, hits = [others / 60 for _, others, _ in points], [hit / boxes for hit, _, boxes in points]
    linear = np.interp(RATES, rates, hits)
    stricter = [max(hit for hit, rate in zip(hits, rates, strict=True) if rate <= wanted) for wanted in RATES]
    assert get("froc", images).value == pytest.approx(np.mean(linear))
    assert get("sensitivity@0.5", images).value == pytest.approx(linear[1])
    step = DetectionPlan.model_validate({**FINE, "froc_interpolation": "step"})
    assert get("froc", images, step).value == pytest.approx(np.mean(stricter))


@pytest.mark.parametrize("seed", range(3))
def test_the_operating_point_is_that_of_a_brute_force(seed: int) -> None:
    images = sample(seed)
    hits, others, boxes, overlap = counts(images, 0.5, 0.5)
    expected = {
        "precision": hits / (hits + others),
        "recall": hits / boxes,
        "f1": 2 * hits / (2 * hits + others + boxes - hits),
        "pq": overlap / (hits + others / 2 + (boxes - hits) / 2),
    }
    assert {name: get(name, images).value for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("name", ["froc", "sensitivity@1", "ap@0.5"])
def test_coarse_bins_hold_the_exact_value_within_their_bound(name: str) -> None:
    moved = 0.0
    for seed in range(3):
        images = sample(seed, images=25, grid=2**20)
        coarse = DetectionPlan.model_validate({**FINE, "score_edges": (0.0, 0.2, 0.4, 0.5, 0.7, 1.0)})
        found = get(name, images, coarse)
        if name == "ap@0.5":
            exact = average_precision(images, 0.5)
        else:
            points = curve(images, 0.5)
            wanted = RATES if name == "froc" else (1.0,)
            rates, hits = [others / 25 for _, others, _ in points], [hit / boxes for hit, _, boxes in points]
            exact = float(np.mean(np.interp(wanted, rates, hits)))
        moved = max(moved, abs(found.value - exact))
        assert abs(found.value - exact) <= found.bound + 1e-12
    assert moved > 0.001


@pytest.mark.heavy
@pytest.mark.parametrize("name", NAMES)
def test_variances_are_those_of_a_bootstrap_of_images(name: str) -> None:
    images, rng = sample(11, 150), np.random.default_rng(0)
    drawn = [[images[place] for place in rng.integers(0, 150, 150)] for _ in range(200)]
    values = [measure(evaluation(some), name, PLAN) for some in drawn]
    spread = np.var([value.value for value in values if isinstance(value, Measured)], ddof=1)
    found = get(name, images)
    slope = slope_at(found.value, found.scale)
    # of a mean over IoU thresholds the interval takes the largest variance that it can have
    assert 0.6 < found.variance / slope**2 / spread < (2.2 if name == "map" else 1.8)


@pytest.mark.parametrize("name", NAMES)
def test_images_of_one_patient_tell_less(name: str) -> None:
    images = sample(3)
    once, four = get(name, images), get(name, images * 4, PLAN, np.tile(np.arange(60), 4))
    assert four.value == pytest.approx(once.value)
    assert four.variance == pytest.approx(once.variance, rel=0.35)
    assert get(name, images * 4).variance < 0.5 * once.variance


def perfect(images: int) -> Sample:
    boxes = np.array([[0.0, 0.0, 2.0, 2.0]])
    return [(boxes, np.concatenate([boxes, [[0.98]]], axis=1))] * images


@pytest.mark.parametrize("name", NAMES)
def test_a_perfect_model_is_not_certain(name: str) -> None:
    found = get(name, perfect(30))
    assert found.value == 1
    assert found.low < 0.999


def test_shares_of_the_border_have_wilson_intervals() -> None:
    found = get("recall", perfect(30))
    assert (found.low, found.high) == pytest.approx(proportion_confint(30, 30, method="wilson"))
    assert found.method is Method.WILSON


NOTHING = (np.zeros((0, 4)), np.zeros((0, 5)))
FALSE = (np.zeros((0, 4)), np.array([[0.0, 0.0, 1.0, 1.0, 0.9]]))
MISSED = (np.array([[0.0, 0.0, 1.0, 1.0]]), np.zeros((0, 5)))


def reason(name: str, images: Sample) -> Reason:
    found = measure(evaluation(images), name, PLAN)
    assert isinstance(found, NotEstimable), found
    return found.reason


@pytest.mark.parametrize("name", NAMES)
def test_no_image_and_no_box(name: str) -> None:
    assert reason(name, []) is Reason.NO_CASES
    empty = Reason.NO_DETECTION if name == "precision" else Reason.NO_BOX
    assert reason(name, [NOTHING] * 5) is empty
    if name in ("precision", "f1", "pq"):
        assert get(name, [FALSE] * 5).value == 0
    else:
        assert reason(name, [FALSE] * 5) is Reason.NO_BOX


@pytest.mark.parametrize("name", NAMES)
def test_no_detection(name: str) -> None:
    if name == "precision":
        assert reason(name, [MISSED] * 20) is Reason.NO_DETECTION
    else:
        assert get(name, [MISSED] * 20).value == 0


@pytest.mark.parametrize("name", NAMES)
def test_one_image(name: str) -> None:
    assert get(name, perfect(1)).low < 0.7


@example(seed=487, images=4, name="sensitivity@1")  # hardly a replicate misses a box within one false positive an image
@given(seed=st.integers(0, 9999), images=st.integers(0, 4), name=st.sampled_from(NAMES))
def test_every_sample_has_a_value_or_a_reason(seed: int, images: int, name: str) -> None:
    found = measure(evaluation(sample(seed, images)), name, PLAN)
    if isinstance(found, Measured):
        estimate = found.to_estimate()
        assert np.isfinite([estimate.value, estimate.low, estimate.high, found.effect]).all()
        assert 0 < found.variance < np.inf
        assert 0 <= estimate.low < estimate.high <= 1


@pytest.mark.parametrize("name", ["ap", "ap@0.4", "sensitivity", "sensitivity@3", "pq@0.5", "froc/left", "auroc"])
def test_no_metric_of_the_plan(name: str) -> None:
    with pytest.raises(ValueError, match="no metric of this detection plan"):
        PLAN.check_metric(name)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"threshold": 0.51}, "threshold must be one of score_edges"),
        ({"iou_threshold": 0.4}, "iou_threshold must be one of"),
        ({"iou_thresholds": (0.5, 0.3)}, "iou_thresholds must rise"),
        ({"fp_rates": (1.0, 1.0)}, "fp_rates must rise"),
    ],
)
def test_what_is_no_plan(change: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        DetectionPlan.model_validate({**FINE, **change})


def test_states_that_contradict_each_other_are_refused() -> None:
    honest, other = evaluation(sample(0)), evaluation(sample(1))
    with pytest.raises(ResultRefused, match="must be a table per IoU threshold"):
        PLAN.check_states(60, honest.states[1:])
    with pytest.raises(ResultRefused, match="images or boxes"):
        PLAN.check_states(60, (*other.states[:-1], honest.states[-1]))
    with pytest.raises(ResultRefused, match="not what the spec's analysis plan declares"):
        PLAN.check_states(60, (honest.states[1], honest.states[0], honest.states[2]))
    moved = honest.states[1].model_copy(update={"fp": honest.states[1].fp[::-1]})
    with pytest.raises(ResultRefused, match="does not count what the table counts"):
        PLAN.check_states(60, (honest.states[0], moved, honest.states[2]))
    with pytest.raises(ValueError, match="more than boxes"):
        type(moved).model_validate({**moved.model_dump(), "boxes": 1})


def test_golden() -> None:
    found = {name: get(name, sample(0)) for name in NAMES}
    assert {name: (round(m.value, 9), round(m.low, 9), round(m.high, 9)) for name, m in found.items()} == GOLDEN


GOLDEN = {
    "froc": (0.697294776, 0.622719595, 0.781531532),
    "sensitivity@1": (0.746268657, 0.666666667, 0.81981982),
    "ap@0.3": (0.696554539, 0.616191179, 0.783181006),
    "ap@0.5": (0.687802901, 0.606645877, 0.770384894),
    "map": (0.69217872, 0.602634802, 0.76927004),
    "precision": (0.849462366, 0.763041903, 0.90815823),
    "recall": (0.589552239, 0.496684173, 0.676447365),
    "f1": (0.696035242, 0.616477429, 0.765370763),
    "pq": (0.50119588, 0.446386118, 0.555976916),
}
