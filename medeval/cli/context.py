"""Wires services for commands. Imports happen inside, so that help needs none of them."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from medeval.client.api import Api
    from medeval.client.blobs import BlobClient
    from medeval.client.greeting import Greeting
    from medeval.client.login import Login
    from medeval.domain.permissions import Role
    from medeval.packaging.store import BlobStore
    from medeval.site.context import Site
    from medeval.site.lock import Work


def login_file(home: Path) -> Path:
    """Where the login of a medeval home is kept."""
    return home / "login.json"


def get_login(home: Path) -> Login:
    """The login of this home; raises `Unauthenticated`."""
    from medeval.client.login import load_login

    return load_login(login_file(home))


def get_api(home: Path, *roles: Role) -> Api:
    """The server's API with the token of one of these roles, or of any role when none is named."""
    login = get_login(home)
    return open_api(login.server, login.token(*roles) if roles else login.any_token())


def open_api(server: str, token: str | None) -> Api:
    """A server's API with a token."""
    from medeval.client.api import Api
    from medeval.client.http import Transport

    return Api(Transport(server, token))


def get_blobs(home: Path, *roles: Role) -> BlobClient:
    """Blob transfer with the token of one of these roles."""
    from medeval.client.blobs import BlobClient
    from medeval.client.http import Transport

    login = get_login(home)
    return BlobClient(Transport(login.server, login.token(*roles)))


def get_any_blobs(home: Path) -> BlobClient:
    """Blob transfer with any token: every role may read."""
    from medeval.client.blobs import BlobClient
    from medeval.client.http import Transport

    login = get_login(home)
    return BlobClient(Transport(login.server, login.any_token()))


def greet_server(home: Path) -> Greeting:
    """What the server of this home's login says to anyone; no token is shown to it."""
    from medeval.client.greeting import greet
    from medeval.client.http import Transport

    with Transport(get_login(home).server) as transport:
        return greet(transport)


def get_cache(home: Path) -> BlobStore:
    """The blobs of packages that were built or fetched in this home."""
    from medeval.packaging.store import BlobStore

    return BlobStore(home / "cache" / "blobs")


def get_site(home: Path) -> Site:
    """The site of this home, for what only reads or locks for itself."""
    from medeval.site.build import open_site

    return open_site(home, get_login(home))


@contextmanager
def opened_site(home: Path, work: Work) -> Iterator[Site]:
    """The site of this home, with one of its locks held."""
    from medeval.site.lock import hold

    site = get_site(home)
    with hold(site.store.root, work):
        yield site
