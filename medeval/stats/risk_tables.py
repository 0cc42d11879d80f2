"""Risk tables as arrays: the curves of survival and of censoring, with their limits.

A table has events and censored cases by time interval and score bin, shape (..., I, B). Its times are taken as those of
the ends of their intervals, events before censoring, which is exact where every time is a time edge. Where times lie
inside intervals the limits hold for every order that they can have.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.domain.families.survival_states import RiskTable

Reals: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Survival after each interval, shape (..., I): as the table has it, and the lowest that it can be.

    The table's own value is the highest: censored cases then all leave after the events of their interval.
    """

    after: Reals
    low: Reals


@dataclass(frozen=True)
class Weights:
    """Inverse probabilities of being uncensored, shape (..., I), each with limits.

    `of_event`: just before an event in the interval. `beyond`: after the interval.
    """

    of_event: Reals
    of_event_low: Reals
    of_event_high: Reals
    beyond: Reals
    beyond_low: Reals


def share(part: Any, whole: Any, otherwise: float) -> Reals:
    """`part` / `whole`, or `otherwise` where `whole` is 0; shapes as they broadcast."""
    top, bottom = np.broadcast_arrays(np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64))
    return np.asarray(np.divide(top, bottom, out=np.full(top.shape, otherwise), where=bottom != 0))


def to_arrays(table: RiskTable) -> tuple[Reals, Reals]:
    """Events and censored cases, both of shape (I, B)."""
    return np.array(table.events, dtype=np.float64), np.array(table.censored, dtype=np.float64)


def at_risk(events: Reals, censored: Reals) -> tuple[Reals, Reals, Reals]:
    """Events, censored and cases at risk per interval, each of shape (..., I)."""
    d, c = events.sum(axis=-1), censored.sum(axis=-1)
    return d, c, np.flip(np.cumsum(np.flip(d + c, axis=-1), axis=-1), axis=-1)


def survival_curve(events: Reals, censored: Reals) -> Curve:
    """Kaplan & Meier's survival after each interval."""
    d, c, n = at_risk(events, censored)
    return Curve(after=_falling(share(d, n, 0.0)), low=_falling(share(d, n - c, 0.0)))


def censoring_weights(events: Reals, censored: Reals) -> Weights:
    """1 / G of Kaplan & Meier's curve G of censoring, just before each event; 0 where nobody is left."""
    d, c, n = at_risk(events, censored)
    late, early = share(c, n - d, 0.0), share(c, n, 0.0)
    after, after_high = _falling(late), _falling(early)
    before, before_high = _shifted(after), _shifted(after_high)
    # An event of the interval may come last, after all others and after all who are censored in it.
    before_low = before * (1 - share(c, n - d + 1, 0.0))
    return Weights(
        of_event=share(1.0, before, 0.0),
        of_event_low=share(1.0, before_high, 0.0),
        of_event_high=share(1.0, before_low, 0.0),
        beyond=share(1.0, after, 0.0),
        beyond_low=share(1.0, after_high, 0.0),
    )


def _falling(hazard: Reals) -> Reals:
    return np.asarray(np.cumprod(1 - hazard, axis=-1))


def _shifted(after: Reals) -> Reals:
    """The value before each interval: 1, then that after the one before."""
    return np.concatenate((np.ones_like(after[..., :1]), after[..., :-1]), axis=-1)
