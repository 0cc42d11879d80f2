"""What comes from sites: dataset cards and signed statements."""

from fastapi import APIRouter

from medeval.domain.dataset import DatasetCard
from medeval.domain.messages import DatasetItem, StatementReceipt, StatementSubmission
from medeval.server.api.bodies import DatasetBody, SubmissionBody, takes
from medeval.server.deps import Caller, Reader, Reading, Writing
from medeval.server.services import datasets, statements

router = APIRouter(tags=["results"])


@router.put("/datasets", openapi_extra=takes(DatasetCard))
def register_dataset(by: Caller, card: DatasetBody, session: Writing) -> DatasetItem:
    """Register a prepared dataset (the site's upload token); the same card again changes nothing."""
    return datasets.register(session, by, card)


@router.get("/datasets")
def list_datasets(_by: Reader, session: Reading, benchmark: str | None = None) -> list[DatasetItem]:
    """The datasets of one benchmark, or of all."""
    return datasets.list_all(session, benchmark)


@router.post("/statements", openapi_extra=takes(StatementSubmission))
def submit_statement(by: Caller, submission: SubmissionBody, session: Writing) -> StatementReceipt:
    """Verify a signed statement and append it to the log (the site's upload token)."""
    return statements.submit(session, by, submission)
