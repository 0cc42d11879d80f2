"""THE ONLY DOOR OUT: every byte that a site tells the results server passes here.

It allows, it does not filter: each kind of value that has a way out is a method, and each value is of a closed schema.
The upload credential, without which no card and no statement is taken, is read here and nowhere else, at the moment of
sending. What a site asks (tasks, specs, blobs) goes through `client.api` and carries names and digests alone.
"""

from pathlib import Path

from medeval.client.api import Api
from medeval.client.http import Transport
from medeval.client.results import ResultsClient
from medeval.domain.attestation import Envelope
from medeval.domain.dataset import DatasetCard
from medeval.domain.messages import (
    Association,
    NewAssociation,
    NewSite,
    RegisteredSite,
    StatementReceipt,
    StatementSubmission,
)
from medeval.errors import SiteStateError


class Egress:
    """Sends what a site has to say: its registration, dataset cards, requests to join, signed statements."""

    def __init__(self, server: str, upload_token_file: Path, api: Api) -> None:
        self._server = server
        self._upload_token_file = upload_token_file
        self._api = api

    def register(self, new: NewSite) -> RegisteredSite:
        """Register the site's name and public key, with the data owner's own token. Idempotent for the same key."""
        return self._api.register_site(new)

    def send_card(self, card: DatasetCard) -> None:
        """Register a prepared dataset. Idempotent."""
        self._open().register_dataset(card)

    def ask_to_join(self, request: NewAssociation) -> Association:
        """Ask the committee to take a dataset in, with the data owner's own token. Idempotent."""
        return self._api.request_association(request)

    def send_statement(self, envelope: Envelope) -> StatementReceipt:
        """Send a signed statement; the same one twice gives the same receipt."""
        return self._open().submit_statement(StatementSubmission(envelope=envelope))

    def _open(self) -> ResultsClient:
        try:
            token = self._upload_token_file.read_text("ascii").strip()
        except OSError as exc:
            hint = "Run `medeval site init` again: the server issues a new one to the same key."
            raise SiteStateError("the site's upload credential is missing", hint) from exc
        return ResultsClient(Transport(self._server, token))
