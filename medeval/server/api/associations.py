"""Associations: consent to use a model or a dataset in a benchmark."""

from fastapi import APIRouter

from medeval.domain.messages import Association, Decision, NewAssociation
from medeval.server.api.bodies import DecisionBody, NewAssociationBody, takes
from medeval.server.deps import Caller, Reader, Reading, Writing
from medeval.server.services import associations

router = APIRouter(tags=["associations"])


@router.post("/associations", openapi_extra=takes(NewAssociation))
def request_association(by: Caller, new: NewAssociationBody, session: Writing) -> Association:
    """Ask to use a model or a dataset in a benchmark (its owner); one that exists is returned as it stands."""
    return associations.request(session, by, new)


@router.get("/associations")
def list_associations(benchmark: str, _by: Reader, session: Reading) -> list[Association]:
    """The associations of a benchmark, models first."""
    return associations.list_all(session, benchmark)


@router.post("/associations/decision", openapi_extra=takes(Decision))
def decide(by: Caller, decision: DecisionBody, session: Writing) -> Association:
    """Approve or reject, with a reason (committee)."""
    return associations.decide(session, by, decision)
