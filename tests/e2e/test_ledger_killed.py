"""SIGKILL around the moment at which something leaves: the ledger never lacks what left, and never says it twice."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from medeval.domain.ledger import Entry, EntryKind
from medeval.domain.package import ModelCard
from medeval.signing.ledger import check_export
from medeval.site.ledger import SiteLedger
from tests.e2e.test_killed import STATEMENTS, kill, kill_at
from tests.federation import Federation, Site

pytestmark = [pytest.mark.docker, pytest.mark.heavy]


@contextmanager
def deaf() -> Iterator[str]:
    """An address at which no connection is ever made: its queue is full, and nobody takes one out of it."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def entries_of(site: Site, card: ModelCard) -> list[Entry]:
    found = SiteLedger(site.store).read()
    assert found is not None
    return [entry for entry in found.entries if card.ref in entry.event.topic.models]


def kinds(site: Site, card: ModelCard) -> list[EntryKind]:
    return [entry.event.kind for entry in entries_of(site, card)]


@pytest.fixture
def card(federation: Federation, site: Site) -> ModelCard:
    """A model whose result waits for review."""
    found = federation.enter({"behaviour": "honest"})
    site.execute(found)
    return found


def check_sent_once(site: Site, card: ModelCard) -> None:
    site.told("result", "release", card.name)
    assert kinds(site, card) == [EntryKind.RESULT, EntryKind.RECEIPT]
    assert site.federation.server.log(site.execution(card)) == ["released"]
    site.told("site", "ledger", "verify")


def test_between_entry_and_sending(federation: Federation, site: Site, card: ModelCard) -> None:
    """The entry is there, and nothing left: the second run sends it under that entry."""
    with deaf() as address:
        site.speak_to(address)
        kill(site.home, ("result", "release", card.name), lambda _: lambda: kinds(site, card))
    assert kinds(site, card) == [EntryKind.RESULT]
    site.speak_to(federation.server.address)
    assert federation.server.log(site.execution(card)) == []
    check_sent_once(site, card)


@pytest.mark.parametrize("when", ["before", "after"])
def test_between_sending_and_answer(site: Site, card: ModelCard, when: str) -> None:
    """Whether or not the server has it, the entry was there first."""
    kill_at(site, ("result", "release", card.name), STATEMENTS, when)
    assert kinds(site, card) == [EntryKind.RESULT]
    check_sent_once(site, card)


def test_between_receipt_and_its_entry(site: Site, card: ModelCard) -> None:
    """As if it had died right after the answer, before a word of it was kept: it asks again, and says it once."""
    kill_at(site, ("result", "release", card.name), STATEMENTS, "after")
    for _ in range(2):
        site.told("site", "run")
    check_sent_once(site, card)
    assert check_export(SiteLedger(site.store).exported()).entries[-1] == entries_of(site, card)[-1]
