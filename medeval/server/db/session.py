"""Transactions: one per request, committed once, and never without an audit event.

On SQLite a writing transaction takes the write lock when it begins (`BEGIN IMMEDIATE`), so that two never meet half
way; on PostgreSQL services lock the rows that they depend on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session, UOWTransaction

from medeval.errors import Conflict, MissingExtra, ServerUnreachable, UsageError
from medeval.server.db.models import AuditRow, Row

BUSY_TIMEOUT_S = 30
_WRITES = {"medeval_writes": True}


class UnrecordedChange(RuntimeError):
    """A service changed a row without saying who did it: a defect of the server."""


class RecordedSession(Session):
    """A session that refuses to write a change without an audit event beside it."""


@event.listens_for(RecordedSession, "before_flush")
def _refuse_unrecorded(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    changed = [*session.new, *session.deleted, *(row for row in session.dirty if session.is_modified(row))]
    if changed and not any(isinstance(row, AuditRow) for row in session.new):
        raise UnrecordedChange(f"{type(changed[0]).__name__} was changed without an audit event")


def save(session: Session, row: Row, audit: AuditRow) -> None:
    """Write a new or changed row together with its audit event."""
    session.add_all((row, audit))
    session.flush()


def remove(session: Session, row: Row, audit: AuditRow) -> None:
    """Delete a row, recorded by its audit event."""
    session.delete(row)
    session.add(audit)
    session.flush()


def record(session: Session, audit: AuditRow) -> None:
    """Write the audit event of a change outside the database."""
    session.add(audit)
    session.flush()


class Database:
    """The engine and its two kinds of transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(**_WRITES)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that changes nothing."""
        with _translated(), RecordedSession(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that is committed at the end, or not at all when anything is raised."""
        with _translated(), RecordedSession(self._writer) as session, session.begin():
            yield session

    @contextmanager
    def connect_to_migrate(self) -> Iterator[Connection]:
        """A connection inside one writing transaction."""
        with _translated(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """The database of a SQLAlchemy URL (sqlite or postgresql); raises `UsageError` or `MissingExtra`."""
    hint = "Write it as sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE."
    try:
        parts = make_url(url)
        if parts.drivername == "postgresql":
            parts = parts.set(drivername="postgresql+psycopg")
        if parts.get_backend_name() not in {"sqlite", "postgresql"}:
            raise UsageError("the database is neither SQLite nor PostgreSQL", hint)
        is_sqlite = parts.get_backend_name() == "sqlite"
        arguments = {"timeout": BUSY_TIMEOUT_S} if is_sqlite else {}
        engine = create_engine(parts, hide_parameters=True, pool_pre_ping=not is_sqlite, connect_args=arguments)
    except (ArgumentError, NoSuchModuleError) as exc:
        raise UsageError("the database URL cannot be read", hint) from exc
    except ModuleNotFoundError as exc:
        raise MissingExtra("the driver for PostgreSQL is not installed", "Install medeval[postgres].") from exc
    if is_sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return Database(engine)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # No implicit BEGIN of the driver: ours says whether it writes.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("medeval_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    """A lost race and a database that does not answer, as errors that a client understands."""
    try:
        yield
    except IntegrityError as exc:
        raise Conflict("another request changed the same thing at the same moment", "Send it again.") from exc
    except OperationalError as exc:
        raise ServerUnreachable("the server's database does not answer", "Try again in a minute.") from exc
