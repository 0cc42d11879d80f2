"""Predictions and labels of survival, read strictly; and the evaluator's whole evaluation."""

from pathlib import Path
from typing import Any

import pytest

from medeval.domain.result import Evaluation
from medeval.errors import (
    DataError,
    EmptyData,
    MedevalError,
    MissingColumn,
    ScoreNotFinite,
    ScoreOutOfRange,
    WrongCases,
    WrongColumns,
)
from medeval.metrics.evaluate import evaluate
from medeval.metrics.survival_cases import read_cases

RISK: dict[str, Any] = {"task": "survival", "time": "days", "event": "died", "time_edges": [10], "score_edges": []}
BOTH = {**RISK, "outputs": "risk+probabilities", "times": [10, 20.5], "time_edges": [10, 20.5], "exact_scalars": True}
LABELS = "case_id,days,died\na,5,1\nb,0.5,0\n"


def read(folder: Path, predictions: str, labels: str = LABELS, analysis: dict[str, Any] = RISK) -> Any:
    (folder / "predictions.csv").write_text(predictions)
    (folder / "labels.csv").write_text(labels)
    return read_cases(folder, {}, analysis)


def test_cases_stand_in_the_order_of_the_labels(tmp_path: Path) -> None:
    cases = read(tmp_path, "case_id,score\nb,-1e3\na,7\n")
    assert (cases.time.tolist(), cases.event.tolist(), cases.risk.tolist()) == ([5, 0.5], [True, False], [7, -1000])
    assert cases.probabilities is None


def test_probabilities_have_a_column_per_time(tmp_path: Path) -> None:
    cases = read(tmp_path, "case_id,score,p_10,p_20.5\na,7,0.25,0.5\nb,1,0,0\n", analysis=BOTH)
    assert cases.probabilities.tolist() == [[0.25, 0.5], [0, 0]]


@pytest.mark.parametrize(
    ("predictions", "analysis", "error"),
    [
        ("case_id,risk\na,1\nb,1\n", RISK, WrongColumns),
        ("case_id,score\na,1\n", RISK, WrongCases),
        ("case_id,score\na,1\na,1\nb,1\n", RISK, WrongCases),
        ("case_id,score\na,nan\nb,1\n", RISK, ScoreNotFinite),
        ("case_id,score\na,\nb,1\n", RISK, ScoreNotFinite),
        ("case_id,score\na,-inf\nb,1\n", RISK, ScoreNotFinite),
        ("case_id,score\na,1.5\nb,0\n", {**RISK, "score_range": [0, 1]}, ScoreOutOfRange),
        ("case_id,score\na,1\nb,0\n", BOTH, WrongColumns),
        ("case_id,score,p_10,p_20.5\na,1,0.5,1.5\nb,0,0,0\n", BOTH, ScoreOutOfRange),
        ("case_id,score,p_10,p_20.5\na,1,0.5,0.4\nb,0,0,0\n", BOTH, ScoreOutOfRange),
        ("case_id,score,p_10,p_20.5\na,1,NaN,0.4\nb,0,0,0\n", BOTH, ScoreNotFinite),
    ],
)
def test_predictions_that_do_not_fit(
    tmp_path: Path, predictions: str, analysis: dict[str, Any], error: type[MedevalError]
) -> None:
    with pytest.raises(error):
        read(tmp_path, predictions, analysis=analysis)


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        ("case_id,days,died\n", EmptyData),
        ("case_id,days\na,5\n", MissingColumn),
        ("case_id,days,died\na,-1,1\n", DataError),
        ("case_id,days,died\na,nan,1\n", DataError),
        ("case_id,days,died\na,5,2\n", DataError),
        ("case_id,days,died\na,5,1\na,5,1\n", DataError),
    ],
)
def test_labels_that_do_not_fit(tmp_path: Path, labels: str, error: type[MedevalError]) -> None:
    with pytest.raises(error):
        read(tmp_path, "case_id,score\na,1\nb,1\n", labels)


def test_the_evaluation_by_group_and_patient(tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").write_text("case_id,score\na,1\nb,2\nc,3\n")
    (tmp_path / "labels.csv").write_text("case_id,days,died,patient,sex\na,5,1,x,F\nb,9,0,x,M\nc,1,1,y,F\n")
    interface = {"cluster": "patient", "groups": {"sex": ["F", "M"]}}
    found = Evaluation.from_plain(evaluate(tmp_path, {"analysis": RISK, "interface": interface}))
    assert (found.cases, [group.cases for group in found.groups]) == (3, [2, 1])
    assert found.clusters is not None
    assert (found.clusters.clusters, found.clusters.squares) == (2, 5)
    tables = [group.states[0] for group in found.groups]
    assert tables[0].merge(tables[1]) == found.states[0]
