"""Pooling adds counts: the pool of two sites is the evaluation of their cases together."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, roc_auc_score

from medeval.domain.benchmark import Metric, MetricName
from medeval.domain.estimate import Estimate
from medeval.domain.metric_state import ConfusionCounts, PositiveWhen, ScoreTable
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused
from medeval.stats.estimates import count_positives, estimate_of, estimates_of
from medeval.stats.pooling import merge_evaluations
from tests.boards import EDGES, GOOD, an_evaluation

cases = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), min_size=1, max_size=40)


def evaluate(pairs: list[tuple[int, int]]) -> Evaluation:
    """The evaluation of cases given as (label, number of the score's bin)."""
    n0 = tuple(sum(label == 0 and place == b for label, place in pairs) for b in range(10))
    n1 = tuple(sum(label == 1 and place == b for label, place in pairs) for b in range(10))
    return an_evaluation(n0, n1)


@given(st.lists(cases, min_size=1, max_size=4))
def test_merge_is_the_evaluation_of_all_cases(sites: list[list[tuple[int, int]]]) -> None:
    together = [case for site in sites for case in site]
    pooled = merge_evaluations([evaluate(site) for site in sites])
    assert pooled == evaluate(together)
    assert pooled.cases == len(together)
    assert count_positives(pooled) == sum(label for label, _ in together)
    labels, scores = [label for label, _ in together], [(b + 0.5) / 10 for _, b in together]
    called = [score > 0.5 for score in scores]
    assert estimate_of(pooled, MetricName.ACCURACY, 0.95).value == pytest.approx(accuracy_score(labels, called))
    auroc = estimate_of(pooled, MetricName.AUROC, 0.95)
    if isinstance(auroc, Estimate):
        assert auroc.value == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_order_of_sites_is_nothing() -> None:
    pools = {
        tuple(item.estimate for item in estimates_of(merge_evaluations(list(order)), METRICS, 0.95))
        for order in permutations([GOOD["east"], GOOD["north"], GOOD["west"]])
    }
    assert len(pools) == 1


METRICS = tuple(Metric(name=name) for name in MetricName)


def test_pool_is_no_mean_of_sites() -> None:
    """A small perfect site and a large poor one: the mean would be far above the pool."""
    small = an_evaluation((1,) + (0,) * 9, (0,) * 9 + (1,))
    large = an_evaluation((0,) * 9 + (100,), (100,) + (0,) * 9)
    pooled = estimate_of(merge_evaluations([small, large]), MetricName.ACCURACY, 0.95)
    assert pooled.value == 2 / 202


def test_unlike_states_are_refused() -> None:
    evaluation = GOOD["north"]
    counts, table = evaluation.states
    moved = counts.model_copy(update={"threshold": 0.4})
    shorter = evaluation.model_copy(update={"states": (counts,)})
    other_threshold = evaluation.model_copy(update={"states": (moved, table)})
    twice_counts = evaluation.model_copy(update={"states": (counts, counts)})
    for other in (shorter, other_threshold, twice_counts):
        with pytest.raises(ResultRefused):
            merge_evaluations([evaluation, other])
    with pytest.raises(ResultRefused, match="no result to pool"):
        merge_evaluations([])


def test_missing_state_is_refused_by_the_metrics_name() -> None:
    table = ScoreTable(edges=EDGES, positive_when=PositiveWhen.ABOVE, n0=(1,) * 10, n1=(2,) * 10)
    only_table = Evaluation(format="medeval/evaluation@1", cases=30, states=(table,))
    assert count_positives(only_table) == 20
    with pytest.raises(ResultRefused, match="accuracy cannot be derived"):
        estimates_of(only_table, METRICS, 0.95)
    counts = ConfusionCounts(threshold=0.5, positive_when=PositiveWhen.ABOVE, tp=1, fp=1, tn=1, fn=1)
    with pytest.raises(ResultRefused, match="auroc"):
        estimate_of(Evaluation(format="medeval/evaluation@1", cases=4, states=(counts,)), MetricName.AUROC, 0.95)
