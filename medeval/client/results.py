"""What leaves a site: signed statements and dataset cards. Only `medeval.site.egress` may import this."""

from medeval.client.api import read_answer
from medeval.client.http import Transport
from medeval.domain.dataset import DatasetCard
from medeval.domain.messages import DatasetItem, StatementReceipt, StatementSubmission


class ResultsClient:
    """The upload side of the API; the transport carries the site's upload credential."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def submit_statement(self, submission: StatementSubmission) -> StatementReceipt:
        """Send a signed statement; the same envelope again gives the same receipt."""
        return read_answer(StatementReceipt, self._transport.call("POST", "/statements", submission))

    def register_dataset(self, card: DatasetCard) -> DatasetItem:
        """Register a prepared dataset; the same card again changes nothing."""
        return read_answer(DatasetItem, self._transport.call("PUT", "/datasets", card))
