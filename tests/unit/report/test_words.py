"""Every metric of every family has words, a meaning and an axis; every method and reason reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval.domain.benchmark import Direction, Metric
from medeval.domain.estimate import Estimate, Method
from medeval.domain.families import binary, classes, detection, regression, text
from medeval.report import heat, methods, reading, words
from medeval.report.axis import axis_over, linear
from medeval.report.words import Range, label_of, word_for

LABELS = {
    "auroc": "AUROC",
    "auroc/melanoma": "AUROC, melanoma",
    "net_benefit@0.2": "net benefit at 0.2",
    "nsd@2/anterior": "NSD at 2 mm, anterior",
    "dsc/anterior": "DSC, anterior",
    "fbeta@2": "F2",
    "ap@0.5": "AP at IoU 0.5",
    "sensitivity@0.3": "sensitivity at 0.3",
    "sensitivity@2": "sensitivity at 2 FP/image",
    "brier@365": "Brier score at 365",
    "made_up": "made up",
}

FAMILIES = (
    binary.AT_A_THRESHOLD | binary.OF_THE_TABLE | {"net_benefit"},
    classes.OF_ALL_CLASSES | classes.OF_ONE_CLASS | classes.OF_ALL_LABELS,
    detection.AT_THE_THRESHOLD | {"froc", "map", "ap", "sensitivity"},
    regression.METRICS,
    frozenset({"harrell_c", "uno_c", "auc", "brier", "oe", "ibs"}),
    frozenset({"dsc", "iou", "nsd", "hd95", "assd", "micro_dice"}),
    frozenset(text.MEAN_OF),
)
BASES = sorted(frozenset().union(*FAMILIES))


def an_estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value, high=value, n=1, method=Method.WILSON)


@pytest.mark.parametrize(("name", "label"), LABELS.items())
def test_labels(name: str, label: str) -> None:
    assert label_of(name) == label


@pytest.mark.parametrize("base", BASES)
def test_every_metric_of_a_family_has_a_word_and_a_meaning(base: str) -> None:
    assert base in words.known_metrics()
    assert word_for(base).meaning.endswith(".")


@pytest.mark.parametrize("base", BASES)
def test_colour_and_better_agree(base: str) -> None:
    metric = Metric(name=base)
    if not heat.has_steps(metric):
        assert heat.step_of(an_estimate(0.7), metric) == heat.PLAIN
        assert heat.key_of(metric) == []
        return
    assert metric.direction is (Direction.HIGHER if heat.rises(metric) else Direction.LOWER)
    strong, pale = (0.999, 0.001) if heat.rises(metric) else (0.001, 0.999)
    assert heat.step_of(an_estimate(strong), metric) == "h6"
    assert heat.step_of(an_estimate(pale), metric) in ("h0", "h1")
    assert [css for css, _ in heat.key_of(metric)] == [f"h{i}" for i in range(7)]


def test_steps_are_fixed_and_follow_the_printed_figure() -> None:
    metric = Metric(name="auroc")
    edges = {0.0: "h0", 0.649: "h1", 0.65: "h1", 0.6449: "h0", 0.74: "h2", 0.75: "h3", 0.899: "h6", 1.0: "h6"}
    assert {value: heat.step_of(an_estimate(value), metric) for value in edges} == edges


def test_metrics_away_from_a_unit_say_what_to_compare_with() -> None:
    assert word_for("oe").reference == (1.0, "right")
    assert word_for("calibration_intercept").reference == (0.0, "right")
    assert word_for("auroc").reference == (0.5, "chance")
    assert word_for("hd95").unit == "mm"
    assert words.better_words(Metric(name="hd95")) == "lower is better"
    assert words.better_words(Metric(name="oe")) == "the nearer to 1 the better"


def test_every_method_has_words() -> None:
    assert set(methods._METHOD_WORDS) == set(Method)


@given(st.sampled_from(BASES), st.lists(st.floats(-50, 50), max_size=6))
def test_axes_hold_their_values_and_keep_order(base: str, values: list[float]) -> None:
    kind = word_for(base).range
    low, high = {Range.UNIT: (0, 1), Range.SMALL: (0, 1), Range.SIGNED: (-10, 1)}.get(kind, (0.001, 50))
    inside = [min(max(value, low), high) for value in values]
    axis = axis_over(inside, Metric(name=base))
    assert axis.low < axis.high
    assert not any(axis.cuts_low(value) or axis.cuts_high(value) for value in inside)
    assert all(0 <= axis.at(value, 0, 100) <= 100 for value in inside)
    assert [axis.at(value, 0, 100) for value in sorted(inside)] == sorted(axis.at(value, 0, 100) for value in inside)
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks())
    if axis.reference:
        assert axis.low <= axis.reference[0] <= axis.high


@given(st.lists(st.floats(0, 1), max_size=5))
def test_axis_of_an_auroc_always_has_chance_and_one(values: list[float]) -> None:
    axis = axis_over(values, Metric(name="auroc"))
    assert {0.5, 1.0} <= set(axis.marks)
    assert axis.high == 1


def test_ratios_have_a_logarithmic_axis_around_one() -> None:
    axis = axis_over([0.5, 2.0], Metric(name="oe"))
    assert axis.log
    assert axis.at(1.0, 0, 100) == pytest.approx(50)


def test_ticks_are_written_alike() -> None:
    axis = linear(-0.1, 0.4)
    assert axis.words([-0.1, 0.0, 0.4]) == ["-0.1", "0.0", "0.4"]
    assert 0.0 in axis.ticks(3)


def test_nothing_has_a_sign_and_signs_are_not_hidden_by_a_dash() -> None:
    metric = Metric(name="bias")
    assert reading.number(-0.001, metric) == "0.00"
    assert reading.between(-0.2, -0.1, metric, "–") == "-0.20 to -0.10"  # noqa: RUF001
    assert reading.between(0.1, 0.2, metric, "–") == "0.10–0.20"  # noqa: RUF001
