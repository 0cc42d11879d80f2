"""A command loads what it needs: help needs next to nothing, and no command loads another's libraries."""

import json
import subprocess
import sys

import pytest

HEAVY = (
    "torch", "sklearn", "scipy", "numpy", "fastapi", "uvicorn", "sqlalchemy", "alembic", "docker", "requests",
    "pydantic", "rich", "yaml", "jinja2", "cryptography", "medeval.domain", "medeval.site",
    "medeval.server", "medeval.runtime",
)  # fmt: skip
REPORT = f"""
import json, sys
print("loaded:" + json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""


def loaded_by(code: str) -> list[str]:
    """The heavy modules that a process has loaded at the end of `code`."""
    done = subprocess.run([sys.executable, "-c", code + REPORT], capture_output=True, text=True, check=True, timeout=60)
    return list(json.loads(done.stdout.rpartition("loaded:")[2]))


def typing(*words: str) -> str:
    return f"""
import sys
from medeval.cli.main import main
sys.argv = ["medeval", *{words!r}]
try:
    main()
except SystemExit as end:
    assert end.code == 0, end.code
"""


def test_importing_the_command_line_loads_nothing_heavy():
    assert loaded_by("import medeval.cli.main") == []


@pytest.mark.parametrize(
    "words", [("--help",), ("--version",), ("leaderboard", "show", "--help"), ("site", "run", "--help")], ids=" ".join
)
def test_help_loads_nothing_heavy(words):
    assert loaded_by(typing(*words)) == []


def test_the_help_of_every_command_together_loads_nothing_heavy():
    code = """
from scripts.command_tree import commands
from medeval.cli.main import app
for command in commands():
    app([*command.words, "--help"], standalone_mode=False)
"""
    assert loaded_by(code) == []


def test_the_check_above_sees_what_it_looks_for():
    assert loaded_by("import pydantic, yaml") == ["pydantic", "yaml"]


def test_a_leaderboard_is_shown_without_engine_and_server():
    """The modules behind a command of everyone: no docker, no fastapi, no torch, and no site."""
    code = "import medeval.cli.context, medeval.client.api, medeval.report.terminal, medeval.cli.render"
    found = set(loaded_by(code))
    assert not found & {"torch", "sklearn", "fastapi", "uvicorn", "sqlalchemy", "docker", "medeval.site"}
