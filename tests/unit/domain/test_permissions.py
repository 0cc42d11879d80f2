import pytest

from medeval.domain.permissions import PERMITTED, Action, Role, can, can_see, check_permitted
from medeval.domain.policies import Audience
from medeval.errors import Forbidden

#           operator committee model-owner data-owner site
TABLE = """
MANAGE_TOKENS       x . . . .
ACCEPT_SITE         x . . . .
PUBLISH_BENCHMARK   . x . . .
DECIDE_ASSOCIATION  . x . . .
SUBMIT_MODEL        . . x . .
REGISTER_SITE       . . . x .
REGISTER_DATASET    . . . . x
SUBMIT_STATEMENT    . . . . x
ASSOCIATE_MODEL     . . x . .
ASSOCIATE_DATASET   . . . x .
PULL_TASKS          . . . x x
UPLOAD_BLOB         . x x . .
READ                x x x x x
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
ROLES = [Role.OPERATOR, Role.COMMITTEE, Role.MODEL_OWNER, Role.DATA_OWNER, Role.SITE]
CASES = [(role, Action[row[0]], mark == "x") for row in ROWS for role, mark in zip(ROLES, row[1:], strict=True)]


def test_the_truth_table_is_whole():
    assert {action for _, action, _ in CASES} == set(Action) == set(PERMITTED)
    assert {role for role, _, _ in CASES} == set(Role)


@pytest.mark.parametrize(("role", "action", "allowed"), CASES)
def test_truth_table(role, action, allowed):
    assert can(role, action) is allowed
    if allowed:
        check_permitted(role, action)
        return
    with pytest.raises(Forbidden, match=f"a token of role {role} may not {action}") as refused:
        check_permitted(role, action)
    assert all(name in refused.value.hint for name in PERMITTED[action])


@pytest.mark.parametrize("takes_part", [True, False])
@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("audience", Audience)
def test_who_sees_what(audience, role, takes_part):
    expected = {
        Audience.EVERYONE: True,
        Audience.PARTICIPANTS: role in (Role.COMMITTEE, Role.OPERATOR) or (role is not None and takes_part),
        Audience.COMMITTEE: role in (Role.COMMITTEE, Role.OPERATOR),
    }
    assert can_see(audience, role, takes_part=takes_part) is expected[audience]
