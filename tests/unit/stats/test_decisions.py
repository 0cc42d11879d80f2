"""Metrics of the 2x2 table against scikit-learn, statsmodels, and their definitions."""

from fractions import Fraction
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    class_likelihood_ratios,
    cohen_kappa_score,
    fbeta_score,
    matthews_corrcoef,
    precision_score,
    recall_score,
)
from statsmodels.stats.proportion import proportion_confint

from medeval.domain.estimate import Method, NotEstimable, Reason
from medeval.domain.families.binary import PositiveWhen
from medeval.stats.families import binary
from medeval.stats.measure import Measured, Scale
from tests.binary_cases import a_plan, arrays, both_classes, cases, evaluated

HALVES = a_plan((0.0, 0.5, 1.0))
cells = st.tuples(*[st.integers(0, 40)] * 4)
SHARES = ("accuracy", "sensitivity", "specificity", "ppv", "npv")


def of_cells(tp, fp, tn, fn, name, plan=HALVES):
    """A metric of true and false positives and negatives."""
    labels = np.repeat([True, False, False, True], [tp, fp, tn, fn])
    scores = np.repeat([0.75, 0.75, 0.25, 0.25], [tp, fp, tn, fn])
    return binary.measure(evaluated(labels, scores, plan), name, plan)


def called(table):
    """(labels, decisions) of the cells."""
    return np.repeat([1, 0, 0, 1], table), np.repeat([1, 1, 0, 0], table)


@given(both_classes, st.sampled_from(PositiveWhen), st.sampled_from([0.1, 0.3, 0.5, 0.9]))
def test_a_decision_is_taken_from_the_score_at_any_edge_and_side(found, side, edge):
    """From scores as they are, not from their bins: a score on the edge falls on the side that the plan names."""
    labels, scores = arrays(found)
    plan = a_plan(positive_when=side)
    decided = scores > edge if side is PositiveWhen.ABOVE else scores >= edge
    evaluation = evaluated(labels, scores, plan)
    measured = binary.measure(evaluation, f"accuracy@{edge}", plan)
    assert measured.value == pytest.approx(accuracy_score(labels, decided), abs=1e-12)
    assert binary.measure(evaluation, f"f1@{edge}", plan) == binary.decision(evaluation, "f1", edge, plan)


@given(cells, st.sampled_from(SHARES), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_shares_are_scikit_learns_with_statsmodels_wilson(table, name, level):
    truth, decided = called(table)
    tp, fp, tn, fn = table
    trials = {"accuracy": sum(table), "sensitivity": tp + fn, "specificity": tn + fp, "ppv": tp + fp, "npv": tn + fn}
    found = of_cells(*table, name, a_plan((0.0, 0.5, 1.0), confidence_level=level))
    if not trials[name]:
        assert isinstance(found, NotEstimable)
        return
    reference = {
        "accuracy": lambda: accuracy_score(truth, decided),
        "sensitivity": lambda: recall_score(truth, decided),
        "specificity": lambda: recall_score(truth, decided, pos_label=0),
        "ppv": lambda: precision_score(truth, decided),
        "npv": lambda: precision_score(truth, decided, pos_label=0),
    }
    assert found.value == pytest.approx(reference[name](), abs=1e-12)
    successes = round(found.value * trials[name])
    limits = proportion_confint(successes, trials[name], 1 - level, method="wilson")
    assert (found.low, found.high) == pytest.approx(limits, abs=1e-9)
    assert (found.n, found.method, found.bound, found.scale) == (trials[name], Method.WILSON, 0, Scale.LOGIT)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high
    # Haldane's correction: half a case on either side
    assert found.effect == pytest.approx(log((successes + 0.5) / (trials[name] - successes + 0.5)))
    assert found.variance == pytest.approx(1 / (successes + 0.5) + 1 / (trials[name] - successes + 0.5))


@pytest.mark.parametrize(
    ("name", "table", "reason"),
    [
        *((name, (0, 0, 0, 0), Reason.NO_CASES) for name in (*SHARES, "mcc", "f1", "net_benefit", "lr_positive")),
        ("sensitivity", (0, 3, 4, 0), Reason.NO_POSITIVE_CASE),
        ("specificity", (3, 0, 0, 4), Reason.NO_NEGATIVE_CASE),
        ("ppv", (0, 0, 3, 4), Reason.NO_POSITIVE_DECISION),
        ("npv", (3, 4, 0, 0), Reason.NO_NEGATIVE_DECISION),
        *(
            (name, table, Reason.ONE_CLASS_ONLY)
            for name in ("balanced_accuracy", "youden", "mcc", "kappa", "lr_positive", "lr_negative")
            for table in ((3, 0, 0, 4), (0, 3, 4, 0))
        ),
        ("f1", (0, 0, 9, 0), Reason.NO_POSITIVE_DECISION),
        ("fbeta@2", (0, 0, 9, 0), Reason.NO_POSITIVE_DECISION),
        ("lr_positive", (3, 0, 4, 2), Reason.RATIO_OF_NONE),
        ("lr_positive", (0, 3, 4, 2), Reason.RATIO_OF_NONE),
        ("lr_negative", (3, 4, 0, 2), Reason.RATIO_OF_NONE),
        ("lr_negative", (3, 2, 4, 0), Reason.RATIO_OF_NONE),
    ],
)
def test_why_there_is_no_value(name, table, reason):
    assert of_cells(*table, name) == NotEstimable(reason=reason)


REFERENCES = {
    "balanced_accuracy": balanced_accuracy_score,
    "youden": lambda truth, decided: balanced_accuracy_score(truth, decided, adjusted=True),
    "mcc": matthews_corrcoef,
    "kappa": cohen_kappa_score,
    "f1": lambda truth, decided: fbeta_score(truth, decided, beta=1),
    "fbeta@2": lambda truth, decided: fbeta_score(truth, decided, beta=2),
    "fbeta@0.5": lambda truth, decided: fbeta_score(truth, decided, beta=0.5),
}


@given(cells, st.sampled_from(sorted(REFERENCES)))
def test_functionals_are_scikit_learns(table, name):
    tp, fp, tn, fn = table
    assume(tp + fn and tn + fp)
    found = of_cells(*table, name)
    if not isinstance(found, Measured):
        assert found.reason is Reason.TOO_FEW_TO_RESAMPLE
        return
    assert found.value == pytest.approx(REFERENCES[name](*called(table)), abs=1e-12)
    assert found.low <= found.value <= found.high
    assert found.low < found.high
    assert found.variance > 0
    lowest = -1 if name in {"youden", "mcc", "kappa"} else 0
    assert lowest <= found.low
    assert found.high <= 1
    assert found.n == sum(table)


@given(both_classes, st.sampled_from([0.1, 0.3, 0.5, 0.9]))
def test_net_benefit_is_its_definition(found, threshold):
    """(true positives - false positives x odds of the threshold) / cases; treating none has 0."""
    labels, scores = arrays(found)
    plan = a_plan()
    decided = scores > threshold
    odds = threshold / (1 - threshold)
    expected = (np.sum(decided & labels) - odds * np.sum(decided & ~labels)) / len(labels)
    measured = binary.measure(evaluated(labels, scores, plan), f"net_benefit@{threshold}", plan)
    assert measured.value == pytest.approx(expected, abs=1e-12)
    assert measured.low <= measured.value <= measured.high
    assert measured.low < measured.high


@pytest.mark.filterwarnings("ignore:`negative_likelihood_ratio`", "ignore:`positive_likelihood_ratio`")
@given(cells, st.sampled_from(["lr_positive", "lr_negative"]))
def test_likelihood_ratios_are_scikit_learns_with_simels_interval(table, name):
    tp, fp, tn, fn = table
    above, below = (tp, fp) if name == "lr_positive" else (fn, tn)
    assume(above and below)
    found = of_cells(*table, name)
    ratios = class_likelihood_ratios(*called(table))
    assert found.value == pytest.approx(ratios[0 if name == "lr_positive" else 1])
    positives, negatives = tp + fn, tn + fp
    error = sqrt(1 / above - 1 / positives + 1 / below - 1 / negatives)
    limits = [found.value * exp(way * norm.ppf(0.975) * error) for way in (-1, 1)]
    if error:
        assert (found.low, found.high) == pytest.approx(tuple(limits))
    assert 0 < found.low < found.value < found.high
    assert (found.scale, found.effect) == (Scale.LOG, pytest.approx(log(found.value)))


def test_a_ratio_of_decisions_that_are_all_alike_has_a_width():
    """Everyone is called positive: the ratio is 1, and Simel's variance 0."""
    found = of_cells(30, 50, 0, 0, "lr_positive")
    assert found.value == 1
    assert found.low < 0.99
    assert found.high > 1.01
    few = of_cells(3, 5, 0, 0, "lr_positive")
    assert few.variance > found.variance > 0


@pytest.mark.parametrize("name", ["balanced_accuracy", "youden", "mcc", "kappa", "f1"])
@pytest.mark.parametrize("table", [(60, 0, 60, 0), (0, 60, 0, 60), (60, 60, 0, 0), (0, 0, 60, 60)])
def test_decisions_that_are_all_right_wrong_or_alike_have_an_interval_with_a_width(name, table):
    found = of_cells(*table, name)
    assert isinstance(found, Measured)
    assert found.low < found.high
    assert found.variance > 0


def test_published_accuracy_is_exact():
    """FLamby's hospitals have 104, 89, 16 and 45 test rows: the quotient is the nearest double."""
    for n in (104, 89, 16, 45):
        for right in range(n + 1):
            assert of_cells(right, 0, 0, n - right, "accuracy").value == float(Fraction(right, n))


@given(cases, st.sampled_from(["accuracy", "ppv", "mcc", "lr_positive", "net_benefit@0.2"]))
def test_the_same_table_gives_the_same_interval(found, name):
    plan = a_plan()
    evaluation = evaluated(*arrays(found), plan)
    assert binary.measure(evaluation, name, plan) == binary.measure(evaluation, name, plan)


def test_another_seed_draws_other_replicates():
    drawn = {of_cells(30, 10, 40, 7, "mcc", a_plan((0.0, 0.5, 1.0), seed=seed)).low for seed in range(3)}
    assert len(drawn) == 3
