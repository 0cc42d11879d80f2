"""What the verbs of a site work with, built once and passed in."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from medeval.client.api import Api
from medeval.runtime.port import BlobSource, Runtime
from medeval.site.egress import Egress
from medeval.site.ledger import SiteLedger
from medeval.site.store import SiteStore


@dataclass(frozen=True)
class Site:
    """One installation: its files, its way to the server, its only door out, its runtime."""

    store: SiteStore
    api: Api
    blobs: BlobSource
    egress: Egress
    make_runtime: Callable[[], Runtime]

    @cached_property
    def runtime(self) -> Runtime:
        """The runtime that was probed when the site was set up; made at first use, since not every verb needs one."""
        return self.make_runtime()

    @cached_property
    def ledger(self) -> SiteLedger:
        """The ledger of what left, was kept, or was refused."""
        return SiteLedger(self.store)
