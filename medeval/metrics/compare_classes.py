"""Classifiers of several classes or labels on the same cases: decisions, and the mean of the classes' AUROCs.

A score counts as its bin, as in the score tables: what a comparison tells of one model is what its tables have told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.metrics.binary import bins_of
from medeval.metrics.classes import MULTICLASS, MULTILABEL, called_of, decide, read_multiclass, read_multilabel
from medeval.metrics.paired_states import (
    NO_CASES,
    ONE_CASE,
    ONE_CLASS,
    Flags,
    Plain,
    Reals,
    discordant_counts,
    influence_covariance,
    not_comparable,
)
from medeval.metrics.pairs import placements

_COVARIANCE = "paired-covariance"


@dataclass(frozen=True)
class Decided:
    """One model on N cases of K classes: which each has, and its scores, (N, K); whether it is decided right, (N,)."""

    present: Flags
    scores: Reals
    right: Flags


Read: TypeAlias = Callable[[Path, Mapping[str, Any], Mapping[str, Any]], Decided]


def paired_states(folders: Sequence[Path], parameters: Mapping[str, Any]) -> tuple[int, list[Plain]]:
    """The cases, and a state for each metric that `parameters["compared"]` names."""
    interface, analysis = parameters.get("interface", {}), parameters["analysis"]
    read = [_READERS[analysis["task"]](folder, interface, analysis) for folder in folders]
    return len(read[0].right), [_state(item, read, analysis) for item in parameters["compared"]]


def _state(wanted: Mapping[str, Any], read: Sequence[Decided], analysis: Mapping[str, Any]) -> Plain:
    if wanted["kind"] != _COVARIANCE:
        return discordant_counts(wanted["metric"], np.stack([one.right for one in read]))
    cuts = np.asarray(analysis["score_edges"], dtype=np.float64)
    bins = [bins_of(one.scores, cuts, analysis["positive_when"]) for one in read]
    return macro_covariance(wanted["metric"], read[0].present, bins)


def macro_covariance(metric: str, present: Flags, scores: Sequence[NDArray[Any]]) -> Plain:
    """Of M models the mean of K classes' AUROCs, and its variances; `present` and each model's scores of shape (N, K).

    The classes share their cases: a case's influence on the mean is the mean of its influences on the classes.
    """
    fewest = min((*present.sum(axis=0), *(~present).sum(axis=0)))
    if fewest < 2:
        return not_comparable(metric, NO_CASES if not len(present) else ONE_CASE if fewest else ONE_CLASS)
    found = [[_area(present[:, k], one[:, k]) for k in range(present.shape[1])] for one in scores]
    values = [sum(area for area, _ in classes) / len(classes) for classes in found]
    return influence_covariance(metric, values, np.stack([_mean([row for _, row in classes]) for classes in found]))


def _area(labels: Flags, scores: NDArray[Any]) -> tuple[float, Reals]:
    """AUROC, and each case's influence on it, (N,): its placement less the AUROC, over its class's share of cases."""
    above, below = placements(labels, scores)
    n, n1, n0 = len(labels), len(above), len(below)
    area = int(above.sum()) / (2 * n1 * n0)
    influence = np.empty(n)
    influence[labels] = (above / (2 * n0) - area) * (n / n1)
    influence[~labels] = (below / (2 * n1) - area) * (n / n0)
    return area, influence


def _mean(rows: Sequence[Reals]) -> Reals:
    found: Reals = np.mean(rows, axis=0)
    return found


def _multiclass(folder: Path, interface: Mapping[str, Any], analysis: Mapping[str, Any]) -> Decided:
    labels, scores = read_multiclass(folder, interface, analysis)
    present = labels[:, np.newaxis] == np.arange(scores.shape[1])
    return Decided(present, scores, decide(scores, analysis["tie_rule"]) == labels)


def _multilabel(folder: Path, interface: Mapping[str, Any], analysis: Mapping[str, Any]) -> Decided:
    labels, scores = read_multilabel(folder, interface, analysis)
    return Decided(labels, scores, (called_of(scores, analysis) == labels).all(axis=1))


_READERS: dict[str, Read] = {MULTICLASS: _multiclass, MULTILABEL: _multilabel}
