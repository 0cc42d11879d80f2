"""The truth table of roles and actions, at the API: a wrong role is refused before anything else is looked at."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from medeval.client.api import Api
from medeval.client.http import Transport
from medeval.client.results import ResultsClient
from medeval.domain.base import digest_of
from medeval.domain.dataset import DatasetCard
from medeval.domain.messages import Acceptance, Decision, NewAssociation, NewToken, StatementSubmission
from medeval.domain.permissions import Action, Role, can
from medeval.errors import Forbidden, MedevalError, Unauthenticated
from medeval.server.settings import ServerSettings
from medeval.signing import dsse, keys
from tests.worlds import World, make_card, make_spec, new_site, running

ANY = digest_of(b"anything")
KEY = keys.new_private_key()
CARD = DatasetCard.from_plain(
    {
        "site": "north",
        "name": "data",
        "title": "Data",
        "benchmark": ANY,
        "preparator": ANY,
        "fingerprint": ANY,
        "statistics": {"cases": 120, "per_class": [60, 60]},
        "policy": "public-data",
    }
)
DECISION = Decision.from_plain({"benchmark": "no@1.0", "kind": "model", "subject": "no@1.0", "state": "approved"})

#: A request of each action. None of them can succeed or change anything that another needs.
REQUESTS = {
    Action.MANAGE_TOKENS: lambda line: Api(line).issue_token(
        NewToken(holder="someone", organisation="Somewhere", role=Role.DATA_OWNER)
    ),
    Action.ACCEPT_SITE: lambda line: Api(line).accept_site("nowhere", Acceptance(fingerprint=ANY)),
    Action.PUBLISH_BENCHMARK: lambda line: Api(line).publish_benchmark(make_spec()),
    Action.DECIDE_ASSOCIATION: lambda line: Api(line).decide(DECISION),
    Action.SUBMIT_MODEL: lambda line: Api(line).submit_model(make_card()),
    Action.ASSOCIATE_MODEL: lambda line: Api(line).request_association(
        NewAssociation(benchmark="no@1.0", kind="model", subject="no@1.0")
    ),
    Action.REGISTER_SITE: lambda line: Api(line).register_site(new_site("north", KEY)),
    Action.REGISTER_DATASET: lambda line: ResultsClient(line).register_dataset(CARD),
    Action.ASSOCIATE_DATASET: lambda line: Api(line).request_association(
        NewAssociation(benchmark="no@1.0", kind="dataset", subject="no/data")
    ),
    Action.SUBMIT_STATEMENT: lambda line: ResultsClient(line).submit_statement(
        StatementSubmission(envelope=dsse.seal(b"{}", KEY))
    ),
    Action.PULL_TASKS: lambda line: Api(line).list_tasks("nowhere"),
    Action.UPLOAD_BLOB: lambda line: line.call(
        "PATCH", f"/blobs/{ANY}", headers={"Upload-Offset": "0", "Upload-Length": "8"}
    ),
    Action.READ: lambda line: Api(line).list_sites(),
}


@pytest.fixture(scope="module")
def lines(tmp_path_factory) -> Iterator[dict[Role | None, object]]:
    """A connection per role, and one without a token."""
    folder = tmp_path_factory.mktemp("roles")
    settings = ServerSettings(data_dir=folder / "server")
    with running(settings) as url, ExitStack() as stack:
        world = World(url, settings.data_dir, folder, stack)
        tokens = {role: world.token(role) for role in Role if role is not Role.SITE}
        tokens[Role.SITE] = world.register("north").token
        yield {role: world.transport(token) for role, token in tokens.items()} | {None: world.transport(None)}


CASES = [(role, action) for action in Action for role in Role]


@pytest.mark.parametrize(("role", "action"), [case for case in CASES if not can(*case)])
def test_who_may_not(lines, role, action):
    with pytest.raises(Forbidden, match=str(action)) as refused:
        REQUESTS[action](lines[role])
    assert role in refused.value.message
    assert "Log in with a token of role" in refused.value.hint


@pytest.mark.parametrize(("role", "action"), [case for case in CASES if can(*case)])
def test_who_may(lines, role, action):
    """Whatever else is wrong with the request, it is not the role."""
    try:
        REQUESTS[action](lines[role])
    except MedevalError as exc:
        refused = exc
    else:
        return
    assert "token may not" not in refused.message


@pytest.mark.parametrize("action", Action)
def test_nobody_may_do_anything_without_a_token(lines, action):
    with pytest.raises(Unauthenticated, match="needs a token"):
        REQUESTS[action](lines[None])


def test_there_is_a_request_for_every_action():
    assert set(REQUESTS) == set(Action)


@pytest.mark.parametrize("token", ["medeval_" + "A" * 43, "nothing", "medeval_", "medeval_" + "A" * 43 + "x"])
def test_a_token_that_nobody_was_given(lines, token):
    url = lines[None].base_url
    with Transport(url, token) as line, pytest.raises(Unauthenticated) as refused:
        Api(line).whoami()
    assert token not in refused.value.message
    with Transport(url, token) as line, pytest.raises(Unauthenticated):
        Api(line).get_leaderboard("breast")


def test_whoami(lines):
    for role in Role:
        assert Api(lines[role]).whoami().role is role
