"""Answers in words: what counts as the same, against an independent SQuAD, and what of it adds up."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval import errors
from medeval.domain.families.joint import JointMoments
from medeval.domain.families.text import TextPlan
from medeval.domain.result import Evaluation
from medeval.metrics import text
from medeval.metrics.joint import joint_moments

PLAN = TextPlan(refusals=("I cannot", "unable to answer"), score_resolution="exact")
ANALYSIS = PLAN.model_dump(mode="json")
WORDS = st.lists(st.sampled_from(["The", "a", "left", "lung", "lung,", "no", "(effusion)", "!", "10"]), max_size=6)
ANSWERS = st.tuples(WORDS.map(" ".join), st.lists(WORDS.map(" ".join), min_size=1, max_size=3).map("|".join))


def columns(cases: list[tuple[str, str]]) -> dict[str, np.ndarray]:
    return text.scores([(given,) for given, _ in cases], [wanted for _, wanted in cases], ANALYSIS)


def state(cases: list[tuple[str, str]]) -> JointMoments:
    return JointMoments.from_plain(joint_moments(columns(cases)))


@given(a=st.lists(ANSWERS, max_size=10), b=st.lists(ANSWERS, max_size=10))
def test_states_of_parts_add_up(a: list, b: list) -> None:
    assert state(a).merge(state(b)) == state(a + b)
    assert PLAN.check_states(len(a), (state(a),)) == ()
    assert PLAN.numbers() == state(a).numbers


@pytest.mark.torch
@pytest.mark.parametrize("seed", range(20))
def test_match_and_f1_are_those_of_torchmetrics(seed: int) -> None:
    from torchmetrics.functional.text import squad  # noqa: PLC0415 heavy

    rng = np.random.default_rng(seed)
    words = ["The", "a", "left", "lung", "lung,", "no", "(effusion)", "An", "upper-lobe", "10"]
    given, *wanted = (" ".join(rng.choice(words, size=rng.integers(1, 6))) for _ in range(3))
    answers = {"answer_start": [0, 0], "text": wanted}
    expected = squad([{"prediction_text": given, "id": "a"}], [{"answers": answers, "id": "a"}])
    found = columns([(given, "|".join(wanted))])
    assert found["exact"][0] * 100 == pytest.approx(float(expected["exact_match"]))
    assert found["token_f1"][0] * 100 == pytest.approx(float(expected["f1"]), rel=1e-6)


@pytest.mark.parametrize(
    ("given", "wanted", "exact", "f1", "refusal"),
    [
        ("The left lung.", "left lung", 1, 1, 0),
        ("left lung", "right lung|lung", 0, 2 / 3, 0),
        ("lung lung", "lung", 0, 2 / 3, 0),
        ("", "lung", 0, 0, 1),
        ("", "", 1, 1, 1),
        ("the", "", 1, 1, 1),  # nothing is left of an article
        ("lung", "", 0, 0, 0),
        ("I cannot tell", "lung", 0, 0, 1),
        ("Sorry, I CANNOT!", "lung", 0, 0, 1),
        ("I cannotate", "lung", 0, 0, 0),
        ("yes", "no|yes", 1, 1, 0),
    ],
)
def test_by_hand(given: str, wanted: str, exact: float, f1: float, refusal: float) -> None:
    found = columns([(given, wanted)])
    assert (found["exact"][0], found["token_f1"][0], found["refusal"][0]) == (exact, pytest.approx(f1), refusal)


def test_without_normalisation() -> None:
    analysis = {**ANALYSIS, "normalisation": "none"}
    found = text.scores([(" The lung ",), ("the lung",)], ["The lung", "The lung"], analysis)
    assert found["exact"].tolist() == [1, 0]
    with pytest.raises(errors.DataError, match="normalisation"):
        text.normalise("x", {"normalisation": "stemmed"})


def evaluate(folder: Path, plan: TextPlan, predictions: str, labels: str) -> dict[str, Any]:
    (folder / "predictions.csv").write_text(predictions)
    (folder / "labels.csv").write_text(labels)
    return text.evaluate(folder, {"analysis": plan.model_dump(mode="json"), "interface": {}})


LABELS = "case_id,answer\nq1,left lung|the left\nq2,no\n"


def test_no_word_leaves(tmp_path: Path) -> None:
    found = evaluate(tmp_path, PLAN, 'case_id,answer\nq2,"no, I cannot"\nq1,left\n', LABELS)
    strings: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            strings.extend(value)
            [walk(item) for item in value.values()]
        elif isinstance(value, list):
            [walk(item) for item in value]
        elif isinstance(value, str):
            strings.append(value)

    walk(found)
    allowed = {"format", "medeval/evaluation@1", "cases", "states", "kind", "joint-moments", "columns", "clusters"}
    assert set(strings) <= allowed | {"totals", "products", "hi", "lo", *PLAN.columns}
    assert Evaluation.from_plain(found).cases == 2


def test_a_jury_scores_in_the_unit_interval(tmp_path: Path) -> None:
    plan = TextPlan(jury=True)
    found = evaluate(tmp_path, plan, "case_id,answer,jury\nq1,left,0.5\nq2,no,1\n", LABELS)
    state = Evaluation.from_plain(found).states[0]
    assert isinstance(state, JointMoments)
    assert state.total("jury").real == 1.5
    with pytest.raises(errors.ScoreOutOfRange):
        evaluate(tmp_path, plan, "case_id,answer,jury\nq1,left,5\nq2,no,1\n", LABELS)
    with pytest.raises(errors.WrongColumns):
        evaluate(tmp_path, plan, "case_id,answer\nq1,left\nq2,no\n", LABELS)
    with pytest.raises(errors.WrongCases):
        evaluate(tmp_path, plan, "case_id,answer,jury\nq1,left,1\nq7,no,1\n", LABELS)
