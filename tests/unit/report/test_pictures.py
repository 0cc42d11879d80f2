"""Pictures: forest plot, row plot, calibration plot, decision curve, heat map, and their files; colours."""

import re
import sys
from xml.etree import ElementTree as ET

import pytest

from medeval.domain.messages import Leaderboard, ScoreBins
from medeval.errors import MissingExtra
from medeval.report import calibration, decision, forest, heat_picture, html, pictures, risk_bins, row_plot, standalone
from medeval.report.draw import Picture
from medeval.report.kinds import Kind
from tests.boards import GOOD, a_board, a_large_board, a_spec, an_analysis, an_evaluation, released

SVG = "{http://www.w3.org/2000/svg}"


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 our own picture


def shapes_of(picture: Picture) -> list[tuple[str, str | None]]:
    return [(item.tag, item.get("class")) for item in parse(picture.to_html()).iter()]


def words_of(picture: Picture) -> str:
    return " ".join(parse(picture.to_html()).itertext())


def check_frame(picture: Picture) -> None:
    """Title and description are named, and every shape lies inside."""
    root = parse(picture.to_html("wide"))
    title, description = root[0], root[1]
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    width, height = map(float, root.get("viewBox", "").split()[2:])
    for name, limit in (("x", width), ("x1", width), ("x2", width), ("y", height), ("y1", height), ("y2", height)):
        assert all(-0.1 <= float(item.get(name, 0)) <= limit + 0.1 for item in root.iter())


# --- forest and row plot --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("narrow", [False, True])
def test_forest_draws_every_site_the_mean_and_the_range(narrow: bool) -> None:
    board = a_board()
    picture = forest.picture(board, board.rows[0], ident="x", narrow=narrow)
    check_frame(picture)
    shapes = shapes_of(picture)
    assert shapes.count(("rect", "sq")) == 3
    assert shapes.count(("rect", "hol")) == 1
    assert shapes.count(("path", "fa")) == 1
    assert shapes.count(("line", "rng")) == 1
    assert ("rect", "band") not in shapes
    words = words_of(picture)
    assert "not estimable" in words
    assert "chance" in words
    assert "West Hospital: 0.82 (0.73 to 0.89)" in picture.description
    assert "Range of sites: 0.82 to 1.00." in picture.description


def test_forest_draws_a_band_from_five_sites_on() -> None:
    board = a_large_board()
    picture = forest.picture(board, board.rows[0])
    assert shapes_of(picture).count(("rect", "band")) == 1
    assert "Prediction interval, approximate: 0.74 to 0.96." in picture.description


def test_forest_of_few_sites_says_that_nothing_is_pooled() -> None:
    executions = tuple(released("logistic", site, GOOD[site]) for site in ("north", "east"))
    board = a_board(executions=executions)
    picture = forest.picture(board, board.rows[0])
    assert ("path", "fa") not in shapes_of(picture)
    assert "not pooled: 2 sites are too few" in words_of(picture)


def test_squares_grow_with_the_root_of_cases() -> None:
    small, large = (
        an_evaluation((10, 10) + (0,) * 8, (0,) * 8 + (5, 15)),
        an_evaluation((40, 40) + (0,) * 8, (0,) * 8 + (20, 60)),
    )
    board = a_board(executions=(released("logistic", "north", small), released("logistic", "east", large)))
    root = parse(forest.picture(board, board.rows[0]).to_html())
    sides = [float(item.get("width", 0)) for item in root.iter("rect")]
    assert sides[1] == pytest.approx(2 * sides[0], abs=0.1)


def test_interval_that_goes_on_gets_an_arrow_on_either_side() -> None:
    tiny = an_evaluation((0, 0, 2, 1, 0, 0, 0, 0, 0, 0), (0, 0, 0, 1, 1, 1, 0, 0, 0, 0))
    cut = a_board(executions=(released("logistic", "north", GOOD["north"]), released("logistic", "south", tiny)))
    low = re.compile(r'<path class="ln" d="M[\d.]+ [\d.]+l-5 4l5 4"/>')
    assert len(low.findall(forest.picture(cut, cut.rows[0]).to_html())) == 1
    whole = a_board()
    assert not low.search(forest.picture(whole, whole.rows[0]).to_html())
    row = whole.rows[0]
    mean = row.pooled[0].estimate.model_copy(update={"high": 1.3})
    pooled = (row.pooled[0].model_copy(update={"estimate": mean}), *row.pooled[1:])
    beyond = row.model_copy(update={"pooled": pooled})
    assert 'd="M615.0' in forest.picture(whole, beyond).to_html()
    assert "l5 4l-5 4" in row_plot.svg(whole, beyond)


def test_accuracy_has_no_line_of_chance() -> None:
    spec = a_spec(metrics=[{"name": "accuracy"}], analysis=an_analysis("accuracy"))
    board = a_board(spec=spec)
    assert "chance" not in words_of(forest.picture(board, board.rows[0]))
    assert 'class="ax"' not in row_plot.svg(board, board.rows[0])


def test_ratio_has_a_line_at_one() -> None:
    board = a_board(spec=a_spec(metrics=[{"name": "oe"}], analysis=an_analysis("oe")))
    assert "right" in words_of(forest.picture(board, board.rows[0]))


def test_row_plot_tells_the_same_in_words() -> None:
    board = a_board()
    root = parse(row_plot.svg(board, board.rows[0]))
    assert "mean AUROC 0.95 (0.52 to 1.00)" in root.get("aria-label", "")
    marks = [item for item in root.iter("line") if item.get("class") == "la"]
    assert len(marks) == 4
    large = a_large_board()
    assert "95% prediction interval, approximate 0.74 to 0.96" in row_plot.svg(large, large.rows[0])
    assert 'class="band"' in row_plot.svg(large, large.rows[0])


# --- calibration and decisions --------------------------------------------------------------------------------------


def bins_of(board: Leaderboard) -> ScoreBins:
    bins = board.rows[0].bins
    assert bins is not None
    return bins


def test_calibration_draws_a_point_a_bar_and_an_interval_for_each_bin() -> None:
    board = a_large_board()
    picture = calibration.find_picture(board, board.rows[0])
    assert picture is not None
    check_frame(picture)
    shapes = shapes_of(picture)
    bins = bins_of(board)
    assert shapes.count(("circle", "fa")) == shapes.count(("rect", "bar")) == len(bins.cases) == 10
    assert shapes.count(("line", "dash")) == 1
    assert shapes.count(("polyline", "ln")) == 1
    assert "Slope 0.99 (0.92 to 1.07)" in words_of(picture)
    low, high = risk_bins._wilson(bins.positives[0], bins.cases[0], 0.95)
    assert f"{bins.positives[0] / bins.cases[0]:.2f} ({low:.2f} to {high:.2f})" in picture.description


def test_wilson_is_that_of_the_literature() -> None:
    # Newcombe 1998, Stat Med 17:857-872, table I, method 3: 81/263 and 15/148
    assert risk_bins._wilson(81, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert risk_bins._wilson(15, 148, 0.95) == pytest.approx((0.0624, 0.1605), abs=5e-5)


def test_many_bins_are_merged_and_no_case_is_lost() -> None:
    bins = ScoreBins(
        cases=(7,) * 60,
        positives=tuple(i // 10 for i in range(60)),
        risk=tuple(i / 60 for i in range(60)),
        curve=None,
        thresholds=(),
        net_benefit=(),
        treat_all=(),
        low=(),
        high=(),
    )
    found = risk_bins.risk_points(bins, 0.95)
    assert len(found) == 10
    assert sum(item.cases for item in found) == 420
    assert sum(item.risk * item.cases for item in found) == pytest.approx(sum(7 * i / 60 for i in range(60)))


def test_decision_curve_has_band_lines_and_an_arrow_where_one_leaves() -> None:
    board = a_large_board()
    picture = decision.find_picture(board, board.rows[0])
    assert picture is not None
    check_frame(picture)
    shapes = shapes_of(picture)
    assert (
        shapes.count(("polygon", "band")) == shapes.count(("polyline", "la")) == shapes.count(("polyline", "dash")) == 1
    )
    assert ("path", "ln") in shapes
    bins = bins_of(board)
    place = bins.thresholds.index(0.3)
    figure = f"{bins.net_benefit[place]:.2f} ({bins.low[place]:.2f} to {bins.high[place]:.2f})"
    assert f"at 30% {figure}, everyone {bins.treat_all[place]:.2f}" in picture.description


def test_no_score_table_no_picture() -> None:
    board = a_board()
    row = board.rows[0].model_copy(update={"bins": None})
    assert calibration.find_picture(board, row) is None
    assert decision.find_picture(board, row) is None


# --- files ----------------------------------------------------------------------------------------------------------


def test_heat_map_draws_every_cell_with_its_figure_or_state() -> None:
    board = a_board()
    picture = heat_picture.picture(board)
    check_frame(picture)
    words = words_of(picture)
    for state in ("withheld", "failed", "pending", "not estimable"):
        assert state in words
    assert "1.00†" in words
    assert "fewer than 10 cases in one class" in words
    shapes = shapes_of(picture)
    assert shapes.count(("path", "cross")) == 1
    assert shapes.count(("rect", "none")) == 7


def test_every_kind_of_every_model_has_a_file_of_its_own() -> None:
    plates = pictures.plates_of(a_large_board(), set(Kind))
    stems = [plate.stem for plate in plates]
    assert len(set(stems)) == len(stems) == 4 * 3 + 1
    assert {"breast-forest-logistic", "breast-calibration-age-only", "breast-decision-forest", "breast-heat"} <= set(
        stems
    )
    alone = pictures.plates_of(a_large_board(), {Kind.FOREST}, "forest")
    assert [plate.model for plate in alone] == ["forest"]
    hidden = a_board(show_cells=False, show_pooled=False)
    assert pictures.plates_of(hidden, {Kind.FOREST, Kind.CALIBRATION, Kind.DECISION}) == []


def test_files_stand_alone() -> None:
    hostile = "a & b <script>alert(1)</script>"
    for plate in pictures.plates_of(a_large_board(), set(Kind)):
        text = standalone.to_svg(plate.picture, hostile)
        root = parse(text.removeprefix('<?xml version="1.0" encoding="UTF-8"?>\n'))
        assert root.tag == f"{SVG}svg"
        assert not list(root.iter(f"{SVG}script"))
        assert hostile in " ".join(root.itertext())
        assert "var(" not in text
        assert "url(" not in text
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
        assert float(root.get("width", 0)) > plate.picture.width
        used = {name for item in root.iter() for name in (item.get("class") or "").split()}
        assert used <= set(re.findall(r"\.([a-z][a-z0-9-]*)", standalone.style()))


def test_png_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    plate = pictures.plates_of(a_board(), {Kind.HEAT})[0]
    with pytest.raises(MissingExtra, match="PNG"):
        standalone.to_png(plate.picture, "x")


def test_png_has_the_picture_in_pixels() -> None:
    plate = pictures.plates_of(a_board(), {Kind.FOREST})[0]
    content = standalone.to_png(plate.picture, "x")
    assert content.startswith(b"\x89PNG")
    width = int.from_bytes(content[16:20], "big")
    assert width == 3 * (plate.picture.width + 32)


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
