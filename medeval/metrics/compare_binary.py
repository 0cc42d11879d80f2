"""Binary classifiers on the same cases: areas under ROC curves, decisions, squared errors.

Where the plan asks for exact scalars, scores are compared as they are. Otherwise a score counts as its bin, as in the
score table: what a comparison tells of one model is then what that model's table has told already.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.metrics import strata
from medeval.metrics.binary import ABOVE, bins_of
from medeval.metrics.paired_states import (
    Flags,
    Plain,
    auroc_covariance,
    difference_moments,
    discordant_counts,
)
from medeval.metrics.predictions import Columns, Labels, Scores, read_scored_cases

Matrix: TypeAlias = NDArray[np.float64]


def paired_states(folders: Sequence[Path], parameters: Mapping[str, Any]) -> tuple[int, list[Plain]]:
    """The cases, and a state for each metric that `parameters["compared"]` names."""
    interface, analysis = parameters.get("interface", {}), parameters["analysis"]
    names = {name: interface[name] for name in ("case_id", "score", "label") if name in interface}
    columns = Columns(**names, extra=tuple(strata.columns_of(interface)))
    read = [read_scored_cases(folder / "predictions.csv", folder / "labels.csv", columns) for folder in folders]
    labels, scores = read[0].labels, np.stack([cases.scores for cases in read])
    cluster = strata.read_strata(folders[0] / "labels.csv", interface).cluster
    wanted = [item["metric"] for item in parameters["compared"]]
    return len(labels), [state_of(metric, labels, scores, analysis, cluster) for metric in wanted]


def state_of(
    metric: str, labels: Labels, scores: Matrix, analysis: Mapping[str, Any], cluster: strata.Numbers | None
) -> Plain:
    """One state of M models on N cases: labels and `cluster` (N,), scores (M, N)."""
    base, _, at = metric.partition("@")
    match base:
        case "auroc":
            return auroc_covariance(metric, labels, _ordered(scores, analysis))
        case "brier":
            return difference_moments(metric, (scores - labels) ** 2, cluster=cluster)
        case _:
            threshold = float(at) if at else analysis["threshold"]
            right = _called_positive(scores, threshold, analysis["positive_when"]) == labels
            return discordant_counts(metric, right[:, _counted(base, labels)])


def _counted(base: str, labels: Labels) -> Labels:
    """Among which cases a decision counts: all, the positive or the negative ones."""
    match base:
        case "sensitivity":
            return labels
        case "specificity":
            return ~labels
        case _:
            return np.ones_like(labels)


def _ordered(scores: Matrix, analysis: Mapping[str, Any]) -> NDArray[Any]:
    """What orders the cases: scores, or the bins that they fall into; shape (M, N)."""
    if analysis.get("exact_scalars"):
        return scores
    cuts = np.asarray(analysis["score_edges"], dtype=np.float64)
    bins: NDArray[np.intp] = bins_of(scores, cuts, analysis["positive_when"])
    return bins


def _called_positive(scores: Scores, threshold: float, positive_when: str) -> Flags:
    return scores > threshold if positive_when == ABOVE else scores >= threshold
