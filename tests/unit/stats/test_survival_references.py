"""The metrics of survival against scikit-survival, whose values of fixed cases lie in `tests/golden`."""

import json
from typing import Any

import numpy as np
import pytest

from medeval.metrics.survival_cases import SurvivalCases
from medeval.stats.families.survival import measure
from medeval.stats.measure import Measured
from tests.cube_process import ROOT
from tests.survival_samples import evaluate, plan_of

REFERENCES = json.loads((ROOT / "tests/golden/survival-references.json").read_text())
NAMES = ("harrell_c", "uno_c", "ibs", *(f"{name}@{time}" for name in ("auc", "brier", "oe") for time in (20, 40, 60)))


def cases_of(sample: dict[str, Any]) -> SurvivalCases:
    return SurvivalCases(*(np.array(sample[name]) for name in ("time", "event", "risk", "shares")))


@pytest.mark.parametrize("sample", REFERENCES["samples"], ids=["0", "1", "2"])
@pytest.mark.parametrize("name", NAMES)
def test_values_are_those_of_scikit_survival(name: str, sample: dict[str, Any]) -> None:
    """Every time is an edge, so nothing is left open."""
    cases = cases_of(sample)
    edges = sorted(sample["time"])
    plan = plan_of(time_edges=edges, score_edges=[0.0], times=REFERENCES["times"], tau=REFERENCES["tau"])
    found = measure(evaluate(cases, plan), name, plan)
    assert isinstance(found, Measured)
    assert found.value == pytest.approx(sample["values"][name], rel=1e-12)
    assert found.bound < 1e-9
