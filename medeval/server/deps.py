"""What endpoints ask for: the parts of the server, a transaction, who asks, a message from the body."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from medeval.domain.base import Value
from medeval.domain.permissions import Action
from medeval.errors import BlobTooLarge
from medeval.server.auth import Principal, authenticate, nobody
from medeval.server.db.session import Database
from medeval.server.services.blobs import BlobShelf
from medeval.server.settings import ServerSettings

V = TypeVar("V", bound=Value)

_bearer = HTTPBearer(auto_error=False, description="A token of this server: `medeval_` and 43 characters.")


@dataclass(frozen=True)
class Parts:
    """What a running server is made of, wired in `app`."""

    settings: ServerSettings
    database: Database
    shelf: BlobShelf
    clock: Callable[[], datetime]


def parts_of(request: Request) -> Parts:
    """The parts of the server that answers."""
    parts: Parts = request.app.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(parts_of)]


def _reading(parts: PartsDep) -> Iterator[Session]:
    with parts.database.read() as session:
        yield session


def _writing(parts: PartsDep) -> Iterator[Session]:
    with parts.database.write() as session:
        yield session


# Scope "function": the commit comes before the answer, so that nobody is told of what was not kept.
Reading = Annotated[Session, Depends(_reading, scope="function")]
Writing = Annotated[Session, Depends(_writing, scope="function")]


def _viewer(
    parts: PartsDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal | None:
    if credentials is None:
        return None
    with parts.database.read() as session:
        return authenticate(session, credentials.credentials, parts.clock())


#: Who asks, or None without a token; a token that is wrong is refused all the same.
Viewer = Annotated[Principal | None, Depends(_viewer)]


def _caller(viewer: Viewer) -> Principal:
    if viewer is None:
        raise nobody()
    return viewer


#: Who asks; without a token the request is refused.
Caller = Annotated[Principal, Depends(_caller)]


def _reader(caller: Caller) -> Principal:
    caller.check(Action.READ)
    return caller


#: Who asks, allowed to read.
Reader = Annotated[Principal, Depends(_reader)]


async def _body(request: Request, parts: PartsDep) -> bytes:
    """The body, within the server's limit. Async, since a stream can be read in no other way."""
    limit = parts.settings.max_body_bytes
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise BlobTooLarge(f"a message may have at most {limit} bytes", "Send large content as a blob.")
    return bytes(data)


def body_of(message: type[V]) -> Any:
    """A dependency: the message in the body, read strictly (FastAPI's own reading is not strict JSON).

    The caller is asked first: nobody without a token learns what a message should look like.
    """

    def read(data: Annotated[bytes, Depends(_body)]) -> V:
        return message.from_json(data)

    return Depends(read)
