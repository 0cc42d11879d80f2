"""The door: an entry before the bytes, the bytes shown once more to the transport, the server's answer afterwards."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from medeval.client.api import Api
from medeval.client.http import Transport
from medeval.client.login import Login
from medeval.disclosure.bits import card_bits, no_result_bits, result_bits
from medeval.domain.attestation import Outcome, WithholdReason
from medeval.domain.base import digest_of
from medeval.domain.failures import FailureCode
from medeval.domain.ledger import Decider, Entry, EntryKind
from medeval.domain.messages import NewAssociation, NewSite, StatementSubmission
from medeval.errors import Conflict, LedgerBroken, ServerFault, ServerUnreachable, SiteStateError
from medeval.signing import keys
from medeval.site import release
from medeval.site.build import open_site
from medeval.site.context import Site
from medeval.site.egress import Egress
from medeval.site.store import SiteStore, write
from tests.sites import add_execution, make_site
from tests.worlds import EVALUATION, SiteSide, make_spec

TOKEN = "medeval_" + "A" * 43


def entries(site: Site) -> list[Entry]:
    found = site.ledger.read()
    return list(found.entries[1:]) if found else []


def last(site: Site) -> Entry:
    return entries(site)[-1]


# --- a server that a test watches --------------------------------------------------------------------------------


class Listener:
    """Takes down what is sent, and what the ledger held at that moment; every answer is a fault."""

    def __init__(self, store: SiteStore) -> None:
        self.store = store
        self.address = ""
        self.bodies: list[bytes] = []
        self.ledgers: list[bytes] = []


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    heard = Listener(SiteStore(tmp_path / "site"))

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            heard.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            file = heard.store.ledger_file
            heard.ledgers.append(file.read_bytes() if file.exists() else b"")
            self.send_response(500)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_PUT = answer  # noqa: N815 http.server's names

        def log_message(self, *_: object) -> None:
            """Silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        heard.address = f"http://127.0.0.1:{server.server_address[1]}"
        yield heard
        server.shutdown()
        thread.join()


@pytest.fixture
def door(listener: Listener) -> Egress:
    """The real door of a site with a key and a credential."""
    store = listener.store
    write(store.key_file, keys.new_private_key())
    write(store.upload_token_file, TOKEN.encode())
    return opened(listener).egress


def opened(listener: Listener) -> Site:
    login = Login.from_plain({"server": listener.address, "tokens": {"data-owner": TOKEN}})
    return open_site(listener.store.root.parent, login)


def side(listener: Listener) -> SiteSide:
    key = listener.store.key_file.read_bytes()
    return SiteSide("north", key, None, None, TOKEN)  # type: ignore[arg-type]


def test_each_body_is_in_the_ledger_when_it_arrives(listener: Listener, door: Egress) -> None:
    """Looked up by the receiver, at the moment at which it has the bytes."""
    spec, own = make_spec(), side(listener)
    card = own.dataset_card(spec)
    request = NewAssociation(benchmark=spec.ref, kind="dataset", subject=card.ref)
    for send in (
        lambda: door.register(own.new_site()),
        lambda: door.send_card(card, spec),
        lambda: door.ask_to_join(request),
    ):
        with pytest.raises(ServerFault):
            send()
    assert listener.bodies == [own.new_site().to_canonical(), card.to_canonical(), request.to_canonical()]
    for body, ledger in zip(listener.bodies, listener.ledgers, strict=True):
        assert digest_of(body).encode() in ledger.splitlines()[-1]


def test_what_the_entries_of_a_site_and_its_dataset_say(listener: Listener, door: Egress) -> None:
    spec, own = make_spec(), side(listener)
    card = own.dataset_card(spec)
    request = NewAssociation(benchmark=spec.ref, kind="dataset", subject=card.ref)
    for _ in range(2):
        with pytest.raises(ServerFault):
            door.register(own.new_site())
        with pytest.raises(ServerFault):
            door.send_card(card, spec)
        with pytest.raises(ServerFault):
            door.ask_to_join(request)
    site = opened(listener)
    registration, sent, wish = (entry.event for entry in entries(site))
    assert registration.kind is EntryKind.REGISTRATION
    assert registration.topic.subject == keys.fingerprint(keys.public_key_of(own.private_key))
    assert (sent.topic.dataset, sent.topic.benchmark, sent.bits) == (
        card.ref,
        spec.ref,
        card_bits(card.statistics, spec.disclosure),
    )
    assert (wish.topic.dataset, wish.topic.benchmark, wish.bits) == (card.ref, spec.ref, 0)


def test_nothing_arrives_from_a_broken_ledger(listener: Listener, door: Egress) -> None:
    own = side(listener)
    with pytest.raises(ServerFault):
        door.register(own.new_site())
    listener.store.ledger_head_file.unlink()
    with pytest.raises(LedgerBroken):
        door.send_card(own.dataset_card(make_spec()), make_spec())
    assert len(listener.bodies) == 1


def test_without_its_credential_a_site_records_nothing_that_it_cannot_send(listener: Listener, door: Egress) -> None:
    listener.store.upload_token_file.unlink()
    with pytest.raises(SiteStateError, match="upload credential"):
        door.send_card(side(listener).dataset_card(make_spec()), make_spec())
    assert not listener.store.ledger_file.exists()


def test_other_bytes_than_the_recorded_ones_do_not_leave(listener: Listener, door: Egress) -> None:
    """As if something between the door and the network made other bytes of what was recorded."""
    own = side(listener)
    with pytest.raises(ServerFault):
        door.register(own.new_site())
    other = NewSite.from_plain({**own.new_site().model_dump(), "title": "Another"})
    with pytest.raises(LedgerBroken, match="no entry"):
        door._owner().register_site(other)
    with pytest.raises(LedgerBroken, match="no entry"), door._owner()._transport.open("POST", "/x", data=iter([b"x"])):
        pytest.fail("a stream was sent")
    assert len(listener.bodies) == 1


def test_nothing_leaves_beside_the_door(listener: Listener, door: Egress) -> None:
    """What a site asks the server goes by a line that carries no body."""
    site = opened(listener)
    with pytest.raises(LedgerBroken, match="past the door"):
        site.api.register_site(side(listener).new_site())
    assert listener.bodies == []
    with pytest.raises(ServerFault):
        Api(Transport(listener.address)).register_site(side(listener).new_site())
    assert len(listener.bodies) == 1, "this test sends in a way that could not arrive"


# --- statements -------------------------------------------------------------------------------------------------


def test_a_release_and_its_receipt(tmp_path: Path) -> None:
    site, _ = make_site(tmp_path)
    files = add_execution(site, "lr")
    signed = release.release(site, files, "agreed")
    sent, receipt = (entry.event for entry in entries(site))
    execution = files.task().execution
    assert sent.kind is EntryKind.RESULT
    assert sent.topic.subject == execution.to_digest()
    assert (sent.topic.models, sent.topic.dataset) == ((execution.model.ref,), execution.dataset.ref)
    assert (sent.topic.owners, sent.note, sent.decided_by) == (("Owner",), "agreed", Decider.DATA_OWNER)
    assert sent.bits == result_bits(EVALUATION, make_spec().analysis, make_spec().disclosure)
    assert sent.sent is not None
    assert sent.sent.digest == StatementSubmission(envelope=signed.envelope).to_digest()
    assert (receipt.kind, receipt.answers, receipt.topic) == (EntryKind.RECEIPT, 1, sent.topic)


def test_a_failure_leaves_by_policy_and_tells_a_code(tmp_path: Path) -> None:
    site, _ = make_site(tmp_path)
    release.report_failure(site, add_execution(site, "lr", evaluated=False), FailureCode.MODEL_TIMED_OUT)
    event = entries(site)[0].event
    assert (event.kind, event.reason, event.decided_by) == (EntryKind.FAILURE, "model-timed-out", Decider.POLICY)
    assert event.bits == no_result_bits(Outcome.FAILED)


def test_a_withheld_result_tells_a_reason_and_is_released_after_all(tmp_path: Path) -> None:
    site, _ = make_site(tmp_path)
    files = add_execution(site, "lr")
    release.withhold(site, files, WithholdReason.MODEL_CONCERN, "trained on our patients")
    event = entries(site)[0].event
    assert (event.kind, event.reason, event.note) == (EntryKind.WITHHELD, "model-concern", "trained on our patients")
    assert event.bits == no_result_bits(Outcome.WITHHELD)
    assert event.sent is not None
    release.release(site, files)
    kinds = [entry.event.kind.value for entry in entries(site)]
    assert kinds == ["withheld", "receipt", "result", "receipt"]


def test_an_outage_leaves_an_entry_without_an_answer_and_sending_again_adds_the_answer_alone(tmp_path: Path) -> None:
    site, egress = make_site(tmp_path)
    files = add_execution(site, "lr")
    egress.answer = ServerUnreachable("away")
    for _ in range(3):
        with pytest.raises(ServerUnreachable):
            release.release(site, files)
    assert [entry.event.kind.value for entry in entries(site)] == ["result"]
    egress.answer = None
    release.release(site, files)
    assert [entry.event.kind.value for entry in entries(site)] == ["result", "receipt"]


def test_a_refusal_is_told_by_its_code_and_never_in_the_servers_words(tmp_path: Path) -> None:
    site, egress = make_site(tmp_path)
    egress.answer = Conflict("patient 4711 is not approved")
    with pytest.raises(Conflict):
        release.release(site, add_execution(site, "lr"))
    assert (last(site).event.kind, last(site).event.reason) == (EntryKind.REFUSED, "conflict")
    assert b"4711" not in site.store.ledger_file.read_bytes()


def test_a_statement_that_somebody_else_put_there_is_recorded_as_what_it_is(tmp_path: Path) -> None:
    """The entry is read from the bytes: a record that calls a result a withheld one changes nothing of that."""
    site, _ = make_site(tmp_path)
    files = add_execution(site, "lr")
    signed = release.release(site, files)
    mislabelled = signed.model_copy(update={"kind": Outcome.WITHHELD, "receipt": None})
    files.put_signed(mislabelled)
    release.send(site, files, mislabelled)
    assert [entry.event.kind.value for entry in entries(site)] == ["result", "receipt"]
