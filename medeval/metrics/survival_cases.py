"""Predictions of a survival benchmark beside its labels, read strictly.

`labels.csv` holds a time of at least 0 and an event (1: it happened then, 0: censored then). `predictions.csv` holds a
risk, any finite number unless the plan declares a range, higher where the event is expected earlier; and, where the
plan asks for probabilities, for each time a column `p_TIME`: the probability of an event by then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.errors import DataError, ScoreOutOfRange
from medeval.metrics.case_rows import LABELS_HINT, read_predicted, read_truth, to_measured, to_number, to_share

Reals: TypeAlias = NDArray[np.float64]
Marks: TypeAlias = NDArray[np.bool_]

WITH_PROBABILITIES = "risk+probabilities"


@dataclass(frozen=True)
class SurvivalCases:
    """N cases: time, event (True) or censoring, and risk of shape (N,); probabilities (N, K) at K times, or None."""

    time: Reals
    event: Marks
    risk: Reals
    probabilities: Reals | None = None

    def only(self, chosen: Marks) -> "SurvivalCases":
        """Some of the cases; `chosen` of shape (N,)."""
        probabilities = None if self.probabilities is None else self.probabilities[chosen]
        return SurvivalCases(self.time[chosen], self.event[chosen], self.risk[chosen], probabilities)


def read_cases(source: Path, interface: Mapping[str, Any], analysis: Mapping[str, Any]) -> SurvivalCases:
    """The cases of `predictions.csv` and `labels.csv` in `source`.

    Raises `WrongColumns`, `WrongCases`, `ScoreNotFinite` or `ScoreOutOfRange` for predictions, `DataError`,
    `MissingColumn` or `EmptyData` for labels.
    """
    truth = read_truth(source, interface, (analysis.get("time", "time"), analysis.get("event", "event")))
    time = np.array([_to_time(row[0]) for row in truth.rows], dtype=np.float64)
    event = np.array([_to_event(row[1]) for row in truth.rows], dtype=np.bool_)
    columns = probability_columns(analysis)
    rows = read_predicted(source, interface, (interface.get("score", "score"), *columns), truth)
    risk = np.array([_to_risk(row[0], analysis.get("score_range")) for row in rows], dtype=np.float64)
    if not columns:
        return SurvivalCases(time, event, risk)
    shares = np.array([[to_share(text) for text in row[1:]] for row in rows], dtype=np.float64)
    return SurvivalCases(time, event, risk, _rising(shares))


def probability_columns(analysis: Mapping[str, Any]) -> list[str]:
    """The columns of event probabilities: `p_365` for the time 365."""
    if analysis.get("outputs", "risk") != WITH_PROBABILITIES:
        return []
    return [f"p_{float(time):g}" for time in analysis.get("times", [])]


def _to_time(text: str) -> float:
    time = to_measured(text)
    if time < 0:
        raise DataError("labels.csv holds a time below 0", LABELS_HINT)
    return time


def _to_event(text: str) -> bool:
    if text not in {"0", "1"}:
        raise DataError("labels.csv holds an event that is neither 0 nor 1", LABELS_HINT)
    return text == "1"


def _to_risk(text: str, limits: Sequence[float] | None) -> float:
    risk = to_number(text)
    if limits is not None and not limits[0] <= risk <= limits[1]:
        raise ScoreOutOfRange("a risk lies outside the declared range", "Scores are never clipped: scale them.")
    return risk


def _rising(shares: Reals) -> Reals:
    """Probabilities of an event by ever later times, shape (N, K): they cannot fall."""
    if (np.diff(shares, axis=1) < 0).any():
        raise ScoreOutOfRange(
            "a probability of an event falls with time", "Write the probability of an event by each time."
        )
    return shares
