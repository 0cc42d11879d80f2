"""THE ONLY DOOR OUT: every byte that a site tells the results server passes here.

It allows, it does not filter: each kind of value that has a way out is a method, and each value is of a closed schema.
Before anything leaves, the ledger holds an entry with the digest of its bytes, and the transport shows the bytes once
more: what has no entry is not sent. The upload credential, without which no card and no statement is taken, is read
here and nowhere else, at the moment of sending. What a site asks (tasks, specs, blobs) goes through `client.api`,
carries names and digests alone, and no body.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from medeval.client.api import Api
from medeval.client.http import Body, Transport
from medeval.client.results import ResultsClient
from medeval.domain.attestation import Envelope
from medeval.domain.base import digest_of
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.dataset import DatasetCard
from medeval.domain.ledger import Event
from medeval.domain.messages import (
    Association,
    NewAssociation,
    NewSite,
    RegisteredSite,
    StatementReceipt,
    StatementSubmission,
)
from medeval.errors import Conflict, LedgerBroken, NotFound, ResultRefused, SignatureInvalid, SiteStateError
from medeval.site import entries
from medeval.site.entries import Decided, Terms
from medeval.site.ledger import SiteLedger

#: Answers that sending the same bytes again would not change.
REFUSALS = (Conflict, NotFound, ResultRefused, SignatureInvalid)
Answer = TypeVar("Answer")


class Egress:
    """Sends what a site has to say: its registration, dataset cards, requests to join, signed statements.

    Each method writes its entry first, then what the server answered. The same bytes again are the same release, and
    have the entry that they had. All raise `LedgerBroken`, and then nothing was sent.
    """

    def __init__(self, server: str, upload_token_file: Path, owner_token: str, ledger: SiteLedger) -> None:
        self._server = server
        self._upload_token_file = upload_token_file
        self._owner_token = owner_token
        self._ledger = ledger
        self._recorded: set[str] = set()

    def register(self, new: NewSite) -> RegisteredSite:
        """Register the site's name and public key, with the data owner's own token. Idempotent for the same key."""
        event = entries.of_registration(new, new.to_canonical())
        return self._send(event, lambda: self._owner().register_site(new))

    def send_card(self, card: DatasetCard, spec: BenchmarkSpec) -> None:
        """Register a dataset that was prepared for a benchmark. Idempotent."""
        results = self._results()
        event = entries.of_card(card, Terms(spec, card.policy), card.to_canonical())
        self._send(event, lambda: results.register_dataset(card))

    def ask_to_join(self, request: NewAssociation) -> Association:
        """Ask the committee to take a dataset in, with the data owner's own token. Idempotent."""
        event = entries.of_join(request, request.to_canonical())
        return self._send(event, lambda: self._owner().request_association(request))

    def send_statement(self, envelope: Envelope, decided: Decided, terms: Terms) -> StatementReceipt:
        """Send a signed statement; the same one twice gives the same receipt."""
        results, body = self._results(), StatementSubmission(envelope=envelope)
        event = entries.of_envelope(envelope, decided, terms, body.to_canonical())
        return self._send(event, lambda: results.submit_statement(body))

    def _send(self, event: Event, send: Callable[[], Answer]) -> Answer:
        asked = self._ledger.append(event)
        if asked.event.sent is not None:
            self._recorded.add(asked.event.sent.digest)
        try:
            answer = send()
        except REFUSALS as exc:
            self._ledger.append(entries.of_answer(asked, exc.code))
            raise
        self._ledger.append(entries.of_answer(asked, None))
        return answer

    def _check_recorded(self, body: Body) -> None:
        """Raise unless exactly these bytes have an entry."""
        if not isinstance(body, bytes) or digest_of(body) not in self._recorded:
            raise LedgerBroken("what was to be sent has no entry in the ledger", "Nothing was sent. Please report it.")

    def _owner(self) -> Api:
        return Api(Transport(self._server, self._owner_token, guard=self._check_recorded))

    def _results(self) -> ResultsClient:
        try:
            token = self._upload_token_file.read_text("ascii").strip()
        except OSError as exc:
            hint = "Run `medeval site init` again: the server issues a new one to the same key."
            raise SiteStateError("the site's upload credential is missing", hint) from exc
        return ResultsClient(Transport(self._server, token, guard=self._check_recorded))


def refuse_body(_: Body) -> None:
    """The guard of what a site asks: names and digests in the address, and nothing else."""
    raise LedgerBroken("something was to be sent past the door", "Nothing was sent. Please report it.")
