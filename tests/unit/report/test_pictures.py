"""Axis, heat steps, forest plot and colours."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval.domain.benchmark import Metric, MetricName
from medeval.domain.estimate import Estimate, Method
from medeval.report import forest, heat, html, row_plot
from medeval.report.axis import axis_over
from tests.boards import EDGES, GOOD, a_board, a_spec, an_evaluation, released

SHARES = st.floats(0, 1)


@given(st.lists(SHARES, max_size=5))
def test_axis_holds_half_one_and_every_value(values: list[float]) -> None:
    axis = axis_over(values)
    assert 0 <= axis.low <= 0.5
    assert axis.low <= min([0.5, *values]) + 1e-9
    assert axis.high == 1
    assert {0.5, 1.0} <= set(axis.ticks())
    assert not any(axis.cuts_low(value) for value in values)


@given(SHARES, SHARES)
def test_axis_keeps_order(a: float, b: float) -> None:
    axis = axis_over([])
    assert (axis.at(a, 0, 100) <= axis.at(b, 0, 100)) or a > b
    assert 0 <= axis.at(a, 0, 100) <= 100


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 our own picture


def an_estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value, high=value, n=1, method=Method.WILSON)


def test_steps_are_fixed_and_follow_the_printed_figure() -> None:
    metric = Metric(name=MetricName.AUROC)
    edges = {
        0.0: "h0",
        0.649: "h1",
        0.65: "h1",
        0.6449: "h0",
        0.74: "h2",
        0.75: "h3",
        0.899: "h6",
        0.9: "h6",
        1.0: "h6",
    }
    assert {value: heat.step_of(an_estimate(value), metric) for value in edges} == edges
    for name in MetricName:
        assert [css for css, _ in heat.key_of(Metric(name=name))] == [f"h{i}" for i in range(7)]


@pytest.mark.parametrize("narrow", [False, True])
def test_forest_draws_every_site_and_the_pool(narrow: bool) -> None:
    board = a_board()
    root = parse(forest.svg(board, board.rows[0], ident="x", narrow=narrow))
    shapes = [(item.tag, item.get("class")) for item in root.iter()]
    assert shapes.count(("rect", "sq")) == 3
    assert shapes.count(("rect", "hol")) == 1
    assert shapes.count(("path", "fa")) == 1
    words = " ".join(root.itertext())
    assert "not estimable" in words
    assert "chance" in words
    title, description = root[0], root[1]
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert "West Hospital: 0.82 (0.73 to 0.89)" in (description.text or "")
    width, height = map(float, root.get("viewBox", "").split()[2:])
    assert all(0 <= float(item.get("x", 0)) <= width for item in root.iter())
    assert all(0 <= float(item.get("y", 0)) <= height for item in root.iter())


def test_squares_grow_with_the_root_of_cases() -> None:
    small, large = (
        an_evaluation((10, 10) + (0,) * 8, (0,) * 8 + (5, 15)),
        an_evaluation((40, 40) + (0,) * 8, (0,) * 8 + (20, 60)),
    )
    board = a_board(executions=(released("logistic", "north", small), released("logistic", "east", large)))
    root = parse(forest.svg(board, board.rows[0]))
    sides = [float(item.get("width", 0)) for item in root.iter("rect")]
    assert sides[1] == pytest.approx(2 * sides[0], abs=0.1)


def test_interval_that_goes_on_gets_an_arrow() -> None:
    tiny = an_evaluation((0, 0, 2, 1, 0, 0, 0, 0, 0, 0), (0, 0, 0, 1, 1, 1, 0, 0, 0, 0))
    cut = a_board(executions=(released("logistic", "north", GOOD["north"]), released("logistic", "south", tiny)))
    arrow = re.compile(r'<path class="ln" d="M[\d.]+ [\d.]+l-5 4l5 4"/>')
    assert len(arrow.findall(forest.svg(cut, cut.rows[0]))) == 1
    whole = a_board()
    assert not arrow.search(forest.svg(whole, whole.rows[0]))


def test_accuracy_has_no_line_of_chance() -> None:
    spec = a_spec(metrics=[{"name": "accuracy"}], analysis={"primary_metric": "accuracy", "score_edges": EDGES})
    board = a_board(spec=spec)
    assert "chance" not in forest.svg(board, board.rows[0])
    assert 'class="ax"' not in row_plot.svg(board, board.rows[0])


def test_row_plot_tells_the_same_in_words() -> None:
    board = a_board()
    root = parse(row_plot.svg(board, board.rows[0]))
    assert "pooled AUROC 0.95 (0.93 to 0.97)" in root.get("aria-label", "")
    marks = [item for item in root.iter("line") if item.get("class") == "la"]
    assert len(marks) == 4


# --- colours: WCAG 2.2, 1.4.3: text at least 4.5:1 in both themes ---------------------------------------------------

PAIRS = [
    *[("--ink", ground) for ground in ("--paper", "--wash", "--warn-wash", "--accent-wash")],
    *[("--ink-2", ground) for ground in ("--paper", "--wash")],
    *[("--h-dark", f"--h{i}") for i in range(5)],
    ("--h-light", "--h5"),
    ("--h-light", "--h6"),
    *[(f"--{tone}", f"--{tone}-wash") for tone in ("ok", "warn", "bad", "accent")],
    *[(f"--{tone}", "--paper") for tone in ("warn", "bad", "accent")],
]


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(2 * char for char in digits) if len(digits) == 3 else digits
    shares = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_stands_out(theme: int, ink: str, ground: str) -> None:
    blocks = re.findall(r":root \{(.*?)\}", html.css(), re.DOTALL)
    tokens = dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]+)", blocks[0]))
    if theme:
        tokens |= dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]+)", blocks[1]))
    one, two = sorted((luminance(tokens[ink]), luminance(tokens[ground])))
    assert (two + 0.05) / (one + 0.05) >= 4.5
