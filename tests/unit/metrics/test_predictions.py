"""Predictions read strictly: each thing that a model can get wrong has its own error, and no error names a case."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval import errors
from medeval.metrics.predictions import Columns, read_scored_cases

LABELS = "case_id,label\nc1,0\nc2,1\nc3,1\n"


def read(folder: Path, predictions: str, labels: str = LABELS, columns: Columns | None = None) -> tuple[list, list]:
    (folder / "p.csv").write_bytes(predictions.encode("utf-8", "surrogateescape"))
    (folder / "l.csv").write_text(labels)
    cases = read_scored_cases(folder / "p.csv", folder / "l.csv", columns)
    return cases.labels.tolist(), cases.scores.tolist()


def test_scores_are_aligned_with_labels_by_case(tmp_path: Path) -> None:
    found = read(tmp_path, "case_id,score\nc3,1\nc1,0.25\nc2,5e-1\n")
    assert found == ([False, True, True], [0.25, 0.5, 1.0])


def test_column_names_come_from_the_interface(tmp_path: Path) -> None:
    columns = Columns(case_id="patient", score="risk", label="sick")
    assert read(tmp_path, "patient,risk\nx,0\n", "patient,sick\nx,1\n", columns) == ([True], [0.0])


@pytest.mark.parametrize(
    "predictions",
    [
        "",
        "c1,0.1\nc2,0.2\nc3,0.3\n",
        "case_id,probability\nc1,0.1\n",
        "score,case_id\n0.1,c1\n",
        "case_id,score,extra\nc1,0.1,x\n",
        "case_id,score\nc1,0.1,x\nc2,0.2\nc3,0.3\n",
        "case_id,score\nc1\nc2,0.2\nc3,0.3\n",
        "case_id,score\nc1,0.1\n\nc2,0.2\nc3,0.3\n",
        "\ufeffcase_id,score\nc1,0.1\nc2,0.2\nc3,0.3\n",
        'case_id,score\n"c1"x,0.1\nc2,0.2\nc3,0.3\n',
        "case_id,score\nc1,0.1\nc2,0.2\nc3,\udcff\n",
        "case_id,score\nc1," + "1" * 200_000 + "\n",
    ],
)
def test_wrong_columns(tmp_path: Path, predictions: str) -> None:
    with pytest.raises(errors.WrongColumns):
        read(tmp_path, predictions)


def test_no_file_of_predictions(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(LABELS)
    with pytest.raises(errors.WrongColumns, match="is not there"):
        read_scored_cases(tmp_path / "p.csv", tmp_path / "l.csv")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("c1,0.1\nc2,0.2\n", "the model wrote 2 scores for 3 cases: 1 without a score"),
        ("", "the model wrote 0 scores for 3 cases: 3 without a score"),
        ("c1,0.1\nc2,0.2\nc3,0.3\nc4,0.4\n", "the model wrote 4 scores for 3 cases: 1 of no known case"),
        ("c1,0.1\nc2,0.2\nc3,0.3\nc3,0.3\n", "the model wrote 4 scores for 3 cases: 1 of a case scored before"),
        ("c1,0.1\nc1,0.2\nx,0.3\n", "3 scores for 3 cases: 2 without a score, 1 of no known case, 1 of a case scored"),
    ],
)
def test_wrong_cases_by_counts_only(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(errors.WrongCases, match=message) as caught:
        read(tmp_path, "case_id,score\n" + rows)
    told = caught.value.message + caught.value.hint
    assert not any(case in told for case in ("c1", "c2", "c3", "c4"))


@pytest.mark.parametrize(
    "score", ["", "nan", "NaN", "inf", "-inf", "1e999", "none", "0,5", "1_0", " 0.5", "0x1", "\u0663", "True", "."]
)
def test_score_that_is_no_finite_number(tmp_path: Path, score: str) -> None:
    with pytest.raises(errors.ScoreNotFinite):
        read(tmp_path, f'case_id,score\nc1,"{score}"\nc2,0.2\nc3,0.3\n')


@pytest.mark.parametrize("score", ["-0.1", "1.0000000000000002", "50", "-1e-300"])
def test_score_out_of_range_is_never_clipped(tmp_path: Path, score: str) -> None:
    with pytest.raises(errors.ScoreOutOfRange):
        read(tmp_path, f"case_id,score\nc1,{score}\nc2,0.2\nc3,0.3\n")


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        ("case_id,label\n", errors.EmptyData),
        ("case_id,sick\nc1,1\n", errors.MissingColumn),
        ("case_id,label\nc1,2\n", errors.DataError),
        ("case_id,label\nc1,\n", errors.DataError),
        ("case_id,label\nc1,1\nc1,1\n", errors.DataError),
    ],
)
def test_labels_that_the_preparator_got_wrong(tmp_path: Path, labels: str, error: type[errors.DataError]) -> None:
    with pytest.raises(error) as caught:
        read(tmp_path, "case_id,score\nc1,0.5\n", labels)
    assert type(caught.value) is error


@given(scores=st.lists(st.floats(0, 1), min_size=1, max_size=50), seed=st.integers(0, 2**32))
def test_every_double_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, scores: list[float], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("doubles")
    order = np.random.default_rng(seed).permutation(len(scores))
    rows = "".join(f"c{i},{scores[i]!r}\n" for i in order)
    labels = "".join(f"c{i},{i % 2}\n" for i in range(len(scores)))
    found = read(folder, "case_id,score\n" + rows, "case_id,label\n" + labels)
    assert found == ([bool(i % 2) for i in range(len(scores))], scores)
