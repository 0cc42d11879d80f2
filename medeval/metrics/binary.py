"""The states of a binary classification, as the plain JSON of `medeval.domain.metric_state`.

Scores are compared with threshold and edges as doubles, exactly: no rounding, no tolerance. So the states of two sets
of cases add up to the state of both, and the table agrees with the 2x2 counts at the threshold.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from medeval.metrics.predictions import Labels, ScoredCases, Scores

#: JSON of one metric state, or of an evaluation.
Plain: TypeAlias = dict[str, Any]

ABOVE = "above"
AT_OR_ABOVE = "at-or-above"


def evaluation(cases: ScoredCases, analysis: Mapping[str, Any]) -> Plain:
    """The evaluator's result (`domain.result.Evaluation`) under an analysis plan (`domain.benchmark.AnalysisPlan`)."""
    threshold, edges, side = float(analysis["threshold"]), analysis["score_edges"], analysis["positive_when"]
    states = [
        confusion(cases.labels, cases.scores, threshold, side),
        score_table(cases.labels, cases.scores, edges, side),
    ]
    return {"format": "medeval/evaluation@1", "cases": len(cases.labels), "states": states}


def confusion(labels: Labels, scores: Scores, threshold: float, positive_when: str) -> Plain:
    """The 2x2 table at one threshold (`ConfusionCounts`); labels and scores of shape (N,)."""
    positive = _decide(scores, threshold, positive_when)
    tp, fp = _count(positive & labels), _count(positive & ~labels)
    fn, tn = _count(labels) - tp, _count(~labels) - fp
    counts = {"tp": tp, "fp": fp, "tn": tn, "fn": fn}
    return {"kind": "confusion", "threshold": threshold, "positive_when": positive_when, **counts}


def score_table(labels: Labels, scores: Scores, edges: Sequence[float], positive_when: str) -> Plain:
    """Cases of either class per score bin (`ScoreTable`); labels and scores of shape (N,), K + 1 edges."""
    cuts = np.asarray(edges, dtype=np.float64)
    bins = _bins(scores, cuts, positive_when)
    last = len(cuts) - 1
    n0, n1 = (np.bincount(bins[chosen], minlength=last).tolist() for chosen in (~labels, labels))
    table = {"edges": cuts.tolist(), "positive_when": positive_when, "n0": n0, "n1": n1}
    return {"kind": "score-table", **table}


def _decide(scores: Scores, threshold: float, positive_when: str) -> Labels:
    if positive_when == ABOVE:
        return scores > threshold
    _check_side(positive_when)
    return scores >= threshold


def _bins(scores: Scores, cuts: Scores, positive_when: str) -> Any:
    """The bin of each score; an equal edge belongs to the bin below (`above`) or to the one that it begins."""
    _check_side(positive_when)
    places = np.searchsorted(cuts, scores, side="left" if positive_when == ABOVE else "right") - 1
    return np.clip(places, 0, len(cuts) - 2)


def _check_side(positive_when: str) -> None:
    if positive_when not in {ABOVE, AT_OR_ABOVE}:
        raise ValueError("positive_when must be 'above' or 'at-or-above'")


def _count(chosen: Labels) -> int:
    return int(np.count_nonzero(chosen))
