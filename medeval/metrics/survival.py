"""The states of a survival benchmark, as the plain JSON of `medeval.domain.families.survival`.

Times, scores and edges are compared as doubles, exactly. Everything is a count, or an exact sum of per-case values that
were each rounded once to 2**-52, so the states of two sets of cases add up to the state of both. Pairs are formed among
the cases given, which are those of one site: added over sites they are the pairs within sites.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.metrics import strata
from medeval.metrics.concordance import per_case_counts, per_event_counts
from medeval.metrics.exact import bin_sums, sum_units, wide
from medeval.metrics.survival_cases import SurvivalCases, read_cases

Plain: TypeAlias = dict[str, Any]
Reals: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]
Whole: TypeAlias = NDArray[np.int64]

#: A product of two counts is summed in two parts, so that a billion of them stay inside 63 bits.
_PART_BITS = 31


def evaluate(source: Path, parameters: Mapping[str, Any]) -> Plain:
    """The evaluation of `predictions.csv` and `labels.csv` in `source` (`domain.result.Evaluation`)."""
    interface, analysis = parameters.get("interface", {}), parameters["analysis"]
    cases = read_cases(source, interface, analysis)
    groups = strata.read_strata(source / "labels.csv", interface)
    return strata.evaluation(len(cases.time), lambda chosen: states(cases.only(chosen), analysis), groups)


def states(cases: SurvivalCases, analysis: Mapping[str, Any]) -> list[Plain]:
    """The risk table; exact pairs where the plan asks for exact scalars; errors where there are probabilities."""
    edges, times = analysis["time_edges"], analysis.get("times", [])
    found = [risk_table(cases, edges, analysis["score_edges"])]
    if analysis.get("exact_scalars"):
        found.append(pair_table(cases, edges))
        found.extend([horizon_pairs(cases, edges, times)] if times else [])
    if cases.probabilities is not None:
        found.append(horizon_errors(cases, edges, times, analysis.get("probability_resolution", "exact")))
    return found


def intervals_of(time: Reals, edges: Sequence[float]) -> Places:
    """The interval of each time: i where edges[i - 1] < time <= edges[i], the last beyond every edge; shape (N,)."""
    return np.searchsorted(np.asarray(edges, dtype=np.float64), time, side="left")


def risk_table(cases: SurvivalCases, time_edges: Sequence[float], score_edges: Sequence[float]) -> Plain:
    """Events and censored cases per time interval and score bin (`RiskTable`); M and K edges: (M + 1) x (K + 1)."""
    shape = len(time_edges) + 1, len(score_edges) + 1
    cells = intervals_of(cases.time, time_edges) * shape[1] + intervals_of(cases.risk, score_edges)
    frame = {"time_edges": list(map(float, time_edges)), "score_edges": list(map(float, score_edges))}
    events, censored = (
        np.bincount(cells[chosen], minlength=shape[0] * shape[1]).reshape(shape).tolist()
        for chosen in (cases.event, ~cases.event)
    )
    return {"kind": "risk-table", **frame, "events": events, "censored": censored}


def pair_table(cases: SurvivalCases, time_edges: Sequence[float]) -> Plain:
    """Comparable pairs by the interval of their earlier case, and what the variance needs (`SurvivalPairs`)."""
    where, *counts = per_event_counts(cases.time, cases.event, cases.risk)
    places = intervals_of(cases.time[where], time_edges)
    names = ("concordant", "tied", "comparable")
    found = {name: _sum_by(places, values, len(time_edges) + 1) for name, values in zip(names, counts, strict=True)}
    won, met = per_case_counts(cases.time, cases.event, cases.risk)
    squares = {"won_squares": _dot(won, won), "won_met": _dot(won, met), "met_squares": _dot(met, met)}
    frame = {"time_edges": list(map(float, time_edges))}
    return {"kind": "survival-pairs", **frame, **found, **{name: wide(total) for name, total in squares.items()}}


def horizon_pairs(cases: SurvivalCases, time_edges: Sequence[float], times: Sequence[float]) -> Plain:
    """For each time, pairs of a case with its event by then and one still free of it (`HorizonPairs`)."""
    found = [_pairs_at(cases, time_edges, time) for time in times]
    frame = {"time_edges": list(map(float, time_edges)), "times": list(map(float, times))}
    concordant, tied, comparable = ([list(row) for row in rows] for rows in zip(*found, strict=True))
    return {"kind": "horizon-pairs", **frame, "concordant": concordant, "tied": tied, "comparable": comparable}


def _pairs_at(cases: SurvivalCases, time_edges: Sequence[float], time: float) -> tuple[list[int], ...]:
    """Concordant, tied and all pairs at one time, by the interval of the event."""
    free = np.sort(cases.risk[cases.time > time])
    early = cases.event & (cases.time <= time)
    risk, places = cases.risk[early], intervals_of(cases.time[early], time_edges)
    lower = np.searchsorted(free, risk, side="left")
    tied = np.searchsorted(free, risk, side="right") - lower
    every = np.full(len(risk), len(free), dtype=np.int64)
    width = _intervals_until(time_edges, time)
    return tuple(_sum_by(places, values, width) for values in (lower, tied, every))


def horizon_errors(
    cases: SurvivalCases, time_edges: Sequence[float], times: Sequence[float], resolution: float | str = "exact"
) -> Plain:
    """Sums of predicted probabilities and of their squared errors at each time (`HorizonErrors`).

    With a resolution, a probability is first rounded to that step.
    """
    columns = cases.probabilities if cases.probabilities is not None else np.empty((len(cases.time), 0))
    if not isinstance(resolution, str):
        columns = np.minimum(np.rint(columns / resolution) * resolution, 1.0)
    rows = [_errors_at(cases, time_edges, time, columns[:, place]) for place, time in enumerate(times)]
    frame = {"time_edges": list(map(float, time_edges)), "times": list(map(float, times)), "resolution": resolution}
    return {"kind": "horizon-errors", **frame, **{name: [row[name] for row in rows] for name in rows[0]}}


def _errors_at(cases: SurvivalCases, time_edges: Sequence[float], time: float, probability: Reals) -> Plain:
    early, free = cases.event & (cases.time <= time), cases.time > time
    missed, alarmed = (1.0 - probability[early]) ** 2, probability[free] ** 2
    places, width = intervals_of(cases.time[early], time_edges), _intervals_until(time_edges, time)
    return {
        "predicted": wide(sum_units(probability)),
        "missed": [wide(total) for total in bin_sums(missed, places, width)],
        "missed_squares": [wide(total) for total in bin_sums(missed * missed, places, width)],
        "alarmed": wide(sum_units(alarmed)),
        "alarmed_squares": wide(sum_units(alarmed * alarmed)),
    }


def _intervals_until(time_edges: Sequence[float], time: float) -> int:
    """How many intervals end at `time`, one of the edges, or before."""
    return list(time_edges).index(time) + 1


def _sum_by(places: Places, values: NDArray[Any], count: int) -> list[int]:
    """Exact sums of counts by place; both of shape (E,). Pairs of fewer than 2**26 cases fit a double."""
    return [int(total) for total in np.bincount(places, weights=values, minlength=count)]


def _dot(first: Whole, second: Whole) -> int:
    """The exact sum of products of counts, of shape (N,)."""
    products = first * second
    return (int((products >> _PART_BITS).sum()) << _PART_BITS) + int((products & (2**_PART_BITS - 1)).sum())
