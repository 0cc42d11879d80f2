"""The server itself, and tokens."""

from importlib.metadata import version

from fastapi import APIRouter

from medeval.domain.messages import About, Identity, IssuedToken, NewToken
from medeval.server.api.bodies import NewTokenBody, takes
from medeval.server.deps import Caller, Writing
from medeval.server.services import tokens

router = APIRouter(tags=["server"])


@router.get("/about")
def about() -> About:
    """What this server says of itself to anyone."""
    return About(version=version("medeval"))


@router.get("/whoami")
def whoami(by: Caller) -> Identity:
    """Whom the token speaks for."""
    return tokens.identity_of(by)


@router.post("/tokens", openapi_extra=takes(NewToken))
def issue_token(by: Caller, new: NewTokenBody, session: Writing) -> IssuedToken:
    """Make a token (operator); it is shown this one time."""
    return tokens.issue(session, by, new)
