"""Harrell's C of several models on the same cases: values, variances, and what cannot be compared."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medeval.domain.paired import NotComparable, PairedCovariance, PairedEvaluation
from medeval.metrics.compare import compare
from medeval.metrics.concordance import pair_counts
from medeval.metrics.survival_cases import SurvivalCases
from medeval.stats.families.survival import measure
from medeval.stats.measure import Measured
from tests.survival_samples import evaluate, make_cases, of, plan_of

PLAN = plan_of(outputs="risk")
TABLE = plan_of(outputs="risk", exact_scalars=False)


def compared(folder: Path, cases: SurvivalCases, risks: list[np.ndarray], plan: Any = PLAN) -> PairedEvaluation:
    labels = zip(cases.time.tolist(), cases.event.astype(int).tolist(), strict=True)
    rows = [f"c{i},{time!r},{event}" for i, (time, event) in enumerate(labels)]
    (folder / "labels.csv").write_text("\n".join(["case_id,time,event", *rows]) + "\n")
    for number, risk in enumerate(risks, 1):
        scored = [f"c{i},{value!r}" for i, value in enumerate(risk.tolist())]
        (folder / f"predictions-{number}.csv").write_text("\n".join(["case_id,score", *scored]) + "\n")
    wanted = [{"metric": found.metric, "by": str(found.by)} for found in plan.compared(())]
    parameters = {"analysis": plan.model_dump(mode="json"), "interface": {}, "models": len(risks), "compared": wanted}
    return PairedEvaluation.from_plain(compare(folder, parameters, folder / "scratch"))


def samples(seed: int, n: int = 120) -> tuple[SurvivalCases, list[np.ndarray]]:
    cases, rng = make_cases(n, seed, whole=False), np.random.default_rng(seed)
    return cases, [cases.risk, cases.risk + rng.normal(size=n), rng.normal(size=n)]


def with_risk(cases: SurvivalCases, risk: np.ndarray) -> SurvivalCases:
    return SurvivalCases(cases.time, cases.event, risk)


@pytest.mark.parametrize("plan", [PLAN, TABLE], ids=["exact", "table"])
def test_values_are_those_of_the_models_results(tmp_path: Path, plan: Any) -> None:
    cases, risks = samples(1)
    state = compared(tmp_path, cases, risks, plan).states[0]
    assert isinstance(state, PairedCovariance)
    for value, variance, risk in zip(state.values, state.variances, risks, strict=True):
        found = measure(evaluate(with_risk(cases, risk), plan), "harrell_c", plan)
        assert isinstance(found, Measured)
        assert value == pytest.approx(found.value, abs=1e-12)
        expected = found.variance * (found.value * (1 - found.value)) ** 2
        assert variance == pytest.approx(expected * 120 / 119, rel=1e-9)


def test_differences_vary_as_when_cases_are_left_out(tmp_path: Path) -> None:
    cases, risks = samples(2)
    state = compared(tmp_path, cases, risks).states[0]
    assert isinstance(state, PairedCovariance)
    n = len(cases.time)
    left = np.array([[harrell(cases, risk, np.arange(n) != i) for risk in risks] for i in range(n)])
    for found, (i, j) in zip(state.differences, combinations(range(3), 2), strict=True):
        apart = left[:, i] - left[:, j]
        assert found == pytest.approx((n - 1) / n * ((apart - apart.mean()) ** 2).sum(), rel=0.1)


def harrell(cases: SurvivalCases, risk: np.ndarray, kept: np.ndarray) -> float:
    found = pair_counts(cases.time[kept], cases.event[kept], risk[kept])
    return (found.concordant + found.tied / 2) / found.comparable


def test_models_of_one_order_do_not_differ(tmp_path: Path) -> None:
    cases, _ = samples(3)
    state = compared(tmp_path, cases, [cases.risk, 2 * cases.risk]).states[0]
    assert isinstance(state, PairedCovariance)
    assert (state.values[0] - state.values[1], state.differences) == (0.0, (0.0,))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([(1, False, 0), (2, False, 1)], "no event"),
        ([(1, True, 0), (2, False, 1)], "one event only"),
        ([(2, True, 0), (2, True, 1)], "no comparable pair"),
    ],
)
def test_what_cannot_be_compared(tmp_path: Path, rows: list[tuple[float, bool, float]], reason: str) -> None:
    cases = of(rows)
    state = compared(tmp_path, cases, [cases.risk, -cases.risk]).states[0]
    assert isinstance(state, NotComparable)
    assert state.reason == reason


def test_another_primary_metric_is_not_compared() -> None:
    assert plan_of(primary_metric="uno_c").compared(()) == ()
