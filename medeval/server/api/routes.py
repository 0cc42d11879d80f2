"""All routers under one prefix."""

from typing import Any

from fastapi import APIRouter

from medeval.server.api import about, associations, benchmarks, blobs, models, results, sites
from medeval.server.api.problems import MEDIA_TYPE

PREFIX = "/api/v1"

_PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong and what to do next",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


def api_router() -> APIRouter:
    """The API's router."""
    router = APIRouter(prefix=PREFIX, responses=_PROBLEM)
    for module in (about, sites, blobs, benchmarks, models, results, associations):
        router.include_router(module.router)
    return router
