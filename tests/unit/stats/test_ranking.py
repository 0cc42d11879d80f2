"""AUROC and average precision against independent references; bounds that hold for any scores inside the bins."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm
from sklearn.metrics import average_precision_score, roc_auc_score

from medeval.domain.estimate import Method, NotEstimable, Reason
from medeval.stats import intervals, ranking
from medeval.stats.families import binary
from medeval.stats.measure import Measured
from tests.binary_cases import (
    SAMPLING,
    a_plan,
    arrays,
    both_classes,
    cases,
    evaluated,
    five,
    middles,
    table_of,
    unfolded,
)

LEVEL = 0.95
EXACT = a_plan(exact_scalars=True)


def auroc(n0, n1):
    return ranking.auroc_of_table(middles(n0, n1), SAMPLING)


def direct_delong(labels, scores):
    """DeLong's variance from every pair of cases."""
    positive, negative = scores[labels], scores[~labels]
    wins = (positive[:, None] > negative[None, :]) + 0.5 * (positive[:, None] == negative[None, :])
    return np.var(wins.mean(axis=1), ddof=1) / len(positive) + np.var(wins.mean(axis=0), ddof=1) / len(negative)


def check_interval(found):
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


@given(five, five)
def test_auroc_of_a_table_is_scikit_learns(n0, n1):
    found = auroc(n0, n1)
    if not sum(n0) or not sum(n1):
        assert found == NotEstimable(reason=Reason.ONE_CLASS_ONLY if sum(n0 + n1) else Reason.NO_CASES)
        return
    labels, scores = unfolded(n0, n1)
    assert found.value == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert found.n == len(labels)
    assert found.weight == sum(n0) * sum(n1)
    check_interval(found)


@given(both_classes)
def test_auroc_of_pairs_is_scikit_learns_whatever_the_bins(found):
    labels, scores = arrays(found)
    measured = binary.measure(evaluated(labels, scores, EXACT), "auroc", EXACT)
    assert measured.value == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert measured.bound == 0
    assert measured.method in {Method.LOGIT_DELONG, Method.NEWCOMBE}
    check_interval(measured)


@given(five, five)
def test_delong_is_that_of_all_pairs(n0, n1):
    assume(min(sum(n0), sum(n1)) >= 2)
    expected = direct_delong(*unfolded(n0, n1))
    assert ranking.delong_variance(middles(n0, n1)) == pytest.approx(expected, rel=1e-9, abs=1e-15)
    found = auroc(n0, n1)
    if found.method is Method.LOGIT_DELONG_BINNED:
        half = norm.ppf(0.975) * np.sqrt(expected) / (found.value * (1 - found.value))
        centre = np.log(found.value / (1 - found.value))
        assert (found.low, found.high) == pytest.approx(tuple(1 / (1 + np.exp(-centre + [half, -half]))), abs=1e-9)
        assert found.effect == pytest.approx(centre)
        assert found.variance == pytest.approx(expected / (found.value * (1 - found.value)) ** 2)
    else:
        assert found.method is Method.NEWCOMBE


@given(both_classes.filter(lambda found: min(np.bincount([label for label, _ in found])) >= 2))
def test_exact_pairs_have_delongs_variance(found):
    labels, scores = arrays(found)
    measured = binary.measure(evaluated(labels, scores, EXACT), "auroc", EXACT)
    if measured.method is Method.LOGIT_DELONG:
        spread = direct_delong(labels, scores) / (measured.value * (1 - measured.value)) ** 2
        assert measured.variance == pytest.approx(spread, rel=1e-9)


@given(five, five, st.integers(0, 2**32 - 1))
def test_the_bound_of_auroc_holds_for_any_scores_inside_the_bins(n0, n1, seed):
    found = auroc(n0, n1)
    assume(isinstance(found, Measured))
    labels, scores = unfolded(n0, n1)
    shifts = np.random.default_rng(seed).uniform(-0.09, 0.09, len(labels))
    for shift in (shifts, np.round(shifts / 0.09) * 0.09, labels * 0.09, ~labels * 0.09):
        unbinned = roc_auc_score(labels, scores + shift)
        assert abs(unbinned - found.value) <= found.bound + 1e-12
    # Both extremes are reached: the bound is no larger than it must be.
    assert roc_auc_score(labels, scores + labels * 0.09) - found.value == pytest.approx(found.bound, abs=1e-12)
    assert found.value - roc_auc_score(labels, scores - labels * 0.09) == pytest.approx(found.bound, abs=1e-12)


@given(five, five)
def test_auroc_of_exchanged_classes_is_the_complement(n0, n1):
    found, mirrored = auroc(n0, n1), auroc(n1, n0)
    assume(isinstance(found, Measured))
    limits = (1 - found.value, 1 - found.high, 1 - found.low)
    assert (mirrored.value, mirrored.low, mirrored.high) == pytest.approx(limits, abs=1e-9)
    assert (mirrored.effect, mirrored.variance) == pytest.approx((-found.effect, found.variance), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("n0", "n1", "value"),
    [([5, 0], [0, 7], 1.0), ([0, 5], [7, 0], 0.0), ([0, 5], [0, 7], 0.5), ([1, 0], [0, 1], 1.0), ([1, 0], [2, 3], 0.8)],
)
@pytest.mark.parametrize("scalars", [False, True])
def test_the_interval_has_a_width_where_delong_has_none(n0, n1, value, scalars):
    plan = a_plan((0, 0.5, 1), exact_scalars=scalars)
    found = binary.measure(evaluated(*unfolded(n0, n1), plan), "auroc", plan)
    assert found.method is Method.NEWCOMBE
    assert found.value == pytest.approx(value)
    assert found.high - found.low > 0.1
    assert (found.high == 1) == (value == 1)
    assert (found.low == 0) == (value == 0)
    assert np.isfinite(found.effect)
    assert 0 < found.variance < np.inf


@pytest.mark.parametrize(("value", "n0", "n1"), [(1.0, 5, 7), (0.8, 30, 20), (0.5, 10, 100), (0.93, 6, 68)])
def test_newcombe_solves_its_equation(value, n0, n1):
    """An independent root search for Newcombe's method 5, as his paper states it."""

    def standard_error(theta):
        n_star = (n0 + n1) / 2 - 1
        spread = 1 + n_star * (1 - theta) / (2 - theta) + n_star * theta / (1 + theta)
        return np.sqrt(theta * (1 - theta) * spread / (n0 * n1))

    low, high = intervals.newcombe_auroc(value, n0, n1, LEVEL)
    z = norm.ppf(0.975)
    assert low == pytest.approx(brentq(lambda t: t + z * standard_error(t) - value, 1e-12, value - 1e-9), abs=1e-7)
    if value < 1:
        above = brentq(lambda t: t - z * standard_error(t) - value, value + 1e-9, 1 - 1e-12)
        assert high == pytest.approx(above, abs=1e-7)


def test_large_counts_neither_overflow_nor_lose_a_case():
    table = middles([2, 1], [1, 2]).model_copy(update={"n0": (2**40, 1), "n1": (1, 2**40)})
    found = ranking.auroc_of_table(table, SAMPLING)
    assert 0 < found.low < found.value < found.high <= 1
    assert found.n == 2**41 + 2


# --- average precision ---


@given(five, five)
def test_average_precision_of_a_table_is_scikit_learns(n0, n1):
    found = average_precision(middles(n0, n1))
    if not sum(n1):
        assert found == NotEstimable(reason=Reason.NO_POSITIVE_CASE if sum(n0) else Reason.NO_CASES)
    elif isinstance(found, Measured):
        assert found.value == pytest.approx(average_precision_score(*unfolded(n0, n1)), abs=1e-12)
        check_interval(found)
    else:
        assert found.reason is Reason.TOO_FEW_TO_RESAMPLE


def average_precision(table):
    plan = a_plan(table.edges, threshold=table.edges[1])
    labels_alone = evaluated([True], [0.9], plan).model_copy(update={"states": (table,), "cases": sum(table.classes)})
    return binary.measure(labels_alone, "average_precision", plan)


@given(both_classes, st.integers(0, 2**32 - 1))
@example([(False, 0.9)] * 10 + [(True, 0.55)] * 2 + [(False, 0.52)] * 30, 0)
def test_the_bound_of_average_precision_holds_for_any_scores_inside_the_bins(found, seed):
    """Also for ties inside a bin, which can flatter more than any order."""
    labels, scores = arrays(found)
    measured = average_precision(table_of(labels, scores))
    assume(isinstance(measured, Measured))
    bins = np.clip(np.ceil(scores * 10) - 1, 0, 9)
    place = np.random.default_rng(seed).uniform(size=len(labels))
    for inside in (place, np.round(place, 0), labels * 0.5, ~labels * 0.5, labels * 0.5 + place * 0.1):
        unbinned = average_precision_score(labels, bins + 0.9 * inside)
        assert abs(unbinned - measured.value) <= measured.bound + 1e-12
    assert abs(average_precision_score(labels, scores) - measured.value) <= measured.bound + 1e-12


@given(both_classes)
def test_the_range_of_average_precision_is_reached(found):
    """The best is a tie of the positive cases above the negative ones; the worst has them apart, below."""
    labels, scores = arrays(found)
    table = table_of(labels, scores)
    measured = average_precision(table)
    assume(isinstance(measured, Measured))
    bins = np.clip(np.ceil(scores * 10) - 1, 0, 9)
    apart = np.linspace(0, 0.3, len(labels))
    best = average_precision_score(labels, bins + labels * 0.9)
    worst = average_precision_score(labels, bins + np.where(labels, apart, 0.9))
    assert measured.bound == pytest.approx(max(best - measured.value, measured.value - worst), abs=1e-9)


@given(cases)
def test_ranks_of_one_class_are_undefined(found):
    labels, scores = arrays([(False, score) for _, score in found])
    reasons = {Reason.NO_CASES} if not found else {Reason.ONE_CLASS_ONLY, Reason.NO_POSITIVE_CASE}
    for plan in (a_plan(), EXACT):
        for name in ("auroc", "average_precision"):
            assert binary.measure(evaluated(labels, scores, plan), name, plan).reason in reasons
