"""Values and intervals against independent references, and what holds for any table."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binomtest, norm
from sklearn.metrics import accuracy_score, precision_score, roc_auc_score

from medeval.domain.estimate import Estimate, Method, NotEstimable, Reason
from medeval.domain.metric_state import ConfusionCounts, PositiveWhen, ScoreTable
from medeval.stats import binary, intervals

ABOVE = PositiveWhen.ABOVE
LEVEL = 0.95
counts = st.builds(
    lambda tp, fp, tn, fn: ConfusionCounts(threshold=0.5, positive_when=ABOVE, tp=tp, fp=fp, tn=tn, fn=fn),
    *[st.integers(0, 60)] * 4,
)
five = st.lists(st.integers(0, 12), min_size=5, max_size=5)


def a_table(n0: list[int], n1: list[int]) -> ScoreTable:
    edges = tuple(i / len(n0) for i in range(len(n0) + 1))
    return ScoreTable(edges=edges, positive_when=ABOVE, n0=tuple(n0), n1=tuple(n1))


def cases_of(table: ScoreTable) -> tuple[np.ndarray, np.ndarray]:
    """(labels, bin numbers) of every case of a table."""
    bins = np.arange(len(table.n0))
    scores = np.concatenate([np.repeat(bins, table.n0), np.repeat(bins, table.n1)])
    labels = np.repeat([0, 1], [sum(table.n0), sum(table.n1)])
    return labels, scores


def direct_delong(labels: np.ndarray, scores: np.ndarray) -> float:
    """DeLong's variance from every pair of cases."""
    positive, negative = scores[labels == 1], scores[labels == 0]
    wins = (positive[:, None] > negative[None, :]) + 0.5 * (positive[:, None] == negative[None, :])
    return np.var(wins.mean(axis=1), ddof=1) / len(positive) + np.var(wins.mean(axis=0), ddof=1) / len(negative)


@given(counts)
def test_proportions_are_scikit_learns(table: ConfusionCounts) -> None:
    truth = [1] * table.tp + [0] * table.fp + [0] * table.tn + [1] * table.fn
    called = [1] * (table.tp + table.fp) + [0] * (table.tn + table.fn)
    accuracy, precision = binary.accuracy(table, LEVEL), binary.precision(table, LEVEL)
    if not truth:
        assert accuracy == NotEstimable(reason=Reason.NO_CASES)
        assert precision == NotEstimable(reason=Reason.NO_CASES)
        return
    assert accuracy.value == pytest.approx(accuracy_score(truth, called), abs=1e-12)
    assert accuracy.n == len(truth)
    if table.tp + table.fp:
        assert precision.value == pytest.approx(precision_score(truth, called), abs=1e-12)
        assert precision.n == table.tp + table.fp
    else:
        assert precision == NotEstimable(reason=Reason.NO_POSITIVE_DECISION)


@given(counts, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_is_scipys(table: ConfusionCounts, level: float) -> None:
    assume(table.n0 + table.n1)
    found = binary.accuracy(table, level)
    expected = binomtest(table.tp + table.tn, table.n0 + table.n1).proportion_ci(level, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert found.method is Method.WILSON
    assert found.bound == 0
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


@given(five, five)
def test_auroc_is_scikit_learns(n0: list[int], n1: list[int]) -> None:
    table = a_table(n0, n1)
    found = binary.auroc(table, LEVEL)
    if not sum(n0) or not sum(n1):
        assert found == NotEstimable(reason=Reason.ONE_CLASS_ONLY if sum(n0 + n1) else Reason.NO_CASES)
        return
    labels, scores = cases_of(table)
    assert found.value == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert found.n == len(labels)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


@given(five, five)
def test_delong_is_that_of_all_pairs(n0: list[int], n1: list[int]) -> None:
    assume(min(sum(n0), sum(n1)) >= 2)
    table = a_table(n0, n1)
    found, expected = binary.delong_variance(table), direct_delong(*cases_of(table))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-15)
    estimate = binary.auroc(table, LEVEL)
    if estimate.method is Method.LOGIT_DELONG:
        value = estimate.value
        half = norm.ppf(0.975) * np.sqrt(expected) / (value * (1 - value))
        limits = 1 / (1 + np.exp(-(np.log(value / (1 - value)) + np.array([-half, half]))))
        assert (estimate.low, estimate.high) == pytest.approx(tuple(limits), abs=1e-9)


@given(five, five, st.randoms(use_true_random=False))
def test_bound_holds_for_any_scores_inside_the_bins(n0: list[int], n1: list[int], random: object) -> None:
    table = a_table(n0, n1)
    found = binary.auroc(table, LEVEL)
    assume(isinstance(found, Estimate))
    labels, bins = cases_of(table)
    for spread in (
        np.array([random.random() for _ in labels]),
        labels * 0.5,
        (1 - labels) * 0.5,
    ):
        unbinned = roc_auc_score(labels, bins + spread * 0.99)
        assert abs(unbinned - found.value) <= found.bound + 1e-12
    # Both extremes are reached: the bound is no larger than it must be.
    assert roc_auc_score(labels, bins + labels * 0.5) - found.value == pytest.approx(found.bound, abs=1e-12)


@given(five, five)
def test_auroc_of_exchanged_classes_is_the_complement(n0: list[int], n1: list[int]) -> None:
    found, mirrored = binary.auroc(a_table(n0, n1), LEVEL), binary.auroc(a_table(n1, n0), LEVEL)
    assume(isinstance(found, Estimate))
    assert (mirrored.value, mirrored.low, mirrored.high) == pytest.approx(
        (1 - found.value, 1 - found.high, 1 - found.low), abs=1e-9
    )


@pytest.mark.parametrize(
    ("n0", "n1", "value"),
    [([5, 0], [0, 7], 1.0), ([0, 5], [7, 0], 0.0), ([0, 5], [0, 7], 0.5), ([1, 0], [0, 1], 1.0), ([1, 0], [2, 3], 0.8)],
)
def test_interval_has_a_width_where_delong_has_none(n0: list[int], n1: list[int], value: float) -> None:
    found = binary.auroc(a_table(n0, n1), LEVEL)
    assert found.method is Method.NEWCOMBE
    assert found.value == pytest.approx(value)
    assert found.high - found.low > 0.1
    assert (found.high == 1) == (value == 1)
    assert (found.low == 0) == (value == 0)


@pytest.mark.parametrize(("value", "n0", "n1"), [(1.0, 5, 7), (0.8, 30, 20), (0.5, 10, 100), (0.93, 6, 68)])
def test_newcombe_solves_its_equation(value: float, n0: int, n1: int) -> None:
    """An independent root search for Newcombe's method 5, as his paper states it."""

    def standard_error(theta: float) -> float:
        n_star = (n0 + n1) / 2 - 1
        spread = 1 + n_star * (1 - theta) / (2 - theta) + n_star * theta / (1 + theta)
        return np.sqrt(theta * (1 - theta) * spread / (n0 * n1))

    low, high = intervals.newcombe_auroc(value, n0, n1, LEVEL)
    z = norm.ppf(0.975)
    assert low == pytest.approx(brentq(lambda t: t + z * standard_error(t) - value, 1e-12, value - 1e-9), abs=1e-7)
    if value < 1:
        assert high == pytest.approx(
            brentq(lambda t: t - z * standard_error(t) - value, value + 1e-9, 1 - 1e-12), abs=1e-7
        )


def test_published_accuracy_is_exact() -> None:
    """FLamby's hospitals have 104, 89, 16 and 45 test rows: the quotient is the nearest double."""
    for n in (104, 89, 16, 45):
        for right in range(n + 1):
            table = ConfusionCounts(threshold=0.5, positive_when=ABOVE, tp=right, fp=0, tn=0, fn=n - right)
            assert binary.accuracy(table, LEVEL).value == float(Fraction(right, n))


def test_large_counts_neither_overflow_nor_lose_a_case() -> None:
    table = a_table([2**40, 1], [1, 2**40])
    found = binary.auroc(table, LEVEL)
    assert 0 < found.low < found.value < found.high <= 1
    assert found.n == 2**41 + 2
