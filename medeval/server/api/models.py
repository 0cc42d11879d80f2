"""Models."""

from fastapi import APIRouter

from medeval.domain.messages import ModelItem
from medeval.domain.package import ModelCard
from medeval.server.api.bodies import CardBody, takes
from medeval.server.deps import Caller, PartsDep, Reader, Reading, Writing
from medeval.server.services import models

router = APIRouter(tags=["models"])


@router.post("/models", openapi_extra=takes(ModelCard))
def submit_model(by: Caller, parts: PartsDep, card: CardBody, session: Writing) -> ModelItem:
    """Submit a model whose blobs are uploaded (model owner); the same card again changes nothing."""
    return models.submit(session, by, parts.shelf, card)


@router.get("/models")
def list_models(_by: Reader, session: Reading) -> list[ModelItem]:
    """All models, by name, newest version first."""
    return models.list_all(session)


@router.get("/models/{ref}")
def get_model(ref: str, _by: Reader, session: Reading) -> ModelItem:
    """`name@version`, or the newest version of `name`."""
    return models.get(session, ref)
