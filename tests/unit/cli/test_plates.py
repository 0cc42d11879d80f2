"""`leaderboard plot`: which pictures, under which names; and what it says where there is nothing to draw."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from medeval.cli.leaderboard import app
from medeval.cli.plates import get_plates, write_plate
from medeval.domain.messages import Leaderboard
from medeval.errors import UsageError
from medeval.report.kinds import Kind
from tests.boards import a_board


def test_one_model_one_kind_one_file(tmp_path: Path) -> None:
    board = a_board()
    (plate,) = get_plates(board, Kind.FOREST, "logistic@1.0.0")
    target = write_plate(plate, board, tmp_path / "new" / "folder", "svg")
    assert target == tmp_path / "new" / "folder" / "breast-forest-logistic.svg"
    text = target.read_text(encoding="utf-8")
    assert text.startswith("<?xml")
    assert "breast@1.0.0: Breast masses at five sites" in text
    assert "0.95 (0.52 to 1.00)" in text
    assert write_plate(plate, board, tmp_path, "png").read_bytes().startswith(b"\x89PNG")


def test_unknown_model_is_told_which_there_are() -> None:
    with pytest.raises(UsageError, match="has no model net") as raised:
        get_plates(a_board(), None, "net")
    assert "forest@1.0.0" in raised.value.hint


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(UsageError, match="nothing that a forest picture could show"):
        get_plates(a_board(show_cells=False), Kind.FOREST, None)


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    board = a_board()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_plate(get_plates(board, Kind.HEAT, None)[0], board, tmp_path / "file", "svg")


class Api:
    """A server's answer to the one question that is asked."""

    def get_leaderboard(self, benchmark: str) -> Leaderboard:
        assert benchmark == "breast"
        return a_board()


def test_command_tells_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medeval.cli.context.get_api", lambda home: Api())
    words = ["plot", "breast", "--kind", "forest", "--out", str(tmp_path), "--output", "json"]
    told = CliRunner().invoke(app, words, obj=tmp_path)
    assert told.exit_code == 0
    records = json.loads(told.stdout)
    assert [record["model"] for record in records] == ["logistic", "forest", "age-only"]
    assert all(Path(record["file"]).is_file() and record["kind"] == "forest" for record in records)
