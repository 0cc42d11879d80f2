"""Attacks: all are heavy, and tell their counts."""

from pathlib import Path

import pytest

from tests.attack.report import tell

__all__ = ["tell"]
HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before `-m` chooses."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("heavy")
