"""What holds for every metric of a binary classification: defined for any input, pooled, covered, clustered."""

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from medeval.domain.estimate import Estimate, Method, NotEstimable, Reason
from medeval.stats.estimates import estimate_of
from medeval.stats.families import binary
from medeval.stats.measure import Measured, Scale
from medeval.stats.pooling import merge_evaluations
from tests.binary_cases import METRICS, a_plan, arrays, cases, evaluated

PLAN = a_plan()
STEPPED = a_plan(score_resolution=0.001)
EXACT = a_plan(exact_scalars=True)
PLANS = (PLAN, STEPPED, EXACT)

#: (labels, scores) of every kind of input that has no ordinary answer.
DEGENERATE = {
    "no case": ([], []),
    "one negative case": ([0], [0.3]),
    "one positive case": ([1], [0.3]),
    "one case of each class": ([0, 1], [0.3, 0.7]),
    "negative cases alone": ([0] * 50, np.linspace(0, 1, 50)),
    "positive cases alone": ([1] * 50, np.linspace(0, 1, 50)),
    "all scores alike": ([0] * 25 + [1] * 25, [0.4] * 50),
    "all scores at the threshold": ([0] * 25 + [1] * 25, [0.5] * 50),
    "all scores 0": ([0] * 25 + [1] * 25, [0.0] * 50),
    "all scores 1": ([0] * 25 + [1] * 25, [1.0] * 50),
    "scores 0 and 1, all right": ([0] * 25 + [1] * 25, [0.0] * 25 + [1.0] * 25),
    "scores 0 and 1, all wrong": ([0] * 25 + [1] * 25, [1.0] * 25 + [0.0] * 25),
    "classes apart": ([0] * 25 + [1] * 25, np.r_[np.linspace(0.05, 0.35, 25), np.linspace(0.55, 0.95, 25)]),
    "classes apart the wrong way": ([1] * 25 + [0] * 25, np.r_[np.linspace(0.05, 0.35, 25), np.linspace(0.55, 1, 25)]),
    "one positive case of many": ([0] * 99 + [1], np.linspace(0.01, 0.99, 100)),
    "one negative case of many": ([1] * 99 + [0], np.linspace(0.01, 0.99, 100)),
    "the least scores there are": ([0] * 25 + [1] * 25, [5e-324] * 50),
    "all in one bin of the first": ([0] * 25 + [1] * 25, np.linspace(0.001, 0.09, 50)),
}


def check(found, name):
    """An estimate inside its interval, or a reason; never NaN, never infinite."""
    if isinstance(found, NotEstimable):
        return
    numbers = [found.value, found.low, found.high, found.bound, found.effect, found.variance, found.weight]
    assert np.isfinite(numbers).all(), (name, found)
    assert found.low <= found.value + 1e-12, (name, found)
    assert found.value <= found.high + 1e-12, (name, found)
    assert found.low < found.high, (name, found)
    assert found.variance > 0, (name, found)
    assert found.bound >= 0
    assert found.n >= 1
    assert found.weight > 0
    shown = found.to_estimate()
    assert shown.low <= shown.value <= shown.high
    assert Estimate.from_json(shown.to_canonical()) == shown


@pytest.mark.parametrize("kind", DEGENERATE)
@pytest.mark.parametrize("plan", PLANS, ids=["table", "stepped", "exact"])
def test_every_metric_is_defined_for_every_degenerate_input(kind, plan):
    labels, scores = DEGENERATE[kind]
    evaluation = evaluated(np.array(labels, dtype=bool), scores, plan)
    for name in METRICS:
        plan.check_metric(name)
        check(binary.measure(evaluation, name, plan), name)


@given(cases, st.sampled_from(METRICS), st.sampled_from(PLANS))
def test_every_metric_is_defined_for_any_input(found, name, plan):
    check(binary.measure(evaluated(*arrays(found), plan), name, plan), name)


@given(cases, st.sampled_from(METRICS), st.sampled_from(PLANS), st.integers(1, 6))
def test_every_metric_is_defined_for_any_clusters(found, name, plan, patients):
    labels, scores = arrays(found)
    evaluation = evaluated(labels, scores, plan, np.arange(len(labels)) % patients)
    assert plan.check_states(evaluation.cases, evaluation.states)
    check(binary.measure(evaluation, name, plan), name)


#: What the table says and what the words are, kind by kind, of the metrics that have no value there.
REASONS = {
    "no case": dict.fromkeys(METRICS, Reason.NO_CASES),
    "negative cases alone": {
        "auroc": Reason.ONE_CLASS_ONLY,
        "average_precision": Reason.NO_POSITIVE_CASE,
        "sensitivity": Reason.NO_POSITIVE_CASE,
        "oe": Reason.NO_EVENT,
        "calibration_slope": Reason.ONE_CLASS_ONLY,
        "ici": Reason.ONE_CLASS_ONLY,
        "mcc": Reason.ONE_CLASS_ONLY,
    },
    "positive cases alone": {"auroc": Reason.ONE_CLASS_ONLY, "specificity": Reason.NO_NEGATIVE_CASE},
    "all scores alike": {"calibration_slope": Reason.SCORES_ALIKE, "ppv": Reason.NO_POSITIVE_DECISION},
    "all scores 0": {"oe": Reason.NO_EXPECTED_EVENT, "lr_positive": Reason.RATIO_OF_NONE},
    "classes apart": {"calibration_slope": Reason.SEPARATED, "ici": Reason.SEPARATED},
    "one positive case of many": {"balanced_accuracy": Reason.TOO_FEW_TO_RESAMPLE},
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, words in REASONS.items() for name in words])
def test_the_words_of_what_is_undefined(kind, name):
    labels, scores = DEGENERATE[kind]
    found = binary.measure(evaluated(np.array(labels, dtype=bool), scores, PLAN), name, PLAN)
    assert found == NotEstimable(reason=REASONS[kind][name])


@pytest.mark.parametrize("name", METRICS)
def test_a_measure_is_a_function_of_its_input(name):
    labels, scores = a_sample(np.random.default_rng(0), 200)
    evaluation = evaluated(labels, scores, EXACT)
    first = binary.measure(evaluation, name, EXACT)
    binary._replicates.cache_clear()
    assert binary.measure(evaluation, name, EXACT) == first
    assert isinstance(first, Measured)
    assert estimate_of(evaluation, name, EXACT) == first.to_estimate()


def test_exact_scalars_move_only_what_they_make_exact():
    labels, scores = a_sample(np.random.default_rng(0), 200)
    table, exact = (evaluated(labels, scores, plan) for plan in (PLAN, EXACT))
    for name in METRICS:
        of_table, of_scalars = binary.measure(table, name, PLAN), binary.measure(exact, name, EXACT)
        if name in {"auroc", "brier"}:
            assert of_scalars.bound == 0 < of_table.bound
            assert abs(of_scalars.value - of_table.value) <= of_table.bound
        else:
            assert of_scalars == of_table


def test_over_several_sites_the_added_table_says_what_pairs_within_sites_cannot():
    """All cases together have pairs across sites, which no site has counted."""
    generator = np.random.default_rng(2)
    sites = [evaluated(*a_sample(generator, 100), EXACT) for _ in range(3)]
    merged = binary.measure(merge_evaluations(sites), "auroc", EXACT)
    assert merged.method is Method.LOGIT_DELONG_BINNED
    assert merged.bound > 0


# --- clusters ---


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("plan", PLANS, ids=["table", "stepped", "exact"])
def test_an_interval_over_patients_is_wider(name, plan):
    """Each case three times: the same value, an interval about as wide as that of the cases once."""
    labels, scores = a_sample(np.random.default_rng(7), 240)
    once = binary.measure(evaluated(labels, scores, plan), name, plan)
    labels, scores, patients = (np.repeat(item, 3) for item in (labels, scores, np.arange(240)))
    plain = binary.measure(evaluated(labels, scores, plan), name, plan)
    wide = binary.measure(evaluated(labels, scores, plan, patients), name, plan)
    assert plain.value == wide.value == pytest.approx(once.value, abs=2e-3)
    assert wide.variance == pytest.approx(3 * plain.variance, rel=0.25)
    assert wide.variance == pytest.approx(once.variance, rel=0.25)
    assert wide.high - wide.low > 1.4 * (plain.high - plain.low)


# --- coverage ---


def a_sample(generator, n):
    """(labels, scores) of a calibrated model."""
    scores = generator.beta(1.5, 2.0, n)
    return generator.random(n) < scores, scores


@lru_cache
def a_truth(name):
    """The value in a population of a million."""
    labels, scores = a_sample(np.random.default_rng(99), 1_000_000)
    plan = EXACT if name in {"auroc", "brier"} else PLAN
    return binary.measure(evaluated(labels, scores, plan), name, plan).value


#: Of O:E the expected events are taken as fixed, so that its interval covers more than it says.
MOST = {"oe": 1.0}


@pytest.mark.parametrize("name", ["auroc", "brier", "accuracy", "mcc", "net_benefit@0.3", "oe", "calibration_slope"])
def test_intervals_cover_their_truth_about_as_often_as_they_say(name):
    """400 samples of 150 cases: 95% but for chance (a standard error of 1.1 points) and small samples."""
    plan = (EXACT if name in {"auroc", "brier"} else PLAN).model_copy(update={"replicates": 200})
    truth, generator = a_truth(name), np.random.default_rng(3)
    found = [binary.measure(evaluated(*a_sample(generator, 150), plan), name, plan) for _ in range(400)]
    covered = np.mean([item.low <= truth <= item.high for item in found])
    assert 0.915 <= covered <= MOST.get(name, 0.985)


@pytest.mark.parametrize("name", ["accuracy", "auroc", "brier", "mcc"])
def test_intervals_over_patients_cover_where_those_over_cases_do_not(name):
    """Five cases of each patient, fully alike."""
    plan = (EXACT if name == "brier" else PLAN).model_copy(update={"replicates": 200})
    truth, generator = a_truth(name), np.random.default_rng(3)
    clustered, naive = [], []
    for _ in range(200):
        labels, scores = (np.repeat(item, 5) for item in a_sample(generator, 100))
        patients = np.repeat(np.arange(100), 5)
        clustered.append(binary.measure(evaluated(labels, scores, plan, patients), name, plan))
        naive.append(binary.measure(evaluated(labels, scores, plan), name, plan))
    covered, too_often = (np.mean([item.low <= truth <= item.high for item in found]) for found in (clustered, naive))
    assert covered >= 0.9
    assert too_often < 0.8


@given(cases, st.sampled_from(METRICS))
def test_a_scale_keeps_its_metric(found, name):
    """Sites are pooled on one scale, so a metric has one scale whatever its value."""
    measured = binary.measure(evaluated(*arrays(found), PLAN), name, PLAN)
    assume(isinstance(measured, Measured))
    base = name.partition("@")[0]
    expected = {
        **dict.fromkeys(("auroc", "accuracy", "sensitivity", "specificity", "ppv", "npv"), Scale.LOGIT),
        **dict.fromkeys(("oe", "lr_positive", "lr_negative"), Scale.LOG),
    }
    assert measured.scale is expected.get(base, Scale.RAW)


def test_the_population_of_the_coverage_is_calibrated():
    """Slope 1, and as many events as expected."""
    labels, scores = a_sample(np.random.default_rng(99), 1_000_000)
    assert labels.mean() == pytest.approx(scores.mean(), abs=2e-3)
    assert a_truth("calibration_slope") == pytest.approx(1, abs=0.02)
