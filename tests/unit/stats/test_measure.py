"""Means, shares and ratios: intervals against statsmodels, also where cases cluster by patient."""

from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from medeval.domain.estimate import Method, Reason
from medeval.domain.families.base import ClusterSizes, Moments
from medeval.metrics import exact
from medeval.stats.measure import (
    Measured,
    Scale,
    design_effect,
    from_scale,
    mean,
    proportion,
    ratio,
    resampled,
    slope_at,
    to_scale,
)

LEVEL = 0.95
FREE = (-np.inf, np.inf)
values = st.lists(st.floats(-100, 100).map(lambda x: round(x, 6)), max_size=40)
clustered = st.lists(st.tuples(st.floats(0, 1).map(lambda x: round(x, 6)), st.integers(0, 8)), min_size=2, max_size=60)


def moments(of, cluster=None):
    reals = np.array(of, dtype=float)
    return Moments.from_plain(exact.moments(reals, None if cluster is None else np.array(cluster, dtype=np.int64)))


@given(values)
def test_a_mean_has_students_interval(found):
    at = mean(moments(found), LEVEL, FREE)
    if len(found) < 2:
        assert at.reason is (Reason.ONE_CASE if found else Reason.NO_CASES)
        return
    assert at.value == pytest.approx(np.mean(found), abs=1e-9)
    assert at.variance == pytest.approx(stats.sem(found) ** 2, rel=1e-6, abs=1e-12)
    half = stats.t.ppf(0.975, len(found) - 1) * stats.sem(found)
    assert (at.low, at.high) == pytest.approx((at.value - half, at.value + half), rel=1e-6, abs=1e-6)
    assert (at.method, at.n, at.scale, at.effect) == (Method.T_CASES, len(found), Scale.RAW, at.value)


@given(clustered)
def test_a_mean_over_patients_is_statsmodels_cluster_robust_one(found):
    """Ordinary least squares of a constant: its small-sample factor K / (K - 1) * (n - 1) / (n - 1) is ours."""
    data, cluster = (np.array([item[i] for item in found]) for i in (0, 1))
    at = mean(moments(data, cluster), LEVEL, FREE)
    patients = len(set(cluster.tolist()))
    if patients < 2:
        assert at.reason is Reason.ONE_CASE
        return
    fit = sm.OLS(data, np.ones(len(data))).fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": True})
    assert at.value == pytest.approx(fit.params[0], abs=1e-12)
    assert at.variance == pytest.approx(fit.cov_params()[0, 0], rel=1e-6, abs=1e-14)
    half = stats.t.ppf(0.975, patients - 1) * np.sqrt(at.variance)
    assert (at.low, at.high) == pytest.approx((at.value - half, at.value + half))
    assert at.method is Method.T_CLUSTERS


@given(clustered)
def test_a_mean_over_patients_is_a_ratio_of_totals(found):
    """In fractions, by the definition: K / (K - 1) * sum (t - r m)**2 / n**2."""
    data, cluster = [Fraction(value) for value, _ in found], [patient for _, patient in found]
    patients = sorted(set(cluster))
    assume(len(patients) > 1)
    share = sum(data) / len(data)
    totals = [sum(x for x, p in zip(data, cluster, strict=True) if p == one) for one in patients]
    spread = sum((t - share * cluster.count(p)) ** 2 for t, p in zip(totals, patients, strict=True))
    expected = float(Fraction(len(patients), len(patients) - 1) * spread / len(data) ** 2)
    at = mean(moments([value for value, _ in found], cluster), LEVEL, FREE)
    assert at.variance == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_patients_of_one_case_each_are_cases():
    data = np.random.default_rng(1).random(50)
    alone, by_patient = mean(moments(data), LEVEL, FREE), mean(moments(data, np.arange(50)), LEVEL, FREE)
    assert by_patient.variance == pytest.approx(alone.variance, rel=1e-12)
    assert (by_patient.low, by_patient.high) == pytest.approx((alone.low, alone.high), rel=1e-12)


def test_repeated_cases_tell_nothing_more():
    """Each case four times, of one patient: the interval is that of the cases once."""
    data = np.random.default_rng(1).random(50)
    once = mean(moments(data), LEVEL, FREE)
    repeated = mean(moments(np.repeat(data, 4), np.repeat(np.arange(50), 4)), LEVEL, FREE)
    naive = mean(moments(np.repeat(data, 4)), LEVEL, FREE)
    assert (repeated.low, repeated.high) == pytest.approx((once.low, once.high), rel=1e-12)
    assert naive.high - naive.low < 0.6 * (repeated.high - repeated.low)


def test_little_cancels_in_a_variance_of_values_far_from_zero():
    """Sums are exact; each square alone is rounded, to 16 digits."""
    data = 1e4 + np.random.default_rng(0).random(1000)
    assert mean(moments(data), LEVEL, FREE).variance == pytest.approx(stats.sem(data) ** 2, rel=1e-7)


def test_an_interval_stays_inside_the_range_of_its_metric():
    at = mean(moments([0.0, 0.0, 0.0, 1.0]), LEVEL, (0.0, 1.0))
    assert (at.low, at.high, at.limits) == (0.0, 1.0, (0.0, 1.0))


# --- design effect ---


@pytest.mark.parametrize(
    ("sizes", "expected"), [([1] * 10, 1.0), ([4] * 5, 4.0), ([1, 1, 8], 6.6), ([10], 10.0), ([2, 4], 10 / 3)]
)
def test_the_design_effect_is_the_mean_size_seen_by_a_case(sizes, expected):
    """Kish: 1 + (m - 1) for alike cases, with the mean weighted by size: sum m**2 / sum m."""
    found = ClusterSizes(clusters=len(sizes), squares=sum(size**2 for size in sizes))
    assert design_effect(sum(sizes), found) == pytest.approx(expected)


def test_without_clusters_or_cases_there_is_no_design_effect():
    assert design_effect(10, None) == 1.0
    assert design_effect(0, ClusterSizes(clusters=0, squares=0)) == 1.0


@given(st.integers(1, 200), st.floats(1, 20), st.data())
def test_a_share_of_clustered_cases_is_one_of_fewer(n, deff, data):
    successes = data.draw(st.integers(0, n))
    one, wide = (proportion(successes, n, LEVEL, Reason.NO_CASES, by) for by in (1.0, deff))
    assert wide.value == one.value
    assert wide.high - wide.low >= one.high - one.low - 1e-12
    assert (wide.n, one.n) == (n, n)
    assert wide.variance >= one.variance - 1e-12


# --- scales ---


@given(st.floats(0.001, 0.999), st.sampled_from(Scale))
def test_a_scale_and_back(value, scale):
    assert from_scale(to_scale(value, scale), scale) == pytest.approx(value)
    step = 1e-6 * value * (1 - value)
    derivative = (to_scale(value + step, scale) - to_scale(value - step, scale)) / (2 * step)
    assert slope_at(value, scale) == pytest.approx(derivative, rel=1e-4)


@pytest.mark.parametrize("effect", [-1e6, -800.0, 0.0, 800.0, 1e6])
@pytest.mark.parametrize("scale", Scale)
def test_no_effect_is_too_large(effect, scale):
    assert np.isfinite(from_scale(effect, scale))


@given(st.floats(0.01, 100), st.floats(0.001, 4))
def test_a_ratio_has_walds_interval_of_its_logarithm(value, variance):
    at = ratio(value, variance, 50, LEVEL)
    half = stats.norm.ppf(0.975) * np.sqrt(variance)
    assert (np.log(at.low), np.log(at.high)) == pytest.approx((np.log(value) - half, np.log(value) + half))


# --- resampling ---


def test_replicates_that_are_undefined_are_counted():
    replicates = np.linspace(0, 1, 1000)
    replicates[:50] = np.nan
    at = resampled(0.5, replicates, 10, LEVEL)
    assert isinstance(at, Measured)
    assert (at.low, at.high) == pytest.approx(tuple(np.quantile(replicates[50:], [0.025, 0.975])))
    assert at.variance == pytest.approx(np.var(replicates[50:], ddof=1))
    replicates[:51] = np.nan
    assert resampled(0.5, replicates, 10, LEVEL).reason is Reason.TOO_FEW_TO_RESAMPLE


def test_an_interval_holds_its_value():
    at = resampled(0.9, np.linspace(0, 0.5, 100), 10, LEVEL)
    assert at.low < at.high == at.value == 0.9
