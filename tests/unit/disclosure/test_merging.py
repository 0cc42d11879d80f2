"""Merge, then round: what leaves of a score table, whatever it holds."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from medeval.disclosure.leaving import card_counts, to_leave
from medeval.disclosure.merging import merged, rounded_along, rounded_count, step_of
from medeval.domain.dataset import DatasetStatistics
from medeval.domain.estimate import NotEstimable, Reason
from medeval.domain.families.base import ClusterSizes, Wide
from medeval.domain.families.binary import PositiveWhen, ScoreTable
from medeval.domain.policies import HOSPITAL, PUBLIC_DATA
from medeval.domain.result import Evaluation, GroupEvaluation, WithheldGroup
from medeval.stats.estimates import measure_of
from medeval.stats.measure import Measured
from tests.boards import PLAN, an_evaluation

counts = st.lists(st.sampled_from([0, 1, 4, 9, 10, 11, 37, 400]), min_size=2, max_size=25)


@st.composite
def tables(draw: st.DrawFn) -> tuple[ScoreTable, float]:
    """A table of any counts and possible sums, and one of its inner edges as the threshold."""
    n0 = draw(counts)
    n1 = draw(st.lists(st.sampled_from([0, 1, 4, 9, 10, 11, 37, 400]), min_size=len(n0), max_size=len(n0)))
    inner = draw(st.lists(st.integers(1, 999), min_size=len(n0) - 1, max_size=len(n0) - 1, unique=True))
    edges = (0.0, *(edge / 1000 for edge in sorted(inner)), 1.0)
    unit = draw(st.sampled_from([0.001, 1e-6, 0.01]))
    shares = draw(st.lists(st.floats(0, 1), min_size=len(n0), max_size=len(n0)))
    bins = zip(n0, n1, pairwise(edges), shares, strict=True)
    sums = tuple(Wide.of(round((a + b) * (low + share * (high - low)) / unit)) for a, b, (low, high), share in bins)
    table = ScoreTable(
        edges=edges,
        positive_when=PositiveWhen.ABOVE,
        resolution=unit,
        n0=tuple(n0),
        n1=tuple(n1),
        sums=sums,
    )
    return table, draw(st.sampled_from(edges[1:-1]))


@given(tables())
def test_no_cell_is_small_every_count_is_rounded_and_totals_hold(drawn: tuple[ScoreTable, float]) -> None:
    table, threshold = drawn
    assume(min(table.classes) >= HOSPITAL.min_cell)
    found = merged(table, HOSPITAL, threshold)
    assert min((*found.n0, *found.n1)) >= 10
    assert not any(count % 5 for count in (*found.n0, *found.n1))
    assert found.classes == tuple(rounded_count(total, 5) for total in table.classes)
    assert set(found.edges) <= set(table.edges)
    found.check_sums()


@given(tables())
def test_what_was_merged_stays_as_it_is(drawn: tuple[ScoreTable, float]) -> None:
    table, threshold = drawn
    once = merged(table, HOSPITAL, threshold)
    assert merged(once, HOSPITAL, threshold) == once


@given(tables())
def test_a_bin_stays_whenever_nothing_has_to_merge(drawn: tuple[ScoreTable, float]) -> None:
    table, threshold = drawn
    large = table.model_copy(
        update={name: tuple(count + 10 for count in getattr(table, name)) for name in ("n0", "n1")}
    )
    assert merged(large, HOSPITAL, threshold).edges == table.edges


@given(tables())
def test_the_threshold_stays_if_either_side_holds_enough(drawn: tuple[ScoreTable, float]) -> None:
    table, threshold = drawn
    assume(min(table.classes) >= 10)
    tp, fp, tn, fn = table.split_at(threshold)
    assert (threshold in merged(table, HOSPITAL, threshold).edges) or min(tp, fp, tn, fn) < 10
    if min(tp, fp, tn, fn) < 10:
        assert threshold not in merged(table, HOSPITAL, threshold).edges


@given(tables())
def test_the_mean_score_of_a_bin_moves_by_half_a_step_at_most(drawn: tuple[ScoreTable, float]) -> None:
    table, threshold = drawn
    assume(min(table.classes) >= 10)
    found = merged(table, HOSPITAL, threshold)
    exact = table.coarsened(found.edges)
    for place, (low, high) in enumerate(pairwise(found.edges)):
        before = exact.sums[place].total * table.unit / (exact.n0[place] + exact.n1[place])
        cases = found.n0[place] + found.n1[place]
        after = found.sums[place].total * table.unit / cases
        assert abs(after - before) <= step_of(high - low, cases, table.unit) + table.unit / cases + 1e-9


def test_neighbours_are_merged_and_never_set_to_zero() -> None:
    table = an_evaluation((40, 30, 20, 10, 5, 4, 3, 2, 1, 0), (0, 1, 2, 3, 4, 5, 10, 20, 30, 40)).states[0]
    found = merged(table, HOSPITAL, 0.5)
    assert found.edges == (0.0, 0.5, 1.0)
    assert (found.n0, found.n1) == ((105, 10), (10, 105))


@pytest.mark.parametrize(
    ("given_counts", "expected"),
    [((12, 12, 12), (10, 15, 10)), ((13, 13, 14), (15, 10, 15)), ((10, 10), (10, 10)), ((), ())],
)
def test_running_totals_are_rounded(given_counts: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert rounded_along(given_counts, 5) == expected


def test_a_card_shows_rounded_counts_that_add_up() -> None:
    exact = DatasetStatistics(cases=124, per_class=(62, 62))
    assert card_counts(exact, PLAN, HOSPITAL) == DatasetStatistics(cases=120, per_class=(60, 60))
    assert card_counts(exact, PLAN, PUBLIC_DATA) == exact


# --- levels of subgroups ----------------------------------------------------------------------------------------


def a_level(level: str, n0: int, n1: int) -> GroupEvaluation:
    states = an_evaluation((n0, *[0] * 9), (*[0] * 9, n1)).states
    return GroupEvaluation(name="sex", level=level, cases=n0 + n1, states=states)


def of_levels(*sizes: tuple[int, int]) -> Evaluation:
    whole = an_evaluation((sum(n for n, _ in sizes), *[0] * 9), (*[0] * 9, sum(n for _, n in sizes)))
    return whole.model_copy(update={"groups": tuple(a_level(f"l{at}", *size) for at, size in enumerate(sizes))})


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=6))
def test_levels_leave_once_and_for_all(sizes: list[tuple[int, int]]) -> None:
    assume(min(sum(n for n, _ in sizes), sum(n for _, n in sizes)) >= 10)
    once = to_leave(of_levels(*sizes), PLAN, HOSPITAL)
    assert to_leave(once, PLAN, HOSPITAL) == once
    for group, (n0, n1) in zip(once.groups, sizes, strict=True):
        assert isinstance(group, WithheldGroup) or min(n0, n1) >= 10


def test_a_level_with_few_of_one_class_is_withheld() -> None:
    found = to_leave(of_levels((50, 9), (50, 50), (50, 50)), PLAN, HOSPITAL)
    assert [isinstance(group, WithheldGroup) for group in found.groups] == [True, True, False]


def test_so_is_one_whose_complement_has_few_of_one_class() -> None:
    found = to_leave(of_levels((50, 50), (50, 4), (50, 5)), PLAN, HOSPITAL)
    assert all(isinstance(group, WithheldGroup) for group in found.groups)


@given(st.integers(20, 500), st.integers(1, 500), st.integers(1, 300))
def test_patients_are_rounded_and_stay_possible(cases: int, clusters: int, spread: int) -> None:
    clusters = min(clusters, cases)
    squares = min(cases**2, -(-(cases**2) // clusters) + spread)
    whole = an_evaluation((cases, *[0] * 9), (*[0] * 9, cases))
    held = whole.model_copy(update={"clusters": ClusterSizes(clusters=2 * clusters, squares=2 * squares)})
    found = to_leave(held, PLAN, HOSPITAL)
    sizes = found.clusters
    assert sizes is not None
    assert sizes.clusters <= found.cases <= sizes.squares <= found.cases**2
    assert sizes.squares * sizes.clusters >= found.cases**2
    assert to_leave(found, PLAN, HOSPITAL) == found


def test_a_policy_that_merges_nothing_changes_nothing() -> None:
    exact = of_levels((60, 60), (40, 50))
    assert to_leave(exact, PLAN, PUBLIC_DATA) == exact


def test_of_a_single_bin_ranking_says_nothing() -> None:
    """Chance would be no estimate of a model of which everything was merged."""
    kept = to_leave(an_evaluation((60, *[0] * 9), (*[0] * 9, 60)), PLAN, HOSPITAL)
    assert len(kept.states[0].n0) == 1
    for name in ("auroc", "accuracy"):
        assert measure_of(kept, name, PLAN) == NotEstimable(reason=Reason.SUPPRESSED)
    spread = to_leave(an_evaluation((30,) * 10, (20,) * 10), PLAN, HOSPITAL)
    assert isinstance(measure_of(spread, "auroc", PLAN), Measured)
