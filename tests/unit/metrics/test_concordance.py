"""Harrell's counts against every pair, one by one, and against lifelines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines.utils.concordance import _concordance_summary_statistics

from medeval.metrics.concordance import PairCounts, pair_counts, per_case_counts

Case = tuple[float, bool, float]
CASES = st.lists(st.tuples(st.integers(0, 6).map(float), st.booleans(), st.integers(-4, 4).map(float)), max_size=30)


def arrays(cases: list[Case]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    time, event, risk = zip(*cases, strict=True) if cases else ((), (), ())
    return np.array(time, np.float64), np.array(event, np.bool_), np.array(risk, np.float64)


def by_pairs(cases: list[Case]) -> tuple[list[int], list[int], PairCounts]:
    """Each ordered pair by the definition: the first has the event, the second is then still free of it."""
    concordant2, comparable = [0] * len(cases), [0] * len(cases)
    concordant = tied = 0
    for i, (time, event, risk) in enumerate(cases):
        for j, (later, other_event, other_risk) in enumerate(cases):
            if event and (later > time or (later == time and not other_event)):
                concordant, tied = concordant + (risk > other_risk), tied + (risk == other_risk)
                for case in (i, j):
                    comparable[case] += 1
                    concordant2[case] += 2 * (risk > other_risk) + (risk == other_risk)
    return concordant2, comparable, PairCounts(concordant, tied, sum(comparable) // 2)


@given(CASES)
def test_each_pair_is_counted(cases: list[Case]) -> None:
    concordant2, comparable, whole = by_pairs(cases)
    found2, found = per_case_counts(*arrays(cases))
    assert pair_counts(*arrays(cases)) == whole
    assert (found2.tolist(), found.tolist()) == (concordant2, comparable)
    assert (found2.dtype, found.dtype) == (np.int64, np.int64)


@given(CASES)
def test_counts_are_those_of_lifelines(cases: list[Case]) -> None:
    time, event, risk = arrays(cases)
    found = pair_counts(time, event, risk)
    counts = (found.concordant, found.tied, found.comparable)
    assert counts == tuple(int(count) for count in _concordance_summary_statistics(time, -risk, event))
    assert all(type(count) is int for count in counts)


@pytest.mark.parametrize("resolution", [3, 100, 10**9])
def test_many_cases_as_lifelines(resolution: int) -> None:
    rng = np.random.default_rng(7)
    n = 3000
    risk = np.round(rng.normal(size=n) * resolution) / resolution
    time = np.ceil(rng.exponential(np.exp(-risk)) * resolution) / resolution
    event = rng.random(n) < 0.4
    found = pair_counts(time, event, risk)
    expected = _concordance_summary_statistics(time, -risk, event)
    assert (found.concordant, found.tied, found.comparable) == tuple(int(count) for count in expected)
    concordant2, comparable = per_case_counts(time, event, risk)
    assert int(concordant2.sum()) == 2 * (2 * found.concordant + found.tied)
    assert int(comparable.sum()) == 2 * found.comparable


@pytest.mark.parametrize(
    ("cases", "counts"),
    [
        ([], PairCounts(0, 0, 0)),
        ([(1.0, True, 0.5)], PairCounts(0, 0, 0)),
        ([(1.0, False, 0.5), (2.0, False, 0.1)], PairCounts(0, 0, 0)),
        ([(1.0, True, 0.5), (1.0, True, 0.1)], PairCounts(0, 0, 0)),
        ([(1.0, True, 0.5), (1.0, False, 0.1)], PairCounts(1, 0, 1)),
        ([(1.0, True, -0.0), (2.0, True, 0.0)], PairCounts(0, 1, 1)),
        ([(1.0, True, 0.1), (2.0, True, 0.2)], PairCounts(0, 0, 1)),
    ],
)
def test_few_cases(cases: list[Case], counts: PairCounts) -> None:
    assert pair_counts(*arrays(cases)) == counts


def test_what_cannot_be_ordered_is_refused() -> None:
    time, event, risk = arrays([(1.0, True, 0.5), (2.0, False, 0.1)])
    with pytest.raises(ValueError, match="one shape"):
        pair_counts(time, event, risk[:1])
    with pytest.raises(ValueError, match="one shape"):
        per_case_counts(time[None], event[None], risk[None])
    with pytest.raises(ValueError, match="NaN"):
        pair_counts(time, event, np.array([0.5, np.nan]))
