"""The states of survival: the risk table that all is derived from, and exact sums that a table cannot give.

Time intervals are open below and closed above: interval i holds time_edges[i - 1] < time <= time_edges[i]; the first
holds every time up to its edge, the last every later one. Score bins are cut in the same way.
"""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from medeval.domain.families.base import UNIT_BITS, Count, State, Wide
from medeval.errors import ResultRefused

PairCount = Annotated[int, Field(ge=0, lt=2**53)]
Times = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(max_length=200)]
Counts = tuple[Count, ...]
Wides = tuple[Wide, ...]
#: The step to which probabilities are rounded, or none.
Resolution: TypeAlias = Literal["exact"] | Annotated[float, Field(ge=1e-6, le=0.1)]

HINT = "Nothing has left. Use the evaluator and the parameters that the benchmark spec pins."


class RiskTable(State):
    """Cases with an event (`events`) and without (`censored`) by time interval (rows) and bin of the risk (columns).

    M time edges and K score edges give M + 1 rows of K + 1 counts. At risk in an interval are those of it and of all
    later ones.
    """

    kind: Literal["risk-table"] = "risk-table"
    time_edges: Times
    score_edges: tuple[float, ...] = Field(max_length=1000)
    events: tuple[Counts, ...]
    censored: tuple[Counts, ...]
    summed = ("events", "censored")

    @model_validator(mode="after")
    def _is_a_table(self) -> Self:
        shape = len(self.time_edges) + 1, len(self.score_edges) + 1
        for rows in (self.events, self.censored):
            if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
                raise ValueError("events and censored must have a row per time interval and a count per score bin")
        return self

    @property
    def classes(self) -> tuple[int, int]:
        """Censored cases and cases with an event."""
        return sum(map(sum, self.censored)), sum(map(sum, self.events))


class SurvivalPairs(State):
    """Comparable pairs within sites, by the time interval of the case with the earlier event.

    For a case, `won` is 2 * concordant + tied of the pairs it belongs to, `met` how many these are: the sums over cases
    of their squares and products give the variance of Harrell's C.
    """

    kind: Literal["survival-pairs"] = "survival-pairs"
    time_edges: Times
    concordant: tuple[PairCount, ...]
    tied: tuple[PairCount, ...]
    comparable: tuple[PairCount, ...]
    won_squares: Wide
    won_met: Wide
    met_squares: Wide
    summed = ("concordant", "tied", "comparable", "won_squares", "won_met", "met_squares")


class HorizonPairs(State):
    """For each of `times`, pairs within sites of a case with an event by then and one still free of it afterwards.

    A row per time, by the interval of the event, up to the interval that ends at the time.
    """

    kind: Literal["horizon-pairs"] = "horizon-pairs"
    time_edges: Times
    times: Times
    concordant: tuple[tuple[PairCount, ...], ...]
    tied: tuple[tuple[PairCount, ...], ...]
    comparable: tuple[tuple[PairCount, ...], ...]
    summed = ("concordant", "tied", "comparable")


class HorizonErrors(State):
    """Sums of the predicted probabilities p of an event by each of `times`, and of their errors.

    `predicted`: p of all cases. `missed`: (1 - p)**2 of cases with an event by then, by interval as in `HorizonPairs`.
    `alarmed`: p**2 of cases known to be free of it afterwards. `_squares`: the same, squared again. All in units of
    2**-52, of probabilities rounded to `resolution` beforehand.
    """

    kind: Literal["horizon-errors"] = "horizon-errors"
    time_edges: Times
    times: Times
    resolution: Resolution = "exact"
    predicted: Wides
    missed: tuple[Wides, ...]
    missed_squares: tuple[Wides, ...]
    alarmed: Wides
    alarmed_squares: Wides
    summed = ("predicted", "missed", "missed_squares", "alarmed", "alarmed_squares")


def check_sums(state: State, table: RiskTable) -> None:
    """What exact sums and the table both say must be the same; raises `ResultRefused`."""
    events, later = [sum(row) for row in table.events], _later(table)
    match state:
        case SurvivalPairs():
            _check_pairs(state, events, later, table)
        case HorizonPairs():
            _check_lengths(state)
            for place, time in enumerate(state.times):
                last = table.time_edges.index(time)
                expected = tuple(count * later[last] for count in events[: last + 1])
                _check(state.comparable[place] == expected, "comparable: contradicts the risk table")
                _check_row(state.concordant[place], state.tied[place], state.comparable[place])
        case HorizonErrors():
            _check_lengths(state)
            for place, time in enumerate(state.times):
                last = table.time_edges.index(time)
                _check_errors(state, place, (*events[: last + 1], later[last]), sum(table.classes))


def _later(table: RiskTable) -> list[int]:
    """For each interval, the cases of all later ones."""
    rows = [sum(a) + sum(b) for a, b in zip(table.events, table.censored, strict=True)]
    return [sum(rows[place + 1 :]) for place in range(len(rows))]


def _check_lengths(state: HorizonPairs | HorizonErrors) -> None:
    lengths = {len(getattr(state, name)) for name in state.summed}
    _check(lengths == {len(state.times)}, "must have an entry per time")


def _check_pairs(state: SurvivalPairs, events: list[int], later: list[int], table: RiskTable) -> None:
    """Pairs with a later interval are comparable; of pairs within one, those with an event can be."""
    _check(len(state.comparable) == len(events), "comparable: must have a count per time interval")
    _check_row(state.concordant, state.tied, state.comparable)
    for pairs, d, after, row in zip(state.comparable, events, later, table.censored, strict=True):
        least, most = d * after, d * after + d * (d - 1) // 2 + d * sum(row)
        _check(least <= pairs <= most, "comparable: contradicts the risk table")


def _check_row(concordant: tuple[int, ...], tied: tuple[int, ...], comparable: tuple[int, ...]) -> None:
    _check(len(concordant) == len(tied) == len(comparable), "pairs: differ in length")
    within = all(a + b <= c for a, b, c in zip(concordant, tied, comparable, strict=True))
    _check(within, "pairs: more are concordant or tied than comparable")


def _check_errors(state: HorizonErrors, place: int, counts: tuple[int, ...], cases: int) -> None:
    """Each sum is one of so many numbers in [0, 1], of which the squares are no larger."""
    sums = (*state.missed[place], state.alarmed[place])
    squares = (*state.missed_squares[place], state.alarmed_squares[place])
    _check(len(sums) == len(squares) == len(counts), "missed: must have an entry per time interval up to the time")
    for total, square, count in zip(sums, squares, counts, strict=True):
        _check(0 <= square.total <= total.total <= count << UNIT_BITS, "errors: contradict the risk table")
    _check(0 <= state.predicted[place].total <= cases << UNIT_BITS, "predicted: contradicts the risk table")


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise ResultRefused(f"states: {what}", HINT)
