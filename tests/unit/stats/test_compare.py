"""Paired comparisons: variances from the cases themselves, the pooled test, Holm's adjustment."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel
from statsmodels.stats.multitest import multipletests

from medeval.stats.compare import (
    Comparison,
    NotCompared,
    between,
    by_pair,
    compare,
    difference_of_decisions,
    difference_of_moments,
    differences_of_covariance,
    holm,
    pairs_with_best,
)
from medeval.stats.heterogeneity import Effect
from medeval.stats.meta import pool

shares = st.lists(st.floats(0, 1), min_size=1, max_size=12)
effect = st.builds(Effect, st.floats(-1, 1), st.floats(1e-4, 1))
at_sites = st.dictionaries(st.sampled_from("nesw"), effect, min_size=3)


def a_comparison(differences: dict[tuple[str, str], dict[str, Effect]], first: str, second: str) -> Comparison:
    (found,) = compare(differences, [(first, second)])
    assert isinstance(found, Comparison)
    return found


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=40))
def test_moments_give_the_paired_t_test(cases: list[tuple[int, int]]) -> None:
    differences = [a - b for a, b in cases]
    found = difference_of_moments(len(cases), sum(differences), sum(d * d for d in differences))
    assert found is not None
    assert found.value == pytest.approx(np.mean(differences))
    assert found.variance == pytest.approx(np.var(differences, ddof=1) / len(cases))
    if found.variance:
        first, second = zip(*cases, strict=True)
        assert found.value / found.variance**0.5 == pytest.approx(ttest_rel(first, second).statistic)
    else:
        assert len(set(differences)) == 1


def test_one_case_has_no_paired_variance() -> None:
    assert difference_of_moments(1, 3, 9) is None
    assert difference_of_moments(3, 2**60 * 3, 2**120 * 3) == Effect(2.0**60, 0.0)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 60))
def test_decisions_have_a_variance_even_without_discordant_cases(b: int, c: int, others: int) -> None:
    n = b + c + others
    found = difference_of_decisions(b, c, n)
    # Agresti & Min: each of the four cells holds half a case more
    n2, b2, c2 = n + 2, b + 0.5, c + 0.5
    assert found.value == pytest.approx((b - c) / n)
    assert found.variance == pytest.approx(((b2 + c2) - (b2 - c2) ** 2 / n2) / n2**2)
    assert found.variance > 0
    assert difference_of_decisions(c, b, n) == Effect(-found.value, found.variance)


def test_decisions_approach_the_plain_variance() -> None:
    found = difference_of_decisions(3000, 2000, 100_000)
    assert found.variance == pytest.approx((0.05 - 0.01**2) / 100_000, rel=1e-3)


@pytest.mark.parametrize("table", [(-1, 0, 5), (0, -1, 5), (3, 3, 5), (0, 0, 0)])
def test_impossible_tables_are_refused(table: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="discordant"):
        difference_of_decisions(*table)


def test_covariance_gives_the_variance_of_the_cases_own_differences() -> None:
    cases = np.random.default_rng(5).normal(size=(40, 3)) @ np.array([[1, 0.8, 0.5], [0, 0.6, 0.4], [0, 0, 1]])
    found = differences_of_covariance("abc", cases.mean(axis=0).tolist(), (np.cov(cases.T) / 40).tolist())
    assert list(found) == [("a", "b"), ("a", "c"), ("b", "c")]
    for (i, j), difference in zip(combinations(range(3), 2), found.values(), strict=True):
        own = cases[:, i] - cases[:, j]
        assert difference.value == pytest.approx(own.mean())
        assert difference.variance == pytest.approx(own.var(ddof=1) / 40)


def test_equal_models_differ_by_nothing() -> None:
    found = differences_of_covariance("ab", [0.8, 0.8], [[0.01, 0.01], [0.01, 0.01]])
    comparison = a_comparison(by_pair(dict.fromkeys("nes", found)), "a", "b")
    assert (comparison.difference, comparison.low, comparison.high, comparison.p) == (0, 0, 0, 1)


def test_sites_are_gathered_whichever_way_they_name_a_pair() -> None:
    found = by_pair({"n": {("a", "b"): Effect(0.1, 0.01)}, "s": {("b", "a"): Effect(0.2, 0.02)}})
    assert found == {("a", "b"): {"n": Effect(0.1, 0.01), "s": Effect(-0.2, 0.02)}}
    assert between(found, "b", "a") == {"n": Effect(-0.1, 0.01), "s": Effect(0.2, 0.02)}
    assert between(found, "a", "z") == {}


@given(at_sites)
def test_turning_a_pair_turns_its_comparison(sites: dict[str, Effect]) -> None:
    there = a_comparison({("a", "b"): sites}, "a", "b")
    back = a_comparison({("a", "b"): sites}, "b", "a")
    assert back == Comparison("b", "a", -there.difference, -there.high, -there.low, there.p, there.p_holm, there.sites)


@given(at_sites)
def test_a_comparison_is_the_meta_analysis_of_its_sites(sites: dict[str, Effect]) -> None:
    found, pooled = a_comparison({("a", "b"): sites}, "a", "b"), pool(list(sites.values()))
    assert (found.difference, found.low, found.high) == (pooled.effect, pooled.low, pooled.high)
    assert found.sites == len(sites)
    assert (found.p < 0.05) == (found.low > 0 or found.high < 0) or abs(found.p - 0.05) < 1e-9


def test_a_model_without_enough_sites_is_not_compared_and_does_not_count() -> None:
    three = {site: Effect(0.1 + 0.01 * i, 0.001) for i, site in enumerate("nes")}
    found = compare({("a", "b"): three, ("a", "c"): {"n": Effect(0.5, 0.01)}}, [("a", "b"), ("a", "c"), ("b", "c")])
    assert found[1:] == (NotCompared("a", "c", 1), NotCompared("b", "c", 0))
    assert isinstance(found[0], Comparison)
    assert found[0].p_holm == found[0].p


def test_a_site_where_all_cases_differ_alike_does_not_outweigh_the_others() -> None:
    sites = {"n": Effect(0.0, 0.0), "e": Effect(0.1, 0.01), "s": Effect(0.1, 0.02)}
    found = a_comparison({("a", "b"): sites}, "a", "b")
    assert found == a_comparison({("a", "b"): {**sites, "n": Effect(0.0, 0.02)}}, "a", "b")
    assert found.difference > 0.05


@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_holm_is_that_of_statsmodels(n: int) -> None:
    p_values = np.random.default_rng(n).beta(0.3, 1, n).tolist()
    assert holm(p_values) == pytest.approx(tuple(multipletests(p_values, method="holm")[1]))


@given(shares, st.randoms(use_true_random=False))
def test_holm_never_lowers_and_keeps_the_order(p_values: list[float], shuffle: object) -> None:
    adjusted = dict(zip(p_values, holm(p_values), strict=True))
    assert all(adjusted[p] >= p for p in p_values)
    ordered = sorted(p_values)
    assert [adjusted[p] for p in ordered] == sorted(adjusted[p] for p in ordered)
    shuffle.shuffle(p_values)
    assert dict(zip(p_values, holm(p_values), strict=True)) == adjusted


def test_holm_of_nothing_and_of_no_share() -> None:
    assert holm([]) == ()
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.2, float("nan")])


def test_many_are_compared_with_the_best() -> None:
    assert pairs_with_best(["b", "c", "a"]) == (("b", "c"), ("b", "a"))
    assert compare({}, []) == ()


def test_the_paired_test_keeps_its_level() -> None:
    """Two equal models at five sites that differ: one in twenty comparisons errs."""
    generator, wrong, replicates = np.random.default_rng(11), 0, 1000
    for _ in range(replicates):
        sites = {}
        for site in "nesw+":
            n, shift = int(generator.integers(40, 200)), generator.normal(0, 0.1)
            d = generator.normal(shift, 1, n)
            sites[site] = difference_of_moments(n, float(d.sum()), float((d * d).sum()))
        wrong += a_comparison({("a", "b"): sites}, "a", "b").p < 0.05
    assert 0.01 <= wrong / replicates <= 0.07
