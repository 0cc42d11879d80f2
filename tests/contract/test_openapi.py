"""The OpenAPI document tells of every route, its body and its errors."""

import re

import pytest
from fastapi.routing import APIRoute

from medeval.server.api.bodies import schemas
from medeval.server.app import create_app, openapi_document
from medeval.server.deps import _reading, _writing
from medeval.server.settings import ServerSettings

DOCUMENT = openapi_document()
OPERATIONS = {
    (method, path): operation for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
}
EXPECTED = """
get /about
get /whoami
post /tokens
get /sites
post /sites
get /sites/{name}
post /sites/{name}/acceptance
get /sites/{site}/tasks
head /blobs/{digest}
get /blobs/{digest}
patch /blobs/{digest}
get /benchmarks
post /benchmarks
get /benchmarks/{ref}
get /leaderboards/{ref}
get /models
post /models
get /models/{ref}
get /datasets
put /datasets
get /associations
post /associations
post /associations/decision
post /statements
"""


def test_the_routes():
    found = {f"{method} {path.removeprefix('/api/v1')}" for method, path in OPERATIONS}
    assert found == set(EXPECTED.split("\n")) - {""}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=[f"{m} {p}" for m, p in OPERATIONS])
def test_each_operation_is_described(operation):
    assert operation["description"].endswith(".")
    problem = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}
    assert "422" not in operation["responses"], "FastAPI's own form of an error is never sent"


@pytest.mark.parametrize("key", [key for key in OPERATIONS if key[0] in {"post", "put", "patch"}])
def test_each_order_names_its_body(key):
    assert OPERATIONS[key]["requestBody"]["required"] is True


def test_every_reference_leads_somewhere():
    names = set(re.findall(r"#/components/schemas/([A-Za-z0-9_-]+)", str(DOCUMENT)))
    assert names <= set(DOCUMENT["components"]["schemas"])
    assert set(schemas()) <= set(DOCUMENT["components"]["schemas"])


def test_every_message_is_closed():
    for name, schema in DOCUMENT["components"]["schemas"].items():
        if "properties" in schema:
            assert schema["additionalProperties"] is False, name


def test_a_token_is_asked_for_where_one_is_needed():
    open_to_all = {key for key, operation in OPERATIONS.items() if not operation.get("security")}
    assert open_to_all == {("get", "/api/v1/about")}


def test_a_transaction_begins_after_the_body_was_read():
    """Otherwise a slow sender would hold the database's write lock."""
    for route in create_app(ServerSettings()).routes:
        if isinstance(route, APIRoute):
            calls = [dependency.call for dependency in route.dependant.dependencies]
            assert not set(calls[:-1]) & {_reading, _writing}, route.path
