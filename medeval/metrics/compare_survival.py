"""Risks of survival on the same cases: Harrell's C of each model, and how sure their differences are.

Where the plan asks for exact scalars, times and risks are compared as they are. Otherwise a time counts as its interval
and a risk as its bin, as in the risk table: what a comparison tells of one model is what that model's table has told.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medeval.metrics.concordance import per_case_counts
from medeval.metrics.paired_states import NO_CASES, Plain, Reals, influence_covariance, not_comparable
from medeval.metrics.survival import intervals_of
from medeval.metrics.survival_cases import SurvivalCases, read_cases

NO_EVENT, ONE_EVENT, NO_PAIR = "no event", "one event only", "no comparable pair"


def paired_states(folders: Sequence[Path], parameters: Mapping[str, Any]) -> tuple[int, list[Plain]]:
    """The cases, and a state for each metric that `parameters["compared"]` names: Harrell's C alone."""
    interface, analysis = parameters.get("interface", {}), parameters["analysis"]
    read = [read_cases(folder, interface, analysis) for folder in folders]
    return len(read[0].time), [_concordances(item["metric"], read, analysis) for item in parameters["compared"]]


def _concordances(metric: str, read: Sequence[SurvivalCases], analysis: Mapping[str, Any]) -> Plain:
    """Which pairs are comparable depends on the cases alone, so it is the same for every model."""
    counts = [per_case_counts(*_as_told(cases, analysis)) for cases in read]
    met = counts[0][1]
    pairs, events = int(met.sum()), int(read[0].event.sum())
    if not pairs or events < 2:
        return not_comparable(metric, _why(len(met), events))
    values = [int(won.sum()) / (2 * pairs) for won, _ in counts]
    # Each pair belongs to two cases: a case's influence is that of a ratio of U-statistics (Hoeffding's projection).
    influences = [len(met) * (won - 2 * value * met) / pairs for (won, _), value in zip(counts, values, strict=True)]
    return influence_covariance(metric, values, np.stack(influences))


def _as_told(cases: SurvivalCases, analysis: Mapping[str, Any]) -> tuple[Reals, Any, Reals]:
    """Time, event and risk as the results hold them; each of shape (N,)."""
    if analysis.get("exact_scalars"):
        return cases.time, cases.event, cases.risk
    intervals, bins = (
        intervals_of(cases.time, analysis["time_edges"]),
        intervals_of(cases.risk, analysis["score_edges"]),
    )
    return intervals.astype(np.float64), cases.event, bins.astype(np.float64)


def _why(cases: int, events: int) -> str:
    if not cases:
        return NO_CASES
    return NO_PAIR if events > 1 else ONE_EVENT if events else NO_EVENT
