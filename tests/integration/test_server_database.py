"""Migrations give the tables that the code expects, on both databases; the database itself keeps the rules."""

import contextlib
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError

from medeval.domain.lifecycle import AssociationState, ExecutionState
from medeval.domain.permissions import Role
from medeval.errors import Conflict, MissingExtra, ServerUnreachable, UsageError
from medeval.server.db.migrate import migrate
from medeval.server.db.models import AuditRow, LogRow, Row, SiteRow
from medeval.server.db.session import UnrecordedChange, open_database, record, remove, save
from medeval.signing.log import EMPTY_HEAD


@pytest.fixture
def empty(server_settings):
    server_settings.data_dir.mkdir()
    database = open_database(server_settings.database)
    yield database
    database.close()


@pytest.fixture
def database(empty):
    migrate(empty)
    return empty


def audit(action="test"):
    return AuditRow(
        at=datetime(2026, 1, 1, tzinfo=UTC), holder="x", organisation="X", role="operator", action=action, subject="y"
    )


def site(name="north"):
    return SiteRow(name=name, title="North", organisation="X", public_key="AAAA", fingerprint="sha256:" + "0" * 64)


def checks(database):
    """Every CHECK constraint by table and name."""
    inspector = inspect(database.engine)
    return {
        (table, check["name"]): check["sqltext"]
        for table in inspector.get_table_names()
        for check in inspector.get_check_constraints(table)
    }


def test_migrations_give_the_tables_of_the_code(empty, tmp_path):
    migrate(empty)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Row.metadata) == []
    migrated = checks(empty)
    with empty.connect_to_migrate() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
        Row.metadata.drop_all(connection)
        Row.metadata.create_all(connection)
    assert migrated == checks(empty), "Alembic does not compare CHECK constraints, so this does"
    assert ("associations", "ck_associations_state") in migrated


def test_the_way_back(database):
    config = Config()
    config.set_main_option("script_location", "medeval.server.db:migrations")
    with database.connect_to_migrate() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    migrate(database)


def test_migrating_again_changes_nothing(database):
    migrate(database)
    with database.read() as session:
        log = session.scalars(select(LogRow)).one()
        assert (log.size, log.head) == (0, EMPTY_HEAD)


@pytest.mark.parametrize(
    ("table", "column", "values"),
    [
        ("tokens", "role", Role),
        ("associations", "state", AssociationState),
        ("executions", "state", ExecutionState),
        ("statements", "state", ExecutionState),
    ],
)
def test_states_are_checked_by_the_database(database, table, column, values):
    sql = checks(database)[table, f"ck_{table}_{column}"]
    assert sorted(value for value in values if f"'{value}'" in sql) == sorted(values)


def test_a_state_that_is_none_is_refused_by_the_database(database):
    columns = "tokens (id, sha256, holder, organisation, role, created_at)"
    insert = text(f"INSERT INTO {columns} VALUES (1, 'x', 'x', 'x', 'nonsense', '2026-01-01')")  # noqa: S608 fixed
    with pytest.raises(IntegrityError, match=r"(?i)check"), database.engine.begin() as connection:
        connection.execute(insert)


def test_a_second_log_is_refused_by_the_database(database):
    with pytest.raises(IntegrityError), database.engine.begin() as connection:
        connection.execute(text("INSERT INTO log (id, size, head) VALUES (2, 0, 'x')"))


# --- transactions -----------------------------------------------------------------------------------------------


def test_no_change_without_an_audit_event(database):
    with pytest.raises(UnrecordedChange, match="SiteRow"), database.write() as session:
        session.add(site())
    with database.write() as session:
        save(session, site(), audit("register"))
    with pytest.raises(UnrecordedChange), database.write() as session:
        session.scalars(select(SiteRow)).one().accepted = True
    with pytest.raises(UnrecordedChange), database.write() as session:
        session.delete(session.scalars(select(SiteRow)).one())
    with database.read() as session:
        assert not session.scalars(select(SiteRow)).one().accepted
        assert session.scalars(select(AuditRow.action)).all() == ["register"]
    with database.write() as session:
        remove(session, session.scalars(select(SiteRow)).one(), audit("remove"))
        record(session, audit("elsewhere"))
    with database.read() as session:
        assert session.scalars(select(AuditRow.action).order_by(AuditRow.id)).all() == [
            "register",
            "remove",
            "elsewhere",
        ]


def test_a_failed_request_leaves_nothing(database):
    with contextlib.suppress(ZeroDivisionError), database.write() as session:
        save(session, site(), audit())
        _ = 1 / 0
    with database.read() as session:
        assert session.scalars(select(SiteRow)).all() == []
        assert session.scalars(select(AuditRow)).all() == []


def test_a_lost_race_is_a_conflict(database):
    with database.write() as session:
        save(session, site(), audit())
    with pytest.raises(Conflict, match="same moment"), database.write() as session:
        save(session, site(), audit())


def test_sqlite_is_set_up(tmp_path):
    database = open_database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    with database.engine.connect() as connection:
        found = {
            pragma: connection.execute(text(f"PRAGMA {pragma}")).scalar()
            for pragma in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    database.close()
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30_000}


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "oracle://x", "sqlite+nothing:///x"])
def test_another_database_is_refused(url):
    with pytest.raises((UsageError, MissingExtra)) as refused:
        open_database(url)
    assert url not in refused.value.message


def test_a_database_that_does_not_answer():
    database = open_database("postgresql://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(ServerUnreachable) as refused, database.read() as session:
        session.execute(text("SELECT 1"))
    database.close()
    assert "secret" not in refused.value.message
