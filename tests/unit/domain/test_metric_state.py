"""What every state fulfils, by those of a binary classification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from medeval.domain.families.base import ClusterSizes, ClusterTotals, Moments, Wide, merge_states, parse_metric
from medeval.domain.families.binary import (
    PairCounts,
    PairStratum,
    PositiveWhen,
    ScoreTable,
    SquaredErrors,
    check_edges,
    win_range,
)
from medeval.domain.metric_state import MetricState
from medeval.errors import ResultRefused
from tests.strategies import alike, cluster_sizes, edges, score_tables, scores, sides, totals

ABOVE, AT_OR_ABOVE = PositiveWhen.ABOVE, PositiveWhen.AT_OR_ABOVE
case_lists = st.lists(st.tuples(scores, st.integers(0, 1)), max_size=30)
STATE: TypeAdapter = TypeAdapter(MetricState)


def bin_of(score, table_edges, side):
    """The bin of a score, written from the docstring of `ScoreTable` and not from its code."""
    bins = range(len(table_edges) - 1)
    if side is ABOVE:
        return next(i for i in bins if table_edges[i] < score <= table_edges[i + 1] or (i == 0 and score == 0.0))
    last = len(table_edges) - 2
    return next(i for i in bins if table_edges[i] <= score < table_edges[i + 1] or (i == last and score == 1.0))


def table_of(cases, table_edges, side):
    """The table of cases whose scores are whole thousandths, which a resolution of 0.001 leaves as they are."""
    counts = [[0] * (len(table_edges) - 1) for _ in range(2)]
    sums = [0] * (len(table_edges) - 1)
    for score, label in cases:
        place = bin_of(score, table_edges, side)
        counts[label][place] += 1
        sums[place] += round(score * 1000)
    return a_table(table_edges, *counts, sums, side)


def a_table(table_edges, n0, n1, sums, side=ABOVE, resolution=0.001):
    wides = tuple(Wide.of(total) for total in sums)
    frame = {"edges": tuple(table_edges), "positive_when": side, "resolution": resolution}
    return ScoreTable(**frame, n0=tuple(n0), n1=tuple(n1), sums=wides)


@given(alike())
def test_merging_is_commutative_and_associative(states):
    a, b, c = states
    assert a.merge(b) == b.merge(a)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))


@given(alike(1))
def test_a_state_survives_its_json(states):
    (state,) = states
    assert STATE.validate_json(state.to_canonical()) == state


@given(score_tables())
def test_an_empty_table_changes_nothing(table):
    nothing = (0,) * len(table.n0)
    empty = table.model_copy(update={"n0": nothing, "n1": nothing, "sums": (Wide.of(0),) * len(nothing)})
    assert table.merge(empty) == table


@given(case_lists, case_lists, edges(), sides)
def test_merge_of_tables_is_the_table_of_all_cases(first, second, table_edges, side):
    merged = table_of(first, table_edges, side).merge(table_of(second, table_edges, side))
    assert merged == table_of(first + second, table_edges, side)


@given(case_lists, edges(), sides, st.data())
def test_split_at_an_inner_edge_decides_as_the_scores_would(cases, table_edges, side, data):
    threshold = data.draw(st.sampled_from(table_edges[1:-1] or table_edges[:1]))
    if threshold == 0.0:
        return
    called = [(score > threshold if side is ABOVE else score >= threshold, label) for score, label in cases]
    expected = tuple(called.count(pair) for pair in ((True, 1), (True, 0), (False, 0), (False, 1)))
    assert table_of(cases, table_edges, side).split_at(threshold) == expected


@given(case_lists, edges(), sides)
def test_sums_of_scores_inside_their_bins_are_believed(cases, table_edges, side):
    table_of(cases, table_edges, side).check_sums()


@given(score_tables())
def test_sums_of_any_resolution_are_believed(table):
    table.check_sums()


@given(score_tables(), st.data())
def test_sums_of_no_scores_are_refused(table, data):
    place = data.draw(st.integers(0, len(table.n0) - 1))
    low, high = table.edges[place : place + 2]
    n = table.n0[place] + table.n1[place]
    # two steps a case beyond either edge, and one more where there is no case
    beyond = data.draw(st.sampled_from([int(n * (low / table.unit - 2)) - 1, int(n * (high / table.unit + 2)) + 1]))
    sums = (*table.sums[:place], Wide.of(beyond), *table.sums[place + 1 :])
    with pytest.raises(ResultRefused, match="not a sum of scores of its bin"):
        table.model_copy(update={"sums": sums}).check_sums()


@given(case_lists, edges(), sides)
def test_pairs_won_lie_in_the_range_of_the_table(cases, table_edges, side):
    """All cases in one bin may be ordered either way; nothing else is open."""
    table = table_of(cases, table_edges, side)
    pairs = [(a, b) for a, label in cases if label == 1 for b, other in cases if other == 0]
    places = [(bin_of(a, table_edges, side), bin_of(b, table_edges, side)) for a, b in pairs]
    won = sum(2 * (i > j) for i, j in places)
    assert win_range(table) == (won, won + 2 * sum(i == j for i, j in places))
    twice = sum(2 * (a > b) + (a == b) for a, b in pairs)
    assert win_range(table)[0] <= twice <= win_range(table)[1]


TABLE = a_table((0.0, 1.0), (1,), (1,), (700,))
MOMENTS = Moments(n=1, total=Wide.of(5), squares=Wide.of(3))
ERRORS = SquaredErrors(moments=MOMENTS)
CLUSTERED = ClusterTotals(clusters=1, sizes=1, squares=Wide.of(3), products=Wide.of(5))
PAIRS = PairCounts(strata=(PairStratum(n0=1, n1=1, double_wins=Wide.of(2), s10=0.0, s01=0.0),))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TABLE, TABLE.model_copy(update={"positive_when": AT_OR_ABOVE})),
        (TABLE, TABLE.model_copy(update={"resolution": "exact"})),
        (TABLE, TABLE.model_copy(update={"resolution": 0.01})),
        (ERRORS, SquaredErrors(moments=MOMENTS.model_copy(update={"totals": CLUSTERED}))),
        (TABLE, ERRORS),
        (PAIRS, TABLE),
        (ERRORS, PAIRS),
    ],
)
def test_unlike_states_cannot_be_merged(one, other):
    for first, second in ((one, other), (other, one)):
        with pytest.raises(ResultRefused, match="two states differ"):
            first.merge(second)
        with pytest.raises(ResultRefused, match="two states differ"):
            merge_states((first,), (second,))


def test_tables_of_merged_bins_are_added_on_the_edges_that_both_have():
    one = a_table((0.0, 0.2, 0.5, 1.0), (1, 2, 3), (4, 5, 6), (500, 2500, 7000))
    other = a_table((0.0, 0.5, 0.7, 1.0), (10, 20, 30), (40, 50, 60), (9000, 42_000, 80_000))
    both = a_table((0.0, 0.5, 1.0), (13, 53), (49, 116), (12_000, 129_000))
    assert one.merge(other) == other.merge(one) == both
    assert both.merge(one) == one.merge(both)


def test_as_many_states_are_merged_as_there_are():
    assert merge_states((TABLE, ERRORS), (TABLE, ERRORS)) == (TABLE.merge(TABLE), ERRORS.merge(ERRORS))
    with pytest.raises(ResultRefused, match="two states differ"):
        merge_states((TABLE, ERRORS), (TABLE,))


def test_a_merge_keeps_the_pairs_of_each_site_apart():
    other = PairCounts(strata=(PairStratum(n0=3, n1=2, double_wins=Wide.of(7), s10=0.1, s01=0.2),))
    merged = PAIRS.merge(other)
    assert set(merged.strata) == {*PAIRS.strata, *other.strata}
    assert merged == other.merge(PAIRS)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ((0.0, 0.5), "from 0 to 1"),
        ((0.1, 1.0), "from 0 to 1"),
        ((0.0, 0.5, 0.5, 1.0), "rise"),
        ((0.0, 0.9, 0.1, 1.0), "rise"),
    ],
)
def test_edges_run_from_0_to_1_and_rise(wrong, rule):
    with pytest.raises(ValueError, match=rule):
        check_edges(wrong)
    nothing = (0,) * (len(wrong) - 1)
    with pytest.raises(ValidationError, match=rule):
        a_table(wrong, nothing, nothing, nothing)


@pytest.mark.parametrize(
    ("n0", "n1", "sums"),
    [
        ((1,), (1, 1), (0, 0)),
        ((1, 1, 1), (1, 1), (0, 0)),
        ((1, 1), (1,), (0, 0)),
        ((1, 1), (1, 1), (0,)),
        ((1, 1), (1, 1), (0, 0, 0)),
        ((), (), ()),
    ],
)
def test_one_count_and_one_sum_per_bin(n0, n1, sums):
    with pytest.raises(ValidationError, match="one entry per bin"):
        a_table((0.0, 0.5, 1.0), n0, n1, sums)


@pytest.mark.parametrize("count", [-1, 2**40 + 1, 1.0, "1", True])
def test_a_count_is_a_count(count):
    for n0, n1 in (((count,), (0,)), ((0,), (count,))):
        with pytest.raises(ValidationError):
            a_table((0.0, 1.0), n0, n1, (0,))


def test_classes_and_numbers_of_a_state():
    table = a_table((0.0, 0.5, 1.0), (4, 2), (8, 1), (1000, 2000))
    assert table.classes == (6, 9)
    assert table.numbers == 6
    assert (PAIRS.numbers, ERRORS.numbers) == (3, 3)
    assert PAIRS.merge(PAIRS).numbers == 6


@given(totals, totals)
def test_wide_integers_add_exactly(first, second):
    one = Wide.of(first)
    assert one.total == first
    assert 0 <= one.lo < 2**46
    assert one.plus(Wide.of(second)).total == first + second
    assert one.real == first / 2**52
    assert Wide.from_json(one.to_canonical()) == one


@pytest.mark.parametrize("total", [2**98, -(2**98), 2**120])
def test_an_integer_too_wide_is_refused(total):
    with pytest.raises(ResultRefused, match="larger than a state can hold"):
        Wide.of(total)


@given(cluster_sizes, cluster_sizes)
def test_clusters_of_two_sites_are_all_clusters(first, second):
    merged = first.plus(second)
    assert merged == second.plus(first)
    assert merged == ClusterSizes(clusters=first.clusters + second.clusters, squares=first.squares + second.squares)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("auroc", ("auroc", None, None)),
        ("net_benefit@0.2", ("net_benefit", 0.2, None)),
        ("nsd@2/anterior", ("nsd", 2.0, "anterior")),
        ("auroc/melanoma", ("auroc", None, "melanoma")),
    ],
)
def test_the_parts_of_a_metric(name, parts):
    found = parse_metric(name)
    assert (found.base, found.at, found.of) == parts


@pytest.mark.parametrize("name", ["", "AUROC", "auroc@", "1auroc", "auroc/", "auroc @0.2", "@2"])
def test_no_metric(name):
    with pytest.raises(ValueError, match="not the name of a metric"):
        parse_metric(name)
