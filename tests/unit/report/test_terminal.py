"""The leaderboard in a terminal: goldens, and what holds at any width for any board."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medeval.domain.messages import Leaderboard
from medeval.report import terminal
from medeval.report.pen import Pen, cells
from medeval.stats.leaderboard import ModelFacts, SiteFacts
from tests.boards import (
    GOOD,
    a_board,
    a_large_board,
    a_spec,
    a_withholding_board,
    an_analysis,
    an_evaluation,
    released,
)

GOLDEN = Path(__file__).parents[2] / "golden"
COLOUR = re.compile("\x1b\\[[0-9;]*m")
HOSTILE = "\x1b[2Jwiped \x9b31m \u202edesrever\u2066 <b>&amp;</b> 'quoted\" 心臓 Zürich"

bins = st.lists(st.integers(0, 30), min_size=10, max_size=10).map(tuple)


def the_board(name: str) -> Leaderboard:
    boards = {
        "terminal-board": a_board("source"),
        "terminal-large": a_large_board(),
        "terminal-hidden": a_board(show_cells=False),
        "terminal-empty": a_board(executions=(), log_size=0, log_head=None),
        "terminal-withholding": a_withholding_board(),
    }
    return boards[name]


@pytest.mark.parametrize("name", ["board", "large", "hidden", "empty", "withholding"])
def test_terminal_is_the_golden_one(name: str) -> None:
    text = (GOLDEN / f"terminal-{name}.txt").read_text(encoding="utf-8")
    assert terminal.render(the_board(f"terminal-{name}")) == text


def test_ascii_is_the_golden_one() -> None:
    text = terminal.render(the_board("terminal-board"), unicode=False)
    assert text == (GOLDEN / "terminal-ascii.txt").read_text(encoding="ascii")


def test_colour_only_repeats_the_words() -> None:
    board = a_board("source")
    coloured = terminal.render(board, color=True)
    assert COLOUR.search(coloured)
    assert COLOUR.sub("", coloured) == terminal.render(board)


@settings(max_examples=40)
@given(bins, bins, st.integers(80, 160), st.booleans(), st.integers(1, 9))
def test_lines_fit_and_no_figure_goes_bare(
    n0: tuple[int, ...], n1: tuple[int, ...], width: int, unicode: bool, sites: int
) -> None:
    evaluation = an_evaluation(n0, n1)
    names = [f"site-{i}" for i in range(sites)]
    board = a_board(
        models=(ModelFacts("a-model-with-a-rather-long-name@1.0.0", "Group", "A model"),),
        sites=tuple(SiteFacts(f"{name}/masses", "Masses", f"Hospital of the {name}") for name in names),
        executions=tuple(released("a-model-with-a-rather-long-name", name, evaluation) for name in names),
    )
    text = terminal.render(board, width=width, unicode=unicode)
    assert max(cells(line) for line in text.splitlines()) <= width
    assert text.isascii() or unicode
    values = [cell.estimates[0].estimate for cell in board.rows[0].cells]
    figures = {f"{e.value:.2f} ({e.low:.2f} to {e.high:.2f})" for e in values if e.kind == "estimate"}
    assert all(text.count(figure) >= sites for figure in figures)


@pytest.mark.parametrize("unicode", [True, False])
def test_text_of_others_cannot_control_the_terminal(unicode: bool) -> None:
    board = a_board("source")
    columns = tuple(column.model_copy(update={"site_title": HOSTILE}) for column in board.columns)
    rows = tuple(row.model_copy(update={"model": HOSTILE}) for row in board.rows)
    hostile = board.model_copy(update={"columns": columns, "rows": rows, "title": HOSTILE, "data_label": HOSTILE})
    text = terminal.render(hostile, unicode=unicode)
    assert not set(text) & {"\x1b", "\x9b", "\u202e", "\u2066"}
    assert text.isascii() or unicode
    assert [line for line in text.splitlines() if cells(line) > 80] == []


def test_every_decimal_of_the_spec_is_printed() -> None:
    spec = a_spec(
        metrics=[{"name": "accuracy", "decimals": 4}],
        analysis=an_analysis("accuracy"),
    )
    text = terminal.render(a_board(spec=spec))
    assert re.search(r"0\.\d{4} \(0\.\d{4} to 0\.\d{4}\)", text)
    assert "0.5: chance" not in text
    assert [line for line in text.splitlines() if cells(line) > 80] == []


def test_two_versions_and_two_data_sets_of_one_name_stay_apart() -> None:
    models = (ModelFacts("net@1.0.0", "Group", "Old"), ModelFacts("net@1.10.0", "Group", "New"))
    sites = (SiteFacts("north/a", "First ward", "North"), SiteFacts("north/b", "Second ward", "North"))
    text = terminal.render(a_board(models=models, sites=sites, executions=()))
    assert {"net@1.0.0", "net@1.10.0"} <= set(text.split())
    assert "North: First" in text
    assert "North: Second" in text


def test_board_without_models_says_so() -> None:
    text = terminal.render(a_board(models=(), sites=(), executions=(), log_size=0, log_head=None))
    assert "No result yet." in text
    assert "no executions" in text


def test_narrow_interval_of_few_cases_gets_an_arrow() -> None:
    tiny = an_evaluation((0, 0, 2, 1, 0, 0, 0, 0, 0, 0), (0, 0, 0, 1, 1, 1, 0, 0, 0, 0))
    executions = (released("logistic", "north", GOOD["north"]), released("logistic", "south", tiny))
    text = terminal.render(a_board(executions=executions))
    assert re.search(r"South Clinic +◂─+", text)


def test_long_text_is_shortened_in_its_middle() -> None:
    pen = Pen()
    assert pen.fit("short", 10) == "short"
    assert pen.fit("a-model-with-a-long-name", 10) == "a-mo…-name"
    assert cells(pen.fit("心臓病心臓病心臓病", 7)) <= 7
    assert Pen(unicode=False).clean("Zürich\N{EN DASH}Ost \u201924") == "Zurich-Ost '24"


def test_counts_give_way_before_an_interval_does() -> None:
    board = a_large_board()
    metrics = tuple(metric.model_copy(update={"decimals": 6}) for metric in board.metrics)
    fine = board.model_copy(update={"metrics": metrics})
    text = terminal.render(fine)
    head = next(line for line in text.splitlines() if line.startswith(" Model"))
    assert head.split() == ["Model", "AUROC", "95%", "CI", "Prediction", "I2", "Sites"]
    assert [line for line in text.splitlines() if cells(line) > 80] == []
    wide = terminal.render(fine, width=120)
    head = next(line for line in wide.splitlines() if line.startswith(" Model"))
    assert head.split()[4:] == ["Prediction", "I2", "Rank", "Sites", "Cases", "Positive"]


def test_every_missing_site_is_marked_in_its_row() -> None:
    text = terminal.render(a_board(), unicode=False)
    assert "2 of 5 [x] 1 [..] 2 [-] 1" in text


def test_prediction_and_range_in_one_column_are_told_apart() -> None:
    board = a_large_board()
    first = board.rows[0].pooled[0].model_copy(update={"prediction": None})
    row = board.rows[0].model_copy(update={"pooled": (first, *board.rows[0].pooled[1:])})
    text = terminal.render(board.model_copy(update={"rows": (row, *board.rows[1:])}))
    assert "Prediction (r: range)" in text
    assert "r 0.86 to 0.95" in text


def test_details_of_the_first_model_stand_below_the_matrix() -> None:
    text = terminal.render(a_large_board())
    for words in ("observed share by predicted risk", "net benefit of acting", "subgroups", "Model against model"):
        assert words in text


def test_every_metric_of_a_subgroup_stands_beside_that_of_all_others() -> None:
    board = a_large_board()
    text = " ".join(terminal.render(board).split())
    for place in range(1, len(board.metrics)):
        own, rest = (
            metrics[place].estimate for metrics in (board.rows[0].groups[0].pooled, board.rows[0].groups[0].complement)
        )
        for found in (own, rest):
            assert f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})" in text
    assert text.count("all others") == 2 * 3


def test_levels_that_no_site_shows_say_why() -> None:
    text = terminal.render(a_withholding_board())
    assert " region: a: too few cases to show; withheld at 8 sites" in text
    assert " region: b: suppressed by the disclosure policy; withheld at 8 sites" in text
