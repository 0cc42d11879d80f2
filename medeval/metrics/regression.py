"""The state of a regression: joint moments of label and error, in units of the plan's range.

A value x becomes (x - low) / (high - low), so that every power of it lies in [0, 1] and sums cannot overflow. Label and
prediction outside the range are errors: they are never clipped.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medeval.errors import DataError, ScoreOutOfRange
from medeval.metrics import case_rows, strata
from medeval.metrics.joint import Clusters, Plain, Reals, joint_moments, rounded


def evaluate(source: Path, parameters: Mapping[str, Any]) -> Plain:
    """The evaluation of `predictions.csv` (case_id,score) and `labels.csv` (case_id,label,...) in `source`."""
    interface, analysis = parameters.get("interface", {}), parameters["analysis"]
    truth_shares, shares = read_shares(source, interface, analysis)
    groups = strata.read_strata(source / case_rows.LABELS, interface)

    def states_of(chosen: strata.Chosen) -> list[Plain]:
        cluster = None if groups.cluster is None else groups.cluster[chosen]
        return [errors_state(truth_shares[chosen], shares[chosen], cluster)]

    return strata.evaluation(len(shares), states_of, groups)


def read_shares(source: Path, interface: Mapping[str, Any], analysis: Mapping[str, Any]) -> tuple[Reals, Reals]:
    """Labels and predictions of the files in `source`, as shares of the plan's range; both of shape (N,)."""
    truth = case_rows.read_truth(source, interface, [interface.get("label", "label")])
    labels = np.array([case_rows.to_measured(row[0]) for row in truth.rows], dtype=np.float64)
    rows = case_rows.read_predicted(source, interface, [interface.get("score", "score")], truth)
    predicted = np.array([case_rows.to_number(row[0]) for row in rows], dtype=np.float64)
    limits, resolution = analysis["range"], analysis["score_resolution"]
    check_range(labels, predicted, limits)
    return shares_of(labels, limits, resolution), shares_of(predicted, limits, resolution)


def check_range(labels: Reals, predicted: Reals, limits: Sequence[float]) -> None:
    """Raise `DataError` for a label, `ScoreOutOfRange` for a prediction, outside the plan's range."""
    low, high = limits
    if np.any((labels < low) | (labels > high)):
        raise DataError("labels.csv holds a value outside the range of the analysis plan", case_rows.LABELS_HINT)
    if np.any((predicted < low) | (predicted > high)):
        hint = "Write values inside the range that the benchmark's analysis plan declares; none is clipped."
        raise ScoreOutOfRange("a prediction lies outside the range of the analysis plan", hint)


def shares_of(values: Reals, limits: Sequence[float], resolution: float | str) -> Reals:
    """Values inside the limits as shares of their width, rounded to the plan's resolution; shape (N,)."""
    low, high = (float(limit) for limit in limits)
    return rounded((values - low) / (high - low), resolution)


def errors_state(y: Reals, p: Reals, cluster: Clusters | None = None) -> Plain:
    """`JointMoments` of label and error; labels `y` and predictions `p` as shares of the range, shape (N,)."""
    d = p - y
    return joint_moments({"y": y, "d": d, "abs_d": np.abs(d), "dd": d * d, "yd": y * d, "yy": y * y}, cluster)
