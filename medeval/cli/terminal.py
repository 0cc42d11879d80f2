"""What a stream can show: asked here and nowhere else."""

import shutil
from typing import TextIO

from medeval.cli.settings import TerminalSettings
from medeval.report.pen import Pen

#: Wide enough for every table: what is piped is read by programs, or in a pager that scrolls.
UNBOUNDED = 10_000


def can_unicode(stream: TextIO) -> bool:
    """Whether the stream takes more than ASCII."""
    return (stream.encoding or "").lower().startswith("utf")


def tick(stream: TextIO) -> str:
    """The mark of what is done."""
    return "✓" if can_unicode(stream) else "[ok]"


def pen_for(stream: TextIO, *, unbounded: bool = False) -> Pen:
    """How to write on a stream. Where it is no terminal, lines have 80 cells, or with `unbounded` as many as they need.

    Colour goes to a terminal that wants it alone: NO_COLOR and TERM=dumb say no. COLUMNS overrides the width.
    """
    settings = TerminalSettings()
    fallback = UNBOUNDED if unbounded and not stream.isatty() else 80
    width = settings.columns or (shutil.get_terminal_size().columns if stream.isatty() else fallback)
    return Pen(width, can_unicode(stream), color=stream.isatty() and settings.wants_color)
