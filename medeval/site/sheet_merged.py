"""Which bins of a plan's grids were merged: the edges that are left, against those of the plan."""

from dataclasses import dataclass
from itertools import pairwise
from math import inf

from medeval.domain.families.base import State
from medeval.domain.plan import Plan
from medeval.domain.result import Evaluation, GroupEvaluation

_OF_PLAN = {"edges": "score_edges"}


@dataclass(frozen=True)
class Span:
    """One bin that leaves, and how many bins of the plan it holds."""

    interval: str
    bins: int


@dataclass(frozen=True)
class Merged:
    """One grid of a table: intervals between its edges before and after, and the bins that leave."""

    table: str
    before: int
    after: int
    spans: tuple[Span, ...]


def merged_of(found: Evaluation, plan: Plan) -> tuple[Merged, ...]:
    """Every grid of every state of the whole and of each level that is shown."""
    groups = [(f"{g.name} {g.level}: ", g.states) for g in found.groups if isinstance(g, GroupEvaluation)]
    parts = [("", found.states), *groups]
    return tuple(grid for name, states in parts for state in states for grid in _grids(name, state, plan))


def _grids(name: str, state: State, plan: Plan) -> list[Merged]:
    found = []
    for field in type(state).model_fields:
        of_plan = getattr(plan, _OF_PLAN.get(field, field), None)
        if field.endswith("edges") and isinstance(of_plan, tuple):
            label = f"{name}{getattr(state, 'kind', 'state')}"
            found += _lists(f"{label}.{field}", getattr(state, field), of_plan)
    return found


def _lists(label: str, kept: tuple[object, ...], planned: tuple[float, ...]) -> list[Merged]:
    """One grid, or one for each class where each has edges of its own."""
    if kept and isinstance(kept[0], tuple):
        return [
            grid
            for place, own in enumerate(kept)
            if isinstance(own, tuple)
            for grid in _lists(_of_class(label, place), own, planned)
        ]
    edges = tuple(float(edge) for edge in kept if isinstance(edge, int | float))
    if not label.endswith(".edges"):  # inner cuts: the first and the last bin are open
        planned, edges = (-inf, *planned, inf), (-inf, *edges, inf)
    spans = tuple(
        Span(_interval(low, high), sum(low <= edge < high for edge in planned)) for low, high in pairwise(edges)
    )
    return [Merged(label, max(len(planned) - 1, 0), len(spans), spans)]


def _of_class(label: str, place: int) -> str:
    table, _, field = label.rpartition(".")
    return f"{table}[{place}].{field}"


def _interval(low: float, high: float) -> str:
    if low == -inf:
        return "all" if high == inf else f"up to {high:g}"
    return f"above {low:g}" if high == inf else f"{low:g} to {high:g}"
