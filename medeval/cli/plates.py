"""Writing a board's pictures as files."""

from __future__ import annotations

from pathlib import Path

from medeval.domain.messages import Leaderboard
from medeval.errors import UsageError
from medeval.report import standalone
from medeval.report.kinds import Kind
from medeval.report.pictures import Plate, plates_of


def get_plates(board: Leaderboard, kind: Kind | None, model: str | None) -> list[Plate]:
    """What is to be drawn; raises `UsageError` for an unknown model, and where there is nothing to draw."""
    known = [row.model for row in board.rows]
    if model is not None and model not in (*known, *(ref.partition("@")[0] for ref in known)):
        raise UsageError(f"{board.benchmark} has no model {model}", f"It has: {', '.join(known) or 'none yet'}.")
    found = plates_of(board, set(Kind) if kind is None else {kind}, model)
    if not found:
        what = f"a {kind} picture" if kind else "a picture"
        raise UsageError(
            f"there is nothing that {what} could show", "Results may be missing, hidden, or without a score table."
        )
    return found


def write_plate(plate: Plate, board: Leaderboard, folder: Path, ending: str) -> Path:
    """Write one picture as `svg` or `png`, and give its path; raises `UsageError` where that cannot be."""
    source = f"{board.benchmark}: {board.title}. Data: {board.data_label}."
    if ending == "png":
        content = standalone.to_png(plate.picture, source)
    else:
        content = standalone.to_svg(plate.picture, source).encode()
    target = folder / f"{plate.stem}.{ending}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as exc:
        raise UsageError("the pictures cannot be written there", "Choose another --out.") from exc
    return target
