"""The meta-analysis against published analyses (of R's metafor), an independent search, and by simulation."""

from itertools import permutations
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2, t, ttest_1samp

from medeval.stats.heterogeneity import Effect, Sites, q_profile, reml
from medeval.stats.meta import MetaAnalysis, pool

# Trials of the BCG vaccine (Colditz et al. 1994): cases and others among the vaccinated, among the controls.
BCG = (
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
)
# Pre-eclampsia in trials of diuretics (Collins et al. 1985): events and women treated, events and women as controls.
COLLINS = (
    (14, 131, 14, 136),
    (21, 385, 17, 134),
    (14, 57, 24, 48),
    (6, 38, 18, 40),
    (12, 1011, 35, 760),
    (138, 1370, 175, 1336),
    (15, 506, 20, 524),
    (6, 108, 2, 103),
    (65, 153, 40, 102),
)
# Teachers' expectations and pupils' IQ (Raudenbush 1985): effects, variances.
RAUDENBUSH = """
 0.03 0.12 -0.14 1.18 0.26 -0.06 -0.02 -0.32 0.27 0.80 0.54 0.18 -0.02 0.23 -0.18 -0.06 0.30 0.07 -0.07
 .0156 .0216 .0279 .1391 .1362 .0106 .0106 .0484 .0269 .0630 .0912 .0497 .0835 .0841 .0253 .0279 .0193 .0088 .0303
"""
# The two examples of Viechtbauer 2005, J Educ Behav Stat 30:261-293.
EXAMPLE_1 = """
 -0.581 0.530 0.771 1.031 0.553 0.295 0.078 0.573 -0.176 -0.232
 0.023 0.052 0.060 0.115 0.095 0.203 0.200 0.211 0.051 0.040
"""
EXAMPLE_2 = """
 0.100 -0.162 -0.090 -0.049 -0.046 -0.010 -0.431 -0.261 0.134 0.019 0.175 0.056 0.045 0.103 0.121 -0.482 0.290 0.342
 0.016 0.015 0.050 0.050 0.032 0.052 0.036 0.024 0.034 0.033 0.031 0.034 0.039 0.167 0.134 0.096 0.016 0.035
"""
# Risk differences in per cent and lengths of stay (Normand 1999, Stat Med 18:321-359, tables III and VIII).
LIDOCAINE = """
 2.8026 0 1.9711 1.7961 3.5334 4.4031
 17.7575 37.5657 8.1323 10.8998 8.0114 6.1320
"""
STROKE = """
 -20 -2 -55 -71 -4 1 11 -10 7
 40.59 2.05 15.28 150.22 20.19 1.22 95.38 8.03 20.69
"""

values = st.floats(-5, 5).map(lambda x: round(x, 6))
variances = st.floats(1e-4, 4).map(lambda x: round(x, 6))
effects = st.lists(st.builds(Effect, values, variances), min_size=2, max_size=9)


def effects_of(table: str) -> list[Effect]:
    """Effects in the first line, variances in the second."""
    rows = [[float(number) for number in line.split()] for line in table.strip().splitlines()]
    return [Effect(value, variance) for value, variance in zip(*rows, strict=True)]


def log_risk_ratios(trials: tuple[tuple[int, int, int, int], ...]) -> list[Effect]:
    return [
        Effect(log(a / (a + b)) - log(c / (c + d)), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)) for a, b, c, d in trials
    ]


def log_odds_ratios(trials: tuple[tuple[int, int, int, int], ...]) -> list[Effect]:
    return [
        Effect(log(a / (n - a)) - log(c / (m - c)), 1 / a + 1 / (n - a) + 1 / c + 1 / (m - c)) for a, n, c, m in trials
    ]


def heterogeneity_of(result: MetaAnalysis) -> tuple[float, float]:
    """(tau2, I2 in per cent)."""
    assert result.heterogeneity is not None
    return result.heterogeneity.tau2, 100 * result.heterogeneity.i2


def test_bcg_as_published() -> None:
    """metafor's own example: `rma(yi, vi, test="knha")`, its `confint` and `predict`."""
    result = pool(log_risk_ratios(BCG))
    found = result.heterogeneity
    assert found is not None
    assert result.prediction is not None
    assert round(found.tau2, 4) == 0.3132
    assert round(100 * found.i2, 2) == 92.22
    assert round(found.q, 4) == 152.2330
    assert (round(result.effect, 4), round(result.standard_error, 4)) == (-0.7145, 0.1808)
    assert (round(result.low, 4), round(result.high, 4)) == (-1.1084, -0.3206)
    assert round(result.p_value(), 4) == 0.0019
    assert (found.tau2_interval.low, found.tau2_interval.high) == pytest.approx((0.1197, 1.1115), abs=5e-5)
    assert (found.i2_interval.low, found.i2_interval.high) == pytest.approx((0.819177, 0.976781), abs=5e-5)
    ratios = [round(exp(x), 2) for x in (result.effect, result.low, result.high)]
    assert ratios == [0.49, 0.33, 0.73]


def test_prediction_interval_of_bcg() -> None:
    """metafor takes k - 1 degrees of freedom (0.14 to 1.76); with k - 2 the interval is wider by the ratio of t."""
    result = pool(log_risk_ratios(BCG))
    assert result.prediction is not None
    assert not result.prediction.approximate
    half = (result.prediction.high - result.effect) * t.ppf(0.975, 12) / t.ppf(0.975, 11)
    assert (round(exp(result.effect - half), 2), round(exp(result.effect + half), 2)) == (0.14, 1.76)


@pytest.mark.parametrize(
    ("data", "tau2", "i2"), [(EXAMPLE_1, 0.223, 76.84), (EXAMPLE_2, 0.016, 32.02)], ids=["example 1", "example 2"]
)
def test_viechtbauer_2005(data: str, tau2: float, i2: float) -> None:
    found = heterogeneity_of(pool(effects_of(data)))
    assert (round(found[0], 3), round(found[1], 2)) == (tau2, i2)


def test_viechtbauer_2007() -> None:
    """Table II of Stat Med 26:37-52: REML, and the Q-profile interval."""
    result = pool(log_odds_ratios(COLLINS)).heterogeneity
    assert result is not None
    assert round(result.tau2, 3) == 0.301
    assert (round(result.tau2_interval.low, 3), round(result.tau2_interval.high, 3)) == (0.072, 2.203)


def test_raudenbush_2009() -> None:
    """Table 16.3: REML with the Knapp-Hartung error."""
    result = pool(effects_of(RAUDENBUSH))
    assert round(heterogeneity_of(result)[0], 3) == 0.019
    assert (round(result.effect, 3), round(result.standard_error, 3)) == (0.084, 0.062)
    assert (round(result.low, 3), round(result.high, 3)) == (-0.046, 0.213)


def test_normand_1999() -> None:
    """Table VII (no heterogeneity: the factor stays 1) and table IX (variances from 1 to 150)."""
    none = pool(effects_of(LIDOCAINE))
    assert heterogeneity_of(none) == (0, 0)
    assert round(none.effect, 2) == 2.94
    wald = 1.959964 * none.standard_error
    assert (round(none.effect - wald, 1), round(none.effect + wald, 1)) == (0.4, 5.5)
    much = pool(effects_of(STROKE))
    assert heterogeneity_of(much)[0] == pytest.approx(685.20, abs=0.02)
    assert round(much.effect, 2) == -15.12


def restricted_likelihood(sample: list[Effect], tau2: float) -> float:
    """By matrices, as of any linear mixed model."""
    y, v = np.array([e.value for e in sample]), np.diag([e.variance + tau2 for e in sample])
    x, inverse = np.ones((len(sample), 1)), np.linalg.inv(v)
    information = x.T @ inverse @ x
    rest = y - (x @ np.linalg.solve(information, x.T @ inverse @ y[:, None]))[:, 0]
    return float(-0.5 * (np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1] + rest @ inverse @ rest))


@given(effects)
def test_reml_is_the_highest_likelihood(sample: list[Effect]) -> None:
    tau2, top = reml(Sites(sample)), (max(e.value for e in sample) - min(e.value for e in sample)) ** 2
    reached = restricted_likelihood(sample, tau2)
    found = minimize_scalar(lambda x: -restricted_likelihood(sample, x), bounds=(0, 2 * top + 1e-3), method="bounded")
    grid = max(restricted_likelihood(sample, x) for x in np.linspace(0, 2 * top, 60))
    assert reached >= max(-found.fun, grid) - 1e-9


@given(effects)
def test_q_profile_is_where_q_meets_its_quantiles(sample: list[Effect]) -> None:
    y, v = np.array([e.value for e in sample]), np.array([e.variance for e in sample])

    def q(tau2: float) -> float:
        w = 1 / (v + tau2)
        return float(np.sum(w * (y - np.sum(w * y) / np.sum(w)) ** 2))

    def tau2_at(quantile: float) -> float:
        return 0.0 if q(0) <= quantile else brentq(lambda x: q(x) - quantile, 0, 1e9, xtol=1e-14, maxiter=500)

    found = q_profile(Sites(sample), 0.95)
    expected = [tau2_at(chi2.ppf(p, len(sample) - 1)) for p in (0.975, 0.025)]
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=1e-6, abs=1e-9)


@given(st.lists(values, min_size=2, max_size=9), variances)
def test_equal_variances_give_the_t_interval(sample: list[float], variance: float) -> None:
    """With sites of one size and a tau2 above 0, HKSJ is Student's t of the sites' values."""
    result = pool([Effect(value, variance) for value in sample])
    tau2 = max(0.0, float(np.var(sample, ddof=1)) - variance)
    assert heterogeneity_of(result)[0] == pytest.approx(tau2, rel=1e-6, abs=1e-9)
    assert result.effect == pytest.approx(np.mean(sample), abs=1e-9)
    if tau2 > 1e-6:
        classic = ttest_1samp(sample, 0)
        low, high = classic.confidence_interval(0.95)
        assert (result.low, result.high) == pytest.approx((low, high), rel=1e-6, abs=1e-9)
        assert result.p_value() == pytest.approx(classic.pvalue, rel=1e-6)


@given(effects)
def test_never_narrower_than_with_the_known_variances(sample: list[Effect]) -> None:
    result = pool(sample)
    tau2, i2 = heterogeneity_of(result)
    wald = 1 / sqrt(sum(1 / (e.variance + tau2) for e in sample))
    assert result.standard_error >= wald * (1 - 1e-9)
    assert 0 <= i2 < 100
    assert sum(result.weights) == pytest.approx(1)
    assert min(e.value for e in sample) <= result.effect <= max(e.value for e in sample)
    assert result.low <= result.effect <= result.high
    if result.prediction is not None:
        assert result.prediction.low <= result.low
        assert result.high <= result.prediction.high


@given(st.lists(st.builds(Effect, values, variances), min_size=2, max_size=4))
def test_order_of_sites_is_nothing(sample: list[Effect]) -> None:
    found = {
        (r.effect, r.low, r.high, r.heterogeneity, r.prediction) for r in map(pool, map(list, permutations(sample)))
    }
    assert len(found) == 1


@given(effects, st.sampled_from([0.125, 2.0, 16.0]), st.floats(-3, 3))
def test_units_and_origin_are_nothing(sample: list[Effect], unit: float, origin: float) -> None:
    plain = pool(sample)
    moved = pool([Effect(e.value * unit + origin, e.variance * unit**2) for e in sample])
    assert moved.effect == pytest.approx(plain.effect * unit + origin, abs=1e-4 * unit)
    assert moved.standard_error == pytest.approx(plain.standard_error * unit, rel=1e-4)
    assert heterogeneity_of(moved)[0] == pytest.approx(heterogeneity_of(plain)[0] * unit**2, abs=1e-5 * unit**2)


def test_one_site_is_itself() -> None:
    result = pool([Effect(0.5, 0.04)])
    assert (result.effect, result.standard_error, result.sites, result.weights) == (0.5, 0.2, 1, (1.0,))
    assert (result.low, result.high) == pytest.approx((0.5 - 1.959964 * 0.2, 0.5 + 1.959964 * 0.2))
    assert result.heterogeneity is None
    assert result.prediction is None
    assert result.p_value() == pytest.approx(0.012419, abs=1e-6)


def test_two_sites_have_one_degree_of_freedom() -> None:
    result = pool([Effect(0.0, 0.01), Effect(1.0, 0.01)])
    assert heterogeneity_of(result)[0] == pytest.approx(0.49)
    assert result.high - result.effect == pytest.approx(12.7062 * 0.5, rel=1e-5)
    assert result.prediction is None


def test_prediction_needs_five_sites_and_is_approximate_below_ten() -> None:
    found = {k: pool([Effect(0.1 * i, 0.01) for i in range(k)]).prediction for k in (4, 5, 9, 10)}
    assert found[4] is None
    assert [found[k].approximate for k in (5, 9, 10)] == [True, True, False]


def test_equal_effects() -> None:
    result = pool([Effect(0.3, 0.02), Effect(0.3, 0.5), Effect(0.3, 0.01)])
    assert heterogeneity_of(result) == (0, 0)
    assert result.effect == 0.3
    assert result.standard_error == pytest.approx(sqrt(1 / (1 / 0.02 + 1 / 0.5 + 1 / 0.01)))
    assert result.heterogeneity.tau2_interval.high == 0


def test_variances_of_zero() -> None:
    exact = pool([Effect(0.7, 0.0)] * 3)
    assert (exact.effect, exact.low, exact.high, exact.p_value(0.7), exact.p_value()) == (0.7, 0.7, 0.7, 1.0, 0.0)
    assert heterogeneity_of(exact) == (0, 0)
    one = [Effect(0.9, 0.0), Effect(0.5, 0.02), Effect(0.6, 0.1)]
    assert pool(one) == pool([Effect(0.9, 0.1), *one[1:]])
    tau2, _ = heterogeneity_of(differ := pool([Effect(0.0, 0.0), Effect(1.0, 0.0), Effect(2.0, 0.0)]))
    assert (differ.effect, tau2) == pytest.approx((1, 1))


def test_what_is_no_effect_is_refused() -> None:
    for value, variance in ((float("nan"), 1.0), (0.0, float("inf")), (0.0, -0.1)):
        with pytest.raises(ValueError, match="finite"):
            Effect(value, variance)
    with pytest.raises(ValueError, match="no effect to pool"):
        pool([])


@given(effects, st.floats(0.5, 0.98))
def test_a_higher_level_is_wider(sample: list[Effect], level: float) -> None:
    narrow, wide = pool(sample, level), pool(sample, level + 0.01)
    assert wide.low < narrow.low
    assert narrow.high < wide.high
    assert wide.heterogeneity.tau2_interval.high >= narrow.heterogeneity.tau2_interval.high


def coverage(k: int, tau: float, largest: float, seed: int, replicates: int = 1500) -> tuple[float, float]:
    """The share of intervals that hold the mean, and of prediction intervals that hold a new site's true effect."""
    generator = np.random.default_rng(seed)
    mean = new = 0
    for _ in range(replicates):
        v = np.exp(generator.uniform(log(0.01), log(largest), k))
        y = generator.normal(0, np.sqrt(tau**2 + v))
        result = pool([Effect(a, b) for a, b in zip(y.tolist(), v.tolist(), strict=True)])
        mean += result.low <= 0 <= result.high
        new += result.prediction.low <= generator.normal(0, tau) <= result.prediction.high
    return mean / replicates, new / replicates


def test_coverage_at_five_sites() -> None:
    """The mean's interval keeps its level; the prediction interval falls short of it, as its mark says."""
    mean, new = coverage(k=5, tau=0.3, largest=0.05, seed=3)
    assert 0.93 <= mean <= 0.97
    assert 0.88 <= new <= 0.95


def test_coverage_without_heterogeneity_is_above_the_level() -> None:
    """The price of max(1, q): where sites do not differ the interval is wider than it need be."""
    mean, _ = coverage(k=5, tau=0.0, largest=0.05, seed=4)
    assert mean >= 0.97
