"""API tokens."""

from sqlalchemy.orm import Session

from medeval.domain.messages import Identity, IssuedToken, NewToken
from medeval.domain.permissions import Action, Role
from medeval.errors import UsageError
from medeval.server.auth import Principal, hash_of, new_secret
from medeval.server.db.models import TokenRow
from medeval.server.db.session import save


def issue(session: Session, by: Principal, new: NewToken) -> IssuedToken:
    """Make a token for a person or a service; a site's upload credential comes from its registration."""
    by.check(Action.MANAGE_TOKENS)
    if new.role is Role.SITE:
        raise UsageError("a site's token comes with its registration", "Run `medeval site init` at the site.")
    secret = new_secret()
    save(session, token_row(new, secret, by), by.audit(f"issue {new.role} token", new.holder))
    return IssuedToken(identity=identity_of(new), token=secret)


def token_row(new: NewToken, secret: str, by: Principal) -> TokenRow:
    """The row of a new token."""
    return TokenRow(
        sha256=hash_of(secret), holder=new.holder, organisation=new.organisation, role=new.role, created_at=by.at
    )


def identity_of(holder: NewToken | Principal) -> Identity:
    """Whom a token speaks for."""
    return Identity(holder=holder.holder, organisation=holder.organisation, role=holder.role)
