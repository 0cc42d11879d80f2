"""The states of several classes: they add up, are those of scikit-learn, and what does not fit is told apart."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, multilabel_confusion_matrix

from medeval import errors
from medeval.domain.families.base import merge_states
from medeval.domain.families.binary import ScoreTable
from medeval.domain.families.classes import ConfusionMatrix, MulticlassPlan, MultilabelPlan
from medeval.domain.families.joint import JointMoments
from medeval.domain.result import Evaluation
from medeval.metrics import classes

NAMES = ("benign", "nevus", "melanoma")
EDGES = (0.0, 0.25, 0.5, 0.75, 1.0)
ONE = MulticlassPlan(classes=NAMES, score_edges=EDGES, score_resolution="exact")
MANY = MultilabelPlan(classes=NAMES, score_edges=EDGES, score_resolution="exact")
SHARES = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1)
ROW = st.tuples(SHARES, SHARES, SHARES)
CASES = st.lists(st.tuples(st.integers(0, 2), ROW), max_size=30)
LABELLED = st.lists(st.tuples(st.tuples(st.booleans(), st.booleans(), st.booleans()), ROW), max_size=30)


def multiclass(cases: list) -> Evaluation:
    labels = np.array([label for label, _ in cases], dtype=np.int64)
    scores = np.array([row for _, row in cases], dtype=np.float64).reshape(-1, 3)
    states = classes.multiclass_states(labels, scores, ONE.model_dump(mode="json"))
    return Evaluation.from_plain({"format": "medeval/evaluation@1", "cases": len(cases), "states": states})


def multilabel(cases: list) -> Evaluation:
    labels = np.array([label for label, _ in cases], dtype=np.bool_).reshape(-1, 3)
    scores = np.array([row for _, row in cases], dtype=np.float64).reshape(-1, 3)
    states = classes.multilabel_states(labels, scores, MANY.model_dump(mode="json"))
    return Evaluation.from_plain({"format": "medeval/evaluation@1", "cases": len(cases), "states": states})


@given(a=CASES, b=CASES)
def test_multiclass_states_of_parts_add_up(a: list, b: list) -> None:
    assert merge_states(multiclass(a).states, multiclass(b).states) == multiclass(a + b).states


@given(a=LABELLED, b=LABELLED)
def test_multilabel_states_of_parts_add_up(a: list, b: list) -> None:
    assert merge_states(multilabel(a).states, multilabel(b).states) == multilabel(a + b).states


@given(cases=CASES.filter(bool))
def test_the_matrix_is_that_of_scikit_learn(cases: list) -> None:
    found = multiclass(cases)
    labels, decided = [label for label, _ in cases], [row.index(max(row)) for _, row in cases]
    assert isinstance(found.states[0], ConfusionMatrix)
    expected = confusion_matrix(labels, decided, labels=[0, 1, 2]).tolist()
    assert [list(row) for row in found.states[0].counts] == expected
    assert ONE.check_states(found.cases, found.states) == tuple(labels.count(place) for place in range(3))
    assert sum(state.numbers for state in found.states) == ONE.numbers()


@given(cases=LABELLED.filter(bool))
def test_hits_and_misses_are_those_of_scikit_learn(cases: list) -> None:
    found = multilabel(cases)
    truth = np.array([label for label, _ in cases])
    called = np.array([row for _, row in cases]) > 0.5
    tables = multilabel_confusion_matrix(truth, called)
    moments = found.states[-1]
    assert isinstance(moments, JointMoments)
    totals = tables[:, 1, 1].sum(), tables[:, 0, 1].sum(), tables[:, 1, 0].sum(), (truth == called).all(axis=1).sum()
    assert tuple(moments.count(name) for name in ("tp", "fp", "fn", "exact")) == totals
    sides = tuple(count for column in truth.T for count in (int((~column).sum()), int(column.sum())))
    assert MANY.check_states(found.cases, found.states) == sides
    assert sum(state.numbers for state in found.states) == MANY.numbers()


def test_ties_go_to_the_class_that_the_rule_names() -> None:
    scores = np.array([[0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [1 / 3, 1 / 3, 1 / 3], [0.1, 0.2, 0.7]])
    assert classes.decide(scores, "first").tolist() == [0, 1, 0, 2]
    assert classes.decide(scores, "last").tolist() == [1, 2, 2, 2]
    with pytest.raises(ValueError, match="tie_rule"):
        classes.decide(scores, "best")


def evaluate(folder: Path, plan: Any, predictions: str, labels: str, **interface: Any) -> Evaluation:
    (folder / "predictions.csv").write_text(predictions)
    (folder / "labels.csv").write_text(labels)
    parameters = {"analysis": plan.model_dump(mode="json"), "interface": interface}
    return Evaluation.from_plain(classes.evaluate(folder, parameters))


HEADER = "case_id,benign,nevus,melanoma\n"
LABELS = "case_id,label\na,nevus\nb,melanoma\n"


def test_multiclass_files(tmp_path: Path) -> None:
    found = evaluate(tmp_path, ONE, HEADER + "b,0.1,0.1,0.8\na,0.5,0.3,0.2\n", LABELS)
    assert isinstance(found.states[0], ConfusionMatrix)
    assert found.states[0].counts == ((0, 0, 0), (1, 0, 0), (0, 0, 1))
    assert [state.classes for state in found.states[1:] if isinstance(state, ScoreTable)] == [(2, 0), (1, 1), (1, 1)]


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ("a,2.5,-1,-0.5\nb,0.1,0.1,0.8\n", errors.ScoreOutOfRange),  # logits
        ("a,0.9,0.9,0.9\nb,0.1,0.1,0.8\n", errors.ScoreOutOfRange),  # sigmoids, not softmax
        ("a,nan,0.5,0.5\nb,0.1,0.1,0.8\n", errors.ScoreNotFinite),
        ("a,0.1,0.1,0.8\n", errors.WrongCases),
        ("a,0.1,0.9\nb,0.1,0.9\n", errors.WrongColumns),
    ],
)
def test_scores_that_do_not_fit(tmp_path: Path, rows: str, error: type[errors.MedevalError]) -> None:
    with pytest.raises(error) as caught:
        evaluate(tmp_path, ONE, HEADER + rows, LABELS)
    assert type(caught.value) is error


def test_scores_may_miss_one_by_the_tolerance(tmp_path: Path) -> None:
    assert evaluate(tmp_path, ONE, HEADER + "a,0.333,0.333,0.3335\nb,0.1,0.1,0.8\n", LABELS).cases == 2
    with pytest.raises(errors.ScoreOutOfRange):
        evaluate(tmp_path, ONE, HEADER + "a,0.333,0.333,0.3325\nb,0.1,0.1,0.8\n", LABELS)


def test_labels_that_are_no_class(tmp_path: Path) -> None:
    with pytest.raises(errors.DataError, match="no class"):
        evaluate(tmp_path, ONE, HEADER + "a,0.1,0.1,0.8\nb,0.1,0.1,0.8\n", "case_id,label\na,naevus\nb,nevus\n")
    with pytest.raises(errors.DataError, match="neither 0 nor 1"):
        evaluate(tmp_path, MANY, HEADER + "a,0.1,0.1,0.8\n", HEADER + "a,0,1,yes\n")


def test_multilabel_files_with_patients(tmp_path: Path) -> None:
    labels = "case_id,benign,nevus,melanoma,patient\na,1,0,1,p\nb,0,0,0,p\n"
    found = evaluate(tmp_path, MANY, HEADER + "a,0.9,0.9,0.1\nb,0,0,0\n", labels, cluster="patient")
    moments = found.states[-1]
    assert isinstance(moments, JointMoments)
    assert moments.clusters == 1
    assert [moments.count(name) for name in ("tp", "fp", "fn", "exact")] == [1, 1, 1, 1]


@pytest.mark.parametrize("plan", [ONE, MANY])
def test_the_preparator_and_the_evaluator_count_the_same_classes(plan: Any) -> None:
    if plan is ONE:
        rows = [{"label": "nevus"}, {"label": "melanoma"}, {"label": "nevus"}]
        assert plan.count_classes(rows, "label") == (0, 2, 1)
        assert plan.count_classes([{"label": "mole"}], "label") is None
    else:
        rows = [{"benign": "0", "nevus": "1", "melanoma": "1"}, {"benign": "0", "nevus": "0", "melanoma": "1"}]
        assert plan.count_classes(rows, "label") == (2, 0, 1, 1, 0, 2)
        assert plan.count_classes([{"benign": "2", "nevus": "1", "melanoma": "1"}], "label") is None
    assert len(plan.class_names) == len(plan.count_classes(rows, "label"))
