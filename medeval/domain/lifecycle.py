"""States and their transitions, as tables: code, database constraint, docs and property test read these."""

from enum import StrEnum
from typing import TypeVar

from medeval.errors import Conflict


class AssociationState(StrEnum):
    """Where the consent to use a model or dataset in a benchmark stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class ExecutionState(StrEnum):
    """What the server knows of an execution."""

    PENDING = "pending"
    RELEASED = "released"
    WITHHELD = "withheld"
    FAILED = "failed"


ASSOCIATION: dict[AssociationState, frozenset[AssociationState]] = {
    AssociationState.PENDING: frozenset({AssociationState.APPROVED, AssociationState.REJECTED}),
    AssociationState.APPROVED: frozenset({AssociationState.REJECTED}),
    AssociationState.REJECTED: frozenset({AssociationState.APPROVED}),
}

#: A released result is final; a failed or withheld one may be followed by another attempt or decision.
EXECUTION: dict[ExecutionState, frozenset[ExecutionState]] = {
    ExecutionState.PENDING: frozenset({ExecutionState.RELEASED, ExecutionState.WITHHELD, ExecutionState.FAILED}),
    ExecutionState.FAILED: frozenset({ExecutionState.RELEASED, ExecutionState.WITHHELD, ExecutionState.FAILED}),
    ExecutionState.WITHHELD: frozenset({ExecutionState.RELEASED}),
    ExecutionState.RELEASED: frozenset(),
}

State = TypeVar("State", AssociationState, ExecutionState)


def can_move(table: dict[State, frozenset[State]], current: State, target: State) -> bool:
    """Whether the table holds a step from `current` to `target`."""
    return target in table[current]


def check_move(table: dict[State, frozenset[State]], current: State, target: State) -> None:
    """Raise `Conflict` unless the table holds the step."""
    if not can_move(table, current, target):
        allowed = ", ".join(sorted(table[current])) or "nothing: it is final"
        raise Conflict(f"it is {current} and cannot become {target}", f"From {current} it can become {allowed}.")
