"""Scored cases of a binary classification, as an evaluator writes them and a plan asks for them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from medeval.domain.families.binary import AT_A_THRESHOLD, OF_THE_TABLE, BinaryPlan, ScoreTable
from medeval.domain.result import Evaluation
from medeval.metrics import binary, strata
from medeval.metrics.predictions import ScoredCases
from medeval.stats.decisions import Sampling

TENTHS = tuple(i / 10 for i in range(11))
#: Every metric that a binary plan with edges at tenths may name, with a few edges and betas.
METRICS = (
    *sorted(OF_THE_TABLE | AT_A_THRESHOLD | {"net_benefit"}),
    *("sensitivity@0.3", "ppv@0.7", "mcc@0.1", "net_benefit@0.2", "net_benefit@0.8", "fbeta@0.5", "fbeta@2"),
)
SAMPLING = Sampling(level=0.95, replicates=1000, seed=0)

#: Scores with ties, on edges, at 0 and 1, and anywhere.
scores = st.one_of(st.integers(0, 20).map(lambda step: step / 20), st.floats(0, 1))
cases = st.lists(st.tuples(st.booleans(), scores), max_size=40)
both_classes = cases.filter(lambda found: len({label for label, _ in found}) == 2)
five = st.lists(st.integers(0, 12), min_size=5, max_size=5)


def a_plan(edges: Sequence[float] = TENTHS, **changes: Any) -> BinaryPlan:
    """The plan of exact scores without scalars, with changes."""
    plain = {"task": "binary-classification", "score_edges": list(edges), "score_resolution": "exact"}
    return BinaryPlan.from_plain({**plain, **changes})


def arrays(found: Sequence[tuple[bool, float]]) -> tuple[Any, Any]:
    """(labels, scores) of cases."""
    return np.array([label for label, _ in found], dtype=bool), np.array([score for _, score in found], dtype=float)


def evaluated(labels: Any, scored: Any, plan: BinaryPlan, cluster: Any = None) -> Evaluation:
    """What the evaluator writes of labels and scores (N,), with patients (N,) where they are given."""
    groups = None if cluster is None else strata.Strata(np.asarray(cluster, dtype=np.int64))
    both = ScoredCases(np.asarray(labels, dtype=bool), np.asarray(scored, dtype=float))
    return Evaluation.from_plain(binary.evaluation(both, plan.model_dump(mode="json"), groups))


def table_of(labels: Any, scored: Any, edges: Sequence[float] = TENTHS, **frame: Any) -> ScoreTable:
    """The score table alone."""
    table = evaluated(labels, scored, a_plan(edges, **{"threshold": edges[len(edges) // 2], **frame})).states[0]
    assert isinstance(table, ScoreTable)
    return table


def middles(n0: Sequence[int], n1: Sequence[int]) -> ScoreTable:
    """The table of cases that lie in the middle of equal bins."""
    return table_of(*unfolded(n0, n1), edges=[i / len(n0) for i in range(len(n0) + 1)])


def unfolded(n0: Sequence[int], n1: Sequence[int]) -> tuple[Any, Any]:
    """(labels, scores) of counts per bin, the score being the middle of its bin."""
    centres = (np.arange(len(n0)) + 0.5) / len(n0)
    scored = np.concatenate([np.repeat(centres, counts) for counts in (n0, n1)])
    return np.repeat([False, True], [sum(n0), sum(n1)]), scored
