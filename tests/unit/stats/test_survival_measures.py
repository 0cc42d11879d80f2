"""The measures of survival against definitions written out case by case, lifelines, and by simulation."""

import warnings
from math import isfinite

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import concordance_index

from medeval.domain.estimate import Method, NotEstimable, Reason
from medeval.domain.families.base import ClusterSizes
from medeval.domain.families.survival import SurvivalPlan
from medeval.metrics.survival_cases import SurvivalCases
from medeval.stats.families.survival import measure
from medeval.stats.measure import Measured
from tests.survival_samples import EDGES, TIMES, evaluate, join, make_cases, of, plan_of

EXACT = plan_of()
TABLE = plan_of(exact_scalars=False, probability_resolution=0.001)
NAMES = ("harrell_c", "uno_c", *(f"{name}@{time:g}" for name in ("auc", "brier", "oe") for time in TIMES), "ibs")


def found(cases: SurvivalCases, name: str, plan: SurvivalPlan = EXACT) -> Measured:
    measured = measure(evaluate(cases, plan), name, plan)
    assert isinstance(measured, Measured), measured
    return measured


def reason(cases: SurvivalCases, name: str, plan: SurvivalPlan = EXACT) -> Reason:
    measured = measure(evaluate(cases, plan), name, plan)
    assert isinstance(measured, NotEstimable), measured
    return measured.reason


# --- the definitions, case by case ------------------------------------------------------------------------------


def curve(time: np.ndarray, happened: np.ndarray, later: np.ndarray) -> KaplanMeierFitter:
    """lifelines' estimate, which puts events before censoring; `later` moves the other kind behind it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return KaplanMeierFitter().fit(time + later * 1e-6, happened)


def before(cases: SurvivalCases, at: np.ndarray) -> np.ndarray:
    """The probability of being uncensored just before each time."""
    censoring = curve(cases.time, ~cases.event, ~cases.event)
    return censoring.survival_function_at_times(at - 1e-9).to_numpy()


def uno(cases: SurvivalCases, tau: float) -> float:
    heavy = 1 / before(cases, cases.time) ** 2
    won = every = 0.0
    for i in np.flatnonzero(cases.event & (cases.time <= tau)):
        others = (cases.time > cases.time[i]) | ((cases.time == cases.time[i]) & ~cases.event)
        lower, tied = cases.risk[others] < cases.risk[i], cases.risk[others] == cases.risk[i]
        won += heavy[i] * (lower.sum() + tied.sum() / 2)
        every += heavy[i] * others.sum()
    return won / every


def auc(cases: SurvivalCases, time: float) -> float:
    heavy = 1 / before(cases, cases.time)
    early, free = cases.event & (cases.time <= time), cases.time > time
    won = [(cases.risk[free] < risk).sum() + (cases.risk[free] == risk).sum() / 2 for risk in cases.risk[early]]
    return float((heavy[early] * won).sum() / (heavy[early].sum() * free.sum()))


def brier(cases: SurvivalCases, place: int) -> float:
    time, share = TIMES[place], cases.probabilities[:, place]
    early, free = cases.event & (cases.time <= time), cases.time > time
    late = before(cases, np.array([time + 1e-3]))[0]
    missed = ((1 - share[early]) ** 2 / before(cases, cases.time)[early]).sum()
    return float((missed + (share[free] ** 2).sum() / late) / len(cases.time))


def oe(cases: SurvivalCases, place: int) -> float:
    observed = 1 - curve(cases.time, cases.event, ~cases.event).survival_function_at_times(TIMES[place]).to_numpy()[0]
    return float(observed / cases.probabilities[:, place].mean())


def expected(cases: SurvivalCases, name: str) -> float:  # noqa: PLR0911 one a metric
    base, _, at = name.partition("@")
    place = TIMES.index(float(at)) if at else 0
    match base:
        case "harrell_c":
            return float(concordance_index(cases.time, -cases.risk, cases.event))
        case "uno_c":
            return uno(cases, 6.0)
        case "auc":
            return auc(cases, TIMES[place])
        case "brier":
            return brier(cases, place)
        case "oe":
            return oe(cases, place)
        case _:
            scores = [brier(cases, place) for place in range(len(TIMES))]
            return float(np.trapezoid(scores, TIMES) / (TIMES[-1] - TIMES[0]))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_exact_where_every_time_is_an_edge(name: str, seed: int) -> None:
    cases = make_cases(80, seed)
    measured = found(cases, name)
    assert measured.value == pytest.approx(expected(cases, name), abs=1e-9)
    assert measured.low < measured.value < measured.high


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(10, 16))
@pytest.mark.parametrize("plan", [EXACT, TABLE], ids=["exact", "table"])
def test_the_bound_holds_for_times_inside_intervals(name: str, seed: int, plan: SurvivalPlan) -> None:
    cases = make_cases(150, seed, whole=False)
    measured = found(cases, name, plan)
    assert abs(measured.value - expected(cases, name)) <= measured.bound + 1e-9
    assert measured.bound < 0.5


def test_harrell_is_exact_whatever_the_times() -> None:
    cases = make_cases(300, 4, whole=False)
    measured = found(cases, "harrell_c")
    assert measured.value == pytest.approx(expected(cases, "harrell_c"), abs=1e-12)
    assert measured.bound == 0


@pytest.mark.parametrize("name", ["harrell_c", "uno_c", "auc@4"])
def test_a_table_of_fine_bins_agrees_with_exact_pairs(name: str) -> None:
    cases = make_cases(120, 5)
    fine = plan_of(score_edges=np.unique(cases.risk).tolist(), exact_scalars=False, probability_resolution=0.001)
    table, exact = found(cases, name, fine), found(cases, name)
    assert table.value == pytest.approx(exact.value, abs=1e-12)
    assert table.variance == pytest.approx(exact.variance, rel=0.3 if name != "harrell_c" else 1e-9)


def test_of_several_sites_pairs_are_those_within_sites() -> None:
    a, b = make_cases(60, 6), make_cases(40, 7)
    merged = measure(evaluate(a).merge(evaluate(b)), "harrell_c", EXACT)
    assert isinstance(merged, Measured)
    parts = [(found(cases, "harrell_c").value, found(cases, "harrell_c").weight) for cases in (a, b)]
    assert merged.value == pytest.approx(sum(value * pairs for value, pairs in parts) / merged.weight, abs=1e-12)
    assert merged.value != pytest.approx(found(join(a, b), "harrell_c").value, abs=1e-6)


# --- intervals --------------------------------------------------------------------------------------------------


def jackknife(cases: SurvivalCases, name: str) -> float:
    """The leave-one-out variance of a measure."""
    n = len(cases.time)
    values = [found(cases.only(np.arange(n) != i), name).value for i in range(n)]
    return (n - 1) / n * float(((np.array(values) - np.mean(values)) ** 2).sum())


def test_the_variance_of_harrell_is_that_of_leaving_one_out() -> None:
    cases = make_cases(120, 8, whole=False)
    measured = found(cases, "harrell_c")
    spread = measured.variance * (measured.value * (1 - measured.value)) ** 2
    assert spread == pytest.approx(jackknife(cases, "harrell_c"), rel=0.1)


@pytest.mark.parametrize("name", ["harrell_c", "uno_c", "auc@4", "brier@4", "oe@4", "ibs"])
def test_intervals_hold_the_truth_about_as_often_as_they_say(name: str) -> None:
    """The truth from a sample of 20,000; 200 samples of 100 cases."""
    plan = plan_of(replicates=200)
    truth = found(make_cases(20_000, 99), name, plan).value
    held = 0
    for seed in range(200):
        measured = found(make_cases(100, 1000 + seed), name, plan)
        held += measured.low <= truth <= measured.high
    assert 0.9 <= held / 200 <= 1.0


def test_clustered_cases_have_wider_intervals() -> None:
    cases = make_cases(100, 9)
    alone = evaluate(cases)
    paired = alone.model_copy(update={"clusters": ClusterSizes(clusters=50, squares=200)})
    for name in NAMES:
        one, two = measure(alone, name, EXACT), measure(paired, name, EXACT)
        assert isinstance(one, Measured)
        assert isinstance(two, Measured)
        assert two.value == one.value
        assert two.high - two.low > 1.2 * (one.high - one.low)


def test_replicates_follow_the_seed_of_the_plan() -> None:
    cases = make_cases(60, 9)
    assert found(cases, "uno_c") == found(cases, "uno_c", plan_of())
    assert found(cases, "uno_c").variance != found(cases, "uno_c", plan_of(seed=1)).variance


# --- degenerate inputs ------------------------------------------------------------------------------------------

SORTED = of([(1, True, 3.0), (3, True, 2.0), (5, True, 1.0), (8, False, 0.0), (8, False, -1.0)])


def test_all_in_order_has_an_interval_with_width() -> None:
    for name in ("harrell_c", "uno_c", "auc@4"):
        measured = found(SORTED, name)
        assert (measured.value, measured.high, measured.method) == (1.0, 1.0, Method.WILSON_EFFECTIVE)
        assert measured.low < 0.6
        assert isfinite(measured.effect)
        assert measured.variance > 0


def test_one_event() -> None:
    measured = found(of([(2, True, 1.0), (3, False, 2.0), (5, False, 0.0)]), "harrell_c")
    assert (measured.value, measured.method) == (0.5, Method.WILSON_EFFECTIVE)
    assert measured.low < 0.1
    assert measured.high > 0.9


def test_risks_all_tied() -> None:
    cases = of([(1, True, 1.0), (3, True, 1.0), (5, False, 1.0), (8, False, 1.0)])
    for name in ("harrell_c", "uno_c", "auc@4"):
        measured = found(cases, name)
        assert measured.value == 0.5
        assert measured.low < 0.3
        assert measured.high > 0.7


@pytest.mark.parametrize("plan", [EXACT, TABLE], ids=["exact", "table"])
def test_no_event(plan: SurvivalPlan) -> None:
    cases = of([(3, False, 1.0), (8, False, 2.0), (8, False, 0.0)])
    for name in ("harrell_c", "uno_c", "auc@4"):
        assert reason(cases, name, plan) is Reason.NO_EVENT
    measured = found(cases, "oe@4", plan)
    assert (measured.value, measured.low) == (0.0, 0.0)
    assert measured.high > 0.5
    assert found(cases, "brier@4", plan).value == pytest.approx(0.25)


def test_all_events_at_one_time() -> None:
    cases = of([(3, True, 1.0), (3, True, 2.0)])
    for name in ("harrell_c", "uno_c", "auc@4"):
        assert reason(cases, name) is Reason.NO_COMPARABLE_PAIR
    assert found(cases, "oe@4").value == 2.0
    assert reason(cases, "auc@2") is Reason.NO_COMPARABLE_PAIR


def test_no_event_before_tau() -> None:
    cases = of([(7, True, 1.0), (8, True, 2.0), (9, False, 0.0)])
    assert found(cases, "harrell_c").value == pytest.approx(2 / 3)
    assert reason(cases, "uno_c") is Reason.NO_COMPARABLE_PAIR


def test_one_case_and_none() -> None:
    for rows in ([(3.0, True, 1.0)], [(8.0, False, 1.0)]):
        cases = of(rows)
        assert reason(cases, "harrell_c") in {Reason.NO_EVENT, Reason.NO_COMPARABLE_PAIR}
        assert reason(cases, "brier@2") is Reason.ONE_CASE
        assert reason(cases, "ibs") in {Reason.ONE_CASE, Reason.NO_FOLLOW_UP}
    empty = of([(3.0, True, 1.0)]).only(np.array([False]))
    for name in NAMES:
        assert reason(empty, name) is Reason.NO_CASES


def test_a_time_beyond_follow_up() -> None:
    cases = of([(1, True, 1.0), (3, False, 2.0), (3, False, 0.0)])
    for name in ("brier@4", "oe@4", "ibs", "oe@6"):
        assert reason(cases, name) is Reason.NO_FOLLOW_UP
    assert reason(cases, "auc@4") is Reason.NO_COMPARABLE_PAIR
    assert found(cases, "oe@2").value > 0


def test_follow_up_that_ends_with_the_last_event() -> None:
    cases = of([(1, True, 1.0), (2, False, 2.0), (3, True, 0.0)])
    assert found(cases, "oe@4").value == 2.0
    assert found(cases, "brier@4").value == pytest.approx(0.25)


def test_events_before_the_grid() -> None:
    cases = of([(0, True, 2.0), (0.25, True, 1.0), (8, False, 0.0), (8, False, 0.5)])
    assert found(cases, "harrell_c").value == 1.0
    assert found(cases, "auc@2").value == 1.0
    assert found(cases, "oe@2").value == 1.0


def test_without_probabilities() -> None:
    plan = plan_of(outputs="risk")
    cases = make_cases(50, 3)
    cases = SurvivalCases(cases.time, cases.event, cases.risk)
    for name in ("brier@4", "oe@4", "ibs"):
        assert reason(cases, name, plan) is Reason.NO_PROBABILITIES
    assert found(cases, "auc@4", plan).value > 0.5


def test_nothing_is_expected() -> None:
    cases = make_cases(50, 3)
    cases = SurvivalCases(cases.time, cases.event, cases.risk, np.zeros((50, 3)))
    assert reason(cases, "oe@4") is Reason.NO_EXPECTED_EVENT


def test_errors_that_are_all_alike_have_an_interval() -> None:
    measured = found(of([(8, False, 1.0)] * 20), "brier@4")
    assert (measured.value, measured.method) == (0.25, Method.WILSON_EFFECTIVE)
    assert measured.low < 0.2
    assert measured.high > 0.3


def test_the_grid_of_the_samples() -> None:
    assert set(TIMES) <= set(EDGES)
