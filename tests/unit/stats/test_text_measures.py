"""The metrics of answers in words: means with Student's interval, shares with Wilson's, and where there is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from medeval.domain.estimate import Method, NotEstimable, Reason
from medeval.domain.families.base import Wide
from medeval.domain.families.text import TextPlan
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused
from medeval.metrics.joint import joint_moments
from medeval.stats.families.text import measure
from medeval.stats.measure import Measured, Scale

PLAN = TextPlan(jury=True, score_resolution="exact")
NAMES = ("exact_match", "token_f1", "refusal_rate", "jury_score")


def evaluation(table: np.ndarray, cluster: np.ndarray | None = None) -> Evaluation:
    """Columns: exact match, token F1, refusal, jury."""
    columns = dict(zip(PLAN.columns[1:], table.reshape(-1, 4).T, strict=True))
    states = [joint_moments(columns, cluster)]
    found = Evaluation.from_plain({"format": "medeval/evaluation@1", "cases": len(table), "states": states})
    PLAN.check_states(found.cases, found.states)
    return found


def get(name: str, table: np.ndarray, cluster: np.ndarray | None = None) -> Measured:
    PLAN.check_metric(name)
    found = measure(evaluation(table, cluster), name, PLAN)
    assert isinstance(found, Measured)
    assert found.low <= found.value <= found.high
    assert found.low < found.high
    return found


def sample(seed: int, n: int = 120) -> np.ndarray:
    rng = np.random.default_rng(seed)
    exact = rng.random(n) < 0.4
    return np.stack([exact, np.maximum(exact, rng.random(n)), rng.random(n) < 0.05, rng.random(n)], axis=1).astype(
        float
    )


@pytest.mark.parametrize(("name", "column"), [("token_f1", 1), ("jury_score", 3)])
def test_means(name: str, column: int) -> None:
    table = sample(0)
    expected = stats.ttest_1samp(table[:, column], 0).confidence_interval(0.95)
    found = get(name, table)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.method, found.scale) == (Method.T_CASES, Scale.RAW)
    assert found.value == pytest.approx(table[:, column].mean())


@pytest.mark.parametrize(("name", "column"), [("exact_match", 0), ("refusal_rate", 2)])
def test_shares(name: str, column: int) -> None:
    table = sample(0)
    hits = int(table[:, column].sum())
    found = get(name, table)
    assert found.value == hits / 120
    low, high = proportion_confint(hits, 120, method="wilson")
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert (found.method, found.scale) == (Method.WILSON, Scale.LOGIT)


@pytest.mark.parametrize("name", NAMES)
def test_questions_of_one_patient_tell_less(name: str) -> None:
    once = get(name, sample(1))
    again = get(name, np.repeat(sample(1), 5, axis=0), np.repeat(np.arange(120), 5))
    assert again.value == pytest.approx(once.value)
    # the variance of a clustered share has degrees of freedom, for which a little is added
    slack = 0.003 if name in ("exact_match", "refusal_rate") else 1e-9
    assert (again.low, again.high) == (pytest.approx(once.low, abs=slack), pytest.approx(once.high, abs=slack))


@pytest.mark.parametrize("name", NAMES)
def test_answers_alike_are_not_certain(name: str) -> None:
    for value in (0.0, 1.0):
        found = get(name, np.full((50, 4), value))
        assert found.value == value
        assert found.high - found.low == pytest.approx(
            proportion_confint(50, 50, method="wilson")[1] - 0.9286, abs=1e-3
        )


@pytest.mark.parametrize("name", NAMES)
def test_one_answer_and_none(name: str) -> None:
    found = get(name, np.array([[1.0, 0.5, 0.0, 0.5]]))
    assert found.high - found.low > 0.7
    one_patient = get(name, np.array([[1.0, 0.5, 0.0, 0.5], [0.0, 0.5, 0.0, 0.5]]), np.array([4, 4]))
    assert one_patient.high - one_patient.low > 0.7
    empty = measure(evaluation(np.zeros((0, 4))), name, PLAN)
    assert empty == NotEstimable(reason=Reason.NO_CASES)


@given(
    rows=st.lists(
        st.tuples(st.sampled_from([0.0, 1.0]), st.floats(0, 1), st.sampled_from([0.0, 1.0]), st.floats(0, 1))
    ),
    name=st.sampled_from(NAMES),
)
def test_every_sample_has_a_value_or_a_reason(rows: list, name: str) -> None:
    found = measure(evaluation(np.array(rows, dtype=np.float64).reshape(-1, 4)), name, PLAN)
    if isinstance(found, Measured):
        estimate = found.to_estimate()
        assert np.isfinite([estimate.value, estimate.low, estimate.high, found.effect]).all()
        assert 0 < found.variance < np.inf
    else:
        assert not rows


@pytest.mark.parametrize("name", ["jury_score", "f1", "exact_match@1", "token_f1/left", "bleu"])
def test_no_metric_of_a_plan_without_a_jury(name: str) -> None:
    with pytest.raises(ValueError, match="no metric of this plan"):
        TextPlan().check_metric(name)


def test_states_of_another_plan_are_refused() -> None:
    honest = evaluation(sample(0))
    with pytest.raises(ResultRefused, match="must be the joint moments"):
        TextPlan().check_states(120, honest.states)
    state = honest.states[0]
    half = Wide.of(state.totals[1].total + 1)
    with pytest.raises(ResultRefused, match="exact is no count"):
        PLAN.check_states(120, (state.model_copy(update={"totals": (state.totals[0], half, *state.totals[2:])}),))


def test_golden() -> None:
    found = {name: get(name, sample(2)) for name in NAMES}
    assert {name: (round(m.value, 9), round(m.low, 9), round(m.high, 9)) for name, m in found.items()} == GOLDEN


GOLDEN = {
    "exact_match": (0.391666667, 0.30899197, 0.481062183),
    "token_f1": (0.691178289, 0.630546994, 0.751809584),
    "refusal_rate": (0.008333333, 0.001472556, 0.045696291),
    "jury_score": (0.502624112, 0.447820651, 0.557427572),
}
