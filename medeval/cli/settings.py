"""What the command line reads from the environment."""

import os
from dataclasses import dataclass, field


def _wants_color() -> bool:
    return "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _columns() -> int | None:
    """COLUMNS, where it is a number of cells that a line can have."""
    text = os.environ.get("COLUMNS", "")
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None


@dataclass(frozen=True)
class TerminalSettings:
    """NO_COLOR (no-color.org) and TERM=dumb turn colour off; COLUMNS sets the width (POSIX)."""

    wants_color: bool = field(default_factory=_wants_color)
    columns: int | None = field(default_factory=_columns)
