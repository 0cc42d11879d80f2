"""Bootstrap replicates of the AUROC: their law, case by case, with and without compilation."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from medeval.metrics import bootstrap
from medeval.metrics.bootstrap import AurocReplicates, Backend, auroc_replicates, can_compile
from medeval.metrics.fused import count_pairs, count_replicates, draw_weights
from medeval.metrics.pairs import delong, double_wins

BACKENDS: list[Backend] = ["numba", "numpy"] if can_compile() else ["numpy"]
either = pytest.mark.parametrize("backend", BACKENDS)


def cases(n: int, decimals: int = 16) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    labels = rng.random(n) < 0.3
    return labels, np.round(1 / (1 + np.exp(-rng.normal(size=n) - labels)), decimals)


@either
@pytest.mark.parametrize(("labels", "scores"), [([1, 0, 1], [1, 1, 2]), ([0, 1, 0, 1, 0], [3, 1, 1, 2, 2])])
def test_every_draw_of_few_cases_has_its_probability(backend: Backend, labels: list[int], scores: list[int]) -> None:
    truth, values = np.array(labels, np.bool_), np.array(scores, np.float64)
    n = len(labels)
    outcomes = []
    for draw in product(range(n), repeat=n):
        chosen = np.array(draw)
        outcomes.append((double_wins(truth[chosen], values[chosen]), int(truth[chosen].sum())))
    found = auroc_replicates(truth, values, 4 * n**n, seed=3, backend=backend)
    drawn = list(zip(found.double_wins.tolist(), found.positives.tolist(), strict=True))
    assert set(drawn) <= set(outcomes)
    expected = {outcome: 4 * outcomes.count(outcome) for outcome in set(outcomes)}
    assert chisquare([drawn.count(outcome) for outcome in expected], list(expected.values())).pvalue > 0.001


@either
@pytest.mark.parametrize("decimals", [1, 16])
@pytest.mark.parametrize("n", [300, 9001])
def test_bias_and_spread_against_the_analytic_standard_error(backend: Backend, n: int, decimals: int) -> None:
    labels, scores = cases(n, decimals)
    expected = delong(labels, scores)
    found = auroc_replicates(labels, scores, 2000, seed=17, backend=backend).values
    standard_error = np.sqrt(expected.variance)
    assert abs(found.mean() - expected.auroc) / standard_error < 0.15
    assert found.std() / standard_error == pytest.approx(1, abs=0.08)


@either
def test_replicates_are_independent_of_each_other_and_of_other_seeds(backend: Backend) -> None:
    labels, scores = cases(6000)
    by_seed = [auroc_replicates(labels, scores, 2000, seed, backend).values for seed in (0, 1, 2)]
    lines = [*by_seed, np.roll(by_seed[0], 1), np.roll(by_seed[0], 2)]
    correlations = np.corrcoef(lines)[np.triu_indices(len(lines), 1)]
    assert abs(correlations).max() < 4 / np.sqrt(2000)
    assert len(np.unique(np.concatenate(by_seed))) > 0.99 * 6000


@either
@pytest.mark.parametrize("chosen", [0, 4095, 4096, 4096 + 2048, 4096 + 2048 + 3])
def test_each_case_is_drawn_once_on_average(backend: Backend, chosen: int) -> None:
    """Whichever part of the cases it is drawn with, full or rest: Poisson in the limit, variance 1 too."""
    labels = np.zeros(4096 + 2048 + 4, dtype=np.bool_)
    labels[chosen] = True
    drawn = auroc_replicates(labels, np.arange(len(labels), dtype=np.float64), 4000, 23, backend).positives
    assert drawn.mean() == pytest.approx(1, abs=4 / np.sqrt(4000))
    assert drawn.var() == pytest.approx(1, abs=0.12)


@either
def test_the_first_replicates_do_not_depend_on_how_many_follow(backend: Backend) -> None:
    labels, scores = cases(5000)
    few, many = (auroc_replicates(labels, scores, replicates, 9, backend) for replicates in (3, 8))
    np.testing.assert_array_equal(few.double_wins, many.double_wins[:3])


@either
@pytest.mark.parametrize("labels", [[True], [False, False]])
def test_one_class_has_no_value(backend: Backend, labels: list[bool]) -> None:
    found = auroc_replicates(np.array(labels, np.bool_), np.zeros(len(labels)), 5, 0, backend)
    assert found.double_wins.tolist() == found.pairs.tolist() == [0] * 5
    assert found.values.tolist() == []


def test_values_are_those_of_replicates_with_both_classes() -> None:
    found = AurocReplicates(np.array([0, 3, 4]), np.array([0, 1, 2]), n=3)
    assert found.values.tolist() == [0.75, 1.0]


ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40)


@given(ROWS, st.integers(0, 2**32))
def test_the_loops_draw_possible_replicates_uncompiled_and_the_same_compiled(
    rows: list[tuple[bool, int]], seed: int
) -> None:
    labels, scores = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], np.float64)
    found = run_uncompiled(labels, scores, 3, seed)
    assert ((found.positives >= 0) & (found.positives <= len(rows))).all()
    assert ((found.double_wins >= 0) & (found.double_wins <= 2 * found.pairs)).all()
    if can_compile():
        compiled = auroc_replicates(labels, scores, 3, seed, "numba")
        np.testing.assert_array_equal(found.double_wins, compiled.double_wins)
        np.testing.assert_array_equal(found.positives, compiled.positives)


def run_uncompiled(labels: np.ndarray, scores: np.ndarray, replicates: int, seed: int) -> AurocReplicates:
    with pytest.MonkeyPatch.context() as patch, np.errstate(over="ignore"):
        patch.setattr(bootstrap, "_compiled", lambda: partial(count_replicates, draw_weights, count_pairs))
        return auroc_replicates(labels, scores, replicates, seed, "numba")


@given(ROWS, st.lists(st.integers(1, 5), min_size=40, max_size=40), st.integers(1, 39))
def test_pairs_of_weighted_cases_in_two_chunks(rows: list[tuple[bool, int]], weights: list[int], cut: int) -> None:
    rows = sorted(rows, key=lambda row: (row[1], row[0]))
    expected = [row for row, weight in zip(rows, weights, strict=False) for _ in range(weight)]
    found = np.zeros((1, 2), np.int64)
    begins = [place == 0 or row[1] != rows[place - 1][1] for place, row in enumerate(rows)]
    cases = np.array([[row[0] for row in rows], begins], np.uint8)
    sizes = [size for size in (min(cut, len(rows)), len(rows) - cut) if size > 0]
    left = iter(weights)

    def give(chunk: np.ndarray, _total: int, _state: np.ndarray) -> None:
        chunk[:] = [next(left) for _ in chunk]

    none = np.zeros((1, 4), np.uint64)
    chunks = np.array([sizes, bootstrap._ties(*cases.astype(np.bool_), np.array(sizes))])
    count_replicates(give, count_pairs, cases, chunks, np.zeros((1, 2), np.int64), none, found)
    wins = double_wins(np.array([row[0] for row in expected]), np.array([row[1] for row in expected], np.float64))
    assert found.tolist() == [[wins, sum(row[0] for row in expected)]]


def test_what_cannot_be_ordered_is_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        auroc_replicates(np.array([True, False]), np.array([0.5]), 2, 0)
    with pytest.raises(ValueError, match="without NaN"):
        auroc_replicates(np.array([True]), np.array([np.nan]), 2, 0)
    with pytest.raises(ValueError, match="with a case"):
        auroc_replicates(np.array([], np.bool_), np.array([]), 2, 0)
