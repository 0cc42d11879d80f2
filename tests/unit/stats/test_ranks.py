"""Ranks, their intervals and tiers, and the simulation under them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from medeval.domain.benchmark import Direction
from medeval.stats.heterogeneity import Effect
from medeval.stats.meta import pool
from medeval.stats.ranks import Basis, Ranked, Ranking, RankRules, rank
from medeval.stats.simulation import ModelEffects, SiteCovariance, simulate, widening

RULES = RankRules(draws=400)
effect = st.builds(Effect, st.floats(-2, 2).map(lambda x: round(x, 3)), st.floats(0.001, 0.5))
boards = st.dictionaries(
    st.sampled_from("abcde"), st.dictionaries(st.sampled_from("nesw"), effect, min_size=1), min_size=1, max_size=5
)


def a_board(variance: float = 0.01, **means: float) -> dict[str, dict[str, Effect]]:
    """Models with a mean each, at four sites that differ a little."""
    moved = {"n": -0.06, "e": -0.02, "s": 0.02, "w": 0.06}
    return {m: {site: Effect(mean + by, variance) for site, by in moved.items()} for m, mean in means.items()}


def independent(effects: dict[str, dict[str, Effect]]) -> ModelEffects:
    return ModelEffects(effects, {})


def row(ranking: Ranking, model: str) -> Ranked:
    return next(item for item in ranking.models if item.model == model)


def paired(
    effects: dict[str, dict[str, Effect]], variance: float, *pairs: str
) -> dict[tuple[str, str], dict[str, Effect]]:
    return {
        (a, b): {s: Effect(effects[a][s].value - effects[b][s].value, variance) for s in effects[a]} for a, b in pairs
    }


def test_models_far_apart_are_certain_of_their_ranks_and_tiers() -> None:
    found = rank(independent(a_board(a=0.0, b=3.0, c=6.0)), {}, RULES)
    assert found.models == (Ranked("c", 1, 1, 1, 1), Ranked("b", 2, 2, 2, 2), Ranked("a", 3, 3, 3, 3))
    assert found.basis is Basis.SITES


def test_less_is_better_turns_the_order() -> None:
    board = independent(a_board(a=0.0, b=3.0, c=6.0))
    found = rank(board, {}, RankRules(direction=Direction.LOWER, draws=400))
    assert [item.model for item in found.models] == ["a", "b", "c"]


def test_nearest_to_the_target_is_best() -> None:
    rules = RankRules(direction=Direction.TARGET, target=1.0, draws=400)
    board = a_board(low=-2.0, near=1.2, high=3.0)
    found = rank(independent(board), paired(board, 0.001, ("near", "low"), ("near", "high"), ("low", "high")), rules)
    assert [item.model for item in found.models] == ["near", "high", "low"]
    assert found.basis is Basis.SITES


def test_models_that_cannot_be_told_apart_share_rank_and_tier() -> None:
    found = rank(independent(a_board(a=1.0, b=1.0, z=-5.0)), {}, RULES)
    assert [(item.model, item.rank, item.tier) for item in found.models] == [("a", 1, 1), ("b", 1, 1), ("z", 3, 2)]
    assert (row(found, "a").low, row(found, "a").high) == (1, 2)


def test_one_model_and_none() -> None:
    assert rank(independent(a_board(a=1.0)), {}, RULES) == Ranking((Ranked("a", 1, 1, 1, 1),), None)
    assert rank(independent({}), {}, RULES) == Ranking((), None)
    with pytest.raises(ValueError, match="without any effect"):
        independent({"a": {}})


def test_paired_comparisons_tell_apart_what_simulation_cannot() -> None:
    board = a_board(variance=0.05, a=1.0, b=1.15)
    unpaired = rank(independent(board), {}, RULES)
    assert [item.tier for item in unpaired.models] == [1, 1]
    found = rank(independent(board), paired(board, 0.0004, ("a", "b")), RULES)
    assert [(item.model, item.tier) for item in found.models] == [("b", 1), ("a", 2)]
    assert found.basis is Basis.PAIRED


def test_a_paired_difference_for_the_lower_model_shows_nothing() -> None:
    """The sites that hold both models favour the one that ranks lower: it is not shown to be worse."""
    board = a_board(a=1.0, b=1.3)
    opposite = {("a", "b"): {site: Effect(0.5, 0.0001) for site in "nesw"}}
    assert [item.tier for item in rank(independent(board), opposite, RULES).models] == [1, 1]


def test_some_pairs_alone_make_a_mixed_basis() -> None:
    board = a_board(a=1.0, b=1.1, c=-9.0)
    found = rank(independent(board), paired(board, 0.0001, ("a", "b")), RULES)
    assert found.basis is Basis.MIXED
    assert [item.tier for item in found.models] == [1, 2, 3]


def test_too_few_sites_for_a_paired_comparison_fall_back() -> None:
    board = a_board(a=1.0, b=1.3)
    two_sites = {("a", "b"): {"n": Effect(-0.3, 0.001), "e": Effect(-0.3, 0.001)}}
    assert rank(independent(board), two_sites, RULES).basis is Basis.SITES


def test_paired_differences_of_a_metric_of_which_less_is_better() -> None:
    board = a_board(variance=0.05, a=1.0, b=1.15)
    rules = RankRules(direction=Direction.LOWER, draws=100)
    found = rank(independent(board), paired(board, 0.0004, ("b", "a")), rules)
    assert [(item.model, item.tier) for item in found.models] == [("a", 1), ("b", 2)]


def test_both_models_variances_count_where_cases_are_not_paired() -> None:
    """A difference of 0.1 at four sites, tested by t with 3 degrees: 2.8 or 4 standard errors."""
    for variance, tiers in ((0.0025, [1, 1]), (0.0, [1, 2])):
        board = {"a": {s: Effect(0.1, variance) for s in "nesw"}, "b": {s: Effect(0.0, 0.0025) for s in "nesw"}}
        assert [item.tier for item in rank(independent(board), {}, RULES).models] == tiers


def test_the_interval_of_a_rank_holds_the_rank() -> None:
    board = {"a": {"n": Effect(1.0, 4.0)}, "b": {"n": Effect(0.9, 4.0)}, "c": {"n": Effect(0.8, 4.0)}}
    found = rank(independent(board), {}, RankRules(level=0.02, draws=1000)).models
    assert [(item.low <= item.rank <= item.high) for item in found] == [True] * 3


def test_with_too_few_common_sites_nothing_is_shown() -> None:
    board = {"a": {s: Effect(0.0, 0.001) for s in "nes"}, "b": {s: Effect(9.0, 0.001) for s in "esw"}}
    found = rank(independent(board), {}, RULES)
    assert [item.tier for item in found.models] == [1, 1]
    assert found.basis is None


def test_tiers_are_told_apart_by_holms_adjusted_two_sided_p_value() -> None:
    board = a_board(a=1.0, b=1.1)
    differences = {("b", "a"): {s: Effect(0.1, 0.0025) for s in "nesw"}}
    p = pool(list(differences["b", "a"].values())).p_value()
    assert 0.025 < p < 0.05
    for level, tiers in ((0.95, [1, 2]), (0.98, [1, 1])):
        found = rank(independent(board), differences, RankRules(level=level, draws=100))
        assert [item.tier for item in found.models] == tiers
    more = rank(independent({**board, "c": a_board(c=1.05)["c"]}), differences, RULES)
    assert [item.tier for item in more.models] == [1, 1, 1]


def test_differences_at_sites_cancel_what_sites_do_to_all_models() -> None:
    """Sites differ by far more than the models do; at each site the same model is ahead."""
    by = {"n": -2.0, "e": 0.0, "s": 1.0, "w": 3.0}
    board = {m: {s: Effect(mean + shift, 0.001) for s, shift in by.items()} for m, mean in (("a", 0.0), ("b", 0.3))}
    assert [item.tier for item in rank(independent(board), {}, RULES).models] == [1, 2]


@settings(max_examples=40, deadline=None)
@given(boards)
def test_order_and_repetition_are_nothing(board: dict[str, dict[str, Effect]]) -> None:
    turned = {model: dict(reversed(effects.items())) for model, effects in reversed(board.items())}
    found = rank(independent(board), {}, RULES)
    assert found == rank(independent(turned), {}, RULES)
    assert found == rank(independent(board), {}, RULES)


@settings(max_examples=40, deadline=None)
@given(boards)
def test_what_holds_for_any_ranking(board: dict[str, dict[str, Effect]]) -> None:
    found = rank(independent(board), {}, RULES).models
    assert {item.model for item in found} == set(board)
    assert [item.rank for item in found] == sorted(item.rank for item in found)
    assert all(1 <= item.low <= item.rank <= item.high <= len(board) for item in found)
    assert {item.tier for item in found} == set(range(1, max(item.tier for item in found) + 1))
    assert found[0].tier == 1


@settings(max_examples=20, deadline=None)
@given(boards, st.sampled_from([0.25, 8.0]))
def test_units_are_nothing(board: dict[str, dict[str, Effect]], unit: float) -> None:
    scaled = {
        m: {s: Effect(e.value * unit, e.variance * unit**2) for s, e in sites.items()} for m, sites in board.items()
    }
    assert rank(independent(scaled), {}, RULES) == rank(independent(board), {}, RULES)


def test_a_better_value_never_ranks_lower() -> None:
    boards = [a_board(a=value, b=0.5, c=1.0) for value in (0.0, 0.3, 0.6, 0.9, 1.2)]
    ranks = [row(rank(independent(board), {}, RULES), "a") for board in boards]
    assert [item.rank for item in ranks] == [3, 3, 2, 2, 1]
    assert [item.high for item in ranks] == sorted((item.high for item in ranks), reverse=True)


def test_simulated_means_have_the_spread_of_two_stages() -> None:
    """(k - 1)/k of the variance of the sites' values, and the variance within sites, over k; by formula, and spread."""
    board = {"a": {site: Effect(value, 0.04) for site, value in zip("nesw", (0.0, 1.0, 2.0, 5.0), strict=True)}}
    known = independent(board)
    drawn = simulate(known, known.pooled(), 40_000, seed=1)[:, 0]
    values = np.array([0.0, 1.0, 2.0, 5.0])
    assert drawn.mean() == pytest.approx(2.0, abs=0.02)
    assert drawn.var() == pytest.approx((values.var() / 4 + 0.04 / 4) * widening(4) ** 2, rel=0.03)


@pytest.mark.parametrize("sites", [2, 3, 4, 10, 200])
def test_draws_are_spread_as_few_sites_ask(sites: int) -> None:
    expected = np.sqrt(sites / (sites - 1)) * t.ppf(0.975, sites - 1) / norm.ppf(0.975)
    assert widening(sites) == pytest.approx(expected, rel=1e-9)
    assert widening(1) == 1.0


def test_a_rank_is_no_firmer_than_the_paired_difference() -> None:
    """Four sites at which the same model leads by little: no resample turns the order, but four sites tell little."""
    board = {
        "a": {site: Effect(value, 0.001) for site, value in zip("nesw", (0.2, 0.4, 0.3, 0.5), strict=True)},
        "b": {site: Effect(value, 0.001) for site, value in zip("nesw", (0.1, 0.35, 0.28, 0.49), strict=True)},
    }
    found = rank(independent(board), {}, RankRules())
    assert [(model.low, model.high) for model in found.models] == [(1, 2), (1, 2)]


def test_simulation_is_that_of_explicit_resampling() -> None:
    """Site by site, copy by copy, with the weights of the meta-analysis."""
    board = {"a": {"n": Effect(0.0, 0.01), "e": Effect(1.0, 0.2), "s": Effect(0.4, 0.05)}}
    known = independent(board)
    pooled = known.pooled()
    sites = sorted(board["a"])
    weights = dict(zip(sites, pooled[0].weights, strict=True))
    generator = np.random.default_rng(8)
    direct = []
    for _ in range(20_000):
        taken = generator.choice(sites, 3)
        copies = [generator.normal(board["a"][s].value, np.sqrt(board["a"][s].variance)) for s in taken]
        direct.append(np.average(copies, weights=[weights[s] for s in taken]))
    drawn = simulate(known, pooled, 20_000, seed=2)[:, 0]
    drawn = pooled[0].effect + (drawn - pooled[0].effect) / widening(3)
    assert drawn.mean() == pytest.approx(np.mean(direct), abs=0.01)
    assert np.quantile(drawn, [0.025, 0.25, 0.75, 0.975]) == pytest.approx(
        np.quantile(direct, [0.025, 0.25, 0.75, 0.975]), abs=0.02
    )


def test_models_of_one_site_vary_together_as_their_matrix_says() -> None:
    board = {m: {"n": Effect(0.0, v)} for m, v in (("a", 0.01), ("b", 0.04), ("c", 0.09))}
    matrix = SiteCovariance(("c", "a"), ((0.09, 0.024), (0.024, 0.01)))
    known = ModelEffects(board, {"n": matrix})
    drawn = simulate(known, known.pooled(), 40_000, seed=1)
    expected = np.diag([0.01, 0.04, 0.09])
    expected[0, 2] = expected[2, 0] = 0.024
    assert np.cov(drawn.T) == pytest.approx(expected, abs=0.002)


def test_a_matrix_that_rounding_broke_is_mended() -> None:
    board = {m: {"n": Effect(0.0, 0.01)} for m in "abc"}
    broken = SiteCovariance(tuple("abc"), ((0.01, 0.01, -0.01), (0.01, 0.01, 0.01), (-0.01, 0.01, 0.01)))
    known = ModelEffects(board, {"n": broken})
    drawn = simulate(known, known.pooled(), 20_000, seed=1)
    assert drawn.var(axis=0) == pytest.approx([0.01] * 3, rel=0.05)


def test_models_that_do_not_vary_at_a_site() -> None:
    board = {"a": {"n": Effect(1.0, 0.0)}, "b": {"n": Effect(0.5, 0.01)}}
    known = ModelEffects(board, {"n": SiteCovariance(("a", "b"), ((0.0, 0.0), (0.0, 0.01)))})
    drawn = simulate(known, known.pooled(), 1000, seed=1)
    assert set(drawn[:, 0]) == {1.0}
    assert drawn[:, 1].std() == pytest.approx(0.1, rel=0.1)


def test_correlated_models_are_more_certain_of_their_ranks() -> None:
    board = a_board(variance=0.09, **{f"m{i}": 0.1 * i for i in range(6)})
    models = tuple(board)
    near = SiteCovariance(models, tuple(tuple(0.09 * (1.0 if a == b else 0.99) for a in models) for b in models))
    alone = rank(independent(board), {}, RULES)
    together = rank(ModelEffects(board, dict.fromkeys("nesw", near)), {}, RULES)
    assert sum(r.high - r.low for r in together.models) < sum(r.high - r.low for r in alone.models) / 2


def test_a_model_of_one_site_is_drawn_at_that_site_always() -> None:
    """Half of the draws leave its site out; they take it all the same, so the model never has no value."""
    board = {**a_board(a=1.0), "one": {"n": Effect(9.0, 0.01)}}
    known = independent(board)
    drawn = simulate(known, known.pooled(), 2000, seed=3)
    assert drawn[:, 1].min() > 8
    assert drawn[:, 1].std() == pytest.approx(0.1, rel=0.15)
