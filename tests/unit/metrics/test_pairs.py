"""Pairs and DeLong's components against the definition, pair by pair in fractions, and against scikit-learn."""

from fractions import Fraction
from statistics import variance

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from medeval.metrics import pairs

#: Scores of one sign are sorted another way than scores of both; -0.0 equals 0.0.
SCORES = st.one_of(st.sampled_from([-0.0, 0.0, 0.5, 1.0, 5e-324]), st.integers(-1, 4).map(float))
CASES = st.lists(st.tuples(st.booleans(), SCORES), max_size=25)
BOTH_CLASSES = CASES.map(lambda cases: [(True, 1), (False, 3), (True, 4), (False, 1), *cases])


def arrays(cases: list[tuple[bool, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([label for label, _ in cases], np.bool_), np.array([score for _, score in cases], np.float64)


def wins2(positive: float, negative: float) -> int:
    return 2 * (positive > negative) + (positive == negative)


def by_definition(cases: list[tuple[bool, float]]) -> tuple[list[int], list[int]]:
    positive, negative = ([score for label, score in cases if label is chosen] for chosen in (True, False))
    above = [sum(wins2(score, other) for other in negative) for score in positive]
    return above, [sum(wins2(other, score) for other in positive) for score in negative]


@given(CASES)
def test_placements_are_counts_of_pairs_in_the_order_of_cases(cases: list[tuple[bool, float]]) -> None:
    above, below = by_definition(cases)
    found = pairs.placements(*arrays(cases))
    assert [part.tolist() for part in found] == [above, below]
    assert pairs.double_wins(*arrays(cases)) == sum(above) == sum(below)


@given(BOTH_CLASSES)
def test_variances_are_correctly_rounded(cases: list[tuple[bool, float]]) -> None:
    above, below = by_definition(cases)
    found = pairs.delong(*arrays(cases))
    s10 = variance(Fraction(count, 2 * len(below)) for count in above)
    s01 = variance(Fraction(count, 2 * len(above)) for count in below)
    assert found == pairs.DeLong(sum(above), len(above), len(below), float(s10), float(s01))
    assert found.variance == pytest.approx(float(s10 / len(above) + s01 / len(below)), rel=1e-14, abs=0)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 3)), min_size=4, max_size=30))
def test_covariance_of_models_on_the_same_cases(rows: list[tuple[bool, int, int]]) -> None:
    rows = [(True, 0, 1), (False, 2, 2), (True, 3, 0), (False, 0, 0), *rows]
    cases = [[(row[0], row[model]) for row in rows] for model in (1, 2, 1)]
    labels, scores = arrays(cases[0])[0], np.array([arrays(model)[1] for model in cases])
    found = pairs.delong_covariance(labels, scores)
    above, below = zip(*(by_definition(model) for model in cases), strict=True)
    n1, n0 = len(above[0]), len(below[0])
    np.testing.assert_allclose(found.s10, np.cov(np.array(above) / (2 * n0)), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.s01, np.cov(np.array(below) / (2 * n1)), rtol=1e-12, atol=1e-15)
    single = pairs.delong(labels, scores[0])
    assert found.double_wins[0] == found.double_wins[2] == single.double_wins
    assert found.covariance[0, 0] == pytest.approx(single.variance, rel=1e-13, abs=0)
    assert found.covariance[0, 2] == pytest.approx(single.variance, rel=1e-13, abs=0)


@pytest.mark.parametrize("decimals", [1, 3, 16])
def test_value_is_that_of_scikit_learn(decimals: int) -> None:
    rng = np.random.default_rng(decimals)
    labels = rng.random(20_000) < 0.2
    scores = np.round(1 / (1 + np.exp(-rng.normal(size=20_000) - labels)), decimals)
    assert pairs.delong(labels, scores).auroc == pytest.approx(roc_auc_score(labels, scores), rel=1e-12)


def test_a_million_cases_do_not_overflow() -> None:
    labels = np.arange(4_000_000) % 2 == 0
    scores = np.arange(4_000_000, dtype=np.float64)
    n = 2_000_000
    found = pairs.delong(labels, scores)
    assert found.double_wins == n * (n - 1)
    # the positive cases are above 0, 1, ... n - 1 negative ones
    assert found.s10 == (n + 1) / (12 * n)


def test_classes_apart_have_no_variance() -> None:
    labels, scores = arrays([(False, 0), (False, 1), (False, 2), (True, 3), (True, 4), (True, 5)])
    found = pairs.delong(labels, scores)
    assert (found.auroc, found.s10, found.s01) == (1.0, 0.0, 0.0)
    assert not pairs.delong_covariance(labels, np.array([scores, -scores])).covariance.any()


@pytest.mark.parametrize("labels", [[], [True, True], [True, False, False], [True, True, False]])
def test_a_variance_needs_two_cases_of_each_class(labels: list[bool]) -> None:
    few, scores = np.array(labels, np.bool_), np.arange(len(labels), dtype=np.float64)
    with pytest.raises(ValueError, match="two cases of each class"):
        pairs.delong(few, scores)
    with pytest.raises(ValueError, match="two cases of each class"):
        pairs.delong_covariance(few, scores[None])


def test_what_cannot_be_ordered_is_refused() -> None:
    labels, scores = arrays([(True, 1), (False, 0), (True, 1), (False, 0)])
    with pytest.raises(ValueError, match="one shape"):
        pairs.double_wins(labels, scores[:2])
    with pytest.raises(ValueError, match="NaN"):
        pairs.delong(labels, np.array([0.5, np.nan, 1, 1]))
