"""From a bearer token to the one who holds it. The server keeps the sha256 of a token, never the token."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from medeval.domain.permissions import Action, Role, check_permitted
from medeval.errors import Forbidden, Unauthenticated
from medeval.server.db.models import AuditRow, TokenRow

_SECRET = re.compile(r"medeval_[A-Za-z0-9_-]{43}")
_HINT = "Log in with `medeval login`, with a token from the server's operator."


@dataclass(frozen=True)
class Principal:
    """Who asks, and when. `site` is the name of the site that an upload credential is bound to."""

    holder: str
    organisation: str
    role: Role
    at: datetime
    site: str | None = None

    def check(self, action: Action) -> None:
        """Raise `Forbidden` unless the role may do this."""
        check_permitted(self.role, action)

    def check_owns(self, organisation: str, thing: str) -> None:
        """Raise `Forbidden` unless the thing belongs to this organisation."""
        if self.organisation != organisation:
            raise Forbidden(f"{thing} belongs to another organisation", "Log in with a token of that organisation.")

    def audit(self, action: str, subject: str) -> AuditRow:
        """The audit event of what this principal does now."""
        return AuditRow(
            at=self.at,
            holder=self.holder,
            organisation=self.organisation,
            role=self.role,
            action=action,
            subject=subject,
        )


def new_secret() -> str:
    """A fresh token: 256 bits from the system's generator."""
    return "medeval_" + secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What the server keeps of a token; 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def authenticate(session: Session, secret: str, at: datetime) -> Principal:
    """Whom a token speaks for; raises `Unauthenticated`.

    The search is by hash, so what its timing tells is of no use to find a token.
    """
    if not _SECRET.fullmatch(secret):
        raise Unauthenticated("this is no medeval token", _HINT)
    wanted = hash_of(secret)
    row = session.scalar(select(TokenRow).where(TokenRow.sha256 == wanted))
    if row is None or not hmac.compare_digest(row.sha256, wanted):
        raise Unauthenticated("the server does not know this token", _HINT)
    site = row.site.name if row.site is not None else None
    return Principal(holder=row.holder, organisation=row.organisation, role=row.role, at=at, site=site)


def nobody() -> Unauthenticated:
    """The error of a request without a token."""
    return Unauthenticated("this needs a token", _HINT)
