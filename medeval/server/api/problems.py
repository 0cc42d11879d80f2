"""Errors on the wire: RFC 9457 problem details with medeval's `code` and `hint`."""

from http import HTTPStatus

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from medeval.domain.base import field_path
from medeval.domain.messages import Problem
from medeval.errors import MedevalError, NotFound, ServerFault, UsageError

MEDIA_TYPE = "application/problem+json"


def to_problem(error: MedevalError) -> Problem:
    """An error as a message."""
    return Problem(
        type=f"urn:medeval:error:{error.code}",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.message,
        code=error.code,
        hint=error.hint,
    )


def to_response(error: MedevalError) -> Response:
    """An error as an answer."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else {}
    return Response(to_problem(error).to_canonical(), status_code=error.status, media_type=MEDIA_TYPE, headers=headers)


def to_error(exc: Exception) -> MedevalError:
    """What a client is told of an exception: field names and rules, never a value or a detail of the server."""
    if isinstance(exc, MedevalError):
        return exc
    if isinstance(exc, RequestValidationError):
        first = exc.errors()[0]
        return UsageError(f"{field_path(tuple(first['loc']))}: {first['msg']}", "Correct the named field.")
    if isinstance(exc, HTTPException):
        return _of_http(exc)
    return ServerFault("the server failed", "Try again; if it fails again, tell the server's operator.")


def _of_http(exc: HTTPException) -> MedevalError:
    match exc.status_code:
        case HTTPStatus.NOT_FOUND:
            return NotFound("there is nothing at this address", "See /api/v1/openapi.json for what there is.")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return UsageError("this address does not take this method", "See /api/v1/openapi.json for what it takes.")
        case _:
            return UsageError("the request cannot be read", "See /api/v1/openapi.json for how it is written.")


async def answer(_request: Request, exc: Exception) -> Response:
    """The handler of every exception under `/api`."""
    return to_response(to_error(exc))
