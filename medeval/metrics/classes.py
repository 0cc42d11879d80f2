"""The states of a multiclass or multilabel classification (`medeval.domain.families.classes`)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.errors import DataError, ScoreOutOfRange
from medeval.metrics import case_rows, strata
from medeval.metrics.binary import ABOVE, score_table
from medeval.metrics.joint import Clusters, Plain, Reals, joint_moments

Places: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

MULTICLASS, MULTILABEL = "multiclass-classification", "multilabel-classification"


def evaluate(source: Path, parameters: Mapping[str, Any]) -> Plain:
    """The evaluation of `predictions.csv` (case_id and one score per class) and `labels.csv` in `source`.

    Labels: `case_id,label` with the name of a class (multiclass), or case_id and a column of 0 and 1 per label.
    """
    interface, analysis = parameters.get("interface", {}), parameters["analysis"]
    read = _evaluate_multiclass if analysis["task"] == MULTICLASS else _evaluate_multilabel
    return read(source, interface, analysis)


def _evaluate_multiclass(source: Path, interface: Mapping[str, Any], analysis: Mapping[str, Any]) -> Plain:
    labels, scores = read_multiclass(source, interface, analysis)
    groups = strata.read_strata(source / case_rows.LABELS, interface)

    def states_of(chosen: strata.Chosen) -> list[Plain]:
        return multiclass_states(labels[chosen], scores[chosen], analysis)

    return strata.evaluation(len(labels), states_of, groups)


def read_multiclass(source: Path, interface: Mapping[str, Any], analysis: Mapping[str, Any]) -> tuple[Places, Reals]:
    """Labels (N,) by the place of their class, and scores (N, K), of the files in `source`."""
    classes = list(analysis["classes"])
    truth = case_rows.read_truth(source, interface, [interface.get("label", "label")])
    labels = _class_places([row[0] for row in truth.rows], classes)
    scores = _scores(case_rows.read_predicted(source, interface, classes, truth))
    check_sums(scores, float(analysis["sum_tolerance"]))
    return labels, scores


def read_multilabel(source: Path, interface: Mapping[str, Any], analysis: Mapping[str, Any]) -> tuple[Flags, Reals]:
    """Labels and scores, both of shape (N, L), of the files in `source`."""
    names = list(analysis["classes"])
    truth = case_rows.read_truth(source, interface, names)
    return _flags(truth.rows), _scores(case_rows.read_predicted(source, interface, names, truth))


def _evaluate_multilabel(source: Path, interface: Mapping[str, Any], analysis: Mapping[str, Any]) -> Plain:
    labels, scores = read_multilabel(source, interface, analysis)
    groups = strata.read_strata(source / case_rows.LABELS, interface)

    def states_of(chosen: strata.Chosen) -> list[Plain]:
        cluster = None if groups.cluster is None else groups.cluster[chosen]
        return multilabel_states(labels[chosen], scores[chosen], analysis, cluster)

    return strata.evaluation(len(labels), states_of, groups)


def multiclass_states(labels: Places, scores: Reals, analysis: Mapping[str, Any]) -> list[Plain]:
    """The confusion matrix and a score table per class; labels of shape (N,), scores of shape (N, K)."""
    tables = [_table(labels == place, scores[:, place], analysis) for place in range(scores.shape[1])]
    decided = decide(scores, analysis["tie_rule"])
    return [confusion_matrix(labels, decided, list(analysis["classes"]), analysis["tie_rule"]), *tables]


def decide(scores: Reals, tie_rule: str) -> Places:
    """The class of the highest score of each row, the first or the last of those that share it; shape (N,)."""
    if tie_rule not in {"first", "last"}:
        raise ValueError("tie_rule must be 'first' or 'last'")
    backwards = tie_rule == "last"
    places: Places = np.argmax(scores[:, ::-1] if backwards else scores, axis=1)
    return scores.shape[1] - 1 - places if backwards else places


def confusion_matrix(labels: Places, decided: Places, classes: Sequence[str], tie_rule: str) -> Plain:
    """Cases by label and decision (`ConfusionMatrix`); both of shape (N,)."""
    size = len(classes)
    counts = np.bincount(labels * size + decided, minlength=size * size).reshape(size, size)
    frame = {"kind": "confusion-matrix", "classes": list(classes), "tie_rule": tie_rule}
    return {**frame, "counts": counts.tolist()}


def multilabel_states(
    labels: Flags, scores: Reals, analysis: Mapping[str, Any], cluster: Clusters | None = None
) -> list[Plain]:
    """A score table per label, and the joint moments of hits and misses; labels and scores of shape (N, L)."""
    tables = [_table(labels[:, place], scores[:, place], analysis) for place in range(scores.shape[1])]
    called = called_of(scores, analysis)
    columns = {"tp": called & labels, "fp": called & ~labels, "fn": ~called & labels}
    counts = {name: flags.sum(axis=1).astype(np.float64) for name, flags in columns.items()}
    counts["exact"] = (called == labels).all(axis=1).astype(np.float64)
    return [*tables, joint_moments(counts, cluster)]


def called_of(scores: Reals, analysis: Mapping[str, Any]) -> Flags:
    """Which labels a model calls present; both of shape (N, L)."""
    threshold = float(analysis["threshold"])
    return scores > threshold if analysis["positive_when"] == ABOVE else scores >= threshold


def check_sums(scores: Reals, tolerance: float) -> None:
    """Raise `ScoreOutOfRange` where the scores of a case do not add up to 1 within the tolerance."""
    if np.any(np.abs(scores.sum(axis=1) - 1.0) > tolerance):
        hint = "Write one probability per class, which add up to 1 for each case (softmax, no logits)."
        raise ScoreOutOfRange("the scores of a case do not add up to 1", hint)


def _table(labels: Flags, scores: Reals, analysis: Mapping[str, Any]) -> Plain:
    resolution = analysis.get("score_resolution", "exact")
    return score_table(labels, scores, analysis["score_edges"], analysis["positive_when"], resolution)


def _scores(rows: Sequence[Sequence[str]]) -> Reals:
    return np.array([[case_rows.to_share(text) for text in row] for row in rows], dtype=np.float64)


def _class_places(names: Sequence[str], classes: Sequence[str]) -> Places:
    known = {name: place for place, name in enumerate(classes)}
    if not known.keys() >= set(names):
        raise DataError("labels.csv holds a label that is no class of the analysis plan", case_rows.LABELS_HINT)
    return np.array([known[name] for name in names], dtype=np.int64)


def _flags(rows: Sequence[Sequence[str]]) -> Flags:
    if not {field for row in rows for field in row} <= {"0", "1"}:
        raise DataError("labels.csv holds a label that is neither 0 nor 1", case_rows.LABELS_HINT)
    return np.array([[field == "1" for field in row] for row in rows], dtype=np.bool_)
