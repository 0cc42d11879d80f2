import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from medeval.domain.metric_state import ConfusionCounts, PositiveWhen, ScoreTable, check_edges
from medeval.errors import ResultRefused
from tests.strategies import alike, edges, scores, sides

ABOVE, AT_OR_ABOVE = PositiveWhen.ABOVE, PositiveWhen.AT_OR_ABOVE
case_lists = st.lists(st.tuples(scores, st.integers(0, 1)), max_size=30)


def bin_of(score, table_edges, side):
    """The bin of a score, written from the docstring of `ScoreTable` and not from its code."""
    bins = range(len(table_edges) - 1)
    if side is ABOVE:
        return next(i for i in bins if table_edges[i] < score <= table_edges[i + 1] or (i == 0 and score == 0.0))
    last = len(table_edges) - 2
    return next(i for i in bins if table_edges[i] <= score < table_edges[i + 1] or (i == last and score == 1.0))


def table_of(cases, table_edges, side):
    counts = [[0] * (len(table_edges) - 1) for _ in range(2)]
    for score, label in cases:
        counts[label][bin_of(score, table_edges, side)] += 1
    return ScoreTable(edges=table_edges, positive_when=side, n0=tuple(counts[0]), n1=tuple(counts[1]))


@given(alike())
def test_merging_is_commutative_and_associative(states):
    a, b, c = states
    assert a.merge(b) == b.merge(a)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))


@given(alike(1))
def test_an_empty_state_changes_nothing(states):
    (state,) = states
    counts = ("tp", "fp", "tn", "fn") if isinstance(state, ConfusionCounts) else ("n0", "n1")
    empty = state.model_copy(
        update={name: 0 if isinstance(getattr(state, name), int) else (0,) * len(state.n0) for name in counts}
    )
    assert state.merge(empty) == state


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


def test_unlike_states_cannot_be_merged():
    table = ScoreTable(edges=(0.0, 1.0), positive_when=ABOVE, n0=(1,), n1=(1,))
    counts = ConfusionCounts(threshold=0.5, positive_when=ABOVE, tp=1, fp=1, tn=1, fn=1)
    others = (
        (table, ScoreTable(edges=(0.0, 0.5, 1.0), positive_when=ABOVE, n0=(1, 0), n1=(1, 0))),
        (table, ScoreTable(edges=(0.0, 1.0), positive_when=AT_OR_ABOVE, n0=(1,), n1=(1,))),
        (counts, counts.model_copy(update={"threshold": 0.4})),
        (counts, counts.model_copy(update={"positive_when": AT_OR_ABOVE})),
    )
    for one, other in others:
        with pytest.raises(ResultRefused, match="cannot be merged"):
            one.merge(other)


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
    with pytest.raises(ValidationError, match=rule):
        ScoreTable(edges=wrong, positive_when=ABOVE, n0=(0,) * (len(wrong) - 1), n1=(0,) * (len(wrong) - 1))


@pytest.mark.parametrize(("n0", "n1"), [((1,), (1, 1)), ((1, 1, 1), (1, 1)), ((), ())])
def test_one_count_per_bin(n0, n1):
    with pytest.raises(ValidationError, match="one count per bin"):
        ScoreTable(edges=(0.0, 0.5, 1.0), positive_when=ABOVE, n0=n0, n1=n1)


@pytest.mark.parametrize("count", [-1, 2**40 + 1, 1.0, "1", True])
def test_a_count_is_a_count(count):
    with pytest.raises(ValidationError):
        ConfusionCounts(threshold=0.5, positive_when=ABOVE, tp=count, fp=0, tn=0, fn=0)


def test_classes_of_a_table():
    counts = ConfusionCounts(threshold=0.5, positive_when=ABOVE, tp=1, fp=2, tn=4, fn=8)
    assert (counts.n0, counts.n1) == (6, 9)
