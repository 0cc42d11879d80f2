"""Hypothesis strategies of the domain's values."""

from hypothesis import strategies as st

from medeval.domain import lifecycle
from medeval.domain.execution import ExecutionSpec, Pinned, PinnedDataset
from medeval.domain.metric_state import ConfusionCounts, PositiveWhen, ScoreTable
from medeval.domain.result import Evaluation, SiteResult

names = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
versions = st.builds("{}.{}.{}".format, *[st.integers(0, 999_999)] * 3)
digests = st.binary(min_size=32, max_size=32).map(lambda raw: f"sha256:{raw.hex()}")
versioned_refs = st.builds("{}@{}".format, names, versions)
dataset_refs = st.builds("{}/{}".format, names, names)
sides = st.sampled_from(PositiveWhen)
counts = st.integers(0, 10**6)
scores = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


@st.composite
def edges(draw, max_inner: int = 8) -> tuple[float, ...]:
    """Edges of a score table: from 0 to 1, rising."""
    inner = draw(st.sets(st.integers(1, 999), max_size=max_inner))
    return (0.0, *(edge / 1000 for edge in sorted(inner)), 1.0)


@st.composite
def score_tables(draw, of_edges=None, side=None) -> ScoreTable:
    """Score tables, of given edges and side or of any."""
    chosen = of_edges or draw(edges())
    bins = st.lists(counts, min_size=len(chosen) - 1, max_size=len(chosen) - 1).map(tuple)
    return ScoreTable(edges=chosen, positive_when=side or draw(sides), n0=draw(bins), n1=draw(bins))


def confusion_counts(threshold: float = 0.5, side: PositiveWhen = PositiveWhen.ABOVE) -> st.SearchStrategy:
    """2x2 tables at one threshold."""
    four = dict.fromkeys(("tp", "fp", "tn", "fn"), counts)
    return st.builds(ConfusionCounts, threshold=st.just(threshold), positive_when=st.just(side), **four)


@st.composite
def alike(draw, number: int = 3) -> tuple:
    """States that can be merged: all of one kind, edges, threshold and side."""
    if draw(st.booleans()):
        return tuple(draw(confusion_counts()) for _ in range(number))
    chosen, side = draw(edges()), draw(sides)
    return tuple(draw(score_tables(chosen, side)) for _ in range(number))


executions = st.builds(
    ExecutionSpec,
    benchmark=st.builds(Pinned, ref=versioned_refs, digest=digests),
    model=st.builds(Pinned, ref=versioned_refs, digest=digests),
    dataset=st.builds(PinnedDataset, ref=dataset_refs, digest=digests),
)
evaluations = st.builds(
    Evaluation,
    format=st.just("medeval/evaluation@1"),
    cases=counts,
    states=st.lists(st.one_of(confusion_counts(), score_tables()), min_size=1, max_size=3).map(tuple),
)
site_results = st.builds(SiteResult, execution=executions, evaluation=evaluations)

#: JSON that anyone might write: what a reader must take or refuse, but never break on.
plain_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
association_walks = st.lists(st.sampled_from(lifecycle.AssociationState), min_size=1, max_size=8)
execution_walks = st.lists(st.sampled_from(lifecycle.ExecutionState), min_size=1, max_size=8)
