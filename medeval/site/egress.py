"""THE ONLY DOOR OUT: every byte that a site tells the results server passes here.

It allows, it does not filter: three kinds of value have a way out, each of a closed schema. The upload credential is
read here and nowhere else, at the moment of sending.
"""

from pathlib import Path

from medeval.client.http import Transport
from medeval.client.results import ResultsClient
from medeval.domain.attestation import Envelope
from medeval.domain.dataset import DatasetCard
from medeval.domain.messages import StatementReceipt, StatementSubmission
from medeval.errors import SiteStateError


class Egress:
    """Sends dataset cards and signed statements of one site."""

    def __init__(self, server: str, upload_token_file: Path) -> None:
        self._server = server
        self._upload_token_file = upload_token_file

    def send_card(self, card: DatasetCard) -> None:
        """Register a prepared dataset. Idempotent."""
        self._open().register_dataset(card)

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
