"""The server imports these rooms at start: they load nothing heavy."""

import subprocess
import sys

import pytest

HEAVY = ("numpy", "scipy", "sklearn", "pandas", "torch", "rich", "jinja2")


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("medeval.stats.leaderboard", ("numpy", "scipy")),
        ("medeval.report.terminal", ()),
        ("medeval.report.html", ("jinja2",)),
    ],
)
def test_import_is_light(module: str, allowed: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & {set(HEAVY)!r}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert tuple(found) == allowed
