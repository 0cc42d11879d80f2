"""The states of a binary classification, as the plain JSON of `medeval.domain.families.binary`.

Scores are compared with edges as doubles, exactly: no rounding, no tolerance. Sums of scores are exact integers, so the
states of two sets of cases add up to the state of both.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from medeval.metrics import strata
from medeval.metrics.exact import bin_sums, moments, wide
from medeval.metrics.pairs import delong, double_wins
from medeval.metrics.predictions import (
    Columns,
    Labels,
    ScoredCases,
    Scores,
    iterate_scored_cases,
    read_scored_cases,
)
from medeval.metrics.score_stream import added_tables

#: JSON of one metric state, or of an evaluation.
Plain: TypeAlias = dict[str, Any]

ABOVE = "above"
AT_OR_ABOVE = "at-or-above"


def evaluate(source: Path, parameters: Mapping[str, Any]) -> Plain:
    """The evaluation of `predictions.csv` and `labels.csv` in `source`.

    Where the score table is all that is asked for, the cases stream through it (`score_stream` says what is held);
    exact scalars, patients and groups need all cases at once.
    """
    interface, analysis = parameters.get("interface", {}), parameters["analysis"]
    names = {name: interface[name] for name in ("case_id", "score", "label") if name in interface}
    columns = Columns(**names, extra=tuple(strata.columns_of(interface)))
    files = source / "predictions.csv", source / "labels.csv"
    if not columns.extra and not analysis.get("exact_scalars"):
        return streamed_evaluation(iterate_scored_cases(*files, columns), analysis)
    return evaluation(read_scored_cases(*files, columns), analysis, strata.read_strata(files[1], interface))


def streamed_evaluation(parts: Iterable[ScoredCases], analysis: Mapping[str, Any]) -> Plain:
    """`evaluation` of at least one part, of which one is held at a time; of all cases, by the score table alone."""
    table = added_tables(_table(part.labels, part.scores, analysis) for part in parts)
    return strata.evaluation_of_all(sum(table["n0"]) + sum(table["n1"]), [table])


def evaluation(cases: ScoredCases, analysis: Mapping[str, Any], groups: strata.Strata | None = None) -> Plain:
    """The evaluator's result (`domain.result.Evaluation`) under a plan (`domain.families.binary.BinaryPlan`)."""

    def states_of(chosen: Labels) -> list[Plain]:
        cluster = groups.cluster[chosen] if groups is not None and groups.cluster is not None else None
        return states(cases.labels[chosen], cases.scores[chosen], analysis, cluster)

    return strata.evaluation(len(cases.labels), states_of, groups)


def states(
    labels: Labels, scores: Scores, analysis: Mapping[str, Any], cluster: strata.Numbers | None = None
) -> list[Plain]:
    """The score table, and the exact scalars where the plan asks for them; all of shape (N,)."""
    table = _table(labels, scores, analysis)
    if not analysis.get("exact_scalars"):
        return [table]
    return [table, pair_counts(labels, scores), squared_errors(labels, scores, cluster)]


def _table(labels: Labels, scores: Scores, analysis: Mapping[str, Any]) -> Plain:
    resolution = analysis.get("score_resolution", "exact")
    return score_table(labels, scores, analysis["score_edges"], analysis["positive_when"], resolution)


def score_table(
    labels: Labels,
    scores: Scores,
    edges: Sequence[float],
    positive_when: str,
    resolution: float | str = "exact",
) -> Plain:
    """Cases of either class and the sum of scores per bin (`ScoreTable`); labels and scores of shape (N,), K + 1 edges.

    A score finds its bin as it is, and is rounded to the resolution only before it is summed: rounded first, scores
    near an edge would change sides.
    """
    cuts = np.asarray(edges, dtype=np.float64)
    bins, last = bins_of(scores, cuts, positive_when), len(cuts) - 1
    n0, n1 = np.bincount(bins + last * labels, minlength=2 * last).reshape(2, last).tolist()
    frame = {"edges": cuts.tolist(), "positive_when": positive_when, "resolution": resolution}
    sums = [wide(total) for total in _sums(scores, bins, last, resolution)]
    return {"kind": "score-table", **frame, "n0": n0, "n1": n1, "sums": sums}


def pair_counts(labels: Labels, scores: Scores) -> Plain:
    """The exact ranking of one site's scores (`PairCounts`); labels and scores of shape (N,)."""
    n1 = int(np.count_nonzero(labels))
    sizes = {"n0": len(labels) - n1, "n1": n1}
    if min(sizes.values()) < 2:  # a single case has no variance
        stratum = {**sizes, "double_wins": wide(double_wins(labels, scores)), "s10": 0.0, "s01": 0.0}
    else:
        found = delong(labels, scores)
        stratum = {**sizes, "double_wins": wide(found.double_wins), "s10": found.s10, "s01": found.s01}
    return {"kind": "pairs", "strata": [stratum]}


def squared_errors(labels: Labels, scores: Scores, cluster: strata.Numbers | None = None) -> Plain:
    """Moments of (score - label)**2 (`SquaredErrors`)."""
    return {"kind": "squared-errors", "moments": moments((scores - labels) ** 2, cluster)}


def _sums(scores: Scores, bins: Any, count: int, resolution: float | str) -> list[int]:
    if not isinstance(resolution, float | int):
        return bin_sums(scores, bins, count)
    steps = np.rint(scores / resolution)
    return [int(total) for total in np.bincount(bins, weights=steps, minlength=count)]


def bins_of(scores: Scores, cuts: Scores, positive_when: str) -> Any:
    """The bin of each score; an equal edge belongs to the bin below (`above`) or to the one that it begins."""
    if positive_when not in {ABOVE, AT_OR_ABOVE}:
        raise ValueError("positive_when must be 'above' or 'at-or-above'")
    places = np.searchsorted(cuts, scores, side="left" if positive_when == ABOVE else "right") - 1
    return np.clip(places, 0, len(cuts) - 2)
