"""The first start: a database, and one token per role in files that only the operator can read."""

import os
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from medeval.domain.messages import NewToken
from medeval.domain.permissions import Role
from medeval.server.auth import Principal, new_secret
from medeval.server.db.migrate import migrate
from medeval.server.db.models import TokenRow
from medeval.server.db.session import Database, save
from medeval.server.services.tokens import token_row

ORGANISATION = "Local installation"
FIRST_ROLES = (Role.OPERATOR, Role.COMMITTEE, Role.MODEL_OWNER, Role.DATA_OWNER)


def bootstrap(database: Database, data_dir: Path, at: datetime) -> tuple[Path, ...]:
    """Bring the database to the newest schema; where it has no token, make `<data_dir>/tokens/<role>.token`.

    Returns the files that were written. The files come first: tokens that exist were written down.
    """
    migrate(database)
    with database.write() as session:
        if session.scalar(select(TokenRow.id).limit(1)) is not None:
            return ()
        files = []
        by = Principal(holder="first-start", organisation=ORGANISATION, role=Role.OPERATOR, at=at)
        for role in FIRST_ROLES:
            secret = new_secret()
            files.append(_keep(data_dir / "tokens" / f"{role}.token", secret))
            new = NewToken(holder=role.value, organisation=ORGANISATION, role=role)
            save(session, token_row(new, secret, by), by.audit(f"issue {role} token", new.holder))
        return tuple(files)


def _keep(path: Path, secret: str) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    return path
