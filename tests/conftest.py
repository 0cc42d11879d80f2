"""What every test may ask for: needs of the machine, a private PostgreSQL, the clinical data.

A test says what it needs by a marker (`docker`, `bubblewrap`, `unshare`, `chromium`, `postgres`, `shared`, `torch`).
Where the machine lacks it the test is skipped and listed at the end; where MEDEVAL_REQUIRE names it, as on CI, it
fails.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings

from scripts import availability
from tests.attack import report as attack_report

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

PREFIX = "not tested here: "
REQUIRED = pytest.StashKey[frozenset[str]]()
GAPS = pytest.StashKey[dict[str, str | None]]()
NEED_OF_FIXTURE = {"postgres_url": "postgres", "shared_dir": "shared", "chromium_path": "chromium"}


def pytest_configure(config: pytest.Config) -> None:
    required = frozenset(filter(None, os.environ.get("MEDEVAL_REQUIRE", "").replace(" ", "").split(",")))
    if unknown := required - set(availability.GAPS):
        raise pytest.UsageError(f"MEDEVAL_REQUIRE: unknown {', '.join(sorted(unknown))}")
    config.stash[REQUIRED] = required
    config.stash[GAPS] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses a fixture of a need has the need, before `-m` chooses."""
    for item in items:
        for fixture in set(getattr(item, "fixturenames", ())) & set(NEED_OF_FIXTURE):
            item.add_marker(NEED_OF_FIXTURE[fixture])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for name in availability.GAPS:
        if item.get_closest_marker(name):
            _check_need(item.config, name)


def _check_need(config: pytest.Config, name: str) -> None:
    gaps = config.stash[GAPS]
    if name not in gaps:
        gaps[name] = availability.GAPS[name]()
    gap = gaps[name]
    if gap and name in config.stash[REQUIRED]:
        pytest.fail(f"{name} is required here (MEDEVAL_REQUIRE): {gap}", pytrace=False)
    if gap:
        pytest.skip(f"{PREFIX}{name}: {gap}")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Generator[None, None, None]:
    """Last of all, say what attacks came to, and what was not tested and why."""
    yield
    if found := attack_report.lines(terminalreporter.stats.get("passed", [])):
        terminalreporter.section("attacks")
        for line in found:
            terminalreporter.line(line)
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    terminalreporter.section("not tested on this machine")
    for reason, tests in sorted(reasons.items()):
        terminalreporter.line(f"{tests:4} test{'s' if tests > 1 else ''}: {reason.removeprefix(PREFIX)}")
    if not reasons:
        terminalreporter.line("nothing: engine, Chromium, PostgreSQL, torch and ../shared were there where asked for")


# --- the clinical data ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of clinical data and reference tables; the test then needs `shared`."""
    folder = availability.find_shared()
    assert folder is not None
    return folder


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of a Chromium; the test then needs `chromium`."""
    path = availability.find_chromium()
    assert path is not None
    return path


# --- PostgreSQL -------------------------------------------------------------------------------------------------


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_postgres(command: list[str]) -> None:
    """PostgreSQL refuses to run as root; Debian's own account takes its place there."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    # Discarded, not captured: the server would inherit a pipe and hold it open.
    subprocess.run([*prefix, *command], check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=120)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a private cluster (one per worker), for SQLAlchemy; the test then needs `postgres`."""
    programs = availability.find_postgres_programs()
    assert programs is not None
    folder, port = Path(tempfile.mkdtemp(prefix="medeval-pg-")), _free_port()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data = str(folder / "data")
    _as_postgres([f"{programs}/initdb", "-D", data, "-A", "trust", "-U", "medeval", "-E", "UTF8", "--no-sync"])
    options = f"-p {port} -k {folder} -h 127.0.0.1 -F"
    _as_postgres([f"{programs}/pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start"])
    try:
        yield f"postgresql+psycopg://medeval@127.0.0.1:{port}/postgres"
    finally:
        _as_postgres([f"{programs}/pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_database_url(postgres_url: str) -> Callable[[], str]:
    """Makes an empty database in the private cluster at each call, and returns its URL."""
    base = postgres_url.rpartition("/")[0]

    def make() -> str:
        name = f"test_{secrets.token_hex(8)}"
        with psycopg.connect(f"{base}/postgres".replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"{base}/{name}"

    return make
