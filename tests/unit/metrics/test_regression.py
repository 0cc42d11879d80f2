"""The state of a regression adds up, and what does not fit is told apart."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval import errors
from medeval.domain.families.joint import JointMoments
from medeval.domain.families.regression import RegressionPlan
from medeval.domain.result import Evaluation
from medeval.metrics import regression

ANALYSIS: dict[str, Any] = RegressionPlan(range=(0.0, 100.0), score_resolution="exact").model_dump(mode="json")
PAIRS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=30)


def state(cases: list[tuple[float, float]]) -> JointMoments:
    table = np.array(cases, dtype=np.float64).reshape(-1, 2)
    return JointMoments.from_plain(regression.errors_state(table[:, 0], table[:, 1]))


@given(a=PAIRS, b=PAIRS)
def test_states_of_parts_add_up(a: list, b: list) -> None:
    assert state(a).merge(state(b)) == state(a + b)


@given(cases=PAIRS)
def test_the_plan_takes_every_honest_state(cases: list) -> None:
    plan = RegressionPlan(range=(0.0, 1.0))
    assert plan.check_states(len(cases), (state(cases),)) == ()
    assert plan.numbers() == state(cases).numbers


def evaluate(folder: Path, predictions: str, labels: str, **interface: Any) -> Evaluation:
    (folder / "predictions.csv").write_text(predictions)
    (folder / "labels.csv").write_text(labels)
    parameters = {"analysis": ANALYSIS, "interface": interface}
    return Evaluation.from_plain(regression.evaluate(folder, parameters))


def test_predictions_find_their_labels(tmp_path: Path) -> None:
    found = evaluate(tmp_path, "case_id,score\nb,30\na,20\n", "case_id,label\na,10\nb,30\n")
    state = found.states[0]
    assert isinstance(state, JointMoments)
    assert found.cases == state.cases == 2
    assert [state.total(name).real for name in ("y", "d", "abs_d")] == pytest.approx([0.4, 0.1, 0.1])


def test_patients_and_groups(tmp_path: Path) -> None:
    labels = "id,age,patient,sex\na,10,p,F\nb,30,p,F\nc,50,q,M\n"
    interface = {"case_id": "id", "label": "age", "cluster": "patient", "groups": {"sex": ["F", "M"]}}
    found = evaluate(tmp_path, "id,score\na,20\nb,30\nc,50\n", labels, **interface)
    assert found.clusters is not None
    assert (found.clusters.clusters, found.clusters.squares) == (2, 5)
    assert [(group.level, group.cases) for group in found.groups] == [("F", 2), ("M", 1)]
    assert found.groups[0].states[0].merge(found.groups[1].states[0]) == found.states[0]


@pytest.mark.parametrize(
    ("predictions", "error"),
    [
        ("case_id,score\na,20\n", errors.WrongCases),
        ("case_id,score\na,20\nb,20\nz,20\n", errors.WrongCases),
        ("case_id,score\na,20\na,20\nb,20\n", errors.WrongCases),
        ("case_id,score\na,nan\nb,20\n", errors.ScoreNotFinite),
        ("case_id,score\na,\nb,20\n", errors.ScoreNotFinite),
        ("case_id,score\na,-0.001\nb,20\n", errors.ScoreOutOfRange),
        ("case_id,score\na,100.1\nb,20\n", errors.ScoreOutOfRange),
        ("case_id,age\na,20\nb,20\n", errors.WrongColumns),
        ("case_id,score\na,20,1\nb,20\n", errors.WrongColumns),
        ('case_id,score\n"a"x,20\nb,20\n', errors.WrongColumns),
    ],
)
def test_predictions_that_do_not_fit(tmp_path: Path, predictions: str, error: type[errors.MedevalError]) -> None:
    with pytest.raises(error) as caught:
        evaluate(tmp_path, predictions, "case_id,label\na,10\nb,30\n")
    assert type(caught.value) is error
    assert caught.value.hint


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        ("case_id,label\na,10\nb,x\n", errors.DataError),
        ("case_id,label\na,10\nb,101\n", errors.DataError),
        ("case_id,label\na,10\na,10\n", errors.DataError),
        ("case_id,label\n", errors.EmptyData),
        ("case_id,age\na,10\n", errors.MissingColumn),
    ],
)
def test_labels_that_do_not_fit(tmp_path: Path, labels: str, error: type[errors.MedevalError]) -> None:
    with pytest.raises(error) as caught:
        evaluate(tmp_path, "case_id,score\na,20\nb,20\n", labels)
    assert type(caught.value) is error


def test_no_file(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("case_id,label\na,10\n")
    with pytest.raises(errors.WrongColumns, match="is not there"):
        regression.evaluate(tmp_path, {"analysis": ANALYSIS})
