"""Wires the server, starts it, and describes its API."""

import fcntl
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from medeval.errors import Conflict, MedevalError, UsageError
from medeval.server.api.bodies import schemas
from medeval.server.api.problems import to_error, to_response
from medeval.server.api.routes import PREFIX, api_router
from medeval.server.db.session import Database, open_database
from medeval.server.deps import Parts
from medeval.server.services.blobs import BlobShelf
from medeval.server.services.bootstrap import bootstrap
from medeval.server.settings import ServerSettings
from medeval.server.web import pages
from medeval.server.web.headers import SecurityHeaders

_SHUTDOWN_S = 5
_BACKLOG = 256


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: ServerSettings, *, database: Database | None = None, clock: Callable[[], datetime] = _now
) -> FastAPI:
    """The application; it opens nothing before the first request. `serve` prepares database and tokens first."""
    parts = Parts(
        settings=settings,
        database=database or open_database(settings.database),
        shelf=BlobShelf(settings.data_dir / "blobs", settings.max_blob_bytes),
        clock=clock,
    )
    app = FastAPI(
        title="medeval results server",
        version=version("medeval"),
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        separate_input_output_schemas=False,
        lifespan=_lifespan,
    )
    app.state.parts = parts
    app.state.templates = pages.templates()
    app.include_router(api_router())
    app.include_router(pages.router)
    app.add_middleware(SecurityHeaders)
    for kind in (MedevalError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _answer_error)
    _complete_openapi(app)
    return app


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of the API, for `schemas/openapi.json`."""
    return create_app(ServerSettings()).openapi()


def prepare(settings: ServerSettings) -> tuple[Path, ...]:
    """Make the data folder, the database and, at the first start, the tokens; returns the token files written."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = open_database(settings.database)
    try:
        return bootstrap(database, settings.data_dir, _now())
    finally:
        database.close()


def serve(settings: ServerSettings, on_ready: Callable[[str], None] | None = None) -> None:
    """Prepare and run the server until SIGINT or SIGTERM.

    While it listens, `<data_dir>/server.json` holds its `url` and `pid`, and `on_ready` has been told the URL. Raises
    `Conflict` when another server works in the folder, `UsageError` when the address cannot be listened on.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _only_one(settings.data_dir), _listening(settings) as listener:
        prepare(settings)
        config = uvicorn.Config(
            create_app(settings),
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=_SHUTDOWN_S,
        )
        host, port = listener.getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        _Server(config, settings.data_dir / "server.json", url, on_ready).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Tells where it listens once it does, and ends in peace on a signal."""

    def __init__(self, config: uvicorn.Config, notice: Path, url: str, on_ready: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._notice, self._url, self._on_ready = notice, url, on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        partial = self._notice.with_suffix(".part")
        partial.write_text(json.dumps({"url": self._url, "pid": os.getpid()}) + "\n")
        partial.replace(self._notice)
        if self._on_ready is not None:
            self._on_ready(self._url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._notice.unlink(missing_ok=True)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Unlike uvicorn's own, it does not raise the signal once more at the end: stopping is no failure."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Hold the folder: blobs and the first start know of no other process."""
    with (data_dir / "server.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            hint = "Stop it first, or give this one another --data-dir."
            raise Conflict("another server works in this data folder", hint) from exc
        yield


@contextmanager
def _listening(settings: ServerSettings) -> Iterator[socket.socket]:
    try:
        family, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server((address[0], address[1]), family=family, backlog=_BACKLOG)
    except OSError as exc:
        raise UsageError("the server cannot listen on this address", "Choose another --port or --host.") from exc
    with listener:
        # Connections inherit it. asyncio would set it only on sockets that name TCP, which this one does not.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.parts.database.close()


async def _answer_error(request: Request, exc: Exception) -> Response:
    error = to_error(exc)
    if request.url.path.startswith("/api/"):
        return to_response(error)
    return pages.error_page(request, error)


def _complete_openapi(app: FastAPI) -> None:
    """Add the schemas of bodies and errors, which the endpoints read themselves."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document.setdefault("components", {}).setdefault("schemas", {}).update(schemas())
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend the document
