"""Hypothesis strategies of the domain's values."""

from collections.abc import Callable
from itertools import pairwise

from hypothesis import strategies as st

from medeval.domain import lifecycle
from medeval.domain.execution import ExecutionSpec, Pinned, PinnedDataset
from medeval.domain.families.base import ClusterSizes, ClusterTotals, Moments, Wide
from medeval.domain.families.binary import PairCounts, PairStratum, PositiveWhen, ScoreTable, SquaredErrors
from medeval.domain.result import Evaluation, GroupEvaluation, SiteResult

names = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
versions = st.builds("{}.{}.{}".format, *[st.integers(0, 999_999)] * 3)
digests = st.binary(min_size=32, max_size=32).map(lambda raw: f"sha256:{raw.hex()}")
versioned_refs = st.builds("{}@{}".format, names, versions)
dataset_refs = st.builds("{}/{}".format, names, names)
sides = st.sampled_from(PositiveWhen)
counts = st.integers(0, 10**6)
scores = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)
resolutions = st.sampled_from(["exact", 0.001])
#: Integers that one JSON number holds, that it does not hold, and negative ones.
totals = st.one_of(st.integers(-(2**46), 2**46), st.integers(-(2**90), 2**90))
wides = totals.map(Wide.of)


@st.composite
def edges(draw, max_inner: int = 8) -> tuple[float, ...]:
    """Edges of a score table: from 0 to 1, rising."""
    inner = draw(st.sets(st.integers(1, 999), max_size=max_inner))
    return (0.0, *(edge / 1000 for edge in sorted(inner)), 1.0)


def score_tables(of_edges=None, side=None, resolution=None) -> st.SearchStrategy[ScoreTable]:
    """Score tables, of a given frame or of any, whose sums are those of scores inside the bins."""
    return frames(of_edges, side, resolution).flatmap(tables_of)


def frames(of_edges=None, side=None, resolution=None) -> st.SearchStrategy[tuple]:
    """(edges, side, resolution): what tables must share to be merged."""
    return st.tuples(
        st.just(of_edges) if of_edges else edges(),
        st.just(side) if side else sides,
        st.just(resolution) if resolution else resolutions,
    )


@st.composite
def tables_of(draw, frame: tuple) -> ScoreTable:
    """Tables of one frame."""
    of_edges, side, resolution = frame
    unit = 2.0**-52 if resolution == "exact" else resolution
    bins = st.lists(counts, min_size=len(of_edges) - 1, max_size=len(of_edges) - 1).map(tuple)
    n0, n1 = draw(bins), draw(bins)
    means = [draw(st.floats(low, high)) for low, high in pairwise(of_edges)]
    sums = tuple(Wide.of((a + b) * round(mean / unit)) for a, b, mean in zip(n0, n1, means, strict=True))
    frame_fields = {"edges": of_edges, "positive_when": side, "resolution": resolution}
    return ScoreTable(**frame_fields, n0=n0, n1=n1, sums=sums)


_variances = st.floats(0, 1)
strata = st.builds(PairStratum, n0=counts, n1=counts, double_wins=wides, s10=_variances, s01=_variances)
pair_counts = st.builds(PairCounts, strata=st.lists(strata, min_size=1, max_size=3).map(tuple))
cluster_totals = st.builds(ClusterTotals, clusters=counts, sizes=counts, squares=wides, products=wides)
cluster_sizes = st.builds(ClusterSizes, clusters=counts, squares=counts)


def moments(*, clustered: bool) -> st.SearchStrategy[Moments]:
    """Moments with the totals of patients, or without."""
    return st.builds(Moments, n=counts, total=wides, squares=wides, totals=cluster_totals if clustered else st.none())


def squared_errors(*, clustered: bool) -> st.SearchStrategy[SquaredErrors]:
    """Squared errors with the totals of patients, or without."""
    return st.builds(SquaredErrors, moments=moments(clustered=clustered))


@st.composite
def alike(draw, number: int = 3) -> tuple:
    """States that can be merged: all of one kind and frame."""
    frame, clustered = draw(frames()), draw(st.booleans())
    kinds: tuple[Callable[[], st.SearchStrategy], ...] = (
        lambda: tables_of(frame),
        lambda: pair_counts,
        lambda: squared_errors(clustered=clustered),
    )
    one = draw(st.sampled_from(kinds))()
    return tuple(draw(one) for _ in range(number))


executions = st.builds(
    ExecutionSpec,
    benchmark=st.builds(Pinned, ref=versioned_refs, digest=digests),
    model=st.builds(Pinned, ref=versioned_refs, digest=digests),
    dataset=st.builds(PinnedDataset, ref=dataset_refs, digest=digests),
)
states = st.lists(
    st.one_of(score_tables(), pair_counts, squared_errors(clustered=False), squared_errors(clustered=True)),
    min_size=1,
    max_size=3,
).map(tuple)
_part = {"cases": counts, "states": states, "clusters": st.none() | cluster_sizes}
groups = st.builds(GroupEvaluation, name=names, level=names, **_part)
evaluations = st.builds(
    Evaluation,
    format=st.just("medeval/evaluation@1"),
    groups=st.lists(groups, max_size=2).map(tuple),
    **_part,
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
