"""Who may do what at the results server: one table, asked by the server before each step."""

from enum import StrEnum

from medeval.domain.policies import Audience
from medeval.errors import Forbidden


class Role(StrEnum):
    """The role of an API token. `SITE` is the upload credential of one installation."""

    OPERATOR = "operator"
    COMMITTEE = "committee"
    MODEL_OWNER = "model-owner"
    DATA_OWNER = "data-owner"
    SITE = "site"


class Action(StrEnum):
    """What can be done at the results server."""

    MANAGE_TOKENS = "manage tokens"
    ACCEPT_SITE = "accept a site's key"
    PUBLISH_BENCHMARK = "publish a benchmark"
    DECIDE_ASSOCIATION = "approve or reject models and datasets"
    SUBMIT_MODEL = "submit a model"
    ASSOCIATE_MODEL = "bring a model into a benchmark"
    REGISTER_SITE = "register a site"
    REGISTER_DATASET = "register a dataset"
    ASSOCIATE_DATASET = "bring a dataset into a benchmark"
    SUBMIT_STATEMENT = "submit a statement"
    PULL_TASKS = "pull a site's tasks"
    UPLOAD_BLOB = "upload a blob"
    READ = "read benchmarks, models and leaderboards"


_ALL = frozenset(Role)

PERMITTED: dict[Action, frozenset[Role]] = {
    Action.MANAGE_TOKENS: frozenset({Role.OPERATOR}),
    Action.ACCEPT_SITE: frozenset({Role.OPERATOR}),
    Action.PUBLISH_BENCHMARK: frozenset({Role.COMMITTEE}),
    Action.DECIDE_ASSOCIATION: frozenset({Role.COMMITTEE}),
    Action.SUBMIT_MODEL: frozenset({Role.MODEL_OWNER}),
    Action.ASSOCIATE_MODEL: frozenset({Role.MODEL_OWNER}),
    Action.REGISTER_SITE: frozenset({Role.DATA_OWNER}),
    Action.REGISTER_DATASET: frozenset({Role.SITE}),
    Action.ASSOCIATE_DATASET: frozenset({Role.DATA_OWNER}),
    Action.SUBMIT_STATEMENT: frozenset({Role.SITE}),
    Action.PULL_TASKS: frozenset({Role.DATA_OWNER, Role.SITE}),
    Action.UPLOAD_BLOB: frozenset({Role.COMMITTEE, Role.MODEL_OWNER}),
    Action.READ: _ALL,
}


def can(role: Role, action: Action) -> bool:
    """Whether a token of this role may do this."""
    return role in PERMITTED[action]


def check_permitted(role: Role, action: Action) -> None:
    """Raise `Forbidden`, naming the roles that may, unless this one may."""
    if not can(role, action):
        roles = " or ".join(sorted(PERMITTED[action]))
        raise Forbidden(f"a token of role {role} may not {action}", f"Log in with a token of role {roles}.")


def can_see(audience: Audience, role: Role | None, *, takes_part: bool) -> bool:
    """Whether a viewer (no role: not logged in) belongs to an audience.

    The committee and the operator belong to each; a model owner, data owner or site whose model or dataset is approved
    in the benchmark takes part.
    """
    if audience is Audience.EVERYONE or role in (Role.COMMITTEE, Role.OPERATOR):
        return True
    return audience is Audience.PARTICIPANTS and role is not None and takes_part
