"""A federation for the whole session, and a copy of its site for each test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.federation import Federation, Server, Site


@pytest.fixture(scope="session")
def federation() -> Iterator[Federation]:
    """One per worker. A test may add models, benchmarks and sites, under names of its own.

    Not under pytest's own folder, which would keep gigabytes of blobs.
    """
    with tempfile.TemporaryDirectory(prefix="medeval-e2e-") as folder:
        server = Server(Path(folder, "server"))
        server.start()
        try:
            made = Federation(Path(folder), server)
            made.set_up()
            yield made
        finally:
            server.stop()


@pytest.fixture
def site(federation: Federation, tmp_path: Path) -> Site:
    """The site `north`, with a dataset in the benchmark, in a home of its own."""
    return Site(federation, federation.home("north")).copy(tmp_path / "north")
