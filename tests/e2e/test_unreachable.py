"""Without the server: what can be done is done, what was signed is kept, and a later run sends it."""

import pytest

from medeval.errors import ServerFault, ServerUnreachable, Unauthenticated
from tests.federation import BENCHMARK, HOSTILE, Federation, Site, check_failed, nowhere
from tests.middleman import Plan, middleman
from tests.processes import run_medeval

pytestmark = pytest.mark.docker


def test_a_site_goes_on_without_the_server_and_loses_nothing(federation: Federation, site: Site) -> None:
    good, bad = federation.enter(), federation.enter({"behaviour": "exit-1"})
    site.allow(good, bad)
    fetched = site.run("site", "run")
    assert fetched.returncode == 0
    # As if the model had just been allowed: its bytes are here, its execution has not begun.
    again = federation.enter()
    site.allow(again)
    known = site.files(good)
    with nowhere() as address:
        site.speak_to(address)
        check_failed(site.run("site", "run"), ServerUnreachable, "cannot be reached")
        assert known.evaluation() is not None
        release = site.run("result", "release", good.name)
        check_failed(release, ServerUnreachable, "connection refused", "try again")
        signed = site.signed(good)
        assert signed.receipt is None
        listed = {row["model"]: (row["state"], row["sent"]) for row in site.told("result", "list")}
        assert listed[good.ref] == ("released", False)
        check_failed(site.run("site", "run"), ServerUnreachable, "1 statement is kept")
    site.speak_to(federation.server.address)
    done = site.told("site", "run")
    assert done["sent"] == 1
    assert done["evaluated"] == 1, "the task that could not be pulled before"
    assert site.signed(good).envelope == signed.envelope, "what was signed is sent, not signed anew"
    assert federation.server.log(site.execution(good)) == ["released"]
    assert federation.cell(good)["kind"] == "result"


def test_a_task_that_is_known_runs_without_the_server(federation: Federation, site: Site) -> None:
    """Pulled while it was not allowed; its image is in the engine, and it has no weights to fetch."""
    card = federation.enter()
    site.told("site", "run")
    site.allow(card)
    with nowhere() as address:
        site.speak_to(address)
        done = site.run("site", "run")
        check_failed(done, ServerUnreachable, "0 statements are kept")
    assert site.files(card).evaluation() is not None
    site.speak_to(federation.server.address)
    assert site.told("site", "run")["waiting"] == 1


def test_a_failure_is_reported_when_the_server_is_back(federation: Federation, site: Site) -> None:
    card = federation.enter({"behaviour": "exit-1"})
    site.allow(card)
    plan = Plan(change={"POST /api/v1/statements": lambda _: b"<html>Bad gateway</html>"})
    with middleman(federation.server.address, plan) as address:
        site.speak_to(address)
        check_failed(site.run("site", "run"), ServerFault)
    assert site.signed(card).receipt is None
    site.speak_to(federation.server.address)
    assert site.told("site", "run")["sent"] == 1
    assert federation.server.log(site.execution(card)) == ["failed"], "sent twice, recorded once"


@pytest.mark.parametrize(
    ("party", "words"),
    [
        ("committee", ("benchmark", "list")),
        ("committee", ("benchmark", "approve", BENCHMARK, "--all")),
        ("committee", ("leaderboard", "show", BENCHMARK)),
        ("model-owner", ("model", "submit", str(HOSTILE), "--benchmark", BENCHMARK, "--runtime", "process")),
        ("operator", ("server", "sites")),
        ("north", ("dataset", "join", "ward")),
        ("north", ("site", "allow", "hostile")),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[:2]),
)
def test_every_command_says_so(
    federation: Federation, tmp_path_factory: pytest.TempPathFactory, party: str, words: tuple[str, ...]
) -> None:
    copy = Site(federation, federation.home(party))
    if party == "north":
        copy = copy.copy(tmp_path_factory.mktemp("site") / "north")
    else:
        login = (federation.home(party) / "login.json").read_bytes()
        home = tmp_path_factory.mktemp(party)
        (home / "login.json").write_bytes(login)
        copy = Site(federation, home)
    with nowhere() as address:
        copy.speak_to(address)
        check_failed(copy.run(*words), ServerUnreachable, "connection refused")


def test_before_the_first_login(tmp_path) -> None:
    for words in (("benchmark", "list"), ("site", "run"), ("result", "list")):
        check_failed(run_medeval(tmp_path, *words), Unauthenticated, "not logged in", "medeval login SERVER")


def test_an_address_at_which_something_else_answers(federation: Federation, site: Site) -> None:
    plan = Plan(change={"GET ": lambda _: b"<html>Welcome</html>"})
    with middleman(federation.server.address, plan) as address:
        site.speak_to(address)
        check_failed(site.run("benchmark", "list"), ServerFault)
