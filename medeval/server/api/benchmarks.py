"""Benchmarks and their leaderboards."""

from fastapi import APIRouter

from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.messages import BenchmarkItem, Leaderboard
from medeval.server.api.bodies import SpecBody, takes
from medeval.server.deps import Caller, PartsDep, Reader, Reading, Viewer, Writing
from medeval.server.services import benchmarks, leaderboards

router = APIRouter(tags=["benchmarks"])


@router.post("/benchmarks", openapi_extra=takes(BenchmarkSpec))
def publish_benchmark(by: Caller, parts: PartsDep, spec: SpecBody, session: Writing) -> BenchmarkItem:
    """Publish a spec whose blobs are uploaded (committee); the same spec again changes nothing."""
    return benchmarks.publish(session, by, parts.shelf, spec)


@router.get("/benchmarks")
def list_benchmarks(_by: Reader, session: Reading) -> list[BenchmarkItem]:
    """All benchmarks, by name, newest version first."""
    return benchmarks.list_all(session)


@router.get("/benchmarks/{ref}")
def get_benchmark(ref: str, _by: Reader, session: Reading) -> BenchmarkItem:
    """`name@version`, or the newest version of `name`."""
    return benchmarks.get(session, ref)


@router.get("/leaderboards/{ref}")
def get_leaderboard(ref: str, viewer: Viewer, session: Reading) -> Leaderboard:
    """The leaderboard as this viewer may see it; no token is needed where everyone may."""
    return leaderboards.get(session, viewer, ref)
