"""Tables: every key is a column, a reference is never broken, a narrow terminal goes without the spare ones."""

from medeval.cli.table import blocks, lines_of, text_of
from medeval.report.pen import Pen, cells

ROWS = [
    {"model": "a-rather-long-name@1.0.0", "dataset": "north/masses", "state": "waiting for it", "id": "0123456789ab"},
    {"model": "b@1.0.0", "dataset": "north/masses", "state": "new", "reason": "none given"},
]  # fmt: skip


def words_of(lines: list[str]) -> set[str]:
    return set(" ".join(lines).split())


def test_columns_are_the_keys_of_all_rows():
    head, first, second = lines_of(ROWS, Pen(200))
    assert head.split() == ["model", "dataset", "state", "id", "reason"]
    assert "waiting for it" in first
    assert second.endswith("none given")


def test_references_are_whole_at_any_width():
    refs = {"a-rather-long-name@1.0.0", "b@1.0.0", "north/masses"}
    for width in range(10, 121):
        lines = lines_of(ROWS, Pen(width), spare=("id", "reason"))
        assert refs <= words_of(lines), width


def test_words_wrap_before_columns_go_and_spare_ones_go_in_order():
    full = lines_of(ROWS, Pen(200), spare=("id", "reason"))
    widest = max(map(cells, full))
    wrapped = lines_of(ROWS, Pen(widest - 1), spare=("id", "reason"))
    assert len(wrapped) > len(full)
    assert wrapped[0].split() == full[0].split()
    heads = [tuple(lines_of(ROWS, Pen(width), spare=("id", "reason"))[0].split()) for width in range(200, 46, -1)]
    assert list(dict.fromkeys(heads)) == [
        ("model", "dataset", "state", "id", "reason"),
        ("model", "dataset", "state", "reason"),
        ("model", "dataset", "state"),
    ]


def test_lines_fit_while_it_is_a_table():
    for width in range(50, 121):
        assert max(map(cells, lines_of(ROWS, Pen(width), spare=("id", "reason")))) <= width


def test_where_not_even_the_rest_fits_each_row_is_a_block():
    lines = lines_of(ROWS, Pen(30), spare=("id", "reason"))
    assert lines == blocks(ROWS, Pen(30))
    assert lines[0] == "model    a-rather-long-name@1.0.0"
    assert "id       0123456789ab" in lines, "a block drops nothing"


def test_numbers_stand_at_the_right_and_headings_have_no_underscore():
    assert lines_of([{"called_positive": 7, "b": "x"}, {"called_positive": 120, "b": "y"}], Pen(80)) == [
        "called positive  b",
        "              7  x",
        "            120  y",
    ]


def test_text_of_others_controls_no_terminal():
    lines = lines_of([{"title": "a\x1b[31mb\u202ec"}], Pen(80)) + blocks([{"title": "a\x1b]0;x\x07"}], Pen(80))
    assert "\x1b" not in "".join(lines)
    assert "\u202e" not in "".join(lines)


def test_values_in_words():
    assert [text_of(value) for value in (True, False, None, [1, 2], {"a_b": 1, "c": (2, 3)})] == [
        "yes", "no", "", "1, 2", "a b 1, c 2, 3",
    ]  # fmt: skip
