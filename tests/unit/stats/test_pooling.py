"""Three estimands of one metric over sites, each by an independent reference."""

from itertools import permutations
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, roc_auc_score

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import Estimate, Method, NotEstimable, Reason
from medeval.domain.families.binary import BinaryPlan
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused
from medeval.stats.estimates import count_positives, estimate_of, estimates_of, measure_of
from medeval.stats.heterogeneity import Effect
from medeval.stats.measure import Measured
from medeval.stats.meta import pool
from medeval.stats.pooling import merge_evaluations, pooled_metric
from tests.binary_cases import a_plan as an_exact_plan
from tests.binary_cases import evaluated
from tests.boards import FAIR, GOOD, an_analysis, an_evaluation

PLAN = BinaryPlan.from_plain(an_analysis())
NAMES = ("auroc", "accuracy", "ppv", "brier", "oe", "mcc", "calibration_slope", "net_benefit@0.3")
cases = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), min_size=1, max_size=40)
#: Four sites at which everything can be estimated.
FOUR = {**{site: GOOD[site] for site in ("north", "east", "west")}, "lake": FAIR["north"]}


def evaluate(pairs: list[tuple[int, int]]) -> Evaluation:
    """The evaluation of cases given as (label, number of the score's bin)."""
    n0 = tuple(sum(label == 0 and place == b for label, place in pairs) for b in range(10))
    n1 = tuple(sum(label == 1 and place == b for label, place in pairs) for b in range(10))
    return an_evaluation(n0, n1)


# --- all cases together ---


@given(st.lists(cases, min_size=1, max_size=4))
def test_merge_is_the_evaluation_of_all_cases(sites: list[list[tuple[int, int]]]) -> None:
    together = [case for site in sites for case in site]
    pooled = merge_evaluations([evaluate(site) for site in sites])
    assert pooled == evaluate(together)
    assert pooled.cases == len(together)
    assert count_positives(pooled, PLAN) == sum(label for label, _ in together)
    labels, scores = [label for label, _ in together], [(b + 0.5) / 10 for _, b in together]
    called = [score > 0.5 for score in scores]
    assert estimate_of(pooled, "accuracy", PLAN).value == pytest.approx(accuracy_score(labels, called))
    auroc = estimate_of(pooled, "auroc", PLAN)
    if isinstance(auroc, Estimate):
        assert auroc.value == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_order_of_sites_is_nothing() -> None:
    metrics = tuple(Metric(name=name) for name in NAMES)
    pools = {
        tuple(item.estimate for item in estimates_of(merge_evaluations(list(order)), metrics, PLAN))
        for order in permutations([GOOD["east"], GOOD["north"], GOOD["west"]])
    }
    assert len(pools) == 1


def test_all_cases_together_are_no_mean_of_sites() -> None:
    """A small perfect site and a large poor one: the mean would be far above the pool."""
    small = an_evaluation((1,) + (0,) * 9, (0,) * 9 + (1,))
    large = an_evaluation((0,) * 9 + (100,), (100,) + (0,) * 9)
    pooled = estimate_of(merge_evaluations([small, large]), "accuracy", PLAN)
    assert pooled.value == 2 / 202


def test_unlike_states_are_refused() -> None:
    evaluation = GOOD["north"]
    (table,) = evaluation.states
    for states in (
        (table.model_copy(update={"resolution": "exact"}),),
        (table, table),
    ):
        with pytest.raises(ResultRefused):
            merge_evaluations([evaluation, evaluation.model_copy(update={"states": states})])
    with pytest.raises(ResultRefused, match="no result to pool"):
        merge_evaluations([])


# --- the headline, and the mean within sites ---


@pytest.mark.parametrize("name", NAMES)
def test_the_headline_is_a_meta_analysis_of_the_sites_effects(name: str) -> None:
    found = pooled_metric(FOUR, name, PLAN)
    measures = [measure_of(evaluation, name, PLAN) for evaluation in FOUR.values()]
    assert all(isinstance(measure, Measured) for measure in measures)
    fit = pool([Effect(measure.effect, measure.variance) for measure in measures], 0.95)
    back = {"logit": lambda x: 1 / (1 + np.exp(-x)), "log": np.exp, "raw": lambda x: x}[measures[0].scale.value]
    expected = [np.clip(back(x), *measures[0].limits) for x in (fit.effect, fit.low, fit.high)]
    assert isinstance(found.estimate, Estimate)
    assert [found.estimate.value, found.estimate.low, found.estimate.high] == pytest.approx(expected)
    assert found.estimate.method is Method.RANDOM_EFFECTS
    assert found.estimate.bound == max(measure.bound for measure in measures)
    assert found.sites == 4
    values = [measure.value for measure in measures]
    assert (found.lowest, found.highest) == (min(values), max(values))
    assert found.prediction is None, "four sites are too few"
    assert found.heterogeneity is not None
    assert found.heterogeneity.low <= found.heterogeneity.tau2 <= found.heterogeneity.high
    assert found.all_cases == estimate_of(merge_evaluations(list(FOUR.values())), name, PLAN)


def test_the_mean_within_sites_weighs_pairs_of_cases_of_one_site() -> None:
    """Of AUROC it is the share of all pairs within sites that are won; DeLong's variances add up."""
    found = pooled_metric(FOUR, "auroc", PLAN).within
    wins = pairs = 0.0
    variance = 0.0
    for evaluation in FOUR.values():
        measure = measure_of(evaluation, "auroc", PLAN)
        n0, n1 = evaluation.states[0].classes
        wins, pairs = wins + measure.value * n0 * n1, pairs + n0 * n1
        variance += (n0 * n1 * sqrt(measure.variance) * measure.value * (1 - measure.value)) ** 2
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(wins / pairs)
    assert found.high - found.low == pytest.approx(2 * 1.959964 * sqrt(variance) / pairs, rel=1e-5)
    assert found.method is Method.WITHIN_SITES


def test_the_mean_within_sites_of_a_share_weighs_its_trials() -> None:
    found = pooled_metric(FOUR, "ppv", PLAN).within
    merged = estimate_of(merge_evaluations(list(FOUR.values())), "ppv", PLAN)
    assert found.value == pytest.approx(merged.value), "a share over all decisions is that of the added counts"


def test_sites_of_other_prevalence_differ_in_pairs_across_sites() -> None:
    """Within either site scores are worthless; across sites they tell the sites apart."""
    many = an_evaluation((0, 0, 0, 0, 0, 0, 0, 0, 5, 5), (0, 0, 0, 0, 0, 0, 0, 0, 45, 45))
    few = an_evaluation((45, 45, 0, 0, 0, 0, 0, 0, 0, 0), (5, 5, 0, 0, 0, 0, 0, 0, 0, 0))
    found = pooled_metric({"many": many, "few": few, "again": few}, "auroc", PLAN)
    assert found.within.value == pytest.approx(0.5)
    assert found.estimate.value == pytest.approx(0.5, abs=0.01)
    assert found.all_cases.value > 0.8


@pytest.mark.parametrize("name", NAMES)
def test_below_three_sites_nothing_is_pooled_but_shown(name: str) -> None:
    two = {site: GOOD[site] for site in ("north", "east")}
    found = pooled_metric(two, name, PLAN)
    assert found.estimate == NotEstimable(reason=Reason.FEW_SITES)
    assert found.prediction is None
    assert found.heterogeneity is None
    assert isinstance(found.within, Estimate)
    assert isinstance(found.all_cases, Estimate)


def test_a_site_without_a_value_counts_in_no_mean_of_sites() -> None:
    """Coast has no positive case: its AUROC is undefined, and said to be; its cases are among all cases."""
    others = {site: evaluation for site, evaluation in GOOD.items() if site != "coast"}
    found, rest = pooled_metric(GOOD, "auroc", PLAN), pooled_metric(others, "auroc", PLAN)
    assert (found.sites, found.estimate, found.within) == (4, rest.estimate, rest.within)
    assert found.all_cases.n == rest.all_cases.n + GOOD["coast"].cases


def test_from_five_sites_on_a_new_one_is_predicted() -> None:
    found = pooled_metric(GOOD, "accuracy", PLAN)
    assert found.sites == 5
    assert found.prediction is not None
    assert found.prediction.approximate
    assert found.prediction.low < found.estimate.low < found.estimate.high < found.prediction.high
    assert 0 <= found.prediction.low <= found.prediction.high <= 1


def test_the_headline_without_each_site() -> None:
    found = pooled_metric(FOUR, "auroc", PLAN)
    assert [item.dataset for item in found.left_out] == list(FOUR)
    for item in found.left_out:
        others = {site: evaluation for site, evaluation in FOUR.items() if site != item.dataset}
        assert item.estimate == pooled_metric(others, "auroc", PLAN).estimate
    assert pooled_metric({site: FOUR[site] for site in list(FOUR)[:3]}, "auroc", PLAN).left_out == ()


def test_who_may_not_see_sites_sees_nothing_of_a_single_one() -> None:
    hidden = pooled_metric(FOUR, "auroc", PLAN, show_sites=False)
    assert (hidden.lowest, hidden.highest, hidden.left_out) == (None, None, ())
    assert hidden.estimate == pooled_metric(FOUR, "auroc", PLAN).estimate
    one_with_value = pooled_metric({"north": GOOD["north"], "coast": GOOD["coast"]}, "auroc", PLAN, show_sites=False)
    assert one_with_value.within == NotEstimable(reason=Reason.ONE_SITE)


def test_limits_hold_where_sites_lie_on_the_border() -> None:
    """Three sites without an error: finite, inside [0, 1], and wide."""
    perfect = an_evaluation((20, 0, 0, 0, 0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0, 0, 0, 20))
    sites = dict.fromkeys(("a", "b", "c"), perfect)
    for name in ("auroc", "accuracy", "ppv", "brier", "mcc", "f1", "net_benefit", "average_precision"):
        found = pooled_metric(sites, name, PLAN)
        for estimate in (found.estimate, found.within, found.all_cases):
            assert isinstance(estimate, Estimate), name
            assert -1 <= estimate.low <= estimate.value <= estimate.high <= 1
            assert estimate.low < estimate.high, name


def test_random_effects_cover_the_mean_of_sites() -> None:
    """200 federations of five sites whose shares differ: nominal 95%, less a little for five sites."""
    generator, plan, covered = np.random.default_rng(1), an_exact_plan((0.0, 0.5, 1.0)), 0
    centre = log(0.8 / 0.2)
    for _ in range(200):
        sites = {}
        for site in range(5):
            share = 1 / (1 + np.exp(-generator.normal(centre, 0.4)))
            right = generator.random(120) < share
            labels = generator.random(120) < 0.5
            sites[str(site)] = evaluated(labels, np.where(labels == right, 0.75, 0.25), plan)
        found = pooled_metric(sites, "accuracy", plan).estimate
        covered += found.low <= 0.8 <= found.high
    assert 0.9 <= covered / 200 <= 0.99
