"""A survival evaluation as arrays, and bootstrap replicates of its table."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np

from medeval.domain.families.base import State
from medeval.domain.families.survival import SurvivalPlan
from medeval.domain.families.survival_states import RiskTable
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused
from medeval.stats.measure import design_effect
from medeval.stats.risk_tables import Reals, to_arrays

S = TypeVar("S", bound=State)

#: Of a bootstrap, this share of replicates may be undefined (no event is drawn).
_MAY_FAIL = 0.05


@dataclass(frozen=True)
class SurvivalSample:
    """An evaluation as arrays: events and censored cases of shape (I, B), with the plan and the design effect."""

    evaluation: Evaluation
    table: RiskTable
    plan: SurvivalPlan
    deff: float
    events: Reals
    censored: Reals

    def find(self, kind: type[S]) -> S | None:
        """The state of that kind."""
        return find_state(self.evaluation, kind)

    @classmethod
    def of(cls, evaluation: Evaluation, plan: SurvivalPlan) -> "SurvivalSample":
        """The sample of an evaluation that was checked against the plan."""
        table = find_state(evaluation, RiskTable)
        if table is None:
            raise ResultRefused("states: hold no risk table", "Use the evaluator that the spec names.")
        deff = design_effect(evaluation.cases, evaluation.clusters)
        return cls(evaluation, table, plan, deff, *to_arrays(table))

    @property
    def cases(self) -> int:
        """Cases in all."""
        return self.evaluation.cases

    def interval_of(self, time: float) -> int:
        """The interval that ends at a time."""
        return self.plan.time_edges.index(time)

    def replicates(self) -> tuple[Reals, Reals]:
        """Resampled tables, each of shape (R, I, B)."""
        return _replicates(self.table, self.plan.replicates, self.plan.seed, self.deff)


def find_state(evaluation: Evaluation, kind: type[S]) -> S | None:
    """The state of a kind."""
    states: tuple[State, ...] = evaluation.states
    return next((state for state in states if isinstance(state, kind)), None)


@lru_cache(maxsize=8)
def _replicates(table: RiskTable, replicates: int, seed: int, deff: float) -> tuple[Reals, Reals]:
    """Multinomial over all cells, of as many cases as the design is worth."""
    events, censored = to_arrays(table)
    cells = np.concatenate((events.ravel(), censored.ravel()))
    size = max(1, round(float(cells.sum()) / deff))
    drawn = np.random.default_rng(seed).multinomial(size, cells / cells.sum(), size=replicates).astype(np.float64)
    shape = (replicates, *events.shape)
    return drawn[:, : events.size].reshape(shape), drawn[:, events.size :].reshape(shape)


def spread_of(values: Reals) -> float | None:
    """The variance over replicates; None where more than one in twenty are undefined."""
    known = values[np.isfinite(values)]
    if len(known) < (1 - _MAY_FAIL) * len(values):
        return None
    return float(np.var(known, ddof=1))
