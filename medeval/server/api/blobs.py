"""Blobs in a stream: `HEAD` tells the offset, `PATCH` appends from there, `GET` takes a `Range`."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from medeval.domain.ids import DIGEST_PATTERN
from medeval.domain.messages import BlobStatus
from medeval.domain.permissions import Action
from medeval.errors import NotFound, TransferInterrupted
from medeval.server.api.problems import to_response
from medeval.server.auth import Principal
from medeval.server.db.session import record
from medeval.server.deps import Caller, Parts, PartsDep, Reader
from medeval.server.services.blobs import Upload

router = APIRouter(tags=["blobs"])

CHUNK_BYTES = 1024 * 1024
DigestPath = Annotated[str, Path(pattern=DIGEST_PATTERN)]
Bytes = Annotated[int, Header(ge=0)]

_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": {}}}}


class BlobResponse(FileResponse):
    """A file in large pieces: each piece costs a change of thread."""

    chunk_size = CHUNK_BYTES


@router.head("/blobs/{digest}")
def head(digest: DigestPath, _by: Reader, parts: PartsDep) -> Response:
    """`Upload-Offset`: the bytes that are here; `Upload-Complete`: `?1` when that is all. 404 before the first byte."""
    status = parts.shelf.status(digest)
    if not status.complete and status.received_bytes == 0:
        raise NotFound("the server does not hold this blob", "Upload it.")
    return Response(headers=_headers(status))


@router.get("/blobs/{digest}", response_class=BlobResponse)
def download(digest: DigestPath, _by: Reader, parts: PartsDep) -> BlobResponse:
    """The blob, or the `Range` of it that is asked for."""
    headers = {"ETag": f'"{digest}"', "Cache-Control": "private, immutable"}
    return BlobResponse(parts.shelf.get_path(digest), media_type="application/octet-stream", headers=headers)


@router.patch("/blobs/{digest}", openapi_extra=_BODY, response_model=BlobStatus)
async def upload(
    request: Request,
    response: Response,
    digest: DigestPath,
    by: Caller,
    parts: PartsDep,
    upload_offset: Bytes,
    upload_length: Bytes,
) -> BlobStatus | Response:
    """Append the body at `Upload-Offset`; at `Upload-Length` the blob is verified. An empty body at 0 asks leave.

    Another offset than where the blob ends is answered by 409, with the right one in `Upload-Offset`.
    """
    by.check(Action.UPLOAD_BLOB)
    try:
        turn = await run_in_threadpool(parts.shelf.begin, digest, upload_offset, upload_length)
        await _append(request, turn, parts.settings.idle_s)
        status = await run_in_threadpool(_finish, turn, by, parts)
    except TransferInterrupted as exc:
        refusal = to_response(exc)
        refusal.headers.update(_headers(await run_in_threadpool(parts.shelf.status, digest)))
        return refusal
    response.headers.update(_headers(status))
    return status


async def _append(request: Request, turn: Upload, idle_s: float) -> None:
    """Write what comes in pieces of a mebibyte; what came before a break is kept."""
    held = bytearray()
    try:
        async for chunk in _unhurried(request, idle_s):
            held += chunk
            if len(held) >= CHUNK_BYTES:
                await run_in_threadpool(turn.write, bytes(held))
                held.clear()
    except (ClientDisconnect, TimeoutError) as exc:
        await run_in_threadpool(_write_rest, turn, held)
        raise TransferInterrupted("the upload broke off; what came is kept", "Resume it.") from exc
    await run_in_threadpool(_write_rest, turn, held)


async def _unhurried(request: Request, idle_s: float) -> AsyncIterator[bytes]:
    """The chunks of the body; raises `TimeoutError` when none comes for that long."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(idle_s):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        yield chunk


def _write_rest(turn: Upload, held: bytearray) -> None:
    if held:
        turn.write(bytes(held))


def _finish(turn: Upload, by: Principal, parts: Parts) -> BlobStatus:
    status = turn.finish()
    if turn.completed:
        with parts.database.write() as session:
            record(session, by.audit("upload blob", status.digest))
    return status


def _headers(status: BlobStatus) -> dict[str, str]:
    return {
        "Upload-Offset": str(status.received_bytes),
        "Upload-Complete": "?1" if status.complete else "?0",
        "Cache-Control": "no-store",
    }
