import pytest
from hypothesis import given

from medeval.domain.lifecycle import ASSOCIATION, EXECUTION, AssociationState, ExecutionState, can_move, check_move
from medeval.errors import Conflict
from tests.strategies import association_walks, execution_walks

ASSOCIATION_STEPS = {
    ("pending", "approved"),
    ("pending", "rejected"),
    ("approved", "rejected"),
    ("rejected", "approved"),
}
EXECUTION_STEPS = {
    ("pending", "released"),
    ("pending", "withheld"),
    ("pending", "failed"),
    ("failed", "released"),
    ("failed", "withheld"),
    ("failed", "failed"),
    ("withheld", "released"),
}


@pytest.mark.parametrize(
    ("table", "states", "steps"),
    [(ASSOCIATION, AssociationState, ASSOCIATION_STEPS), (EXECUTION, ExecutionState, EXECUTION_STEPS)],
    ids=["association", "execution"],
)
def test_truth_table(table, states, steps):
    found = {(str(a), str(b)) for a in states for b in states if can_move(table, a, b)}
    assert found == steps
    assert set(table) == set(states)


@pytest.mark.parametrize("target", ExecutionState)
def test_a_released_result_is_final(target):
    with pytest.raises(Conflict, match=f"it is released and cannot become {target}") as refused:
        check_move(EXECUTION, ExecutionState.RELEASED, target)
    assert "it is final" in refused.value.hint


@given(execution_walks)
def test_no_walk_leaves_released_or_returns_to_pending(walk):
    state = ExecutionState.PENDING
    for target in walk:
        if can_move(EXECUTION, state, target):
            check_move(EXECUTION, state, target)
            assert state is not ExecutionState.RELEASED
            assert target is not ExecutionState.PENDING
            state = target


@given(association_walks)
def test_a_decided_association_is_never_pending_again(walk):
    state = AssociationState.PENDING
    for target in walk:
        if can_move(ASSOCIATION, state, target):
            state = target
            assert state is not AssociationState.PENDING
