"""The states against independent references, and against themselves: states of parts add up to the state of all."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sklearn.metrics import confusion_matrix

from medeval.domain.metric_state import ConfusionCounts, MetricState, ScoreTable
from medeval.domain.result import Evaluation
from medeval.metrics import binary
from medeval.metrics.predictions import ScoredCases

EDGES = (0.0, 0.1, 0.25, 0.3, 0.5, 0.7000000000000001, 0.9, 1.0)
SIDES = ("above", "at-or-above")
#: Scores on, just below and just above every edge, besides any other.
NEAR_EDGES = sorted({float(np.clip(np.nextafter(edge, way), 0, 1)) for edge in EDGES for way in (0, edge, 1)})
SCORES = st.one_of(st.sampled_from(NEAR_EDGES), st.floats(0, 1))
CASES = st.lists(st.tuples(st.booleans(), SCORES), max_size=60)
STATE: TypeAdapter[Any] = TypeAdapter(MetricState)


def arrays(cases: list[tuple[bool, float]]) -> ScoredCases:
    labels, scores = [label for label, _ in cases], [score for _, score in cases]
    return ScoredCases(np.array(labels, dtype=np.bool_), np.array(scores, dtype=np.float64))


def evaluate(cases: list[tuple[bool, float]], side: str, threshold: float = 0.5) -> Evaluation:
    analysis = {"threshold": threshold, "score_edges": list(EDGES), "positive_when": side}
    return Evaluation.from_plain(binary.evaluation(arrays(cases), analysis))


@given(a=CASES, b=CASES, side=st.sampled_from(SIDES), threshold=st.sampled_from(EDGES[1:-1]))
def test_states_of_parts_add_up(a: list, b: list, side: str, threshold: float) -> None:
    both, one, other = (evaluate(cases, side, threshold).states for cases in (a + b, a, b))
    assert both == tuple(left.merge(right) for left, right in zip(one, other, strict=True))


@given(cases=CASES, side=st.sampled_from(SIDES), threshold=st.sampled_from(EDGES[1:-1]))
def test_the_two_states_agree_at_the_threshold(cases: list, side: str, threshold: float) -> None:
    counts, table = evaluate(cases, side, threshold).states
    assert isinstance(counts, ConfusionCounts)
    assert isinstance(table, ScoreTable)
    assert table.split_at(threshold) == (counts.tp, counts.fp, counts.tn, counts.fn)
    assert counts.n0 + counts.n1 == sum(table.n0) + sum(table.n1) == len(cases)


@given(cases=CASES.filter(bool), side=st.sampled_from(SIDES), threshold=st.sampled_from(NEAR_EDGES))
def test_confusion_is_that_of_scikit_learn(cases: list, side: str, threshold: float) -> None:
    scored = arrays(cases)
    decided = scored.scores > threshold if side == "above" else scored.scores >= threshold
    (tn, fp), (fn, tp) = confusion_matrix(scored.labels, decided, labels=[False, True]).tolist()
    found = binary.confusion(scored.labels, scored.scores, threshold, side)
    assert (found["tn"], found["fp"], found["fn"], found["tp"]) == (tn, fp, fn, tp)


def naive_bin(score: float, side: str) -> int:
    """The bin by the definition in `ScoreTable`, word for word."""
    last = len(EDGES) - 2
    for i in range(last + 1):
        low, high = EDGES[i], EDGES[i + 1]
        inside = low < score <= high if side == "above" else low <= score < high
        if inside or (side == "above" and i == 0 and score == low) or (side != "above" and i == last and score == high):
            return i
    raise AssertionError(score)


@given(cases=CASES, side=st.sampled_from(SIDES))
def test_bins_are_those_of_the_definition(cases: list, side: str) -> None:
    n0, n1 = [0] * (len(EDGES) - 1), [0] * (len(EDGES) - 1)
    for label, score in cases:
        (n1 if label else n0)[naive_bin(score, side)] += 1
    scored = arrays(cases)
    plain = binary.score_table(scored.labels, scored.scores, EDGES, side)
    assert (plain["n0"], plain["n1"]) == (n0, n1)
    assert STATE.validate_python({**plain, "edges": EDGES, "n0": tuple(n0), "n1": tuple(n1)}, strict=False)


@pytest.mark.parametrize("name", ["confusion", "score_table"])
def test_an_unknown_side_is_refused(name: str) -> None:
    scored = arrays([(True, 0.5)])
    second = 0.5 if name == "confusion" else EDGES
    with pytest.raises(ValueError, match="positive_when"):
        getattr(binary, name)(scored.labels, scored.scores, second, "below")


def test_evaluators_need_numpy_alone() -> None:
    """What runs inside an evaluator's image must import there: no pydantic, scipy or scikit-learn."""
    script = (
        "import sys; import medeval.metrics.binary, medeval.metrics.predictions, medeval.domain.failures;"
        "heavy = {'pydantic', 'scipy', 'sklearn', 'pandas', 'torch', 'rfc8785'} & set(sys.modules);"
        "ours = {name for name in sys.modules if name.startswith('medeval.')};"
        "assert not heavy, heavy;"
        "allowed = {'medeval.errors', 'medeval.domain', 'medeval.domain.failures', 'medeval.metrics',"
        " 'medeval.metrics.binary', 'medeval.metrics.predictions'};"
        "assert ours <= allowed, ours - allowed"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
