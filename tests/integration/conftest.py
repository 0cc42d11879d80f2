"""A results server for integration tests, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from medeval.server.settings import ServerSettings
from tests.wards import Ward, open_ward
from tests.worlds import World, running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def server_settings(request, tmp_path) -> ServerSettings:
    url = request.getfixturevalue("new_database_url")() if request.param == "postgresql" else None
    return ServerSettings(data_dir=tmp_path / "server", database_url=url)


@pytest.fixture
def world(server_settings, tmp_path) -> Iterator[World]:
    """A federation on a fresh server of each kind."""
    with running(server_settings) as url, ExitStack() as stack:
        yield World(url, server_settings.data_dir, tmp_path, stack)


@pytest.fixture
def sqlite_world(tmp_path) -> Iterator[World]:
    """A federation on a fresh server, where the kind of database does not matter."""
    settings = ServerSettings(data_dir=tmp_path / "server")
    with running(settings) as url, ExitStack() as stack:
        yield World(url, settings.data_dir, tmp_path, stack)


@pytest.fixture
def ward(sqlite_world: World) -> Ward:
    """A site whose results can be decided on."""
    return open_ward(sqlite_world)
