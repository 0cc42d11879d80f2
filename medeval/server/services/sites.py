"""Sites: registered by their data owner, accepted by an operator who compared the key's fingerprint."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from medeval.domain.messages import Acceptance, NewSite, RegisteredSite, Site
from medeval.domain.permissions import Action, Role
from medeval.errors import Conflict, Forbidden, NotFound, SignatureInvalid
from medeval.server.auth import Principal, hash_of, new_secret
from medeval.server.db.models import SiteRow, TokenRow
from medeval.server.db.session import remove, save
from medeval.signing import keys


def register(session: Session, by: Principal, new: NewSite) -> RegisteredSite:
    """Register a site; again with the same key it gives a fresh upload credential, and the old one ends."""
    by.check(Action.REGISTER_SITE)
    found = session.scalar(select(SiteRow).where(SiteRow.name == new.name).with_for_update())
    fingerprint = keys.fingerprint(keys.read_public_key(new.public_key))
    if found is None:
        row = SiteRow(
            name=new.name,
            title=new.title,
            organisation=by.organisation,
            public_key=new.public_key,
            fingerprint=fingerprint,
        )
        save(session, row, by.audit("register site", new.name))
    else:
        row = _registered_before(found, by, fingerprint)
    return RegisteredSite(site=to_site(row), upload_token=_new_credential(session, by, row))


def accept(session: Session, by: Principal, name: str, acceptance: Acceptance) -> Site:
    """Accept a site's key, if its fingerprint is the one that the operator compared."""
    by.check(Action.ACCEPT_SITE)
    row = get_row(session, name)
    if row.fingerprint != acceptance.fingerprint:
        hint = f"Compare {row.fingerprint}, which the site registered, with what `medeval site show` says there."
        raise SignatureInvalid(f"the key of site {name} has another fingerprint", hint)
    if not row.accepted:
        row.accepted = True
        save(session, row, by.audit("accept site key", f"{name} {row.fingerprint}"))
    return to_site(row)


def list_all(session: Session) -> list[Site]:
    """All sites, by name."""
    return [to_site(row) for row in session.scalars(select(SiteRow).order_by(SiteRow.name))]


def get(session: Session, name: str) -> Site:
    """One site; raises `NotFound`."""
    return to_site(get_row(session, name))


def get_row(session: Session, name: str) -> SiteRow:
    """The row of a site; raises `NotFound`."""
    row = session.scalar(select(SiteRow).where(SiteRow.name == name))
    if row is None:
        raise NotFound("there is no site of this name", "List the sites with `medeval server sites`.")
    return row


def own_site(session: Session, by: Principal) -> SiteRow:
    """The site that an upload credential is bound to."""
    if by.site is None:
        raise Forbidden("this token is bound to no site", "Use the upload token that `medeval site init` received.")
    return get_row(session, by.site)


def check_reaches(by: Principal, row: SiteRow) -> None:
    """Raise `Forbidden` unless this is the site's own token or one of its data owner."""
    if by.role is Role.SITE and by.site != row.name:
        raise Forbidden(f"this token belongs to another site than {row.name}", "Use the site's own upload token.")
    if by.role is not Role.SITE:
        by.check_owns(row.organisation, f"site {row.name}")


def to_site(row: SiteRow) -> Site:
    """The message of a row."""
    return Site(
        name=row.name,
        title=row.title,
        organisation=row.organisation,
        fingerprint=row.fingerprint,
        accepted=row.accepted,
    )


def _registered_before(row: SiteRow, by: Principal, fingerprint: str) -> SiteRow:
    if row.organisation != by.organisation:
        raise Conflict(f"the name {row.name} is taken by another organisation", "Choose another name for the site.")
    if row.fingerprint != fingerprint:
        hint = "Restore the site's private key from its backup, or register the new installation under another name."
        raise Conflict(f"site {row.name} is registered with another key", hint)
    return row


def _new_credential(session: Session, by: Principal, site: SiteRow) -> str:
    for old in session.scalars(select(TokenRow).where(TokenRow.site_id == site.id)).all():
        remove(session, old, by.audit("end upload token", site.name))
    secret = new_secret()
    row = TokenRow(
        sha256=hash_of(secret),
        holder=site.name,
        organisation=site.organisation,
        role=Role.SITE,
        created_at=by.at,
        site=site,
    )
    save(session, row, by.audit("issue upload token", site.name))
    return secret
