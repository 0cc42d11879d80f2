"""Replicates of a table: as many cases as asked for, from filled cells, spread as the multinomial law says."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from medeval.stats.table_bootstrap import replicate_table

COUNTS = st.integers(1, 6).flatmap(
    lambda bins: st.tuples(*(st.lists(st.integers(0, 9), min_size=bins, max_size=bins) for _ in range(2)))
)


@given(COUNTS.filter(lambda table: sum(map(sum, table)) > 0), st.integers(0, 2**63), st.floats(0.5, 1))
def test_replicates_draw_from_the_filled_cells(
    table: tuple[list[int], list[int]], seed: int, information: float
) -> None:
    n = sum(map(sum, table))
    effective = max(1.0, n * information)
    found = replicate_table(*table, replicates=7, seed=seed, effective_n=effective)
    for counts, drawn in zip(table, found, strict=True):
        assert drawn.shape == (7, len(counts))
        assert drawn.min() >= 0
        assert not drawn[:, np.array(counts) == 0].any()
    assert (found[0].sum(axis=1) + found[1].sum(axis=1) == round(effective)).all()
    again = replicate_table(*table, replicates=7, seed=seed, effective_n=effective)
    np.testing.assert_array_equal(found, again)


def test_every_draw_of_few_cases_has_its_probability() -> None:
    n0, n1 = replicate_table([1, 1], [1, 0], replicates=27_000, seed=5)
    drawn = [tuple(row) for row in np.hstack((n0, n1[:, :1])).tolist()]
    draws = [tuple(np.bincount(places, minlength=3).tolist()) for places in product(range(3), repeat=3)]
    expected = {outcome: 1000 * draws.count(outcome) for outcome in set(draws)}
    assert chisquare([drawn.count(outcome) for outcome in expected], list(expected.values())).pvalue > 0.001


@pytest.mark.parametrize("design_effect", [1.0, 4.0])
def test_spread_follows_the_design_effect(design_effect: float) -> None:
    n0, n1 = replicate_table([3000, 2000], [1000, 4000], 4000, seed=11, effective_n=10_000 / design_effect)
    share = n1.sum(axis=1) / (n0.sum(axis=1) + n1.sum(axis=1))
    standard_error = np.sqrt(0.25 * design_effect / 10_000)
    assert abs(share.mean() - 0.5) / standard_error < 0.1
    assert share.std() / standard_error == pytest.approx(1, abs=0.05)


def test_replicates_are_independent_of_each_other_and_of_other_seeds() -> None:
    columns = [replicate_table([50, 50], [50, 50], 4000, seed)[1].sum(axis=1) for seed in (1, 2)]
    columns.append(np.roll(columns[0], 1))
    correlations = np.corrcoef(columns)[np.triu_indices(3, 1)]
    assert abs(correlations).max() < 4 / np.sqrt(4000)


@pytest.mark.parametrize(
    ("n0", "n1", "effective_n"),
    [([], [], None), ([0], [0], None), ([1, 2], [3], None), ([-1, 2], [3, 4], None), ([2], [3], 0.4), ([2], [3], 6)],
)
def test_what_is_no_table_is_refused(n0: list[int], n1: list[int], effective_n: float | None) -> None:
    with pytest.raises(ValueError, match=r"a table needs|the effective size"):
        replicate_table(n0, n1, 10, 0, effective_n)
