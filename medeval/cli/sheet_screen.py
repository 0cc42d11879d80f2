"""The review sheet in a terminal: why each number passed, what was merged, what changed."""

from dataclasses import asdict
from typing import Any

from medeval.cli.states_screen import heading
from medeval.cli.table import lines_of
from medeval.report.pen import Pen
from medeval.site.sheet import Line, Sheet
from medeval.site.sheet_merged import Merged


def plain_sheet(sheet: Sheet) -> dict[str, Any]:
    """The sheet as machines read it."""
    return asdict(sheet)


def sheet_lines(sheet: Sheet, pen: Pen) -> list[str]:
    """The sheet for people."""
    changes = [asdict(change) for change in sheet.since.changes]
    return [
        *heading(f"Why each number passed: policy {sheet.policy}", pen),
        *lines_of([_row(line) for line in sheet.lines], pen, ("rule", "here")),
        "",
        *heading("What was merged and rounded (counts from before a merge are shown nowhere)", pen),
        *(line for grid in sheet.merged for line in pen.paragraph(_merged(grid), "")),
        *([] if sheet.merged else ["No table with bins."]),
        "",
        *heading("What changed since the last release", pen),
        *pen.paragraph(sheet.since.last, ""),
        *(lines_of(changes, pen) if changes else []),
    ]


def _row(line: Line) -> dict[str, Any]:
    return asdict(line) | {"bits": "in the total" if line.bits is None else f"{line.bits:.0f}"}


def _merged(grid: Merged) -> str:
    joined = [f"{span.interval} ({span.bins} bins)" for span in grid.spans if span.bins > 1]
    what = f"; merged: {', '.join(joined)}" if joined else "; none merged"
    return f"{grid.table}: {grid.before} bins before, {grid.after} after{what}."
