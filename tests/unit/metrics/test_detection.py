"""Detections matched with boxes: by hand, against a brute force that follows the definition, and added up."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval import errors
from medeval.domain.families.base import merge_states
from medeval.domain.families.detection import DetectionPlan, DetectionTable
from medeval.domain.families.joint import JointMoments
from medeval.domain.result import Evaluation
from medeval.metrics import detection
from medeval.metrics.box_files import Images, read_images
from medeval.metrics.matching import match, overlaps
from medeval.metrics.strata import Strata

PLAN = DetectionPlan(
    score_edges=(0.0, 0.25, 0.5, 0.75, 1.0), iou_thresholds=(0.3, 0.5), fp_rates=(0.5, 1.0), score_resolution="exact"
)
ANALYSIS = PLAN.model_dump(mode="json")
BOX = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 4), st.integers(1, 4)).map(
    lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
)
SCORE = st.sampled_from([0.0, 0.25, 0.5, 0.6, 0.75, 0.9, 1.0])
IMAGE = st.tuples(st.lists(BOX, max_size=4), st.lists(st.tuples(BOX, SCORE), max_size=5))
IMAGES = st.lists(IMAGE, max_size=8)


def evaluation(images: list, plan: DetectionPlan = PLAN) -> Evaluation:
    boxes = [np.array(some, dtype=np.float64).reshape(-1, 4) for some, _ in images]
    found = [np.array([(*box, score) for box, score in some], dtype=np.float64).reshape(-1, 5) for _, some in images]
    analysis = plan.model_dump(mode="json")
    detected = detection.detect(Images(boxes, found, Strata()), analysis)
    states = detection.detection_states(detected, np.ones(len(images), dtype=np.bool_), analysis)
    return Evaluation.from_plain({"format": "medeval/evaluation@1", "cases": len(images), "states": states})


@given(a=IMAGES, b=IMAGES)
def test_states_of_parts_add_up(a: list, b: list) -> None:
    assert merge_states(evaluation(a).states, evaluation(b).states) == evaluation(a + b).states


@given(images=IMAGES)
def test_the_plan_takes_every_honest_state(images: list) -> None:
    found = evaluation(images)
    assert PLAN.check_states(found.cases, found.states) == ()
    assert sum(state.numbers for state in found.states) == PLAN.numbers()


def iou(first: tuple, second: tuple) -> float:
    """By counting unit squares: corners are whole numbers."""
    squares = [
        {(x, y) for x in range(int(box[0]), int(box[2])) for y in range(int(box[1]), int(box[3]))}
        for box in (first, second)
    ]
    return len(squares[0] & squares[1]) / len(squares[0] | squares[1])


@given(a=st.lists(BOX, min_size=1, max_size=4), b=st.lists(BOX, min_size=1, max_size=4))
def test_overlaps_are_those_of_the_definition(a: list, b: list) -> None:
    found = overlaps(np.array(a, dtype=np.float64), np.array(b, dtype=np.float64))
    assert found.tolist() == [[pytest.approx(iou(first, second)) for second in b] for first in a]


def brute_force(images: list, level: float, rule: str) -> list[tuple[float, bool]]:
    """(score, hit) of every detection, word for word by `DetectionTable`."""
    found = []
    for boxes, detections in images:
        free = list(range(len(boxes)))
        for box, score in sorted(detections, key=lambda item: -item[1]):
            candidates = free if rule == "greedy" else range(len(boxes))
            best = max(candidates, key=lambda place: (iou(box, boxes[place]), -place), default=None)
            hit = best is not None and best in free and iou(box, boxes[best]) >= level
            if hit:
                free.remove(best)
            found.append((score, hit))
    return found


@given(images=IMAGES, rule=st.sampled_from(["greedy", "voc"]), side=st.sampled_from(["above", "at-or-above"]))
def test_counts_are_those_of_a_brute_force(images: list, rule: str, side: str) -> None:
    plan = DetectionPlan.from_plain({**ANALYSIS, "matching": rule, "positive_when": side})
    found = evaluation(images, plan)
    for table, level in zip(found.states[:-1], plan.iou_thresholds, strict=True):
        assert isinstance(table, DetectionTable)
        expected = brute_force(images, level, rule)
        for place, (low, high) in enumerate(pairwise(plan.score_edges)):
            if side == "above":
                inside = [hit for score, hit in expected if low < score <= high or (place == 0 and score == 0)]
            else:
                inside = [hit for score, hit in expected if low <= score < high or (place == 3 and score == 1)]
            assert (table.tp[place], table.fp[place]) == (sum(inside), len(inside) - sum(inside))


def test_a_detection_takes_a_box_once() -> None:
    shared = np.array([[0.9, 0.0], [0.8, 0.6]])
    assert match(np.array([0.9, 0.8]), shared, 0.5, "greedy").tolist() == [0.9, 0.6]
    # it points at the first box, which is taken
    assert match(np.array([0.9, 0.8]), shared, 0.5, "voc").tolist() == [0.9, 0.0]
    assert match(np.array([0.9]), np.zeros((1, 0)), 0.5, "greedy").tolist() == [0.0]
    with pytest.raises(ValueError, match="matching"):
        match(np.array([0.9]), np.array([[1.0]]), 0.5, "hungarian")


def write(folder: Path, predictions: str, labels: str) -> Path:
    (folder / "predictions.csv").write_text("case_id,x1,y1,x2,y2,score\n" + predictions)
    (folder / "labels.csv").write_text(labels)
    return folder


LABELS = "case_id,x1,y1,x2,y2\na,0,0,2,2\na,4,4,6,6\nb,,,,\n"


def test_files(tmp_path: Path) -> None:
    write(tmp_path, "b,0,0,1,1,0.9\na,0,0,2,2,0.8\na,0,0,2,1.5,0.6\n", LABELS)
    found = Evaluation.from_plain(detection.evaluate(tmp_path, {"analysis": ANALYSIS}))
    table, moments = found.states[-2:]
    assert isinstance(table, DetectionTable)
    assert isinstance(moments, JointMoments)
    assert (found.cases, table.images, table.boxes) == (2, 2, 2)
    assert (table.tp, table.fp) == ((0, 0, 0, 1), (0, 0, 1, 1))
    assert [moments.total(name).real for name in ("box", "tp", "fp", "iou")] == [2, 1, 2, 1]


def test_no_box_and_no_detection(tmp_path: Path) -> None:
    write(tmp_path, "", "case_id,x1,y1,x2,y2\na,,,,\nb,,,,\n")
    found = Evaluation.from_plain(detection.evaluate(tmp_path, {"analysis": ANALYSIS}))
    assert PLAN.check_states(found.cases, found.states) == ()
    assert found.cases == 2


def test_groups_and_patients(tmp_path: Path) -> None:
    labels = "case_id,x1,y1,x2,y2,patient,scanner\na,0,0,2,2,p,A\na,4,4,6,6,p,A\nb,,,,,p,B\n"
    write(tmp_path, "b,0,0,1,1,0.9\na,0,0,2,2,0.8\n", labels)
    interface = {"cluster": "patient", "groups": {"scanner": ["A", "B"]}}
    found = Evaluation.from_plain(detection.evaluate(tmp_path, {"analysis": ANALYSIS, "interface": interface}))
    assert found.clusters is not None
    assert (found.clusters.clusters, found.clusters.squares) == (1, 4)
    first, second = found.groups
    tables = merge_states(first.states[:-1], second.states[:-1])
    assert tables == found.states[:-1]
    assert [group.cases for group in found.groups] == [1, 1]


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ("z,0,0,1,1,0.9\n", errors.WrongCases),
        ("a,0,0,1,1,nan\n", errors.ScoreNotFinite),
        ("a,0,0,1,,0.5\n", errors.ScoreNotFinite),
        ("a,0,0,1,1,3.7\n", errors.ScoreOutOfRange),
        ("a,1,0,1,1,0.5\n", errors.ScoreOutOfRange),
        ("a,2,0,1,1,0.5\n", errors.ScoreOutOfRange),
        ("a,0,0,1e200,1e200,0.5\n", errors.ScoreOutOfRange),
        ("a,0,0,1e-200,1e-200,0.5\n", errors.ScoreOutOfRange),
        ("a,0,0,1,1\n", errors.WrongColumns),
        ("a,0,0,1,1,0.5\n" * 3, errors.WrongCases),
    ],
)
def test_detections_that_do_not_fit(tmp_path: Path, rows: str, error: type[errors.MedevalError]) -> None:
    with pytest.raises(error) as caught:
        read_images(write(tmp_path, rows, LABELS), {}, most=2)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        ("case_id,x1,y1,x2,y2\na,0,0,0,2\n", errors.DataError),
        ("case_id,x1,y1,x2,y2\na,0,0,x,2\n", errors.DataError),
        ("case_id,x1,y1,x2,y2\na,0,0,1,\n", errors.DataError),
        ("case_id,x1,y1,x2,y2\na,,,,\na,0,0,1,1\n", errors.DataError),
        ("case_id,x1,y1,x2,y2\na,0,0,1,1\na,,,,\n", errors.DataError),
        ("case_id,x1,y1,x2,y2\n", errors.EmptyData),
        ("case_id,x,y,w,h\na,0,0,1,1\n", errors.MissingColumn),
    ],
)
def test_boxes_that_do_not_fit(tmp_path: Path, labels: str, error: type[errors.MedevalError]) -> None:
    with pytest.raises(error) as caught:
        read_images(write(tmp_path, "", labels), {}, most=2)
    assert type(caught.value) is error
