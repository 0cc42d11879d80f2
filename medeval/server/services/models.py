"""Models: submitted once per version, under a name that belongs to the organisation which used it first."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from medeval.domain.ids import split_ref, version_key
from medeval.domain.messages import ModelItem
from medeval.domain.package import CubeKind, ModelCard
from medeval.domain.permissions import Action
from medeval.errors import Conflict, NotFound, SpecError
from medeval.server.auth import Principal
from medeval.server.db.models import ModelRow
from medeval.server.db.session import save
from medeval.server.services.blobs import BlobShelf, check_there


def submit(session: Session, by: Principal, shelf: BlobShelf, card: ModelCard) -> ModelItem:
    """Submit a model whose blobs are here; the same card again changes nothing."""
    by.check(Action.SUBMIT_MODEL)
    if card.cube.manifest.kind is not CubeKind.MODEL:
        raise SpecError(f"cube.manifest.kind: is {card.cube.manifest.kind}, not model", "Submit a cube of kind model.")
    versions = _versions(session, card.name)
    if versions and versions[0].organisation != by.organisation:
        raise Conflict(f"the name {card.name} is taken by another organisation", "Choose another name for the model.")
    for row in versions:
        if row.version == card.version:
            return _submitted_before(row, card)
    check_there(shelf, {"the model": card.cube.package.blobs, "the weights": (card.weights,) if card.weights else ()})
    row = ModelRow(
        name=card.name,
        version=card.version,
        digest=card.to_digest(),
        organisation=by.organisation,
        document=card.to_canonical().decode(),
    )
    save(session, row, by.audit("submit model", card.ref))
    return to_item(row)


def list_all(session: Session) -> list[ModelItem]:
    """All models, by name, newest version first."""
    rows = session.scalars(select(ModelRow))
    newest_first = sorted(rows, key=lambda row: version_key(row.version), reverse=True)
    return [to_item(row) for row in sorted(newest_first, key=lambda row: row.name)]


def get_row(session: Session, ref: str) -> ModelRow:
    """`name@version`, or the newest version of `name`; raises `NotFound`."""
    name, version = split_ref(ref)
    for row in _versions(session, name):
        if version in {None, row.version}:
            return row
    raise NotFound(f"there is no model {ref}", "List the models with `medeval model list`.")


def get(session: Session, ref: str) -> ModelItem:
    """One model; raises `NotFound`."""
    return to_item(get_row(session, ref))


def card_of(row: ModelRow) -> ModelCard:
    """The card that was submitted."""
    return ModelCard.model_validate_json(row.document)


def to_item(row: ModelRow) -> ModelItem:
    """The message of a row."""
    return ModelItem(digest=row.digest, organisation=row.organisation, card=card_of(row))


def _versions(session: Session, name: str) -> list[ModelRow]:
    """The versions of a model, newest first."""
    rows = session.scalars(select(ModelRow).where(ModelRow.name == name))
    return sorted(rows, key=lambda row: version_key(row.version), reverse=True)


def _submitted_before(row: ModelRow, card: ModelCard) -> ModelItem:
    if row.digest != card.to_digest():
        raise Conflict(f"{card.ref} is submitted with another content", "Raise `version` and submit it again.")
    return to_item(row)
