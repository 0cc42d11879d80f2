"""Benchmarks: published once, never changed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.ids import split_ref, version_key
from medeval.domain.messages import BenchmarkItem
from medeval.domain.permissions import Action
from medeval.errors import Conflict, NotFound
from medeval.server.auth import Principal
from medeval.server.db.models import BenchmarkRow
from medeval.server.db.session import save
from medeval.server.services.blobs import BlobShelf, check_there


def publish(session: Session, by: Principal, shelf: BlobShelf, spec: BenchmarkSpec) -> BenchmarkItem:
    """Publish a spec whose blobs are here; the same spec again changes nothing."""
    by.check(Action.PUBLISH_BENCHMARK)
    found = _find(session, spec.name, spec.version)
    if found is not None:
        return _published_before(found, spec)
    blobs = {
        "the preparator": spec.preparator.cube.package.blobs,
        "the evaluator": spec.evaluator.cube.package.blobs,
        "the rehearsal data": (spec.rehearsal,),
    }
    check_there(shelf, blobs)
    _check_name(session, by, spec.name)
    row = BenchmarkRow(
        name=spec.name,
        version=spec.version,
        digest=spec.to_digest(),
        organisation=by.organisation,
        document=spec.to_canonical().decode(),
    )
    save(session, row, by.audit("publish benchmark", spec.ref))
    return to_item(row)


def _check_name(session: Session, by: Principal, name: str) -> None:
    """A name belongs to the organisation that published under it first: people join benchmarks by name."""
    owner = session.scalar(select(BenchmarkRow.organisation).where(BenchmarkRow.name == name).limit(1))
    if owner is not None and owner != by.organisation:
        raise Conflict(f"the name {name} belongs to another organisation's benchmark", "Choose another name.")


def list_all(session: Session) -> list[BenchmarkItem]:
    """All benchmarks, by name, newest version first."""
    rows = session.scalars(select(BenchmarkRow))
    newest_first = sorted(rows, key=lambda row: version_key(row.version), reverse=True)
    return [to_item(row) for row in sorted(newest_first, key=lambda row: row.name)]


def get_row(session: Session, ref: str) -> BenchmarkRow:
    """`name@version`, or the newest version of `name`; raises `NotFound`."""
    name, version = split_ref(ref)
    if version is not None:
        row = _find(session, name, version)
    else:
        rows = session.scalars(select(BenchmarkRow).where(BenchmarkRow.name == name))
        row = max(rows, key=lambda row: version_key(row.version), default=None)
    if row is None:
        raise NotFound(f"there is no benchmark {ref}", "List the benchmarks with `medeval benchmark list`.")
    return row


def get(session: Session, ref: str) -> BenchmarkItem:
    """One benchmark; raises `NotFound`."""
    return to_item(get_row(session, ref))


def spec_of(row: BenchmarkRow) -> BenchmarkSpec:
    """The spec that was published."""
    return BenchmarkSpec.model_validate_json(row.document)


def to_item(row: BenchmarkRow) -> BenchmarkItem:
    """The message of a row."""
    return BenchmarkItem(digest=row.digest, organisation=row.organisation, spec=spec_of(row))


def _find(session: Session, name: str, version: str) -> BenchmarkRow | None:
    return session.scalar(select(BenchmarkRow).where(BenchmarkRow.name == name, BenchmarkRow.version == version))


def _published_before(row: BenchmarkRow, spec: BenchmarkSpec) -> BenchmarkItem:
    if row.digest != spec.to_digest():
        raise Conflict(f"{spec.ref} is published with another content", "Raise `version` and publish it again.")
    return to_item(row)
