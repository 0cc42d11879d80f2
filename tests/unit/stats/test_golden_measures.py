"""Values, intervals and methods of fixed cases are those of the golden files, which hold every metric of a family.

A value that is meant to change: `python -m tests.golden_measures`, and read the difference.
"""

import json

import pytest

from medeval.domain.families.base import parse_metric
from tests.golden_measures import FAMILIES, GOLDEN, measures
from tests.metric_names import metrics_of


@pytest.mark.parametrize("name", FAMILIES)
def test_measures_are_the_golden_ones(name: str) -> None:
    golden, found = json.loads((GOLDEN / f"{name}.json").read_text()), measures(name)
    assert list(found) == list(golden)
    for metric, expected in golden.items():
        assert found[metric]["method"] == expected["method"], metric
        numbers = {key: value for key, value in expected.items() if key != "method"}
        assert {key: found[metric][key] for key in numbers} == pytest.approx(numbers, rel=1e-9, abs=1e-12), metric


@pytest.mark.parametrize("name", FAMILIES)
def test_every_metric_of_the_family_is_golden(name: str) -> None:
    """Whatever a plan could name: with the plan's own thresholds, times and structures as ends."""
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    plan = FAMILIES[name]()[0]
    accepted = metrics_of(plan, "", "@0.3", "@40", "@1.2", "/head", "@1.2/head")
    assert {parse_metric(metric).base for metric in golden} == {parse_metric(metric).base for metric in accepted}
    assert all(entry["low"] < entry["high"] for entry in golden.values())


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in GOLDEN.glob("*.json")} == {*FAMILIES, "survival-references"}
