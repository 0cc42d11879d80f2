"""Pairs of cases of a survival benchmark, from a risk table or from exact counts, and their concordance."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from medeval.domain.families.survival_states import HorizonPairs, SurvivalPairs
from medeval.stats.risk_tables import Reals, share


@dataclass(frozen=True)
class Pairs:
    """Pairs by the interval of their event, shape (..., I).

    `best_won`, `best_lost`, `worst_won`, `worst_lost`: pairs won and lost if all that the table leaves open turns out
    well, and badly.
    """

    concordant: Reals
    tied: Reals
    comparable: Reals
    best_won: Reals
    best_lost: Reals
    worst_won: Reals
    worst_lost: Reals

    @classmethod
    def exact(cls, concordant: Any, tied: Any, comparable: Any) -> "Pairs":
        """Pairs of which nothing is open; a tied one is half won."""
        conc, ties, comp = (np.array(counts, dtype=np.float64) for counts in (concordant, tied, comparable))
        won = conc + ties / 2
        return cls(conc, ties, comp, won, comp - won, won, comp - won)

    def until(self, count: int) -> "Pairs":
        """Those of the first intervals alone."""
        return Pairs(**{name: getattr(self, name)[..., :count] for name in self.__dataclass_fields__})

    def concordance(self, weights: Reals | None = None) -> Reals:
        """The weighted share of comparable pairs that are won, shape (...); NaN where there is none."""
        heavy = np.ones_like(self.comparable) if weights is None else weights
        won, every = self.concordant + self.tied / 2, self.comparable
        return share((heavy * won).sum(axis=-1), (heavy * every).sum(axis=-1), np.nan)

    def limits(self, low: Reals, high: Reals) -> tuple[float, float]:
        """The lowest and highest concordance if each weight lies between `low` and `high` of its interval."""
        worst, best = (low * self.worst_won).sum(), (high * self.best_won).sum()
        against, left = (high * self.worst_lost).sum(), (low * self.best_lost).sum()
        return float(share(worst, worst + against, 0.0)), float(share(best, best + left, 1.0))


def comparable_pairs(events: Reals, censored: Reals) -> Pairs:
    """Pairs of an event and a case that outlasts it; of two events of one interval it is open which was first."""
    every = events + censored
    later = _later(every)
    sure, within = _against(events, later), _against(events, censored)
    d = events.sum(axis=-1)
    unordered = d * (d - 1) / 2
    won, tied, lost = (a + b for a, b in zip(sure, within, strict=True))
    return Pairs(
        concordant=won,
        tied=tied,
        comparable=won + tied + lost,
        best_won=sure[0] + sure[1] + unordered + within[0] + within[1],
        best_lost=sure[2],
        worst_won=sure[0],
        worst_lost=sure[1] + sure[2] + unordered + within[1] + within[2],
    )


def horizon_pairs(events: Reals, censored: Reals, last: int) -> Pairs:
    """Pairs of an event up to interval `last` and a case beyond it, shape (..., last + 1)."""
    beyond = _later(events + censored)[..., last : last + 1, :]
    won, tied, lost = _against(events[..., : last + 1, :], beyond)
    return Pairs(won, tied, won + tied + lost, won + tied, lost, won, tied + lost)


def exact_pairs(state: SurvivalPairs | HorizonPairs, place: int | None = None) -> Pairs:
    """Pairs within sites: all, or those of one of the times."""
    counts = (state.concordant, state.tied, state.comparable)
    return Pairs.exact(*(rows if place is None else rows[place] for rows in counts))


def pair_variance(events: Reals, censored: Reals, value: float) -> float:
    """The variance of a table's concordance `value`: that of a ratio of two U-statistics (Hoeffding's projection).

    For each case, half of won - value * met over the pairs it belongs to (`SurvivalPairs`), squared and added up, over
    the square of the number of pairs. Both tables of shape (I, B).
    """
    after, before = _later(events + censored) + censored, np.cumsum(events, axis=0) - events
    until = before + events
    first = _won_first(after) / 2 - value * after.sum(axis=-1, keepdims=True)
    of_event = first + _won_later(before) / 2 - value * before.sum(axis=-1, keepdims=True)
    of_censored = _won_later(until) / 2 - value * until.sum(axis=-1, keepdims=True)
    pairs = (events * after.sum(axis=-1, keepdims=True)).sum()
    return float(((events * of_event**2).sum() + (censored * of_censored**2).sum()) / pairs**2)


def exact_variance(state: SurvivalPairs) -> float:
    """The same from the exact sums, in whole numbers up to the last division, so that nothing cancels."""
    pairs = sum(state.comparable)
    won = 2 * sum(state.concordant) + sum(state.tied)
    squares = pairs**2 * state.won_squares.total - 2 * pairs * won * state.won_met.total
    return (squares + won**2 * state.met_squares.total) / (4 * pairs**4)


def _won_first(after: Reals) -> Reals:
    """2 * concordant + tied of an event with the cases that outlast it: those of lower bins are won."""
    return 2 * _below(after) + after


def _won_later(earlier: Reals) -> Reals:
    """2 * concordant + tied of a case with the events before it: those of higher bins win."""
    above = earlier.sum(axis=-1, keepdims=True) - _below(earlier) - earlier
    return np.asarray(2 * above + earlier)


def _later(every: Reals) -> Reals:
    """Cases of all later intervals, by bin."""
    return np.asarray(np.flip(np.cumsum(np.flip(every, axis=-2), axis=-2), axis=-2) - every)


def _below(counts: Reals) -> Reals:
    """Cases in lower bins."""
    return np.asarray(np.cumsum(counts, axis=-1) - counts)


def _against(events: Reals, others: Reals) -> tuple[Reals, Reals, Reals]:
    """Pairs in which the event's bin is higher, the same, lower; by interval."""
    won, tied = (events * _below(others)).sum(axis=-1), (events * others).sum(axis=-1)
    return won, tied, events.sum(axis=-1) * others.sum(axis=-1) - won - tied
