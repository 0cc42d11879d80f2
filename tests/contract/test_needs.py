"""A missing need is listed where it may be missing, and fails where it is required."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import availability

TEST = """
import pytest

@pytest.mark.shared
def test_needs_the_data():
    assert True
"""


@pytest.fixture
def run_pytest(tmp_path: Path):
    """Runs the one test above in a suite with this conftest, where the data is not there."""
    (tmp_path / "conftest.py").write_text((availability.ROOT / "tests/conftest.py").read_text())
    (tmp_path / "test_it.py").write_text(TEST)
    config = "[pytest]\nmarkers =\n    " + "\n    ".join(availability.GAPS) + f"\npythonpath = {availability.ROOT}\n"
    (tmp_path / "pytest.ini").write_text(config)

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(tmp_path)],
            env={**kept, "MEDEVAL_SHARED": str(tmp_path / "nowhere"), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def test_a_missing_need_is_skipped_and_listed(run_pytest):
    ended = run_pytest()
    assert ended.returncode == 0
    assert "not tested on this machine" in ended.stdout
    assert "1 test: shared: the data and reference tables are not beside the checkout" in ended.stdout


def test_a_missing_need_fails_where_required(run_pytest):
    ended = run_pytest(MEDEVAL_REQUIRE="docker,shared")
    assert ended.returncode == 1
    assert "shared is required here" in ended.stdout


def test_an_unknown_need_is_refused(run_pytest):
    assert run_pytest(MEDEVAL_REQUIRE="dokcer").returncode == 4


def test_each_need_has_a_marker(pytestconfig):
    markers = {line.split(":")[0] for line in pytestconfig.getini("markers")}
    assert set(availability.GAPS) <= markers
