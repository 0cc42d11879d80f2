"""Binary classifiers on the same cases, against statsmodels, brute force over all pairs, and the models' own tables."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.stats.contingency_tables import mcnemar

from medeval.domain.families.binary import PairStratum, ScoreTable
from medeval.domain.paired import DiscordantCounts, NotComparable, PairedCovariance, PairedEvaluation, PairedMoments
from medeval.errors import ScoreNotFinite, SpecError, WrongCases
from medeval.metrics import binary
from medeval.metrics.compare import compare
from medeval.metrics.paired_states import auroc_covariance, influence_covariance
from medeval.stats.ranking import delong_variance, double_wins
from tests.cube_process import check_cube

EDGES = [0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0]


def brute_force_covariance(labels: NDArray[np.bool_], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """DeLong's covariance from the M x n1 x n0 kernel of all pairs."""
    positive, negative = scores[:, labels], scores[:, ~labels]
    kernel = (positive[:, :, None] > negative[:, None, :]) + 0.5 * (positive[:, :, None] == negative[:, None, :])
    v10, v01 = kernel.mean(axis=2), kernel.mean(axis=1)
    return np.asarray(np.cov(v10) / v10.shape[1] + np.cov(v01) / v01.shape[1])


def write(folder: Path, labels: NDArray[Any], scores: NDArray[Any]) -> None:
    rows = [f"c{number},{int(label)}" for number, label in enumerate(labels)]
    (folder / "labels.csv").write_text("case_id,label\n" + "\n".join(rows) + "\n")
    for model, row in enumerate(scores, start=1):
        lines = [f"c{number},{score!r}" for number, score in enumerate(row.tolist())]
        # each model in an order of its own
        lines = lines[model:] + lines[:model]
        (folder / f"predictions-{model}.csv").write_text("case_id,score\n" + "\n".join(lines) + "\n")


def parameters(models: int, *metrics: str, **analysis: Any) -> dict[str, Any]:
    plan = {"task": "binary-classification", "threshold": 0.5, "positive_when": "above", "score_edges": EDGES}
    return {
        "analysis": plan | analysis,
        "models": models,
        "compared": [{"metric": metric} for metric in metrics],
    }


def some_cases(models: int = 3, n: int = 80, seed: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.4
    shared = rng.normal(labels * 1.0, 1.0)
    scores = 1 / (1 + np.exp(-(shared + rng.normal(0, 0.7, (models, n)))))
    return labels, np.round(scores, 2)


def compared(tmp_path: Path, labels: NDArray[Any], scores: NDArray[Any], *metrics: str, **analysis: Any) -> Any:
    write(tmp_path, labels, scores)
    found = compare(tmp_path, parameters(len(scores), *metrics, **analysis), tmp_path / "scratch")
    return PairedEvaluation.from_plain(found)


def test_exact_scores_give_delongs_covariance(tmp_path: Path) -> None:
    labels, scores = some_cases()
    paired = compared(tmp_path, labels, scores, "auroc", exact_scalars=True)
    (state,) = paired.states
    assert isinstance(state, PairedCovariance)
    assert paired.cases == 80
    np.testing.assert_allclose(state.covariance, brute_force_covariance(labels, scores), rtol=1e-12, atol=1e-17)
    for value, variance, row in zip(state.values, state.variances, scores, strict=True):
        stratum = PairStratum.from_plain(binary.pair_counts(labels, row)["strata"][0])
        assert value == stratum.double_wins.total / (2 * stratum.n0 * stratum.n1)
        assert variance == pytest.approx(stratum.s10 / stratum.n1 + stratum.s01 / stratum.n0, rel=1e-12)


@pytest.mark.parametrize("side", ["above", "at-or-above"])
def test_binned_scores_tell_of_one_model_what_its_table_tells(tmp_path: Path, side: str) -> None:
    labels, scores = some_cases(seed=1)
    (state,) = compared(tmp_path, labels, scores, "auroc", positive_when=side).states
    tables = [ScoreTable.from_plain(binary.score_table(labels, row, EDGES, side)) for row in scores]
    n0, n1 = tables[0].classes
    assert state.values == tuple(double_wins(table) / (2 * n0 * n1) for table in tables)
    assert state.variances == pytest.approx([delong_variance(table) for table in tables], rel=1e-12)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_scores_give_the_covariance_of_all_pairs(data: st.DataObject) -> None:
    n = data.draw(st.integers(4, 12))
    labels = np.array(data.draw(st.permutations([True, True, False, False] + [True] * (n - 4))))
    few = st.lists(st.sampled_from([0.1, 0.4, 0.5, 0.9]), min_size=n, max_size=n)
    scores = np.array(data.draw(st.lists(few, min_size=2, max_size=4)))
    state = PairedCovariance.from_plain(auroc_covariance("auroc", labels, scores))
    expected = brute_force_covariance(labels, scores)
    np.testing.assert_allclose(state.covariance, expected, rtol=1e-10, atol=1e-15)


def test_models_of_one_order_differ_by_exactly_nothing() -> None:
    labels, scores = some_cases(1)
    state = auroc_covariance("auroc", labels, np.stack([scores[0], scores[0] ** 2]))
    assert state["differences"] == [0.0]
    assert state["values"][0] == state["values"][1]


@pytest.mark.parametrize(
    ("labels", "reason"), [([0, 0, 0], "one class only"), ([0, 1, 0], "one case only"), ([1, 1], "one class only")]
)
def test_cases_without_a_variance_are_not_compared(tmp_path: Path, labels: list[int], reason: str) -> None:
    (state,) = compared(tmp_path, np.array(labels, dtype=bool), np.full((2, len(labels)), 0.3), "auroc").states
    assert state == NotComparable.from_plain({"metric": "auroc", "reason": reason})


@pytest.mark.parametrize("metric", ["accuracy", "accuracy@0.2", "sensitivity", "specificity@0.8"])
def test_discordant_cases_are_mcnemars(tmp_path: Path, metric: str) -> None:
    labels, scores = some_cases(seed=2)
    (state,) = compared(tmp_path, labels, scores, metric).states
    assert isinstance(state, DiscordantCounts)
    base, _, at = metric.partition("@")
    among = {"accuracy": labels | ~labels, "sensitivity": labels, "specificity": ~labels}[base]
    right = (scores[:, among] > float(at or 0.5)) == labels[among]
    assert state.n == among.sum()
    for pair, (first, second) in zip(state.pairs, combinations(right, 2), strict=True):
        table = np.histogram2d(first, second, bins=[[0, 0.5, 1]] * 2)[0]
        assert (pair.second_only, pair.first_only) == (table[0, 1], table[1, 0])
        exact = mcnemar(table, exact=True)
        assert exact.statistic == min(pair.first_only, pair.second_only)


def test_squared_errors_are_compared_case_by_case(tmp_path: Path) -> None:
    labels, scores = some_cases(seed=3)
    (state,) = compared(tmp_path, labels, scores, "brier", exact_scalars=True).states
    assert isinstance(state, PairedMoments)
    errors = (scores - labels) ** 2
    for pair, (i, j) in zip(state.pairs, combinations(range(3), 2), strict=True):
        difference = errors[i] - errors[j]
        assert (pair.n, pair.totals) == (80, None)
        assert pair.total.real == pytest.approx(difference.sum(), abs=1e-13)
        assert pair.squares.real == pytest.approx((difference**2).sum(), rel=1e-13)


def test_influences_give_the_variance_of_a_mean() -> None:
    values = np.random.default_rng(4).normal(size=(3, 50))
    centred = values - values.mean(axis=1, keepdims=True)
    state = PairedCovariance.from_plain(influence_covariance("mae", values.mean(axis=1).tolist(), centred))
    np.testing.assert_allclose(state.covariance, np.cov(values) / 50, rtol=1e-12, atol=1e-17)


def test_what_an_evaluation_refuses_a_comparison_refuses_too(tmp_path: Path) -> None:
    labels, scores = some_cases()
    write(tmp_path, labels, scores)
    second = tmp_path / "predictions-2.csv"
    lines = second.read_text().splitlines()
    for text, error in ((lines[:-1], WrongCases), ([*lines[:-1], "c0,nan"], ScoreNotFinite)):
        second.write_text("\n".join(text) + "\n")
        with pytest.raises(error):
            compare(tmp_path, parameters(3, "auroc"), tmp_path / error.__name__)
    with pytest.raises(SpecError):
        compare(tmp_path, parameters(3, "auroc", task="poetry"), tmp_path / "other")


def test_the_cube_writes_a_paired_evaluation_and_nothing_else(tmp_path: Path) -> None:
    labels, scores = some_cases(12)
    write(tmp_path, labels, scores)
    inputs = {file.name: file for file in tmp_path.iterdir()}
    out = check_cube("tabular-evaluator", "compare", inputs, tmp_path / "out", parameters(12, "auroc", "accuracy"))
    assert [file.name for file in out.iterdir()] == ["comparison.json"]
    plain = json.loads((out / "comparison.json").read_text())
    auroc, accuracy = PairedEvaluation.from_plain(plain).states
    assert auroc.models == accuracy.models == 12
    binned = binary.bins_of(scores, np.array(EDGES), "above").astype(float)
    np.testing.assert_allclose(auroc.covariance, brute_force_covariance(labels, binned), rtol=1e-10, atol=1e-17)
