"""Wires a site: the only place that knows which implementations stand behind its ports."""

from pathlib import Path

from medeval.client.api import Api
from medeval.client.blobs import BlobClient
from medeval.client.http import Transport
from medeval.client.login import Login
from medeval.domain.permissions import Role
from medeval.packaging.store import BlobStore
from medeval.packaging.transfer import FetchingStore
from medeval.runtime.choose import runtime_by_name
from medeval.site.context import Site
from medeval.site.egress import Egress
from medeval.site.store import SiteStore


def site_store(home: Path) -> SiteStore:
    """The files of the site that lives in a medeval home."""
    return SiteStore(home / "site")


def open_site(home: Path, login: Login) -> Site:
    """The site of this home, speaking to the server of its login with the data owner's token."""
    store = site_store(home)
    transport = Transport(login.server, login.token(Role.DATA_OWNER))
    return Site(
        store=store,
        api=Api(transport),
        blobs=FetchingStore(BlobStore(store.cache / "blobs"), BlobClient(transport)),
        egress=Egress(login.server, store.upload_token_file),
        make_runtime=lambda: runtime_by_name(store.get_site().sandbox.runtime, store.cache),
    )
