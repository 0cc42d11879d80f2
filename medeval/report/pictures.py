"""The pictures that a board offers as files: which kinds of which models, each with the name of its file."""

from collections.abc import Collection
from dataclasses import dataclass

from medeval.domain.messages import Leaderboard, LeaderboardRow
from medeval.report import calibration, decision, forest, heat_picture, reading
from medeval.report.draw import Picture
from medeval.report.kinds import Kind


@dataclass(frozen=True)
class Plate:
    """A picture, what it shows of which model (all, for the heat map), and the name of its file without ending."""

    stem: str
    kind: Kind
    model: str
    picture: Picture


def plates_of(board: Leaderboard, kinds: Collection[Kind], model: str | None = None) -> list[Plate]:
    """Every picture of these kinds that the board has figures for; of one `model` (`name`, `name@version`) if given."""
    names, benchmark = reading.names_of(board), board.benchmark.partition("@")[0]
    rows = [row for row in board.rows if model is None or model in (row.model, row.model.partition("@")[0])]
    found = []
    for row in rows:
        for kind in (kind for kind in Kind if kind in kinds):
            if drawn := _draw(board, row, kind):
                stem = f"{benchmark}-{kind}-{names[row].replace('@', '-')}"
                found.append(Plate(stem, kind, names[row], drawn))
    if Kind.HEAT in kinds and model is None and any(row.cells for row in board.rows):
        found.append(Plate(f"{benchmark}-heat", Kind.HEAT, "all", heat_picture.picture(board)))
    return found


def _draw(board: Leaderboard, row: LeaderboardRow, kind: Kind) -> Picture | None:
    if kind is Kind.FOREST and reading.site_values(row, reading.metric_of(board)):
        return forest.picture(board, row)
    if kind is Kind.CALIBRATION:
        return calibration.find_picture(board, row)
    return decision.find_picture(board, row) if kind is Kind.DECISION else None
