"""Harrell's concordance of a risk score with censored times, in exact counts.

A pair of cases is comparable where it is known who had the event first: the earlier of the two had it, and the other
was then still free of it. A case censored at the time of another's event counts as free of it at that time; two events
at one time are not comparable. A comparable pair is concordant where the case with the earlier event has the higher
risk, tied where the risks are equal. These are the conventions of Harrell 1996 as in `lifelines.utils`.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.metrics.rank_counts import Counts, below_and_equal, dense_ranks, group_numbers, stable_order

Reals: TypeAlias = NDArray[np.float64]
Events: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class PairCounts:
    """Pairs of cases: concordant and tied ones, and all that are comparable."""

    concordant: int
    tied: int
    comparable: int


def pair_counts(time: Reals, event: Events, risk: Reals) -> PairCounts:
    """Counts over all pairs of N cases in O(N log N); a higher risk foretells an earlier event. All of shape (N,).

    Raises ValueError where the shapes differ or a time or risk is NaN.
    """
    line = _Line.of(time, event, risk)
    higher, equal = line.events_before()
    return PairCounts(*(int(counts.sum(dtype=np.int64)) for counts in (higher, equal, line.befores)))


def per_case_counts(time: Reals, event: Events, risk: Reals) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each case, over the pairs it belongs to: 2 * concordant + tied, and comparable; both of shape (N,).

    Each pair belongs to two cases, so the sums are twice those of `pair_counts`. Raises ValueError as it does.
    """
    line = _Line.of(time, event, risk)
    higher, equal = line.events_before()
    concordant2, comparable = 2 * higher.astype(np.int64) + equal, line.befores.astype(np.int64)
    lower, equal = line.cases_after()
    concordant2[line.events] += 2 * lower.astype(np.int64) + equal
    comparable[line.events] += len(line.order) - line.afters
    return _unsorted(concordant2, line.order), _unsorted(comparable, line.order)


def per_event_counts(
    time: Reals, event: Events, risk: Reals
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each case with an event, over the pairs in which it is the earlier: where, concordant, tied, comparable.

    "Where" is its place among the N cases. Each pair has one earlier case, so the sums are those of `pair_counts`. Four
    times (E,). Raises ValueError as it does.
    """
    line = _Line.of(time, event, risk)
    lower, equal = line.cases_after()
    after = len(line.order) - line.afters
    found = (line.order[line.events], lower, equal, after)
    where, concordant, tied, comparable = (counts.astype(np.int64) for counts in found)
    return where, concordant, tied, comparable


@dataclass(frozen=True)
class _Line:
    """N cases in the order of time, at one time the E events first.

    `befores` (N,): how many of the first events are before each case, comparably. `afters` (E,): the place in the order
    from which on the cases are comparably after each event. `falling` (N,): ranks of the risk, the highest is 0.
    """

    order: Counts
    events: Counts
    befores: Counts
    afters: Counts
    falling: Counts

    @classmethod
    def of(cls, time: Reals, event: Events, risk: Reals) -> "_Line":
        """Sort the cases."""
        _check(time, event, risk)
        by_time = stable_order(time)
        moments = group_numbers(time[by_time])
        order = by_time[np.argsort(2 * moments + ~event[by_time], kind="stable")]
        happened = event[order]
        events = np.flatnonzero(happened)
        firsts, ends = _group_bounds(moments)
        events_until = np.cumsum(np.concatenate(([False], happened)), dtype=moments.dtype)
        befores = np.where(happened, events_until[firsts], events_until[ends])
        afters = (firsts + events_until[ends] - events_until[firsts])[events]
        return cls(order, events, befores, afters, dense_ranks(-risk[order]))

    def events_before(self) -> tuple[Counts, Counts]:
        """Events comparably before each case, with a higher risk and with the same; shapes (N,)."""
        nowhere = np.zeros_like(self.befores)
        return below_and_equal(self.falling[self.events], nowhere, self.befores, self.falling)

    def cases_after(self) -> tuple[Counts, Counts]:
        """Cases comparably after each event, with a lower risk and with the same; shapes (E,)."""
        ends = np.full_like(self.afters, len(self.order))
        asked = self.falling[self.events]
        below, equal = below_and_equal(self.falling, self.afters, ends, asked)
        return ends - self.afters - below - equal, equal


def _check(time: Reals, event: Events, risk: Reals) -> None:
    if not time.shape == event.shape == risk.shape == (len(time),):
        raise ValueError("time, event and risk must be of one shape (N,)")
    if np.isnan(time).any() or np.isnan(risk).any():
        raise ValueError("a time or a risk is NaN")


def _group_bounds(groups: Counts) -> tuple[Counts, Counts]:
    """Where the group of each member begins and ends; groups are runs of one number, shape (N,)."""
    bounds = np.concatenate(([0], np.cumsum(np.bincount(groups)))).astype(groups.dtype)
    return bounds[:-1][groups], bounds[1:][groups]


def _unsorted(values: NDArray[np.int64], order: Counts) -> NDArray[np.int64]:
    placed = np.empty_like(values)
    placed[order] = values
    return placed
