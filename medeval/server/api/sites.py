"""Sites and their tasks."""

from fastapi import APIRouter

from medeval.domain.messages import Acceptance, NewSite, RegisteredSite, Site, SiteTask
from medeval.server.api.bodies import AcceptanceBody, NewSiteBody, takes
from medeval.server.deps import Caller, Reader, Reading, Writing
from medeval.server.services import sites, tasks

router = APIRouter(tags=["sites"])


@router.post("/sites", openapi_extra=takes(NewSite))
def register_site(by: Caller, new: NewSiteBody, session: Writing) -> RegisteredSite:
    """Register a site (data owner); again with the same key gives a fresh upload token, and ends the old one."""
    return sites.register(session, by, new)


@router.get("/sites")
def list_sites(_by: Reader, session: Reading) -> list[Site]:
    """All sites, by name."""
    return sites.list_all(session)


@router.get("/sites/{name}")
def get_site(name: str, _by: Reader, session: Reading) -> Site:
    """One site, with the fingerprint that both sides compare."""
    return sites.get(session, name)


@router.post("/sites/{name}/acceptance", openapi_extra=takes(Acceptance))
def accept_site(name: str, by: Caller, acceptance: AcceptanceBody, session: Writing) -> Site:
    """Accept the site's key by its fingerprint (operator)."""
    return sites.accept(session, by, name, acceptance)


@router.get("/sites/{site}/tasks")
def list_tasks(site: str, by: Caller, session: Reading) -> list[SiteTask]:
    """Every approved model on every approved dataset of the site (its own token, or its data owner's)."""
    return tasks.list_for_site(session, by, site)
