"""What attacks came to, told at the end of a run: counts travel with a test's report, from whichever process ran it."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

#: Of a topic: what was attacked, and what came of it.
Tell = Callable[[str, str, str], None]
KEY = "attack"


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Adds a line to the report: topic, what, and what was seen."""

    def add(topic: str, what: str, seen: str) -> None:
        request.node.user_properties.append((KEY, f"{topic}\t{what}\t{seen}"))

    return add


def lines(reports: Iterable[Any]) -> list[str]:
    """The lines of all tests that told something, by topic."""
    told = sorted(
        {value for report in reports if report.when == "call" for key, value in report.user_properties if key == KEY}
    )
    found: list[str] = []
    topic = ""
    for line in told:
        head, what, seen = line.split("\t")
        found += [] if head == topic else [f"{head}:"]
        found.append(f"  {what:28} {seen}")
        topic = head
    return found
