"""The page: nothing active, everything escaped, no cell blank, every link lands, every figure with its interval."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medeval.domain.estimate import Reason
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import Leaderboard
from medeval.report import html
from tests.boards import (
    GOOD,
    a_board,
    a_large_board,
    a_spec,
    a_withholding_board,
    an_analysis,
    an_evaluation,
    not_released,
    released,
)

HOSTILE = """</style><script>alert("x")</script> & 'quoted' " onload=x <img src=//evil>"""
VOID = {"meta", "link", "br", "img", "input"}

BOARDS = {
    "images": a_board(),
    "source": a_board("source"),
    "hidden": a_board(show_cells=False),
    "nothing-shown": a_board(show_cells=False, show_pooled=False),
    "no-results": a_board(executions=(), log_size=0, log_head=None),
    "no-models": a_board(models=(), executions=()),
    "large": a_large_board(),
    "withholding": a_withholding_board(),
    "accuracy": a_board(spec=a_spec(metrics=[{"name": "accuracy"}], analysis=an_analysis("accuracy"))),
    "ratio": a_board(spec=a_spec(metrics=[{"name": "oe"}, {"name": "brier"}], analysis=an_analysis("oe"))),
}


class Page(HTMLParser):
    """What a browser would see of it: elements, text of cells, properly nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.cells.append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            return
        self.text += data
        if {"td", "th"} & set(self._open):
            self.cells[-1] += data

    def values(self, attribute: str) -> list[str]:
        return [value for _, attrs in self.elements if (value := attrs.get(attribute)) is not None]


@pytest.fixture(params=BOARDS, name="board")
def a_named_board(request: pytest.FixtureRequest) -> Leaderboard:
    return BOARDS[request.param]


def test_nothing_is_active_or_fetched(board: Leaderboard) -> None:
    page = Page(html.export(board))
    assert not {tag for tag, _ in page.elements} & {
        "script",
        "iframe",
        "object",
        "embed",
        "form",
        "img",
        "link",
        "base",
    }
    names = {name for _, attrs in page.elements for name in attrs}
    assert not {name for name in names if name == "style" or name.startswith("on") or name == "src"}
    assert all(target.startswith("#") for target in page.values("href"))


def test_policy_allows_this_stylesheet_alone(board: Leaderboard) -> None:
    text = html.export(board)
    inlined = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert inlined is not None
    assert inlined[1] == html.css()
    policy = next(attrs["content"] for _, attrs in Page(text).elements if "http-equiv" in attrs)
    assert policy.startswith("default-src 'none'; style-src '" + html.style_hash(inlined[1]) + "';")
    assert "unsafe" not in policy


def test_ids_are_unique_and_links_and_labels_land(board: Leaderboard) -> None:
    page = Page(html.export(board))
    ids = page.values("id")
    assert len(set(ids)) == len(ids)
    targets = [target.removeprefix("#") for target in page.values("href")]
    labels = [ident for value in page.values("aria-labelledby") for ident in value.split()]
    assert set(targets) | set(labels) <= set(ids)


def test_no_cell_is_blank(board: Leaderboard) -> None:
    page = Page(html.body(board))
    assert bool(page.cells) == bool(board.rows)
    assert all(cell.strip() for cell in page.cells)


def test_classes_are_those_of_the_stylesheet(board: Leaderboard) -> None:
    known = set(re.findall(r"\.([a-z][a-z0-9-]*)", html.css()))
    used = {name for value in Page(html.export(board)).values("class") for name in value.split()}
    assert used <= known


def test_body_is_the_part_inside_main(board: Leaderboard) -> None:
    assert html.body(board) in html.export(board)
    assert html.body(board).startswith("<h1>")


def test_text_of_others_is_escaped() -> None:
    board = a_board("source")
    rows = tuple(
        row.model_copy(update={"model": HOSTILE, "organisation": HOSTILE, "summary": HOSTILE}) for row in board.rows
    )
    columns = tuple(column.model_copy(update={"site_title": HOSTILE, "title": HOSTILE}) for column in board.columns)
    update = {"rows": rows, "columns": columns, "title": HOSTILE, "question": HOSTILE, "data_label": HOSTILE}
    text = html.export(board.model_copy(update={**update, "policy": HOSTILE, "estimand": HOSTILE}))
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("</style>") == 1
    page = Page(text)
    assert HOSTILE in page.text
    assert not {name for _, attrs in page.elements for name in attrs if name.startswith("on")}


def test_states_are_drawn_and_explained() -> None:
    text = html.body(a_board())
    page = Page(text)
    for state, css in (
        ("withheld", "withheld"),
        ("failed", "failed"),
        ("not estimable", "undef"),
        ("pending", "undef"),
    ):
        assert f'<td class="{css}"><span class="lbl">{state}</span>' in text
    assert "the model passed its time limit" in page.text
    assert "no statement yet" in page.text


def test_page_says_what_ran_from_source() -> None:
    assert "from source" not in Page(html.body(a_board())).text
    assert "All results ran from source folders" in Page(html.body(a_board("source"))).text
    executions = (released("logistic", "north", GOOD["north"], "source"), released("forest", "north", GOOD["east"]))
    assert "1 of 2 results ran from source folders" in Page(html.body(a_board(executions=executions))).text


def test_hidden_cells_hide_every_site_figure() -> None:
    page = Page(html.body(a_board(show_cells=False)))
    assert "Hidden on this page: results of single sites are shown to participants." in page.text
    assert page.text.count("hidden") == 15
    for evaluation in GOOD.values():
        assert f"n = {evaluation.cases}" not in page.text
    assert "Forest plot" not in page.text


def test_hidden_pool_is_a_word_and_no_figure() -> None:
    page = Page(html.body(a_board(show_cells=False, show_pooled=False)))
    assert Reason.HIDDEN in page.text
    assert not re.search(r"\d\.\d\d \(\d\.\d\d to", page.text)


def test_nothing_is_claimed_that_was_not_analysed(board: Leaderboard) -> None:
    words = Page(html.body(board)).text.lower()
    for claim in ("significant", "equal to", "the same as", "verified", "is best"):
        assert claim not in words
    if not any(row.rank for row in board.rows):
        assert "tier" not in words
        assert not re.search(r"\b(winner|rank)\b", words)
    if not any(item.prediction for row in board.rows for item in row.pooled):
        assert "where a new, similar site is expected" not in words


def test_tiers_stand_apart_and_their_order_is_no_verdict() -> None:
    text = html.body(BOARDS["large"])
    assert text.count('<tr class="tier"') == 3
    assert "Models in one tier are not ranked against each other." in text
    assert "That is no proof that they are alike" in text


def test_three_estimands_stand_under_their_own_names() -> None:
    page = Page(html.body(BOARDS["images"]))
    for name in ("Mean over sites (random effects)", "Within sites (pair-weighted)", "Over all cases (added counts)"):
        assert name in page.text
    item = BOARDS["images"].rows[0].pooled[0]
    figures = {f"{x.value:.2f} ({x.low:.2f} to {x.high:.2f})" for x in (item.estimate, item.within, item.all_cases)}
    assert len(figures) == 3
    assert all(figure in page.text for figure in figures)


def test_spread_is_told_by_what_it_is() -> None:
    large = Page(html.body(BOARDS["large"])).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "95% prediction interval, I²" in large
    assert "approximate; I² 80%, k = 8" in large
    few = Page(html.body(BOARDS["images"])).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "range; I² 90%, k = 4" in few
    assert "No prediction interval is shown: it needs at least 5 sites" in few
    assert "shown, not pooled; k = 1" in few
    assert "not pooled" in few


def test_sites_that_do_not_give_the_metric_are_counted_in_the_row() -> None:
    assert "∅ 1 not estimable" in Page(html.body(BOARDS["images"])).text


def test_comparisons_subgroups_and_pictures_are_there_with_their_figures() -> None:
    page = Page(html.body(BOARDS["large"]))
    assert "logistic less forest" in page.text
    assert "0.06 (0.02 to 0.10)" in page.text
    assert "a difference is shown" in page.text
    assert "logistic by subgroup." in page.text
    assert "Calibration of logistic." in page.text
    assert "Net benefit by threshold" in page.text
    assert "without each site in turn." in page.text


def test_every_metric_stands_by_subgroup_with_that_of_all_others() -> None:
    board = BOARDS["large"]
    page = Page(html.body(board))
    for group in board.rows[0].groups:
        for own, rest in zip(group.pooled[1:], group.complement[1:], strict=True):
            figure, others = (f"{x.value:.2f} ({x.low:.2f} to {x.high:.2f})" for x in (own.estimate, rest.estimate))
            unbroken = others.replace(" ", "\N{NO-BREAK SPACE}")
            assert f"{figure}all others: {unbroken}" in page.cells, own.metric


def test_a_level_that_no_site_shows_says_why() -> None:
    page = Page(html.body(BOARDS["withholding"]))
    cells = " | ".join(page.cells)
    assert "aregion | ∅ too fewtoo few cases to show | " in cells
    assert "bregion | ▨ suppressedsuppressed by the disclosure policy | " in cells
    assert "too few ▨ 8 withheld" in page.cells
    assert "suppressed ▨ 8 withheld" in page.cells
    assert "Withheld: at so many sites nothing of the level is shown" in page.text
    assert "Withheld: at so many sites" not in Page(html.body(BOARDS["large"])).text


def test_metric_without_fixed_steps_has_no_colour() -> None:
    text = html.body(BOARDS["ratio"])
    assert 'class="plain"' in text
    assert 'class="h6"' not in text
    assert "Figures without colour: the nearer to 1 the better" in text


def test_log_and_digests_stand_in_full() -> None:
    board = a_board()
    page = Page(html.body(board))
    for digest in (board.benchmark_digest, board.log_head, *(cell.envelope for cell in board.rows[0].cells)):
        assert digest in page.text


bins = st.lists(st.integers(0, 40), min_size=10, max_size=10).map(tuple)


@settings(max_examples=40)
@given(st.lists(st.tuples(bins, bins), min_size=1, max_size=4), st.integers(0, 4))
def test_every_value_has_its_interval(tables: list[tuple[tuple[int, ...], tuple[int, ...]]], decimals: int) -> None:
    executions = tuple(
        released("logistic", site, an_evaluation(*table))
        for site, table in zip(("north", "east", "south", "west"), tables, strict=False)
    )
    spec = a_spec(metrics=[{"name": "auroc", "decimals": decimals}, {"name": "accuracy", "decimals": decimals}])
    board = a_board(spec=spec, executions=executions)
    text = Page(html.export(board)).text
    found = [item.estimate for cell in board.rows[0].cells if cell.kind == "result" for item in cell.estimates]
    pooled = [x for item in board.rows[0].pooled for x in (item.estimate, item.within, item.all_cases)]
    for estimate in [*found, *pooled[:3]]:
        if estimate.kind == "estimate":
            value, low, high = (f"{x:.{decimals}f}" for x in (estimate.value, estimate.low, estimate.high))
            assert f"{value} ({low} to {high})" in text


def test_failed_reason_reaches_the_table() -> None:
    board = a_board(executions=(not_released("forest", "east", ExecutionState.FAILED, "predictions-not-finite"),))
    assert "a score is no finite number" in html.body(board)
