"""Wires a site: the only place that knows which implementations stand behind its ports."""

from pathlib import Path

from medeval.client.api import Api
from medeval.client.blobs import BlobClient
from medeval.client.http import Transport
from medeval.client.login import Login
from medeval.domain.permissions import Role
from medeval.errors import Conflict
from medeval.packaging.store import BlobStore
from medeval.packaging.transfer import FetchingStore
from medeval.runtime.choose import runtime_by_name
from medeval.site.context import Site
from medeval.site.egress import Egress, refuse_body
from medeval.site.ledger import SiteLedger
from medeval.site.store import SiteStore


def site_store(home: Path) -> SiteStore:
    """The files of the site that lives in a medeval home."""
    return SiteStore(home / "site")


def open_site(home: Path, login: Login) -> Site:
    """The site of this home, speaking to the server of its login with the data owner's token.

    Raises `Conflict` when the login is for another server than the one that the site is registered at: neither its
    upload credential nor its statements are anybody else's business.
    """
    store = site_store(home)
    _check_same_server(store, login)
    transport = Transport(login.server, login.token(Role.DATA_OWNER), guard=refuse_body)
    return Site(
        store=store,
        api=Api(transport),
        blobs=FetchingStore(BlobStore(store.cache / "blobs"), BlobClient(transport)),
        egress=open_door(store, login),
        make_runtime=lambda: runtime_by_name(store.get_site().sandbox.runtime, store.cache),
    )


def open_door(store: SiteStore, login: Login) -> Egress:
    """The way out of a site, also of one that is not set up yet."""
    return Egress(login.server, store.upload_token_file, login.token(Role.DATA_OWNER), SiteLedger(store))


def _check_same_server(store: SiteStore, login: Login) -> None:
    record = store.find_site()
    if record is not None and record.server != login.server:
        hint = f"Log in to {record.server}, or register at the new one with `medeval site init {record.name}`."
        raise Conflict("this site is registered at another server than the one that is logged in to", hint)
