"""What the command line reads from the environment."""

import os
from dataclasses import dataclass, field


def _wants_color() -> bool:
    return "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


@dataclass(frozen=True)
class TerminalSettings:
    """NO_COLOR (no-color.org) and TERM=dumb turn colour off."""

    wants_color: bool = field(default_factory=_wants_color)
