"""Calibration against statsmodels, scikit-learn and the definitions; the Brier score's certified bound."""

from math import exp, log, sqrt

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.metrics import brier_score_loss

from medeval.domain.estimate import Method, Reason
from medeval.stats import calibration
from medeval.stats.calibration import Risks
from medeval.stats.families import binary
from medeval.stats.logistic import fit_logistic
from medeval.stats.measure import Measured, Scale
from tests.binary_cases import TENTHS, a_plan, arrays, both_classes, cases, evaluated, table_of

PLAN = a_plan()
EXACT = a_plan(exact_scalars=True)


def a_sample(n=400, seed=0, slope=1.0, shift=0.0):
    """(labels, scores) of a model whose logits are off by slope and shift."""
    generator = np.random.default_rng(seed)
    scores = generator.beta(1.5, 2.5, n)
    return generator.random(n) < expit(shift + slope * logit(scores)), scores


def grouped(labels, scores):
    """(positives, negatives, mean score) of each occupied tenth, from the cases themselves."""
    bins = np.clip(np.ceil(scores * 10) - 1, 0, 9).astype(int)
    held = np.unique(bins)
    return tuple(
        np.array([take(labels[bins == place], scores[bins == place]) for place in held], dtype=float)
        for take in (lambda y, _: y.sum(), lambda y, _: (~y).sum(), lambda _, p: p.mean())
    )


def measured(labels, scores, name, plan=PLAN):
    return binary.measure(evaluated(labels, scores, plan), name, plan)


# --- O:E, intercept, slope ---


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.5, 0.7), (2.0, -1.0), (-0.5, 0.0)])
@pytest.mark.parametrize("seed", [1, 2])
def test_intercept_and_slope_are_those_of_statsmodels(slope, shift, seed):
    """A binomial model of the grouped cases, the logit of the mean risk as offset or as covariate."""
    labels, scores = a_sample(slope=slope, shift=shift, seed=seed)
    yes, no, means = grouped(labels, scores)
    counts = np.stack([yes, no], axis=1)
    by_offset = sm.GLM(counts, np.ones((len(means), 1)), sm.families.Binomial(), offset=logit(means)).fit(tol=1e-15)
    by_slope = sm.GLM(counts, sm.add_constant(logit(means)), sm.families.Binomial()).fit(tol=1e-15)
    for name, fit, which in (("calibration_intercept", by_offset, 0), ("calibration_slope", by_slope, 1)):
        found = measured(labels, scores, name)
        assert found.value == pytest.approx(fit.params[which], abs=1e-7)
        assert found.variance == pytest.approx(fit.cov_params()[which, which], rel=1e-5)
        assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int(0.05)[which]), abs=1e-6)
        assert (found.scale, found.method, found.n) == (Scale.RAW, Method.GROUPED_LOGISTIC, 400)


def test_fine_bins_give_the_ungrouped_fit():
    labels, scores = a_sample()
    edges = [i / 1000 for i in range(1001)]
    fine = a_plan(edges)
    fit = sm.GLM(labels.astype(float), sm.add_constant(logit(scores)), sm.families.Binomial()).fit()
    assert measured(labels, scores, "calibration_slope", fine).value == pytest.approx(fit.params[1], abs=2e-3)


@given(both_classes)
@example([(False, 0.15), (False, 0.65), (False, 9.5e-13), (True, 0.6)])
def test_fits_are_at_their_maximum_or_known_to_have_none(found):
    """The gradient vanishes; where the classes are apart nothing is said."""
    labels, scores = arrays(found)
    risks = Risks.of(table_of(labels, scores))
    for name in ("calibration_intercept", "calibration_slope"):
        at = measured(labels, scores, name)
        apart = min(risks.logits[risks.n1 > 0]) >= max(risks.logits[risks.n0 > 0]) or max(
            risks.logits[risks.n1 > 0]
        ) <= min(risks.logits[risks.n0 > 0])
        if name == "calibration_slope" and np.ptp(risks.logits) < 1e-9:
            assert at.reason is Reason.SCORES_ALIKE
        elif name == "calibration_slope" and apart:
            assert at.reason is Reason.SEPARATED
        else:
            assert isinstance(at, Measured)
            assert np.isfinite([at.value, at.low, at.high, at.variance]).all()
            assert at.low < at.value < at.high
    intercept = measured(labels, scores, "calibration_intercept").value
    expected = ((risks.n0 + risks.n1) * expit(risks.logits + intercept)).sum()
    assert expected == pytest.approx(labels.sum(), abs=1e-5)


def test_many_fits_at_once_are_those_of_statsmodels():
    generator = np.random.default_rng(5)
    design = np.stack([np.ones(8), np.linspace(-2, 2, 8)], axis=1)
    n0, n1 = (generator.integers(1, 30, (20, 8)).astype(float) for _ in range(2))
    fits = fit_logistic(design, np.zeros(8), n0, n1)
    assert fits.known.all()
    for no, yes, coefficients in zip(n0, n1, fits.coefficients, strict=True):
        reference = sm.GLM(np.stack([yes, no], axis=1), design, sm.families.Binomial()).fit()
        assert coefficients == pytest.approx(reference.params, abs=1e-7)


@pytest.mark.parametrize("far", [5.0, 27.0, 300.0])
def test_a_risk_that_is_far_off_has_an_intercept(far):
    """Plain Newton steps would overshoot for ever."""
    fits = fit_logistic(np.ones((1, 1)), np.array([-far]), np.array([[30.0]]), np.array([[10.0]]))
    assert fits.known.all()
    assert fits.coefficients[0, 0] == pytest.approx(far + log(10 / 30))


@given(cases)
def test_observed_over_expected_is_its_definition(found):
    labels, scores = arrays(found)
    at = measured(labels, scores, "oe")
    events, expected, n = labels.sum(), scores.sum(), len(labels)
    if expected < n * 2**-50 and isinstance(at, Measured):
        assert at.value > 1  # scores next to nothing: how much above depends on how each was rounded
        return
    if not n or not events or expected < n * 2**-50:
        assert at.reason in {Reason.NO_CASES, Reason.NO_EVENT, Reason.NO_EXPECTED_EVENT}
        return
    # each score is rounded to 2**-52 once
    assert at.value == pytest.approx(events / expected, rel=1e-9 + n * 2**-52 / expected)
    if events < n:
        half = norm.ppf(0.975) * sqrt((1 - events / n) / events)
        assert (at.low, at.high) == pytest.approx((at.value * exp(-half), at.value * exp(half)))
    assert 0 < at.low < at.value < at.high
    assert (at.scale, at.effect, at.bound) == (Scale.LOG, pytest.approx(log(at.value)), 0)


@pytest.mark.parametrize(
    ("found", "name", "reason"),
    [
        ([], "oe", Reason.NO_CASES),
        ([(False, 0.4)], "oe", Reason.NO_EVENT),
        ([(True, 0.0)], "oe", Reason.NO_EXPECTED_EVENT),
        ([(True, 0.4), (False, 0.4)], "calibration_slope", Reason.SCORES_ALIKE),
        ([(True, 0.8), (True, 0.4)], "calibration_slope", Reason.ONE_CLASS_ONLY),
        ([(True, 0.8), (True, 0.4)], "calibration_intercept", Reason.ONE_CLASS_ONLY),
        ([(True, 0.8), (True, 0.4)], "ici", Reason.ONE_CLASS_ONLY),
        ([(True, 0.8), (False, 0.4)], "calibration_slope", Reason.SEPARATED),
        ([(True, 0.4), (False, 0.8)], "calibration_slope", Reason.SEPARATED),
        ([(True, 0.8), (False, 0.4), (True, 0.4)], "calibration_slope", Reason.SEPARATED),
        ([(True, 0.8)] * 50 + [(False, 0.4)] * 50, "ici", Reason.SEPARATED),
        *(
            ([], name, Reason.NO_CASES)
            for name in ("brier", "ece", "ici", "calibration_intercept", "calibration_slope")
        ),
    ],
)
def test_why_there_is_no_value(found, name, reason):
    assert measured(*arrays(found), name).reason is reason


def test_one_bin_of_both_classes_has_an_intercept():
    """Four of ten, predicted at 20%: logit .4 - logit .2."""
    found = [(i < 4, 0.2) for i in range(10)]
    assert measured(*arrays(found), "calibration_intercept").value == pytest.approx(logit(0.4) - logit(0.2))


# --- the expected calibration error and the integrated calibration index ---


@given(cases)
def test_expected_calibration_error_is_its_definition(found):
    labels, scores = arrays(found)
    at = measured(labels, scores, "ece")
    if not found:
        assert at.reason is Reason.NO_CASES
        return
    yes, no, means = grouped(labels, scores)
    sizes = yes + no
    distances = np.abs(yes / sizes - means)
    if not (yes * no).any() and np.ptp(distances) < 1e-9:  # each bin of one class, all as far off: nothing varies
        assert at.reason is Reason.NO_SPREAD
        return
    expected = (sizes * distances).sum() / len(labels)
    assert at.value == pytest.approx(expected, abs=1e-12)
    assert 0 <= at.low <= at.value <= at.high <= 1
    assert at.low < at.high
    assert at.bound == 0


def brute_force_index(labels, scores):
    """Harrell's restricted cubic spline of the logit of each case's mean risk, fitted by statsmodels case by case."""
    bins = np.clip(np.ceil(scores * 10) - 1, 0, 9).astype(int)
    risk = np.array([scores[bins == place].mean() for place in bins])
    x = logit(risk)
    first, middle, last = np.quantile(x, [0.1, 0.5, 0.9], method="inverted_cdf")

    def cube(knot):
        return np.clip(x - knot, 0, None) ** 3

    bent = (cube(first) - cube(middle) * (last - first) / (last - middle)) + cube(last) * (middle - first) / (
        last - middle
    )
    design = np.stack([np.ones_like(x), x, bent / (last - first) ** 2], axis=1)
    fit = sm.GLM(labels.astype(float), design, sm.families.Binomial()).fit()
    return np.abs(fit.fittedvalues - risk).mean(), dict(zip(risk.tolist(), fit.fittedvalues.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_the_integrated_calibration_index_is_its_definition(seed):
    labels, scores = a_sample(300, seed=seed, slope=0.6, shift=0.4)
    expected, curve = brute_force_index(labels, scores)
    found = measured(labels, scores, "ici")
    assert found.value == pytest.approx(expected, abs=1e-6)
    assert 0 <= found.low < found.high <= 1
    risks, smooth = calibration.calibration_curve(table_of(labels, scores))
    for risk, at in zip(risks.tolist(), smooth.tolist(), strict=True):
        assert curve[min(curve, key=lambda known: abs(known - risk))] == pytest.approx(at, abs=1e-5)


def test_a_calibrated_model_has_a_small_index_and_a_miscalibrated_one_has_not():
    good, poor = (measured(*a_sample(4000, seed=3, slope=slope), "ici").value for slope in (1.0, 0.3))
    assert good < 0.02
    assert poor > 0.05


# --- Brier ---


@given(cases)
def test_the_exact_brier_score_is_scikit_learns(found):
    labels, scores = arrays(found)
    at = measured(labels, scores, "brier", EXACT)
    if len(found) < 2:
        assert at.reason is (Reason.ONE_CASE if found else Reason.NO_CASES)
        return
    assert at.value == pytest.approx(brier_score_loss(labels, scores), abs=1e-12)
    assert at.bound == 0
    assert 0 <= at.low <= at.value <= at.high <= 1
    assert at.low < at.high
    assert at.variance > 0


@given(cases, st.sampled_from(["exact", 0.001, 0.05]), st.sampled_from([TENTHS, (0.0, 0.2, 0.21, 0.22, 0.6, 1.0)]))
@example([(True, 0.205)] * 3 + [(False, 0.215)], 0.05, (0.0, 0.2, 0.21, 0.22, 0.6, 1.0))
def test_the_bound_of_the_brier_score_holds_for_any_scores_inside_the_bins(found, resolution, edges):
    assume(found)
    labels, scores = arrays(found)
    plan = a_plan(edges, threshold=edges[1], score_resolution=resolution)
    at = measured(labels, scores, "brier", plan)
    assert isinstance(at, Measured)
    assert abs(brier_score_loss(labels, scores, pos_label=True) - at.value) <= at.bound + 1e-9
    assert 0 <= at.low <= at.value <= at.high <= 1
    assert at.low < at.high


@given(st.integers(1, 30), st.integers(1, 30))
def test_the_bound_of_the_brier_score_is_reached(positives, negatives):
    """All cases in one bin from .4 to .6, the positive ones at its foot, the negative ones at its top."""
    labels, scores = arrays([(True, 0.4)] * positives + [(False, np.nextafter(0.6, 0))] * negatives)
    plan = a_plan((0.0, 0.4, 0.6, 1.0), threshold=0.4, positive_when="at-or-above")
    at = measured(labels, scores, "brier", plan)
    assert brier_score_loss(labels, scores) - at.value == pytest.approx(at.bound, abs=1e-9)
    assert at.bound > 0


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("plan", [PLAN, EXACT])
def test_scores_of_exactly_0_and_1_have_an_interval_with_a_width(right, plan):
    found = [(label, float(label is right)) for label in (True, False) for _ in range(50)]
    at = measured(*arrays(found), "brier", plan)
    assert at.value == (0.0 if right else 1.0)
    assert at.high - at.low > 0.01
    assert at.variance > 0


def test_counts_that_leave_the_model_without_information_crash_nothing():
    """A ridge that does not grow with the counts vanishes beside them."""
    n0 = np.zeros((1, 10))
    n1 = np.zeros((1, 10))
    n0[0, [0, 5]] = 300_000, 3
    n1[0, [0, 8]] = 20_000, 3_000_000
    x = logit(np.linspace(0.05, 0.95, 10))
    design = np.stack([np.ones(10), x, np.maximum(x - 1, 0) ** 3], axis=1)
    fits = fit_logistic(design / np.abs(design).max(axis=0), np.zeros(10), n0, n1)
    assert np.isfinite(fits.coefficients).all()
