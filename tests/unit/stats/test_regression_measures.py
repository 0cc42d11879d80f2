"""The metrics of a regression against scikit-learn, torchmetrics, SciPy and statsmodels, and where there is none."""

from math import sqrt

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from medeval.domain.estimate import Method, NotEstimable, Reason
from medeval.domain.families.regression import METRICS, RegressionPlan
from medeval.domain.result import Evaluation
from medeval.errors import SpecError
from medeval.metrics.regression import errors_state, shares_of
from medeval.stats.families.regression import measure
from medeval.stats.measure import Measured

PLAN = RegressionPlan(range=(0.0, 120.0), score_resolution="exact")


def evaluation(labels: np.ndarray, predicted: np.ndarray, cluster: np.ndarray | None = None) -> Evaluation:
    y, p = (shares_of(values, PLAN.range, "exact") for values in (labels, predicted))
    plain = {"format": "medeval/evaluation@1", "cases": len(y), "states": [errors_state(y, p, cluster)]}
    return Evaluation.from_plain(plain)


def get(name: str, labels: np.ndarray, predicted: np.ndarray, cluster: np.ndarray | None = None) -> Measured:
    found = measure(evaluation(labels, predicted, cluster), name, PLAN)
    assert isinstance(found, Measured)
    assert found.low <= found.value <= found.high
    return found


def sample(seed: int, n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.uniform(20, 90, n)
    return labels, np.clip(5 + 0.9 * labels + rng.normal(0, 6, n), 0, 120)


def ccc(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Lin's definition, word for word."""
    covariance = np.mean((labels - labels.mean()) * (predicted - predicted.mean()))
    return 2 * covariance / (labels.var() + predicted.var() + (labels.mean() - predicted.mean()) ** 2)


@pytest.mark.parametrize("seed", range(5))
def test_values_are_those_of_scikit_learn(seed: int) -> None:
    labels, predicted = sample(seed)
    errors = predicted - labels
    expected = {
        "mae": mean_absolute_error(labels, predicted),
        "rmse": root_mean_squared_error(labels, predicted),
        "r2": r2_score(labels, predicted),
        "ccc": ccc(labels, predicted),
        "bias": errors.mean(),
        "loa_low": errors.mean() - 1.96 * errors.std(ddof=1),
        "loa_high": errors.mean() + 1.96 * errors.std(ddof=1),
    }
    assert set(expected) == METRICS
    assert {name: get(name, labels, predicted).value for name in expected} == pytest.approx(expected, rel=1e-12)


@pytest.mark.torch
def test_concordance_is_that_of_torchmetrics() -> None:
    import torch  # noqa: PLC0415 heavy
    from torchmetrics.functional.regression import concordance_corrcoef  # noqa: PLC0415 heavy

    labels, predicted = sample(1, 2000)
    # torchmetrics takes variances over n - 1 in double precision
    expected = float(concordance_corrcoef(torch.from_numpy(predicted), torch.from_numpy(labels)))
    assert get("ccc", labels, predicted).value == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", ["bias", "mae"])
def test_means_have_student_intervals(name: str) -> None:
    labels, predicted = sample(2)
    values = predicted - labels if name == "bias" else np.abs(predicted - labels)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    found = get(name, labels, predicted)
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert found.method is Method.T_CASES
    assert found.variance == pytest.approx(values.var(ddof=1) / len(values))


def test_clustered_variance_is_that_of_statsmodels() -> None:
    """A mean is a regression on a constant; the sandwich over clusters, with K / (K - 1) in place of its correction."""
    labels, predicted = sample(3)
    cluster = np.arange(80) // 4
    model = sm.OLS(predicted - labels, np.ones(80))
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False})
    found = get("bias", labels, predicted, cluster)
    assert found.variance == pytest.approx(fit.cov_params()[0, 0] * 20 / 19)
    assert found.method is Method.T_CLUSTERS
    assert found.high - found.value == pytest.approx(stats.t.ppf(0.975, 19) * sqrt(found.variance))


def test_cases_given_twice_tell_no_more() -> None:
    labels, predicted = sample(4)
    twice = np.concatenate([labels, labels]), np.concatenate([predicted, predicted])
    patient = np.tile(np.arange(80), 2)
    for name in sorted(METRICS - {"loa_low", "loa_high"}):
        once, again = get(name, labels, predicted), get(name, *twice, patient)
        assert (again.value, again.variance) == (pytest.approx(once.value), pytest.approx(once.variance))
        assert get(name, *twice).variance < 0.6 * once.variance


@pytest.mark.parametrize("name", sorted(METRICS))
def test_variances_are_those_of_a_bootstrap_of_cases(name: str) -> None:
    labels, predicted = sample(5, 400)
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, 400, 400) for _ in range(300)]
    values = [get(name, labels[some], predicted[some]).value for some in drawn]
    assert get(name, labels, predicted).variance == pytest.approx(np.var(values, ddof=1), rel=0.3)


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["rmse", "r2", "ccc", "loa_low"])
def test_intervals_hold_the_truth(name: str) -> None:
    """Normal errors of 6 on normal labels of 15: the true values are known."""
    truth = {"rmse": 6.0, "r2": 1 - 36 / 225, "ccc": 2 * 225 / (225 + 261), "loa_low": -1.96 * 6}[name]
    rng, held = np.random.default_rng(7), 0
    for _ in range(1000):
        labels = rng.normal(60, 15, 60).clip(0, 120)
        found = get(name, labels, (labels + rng.normal(0, 6, 60)).clip(0, 120))
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 1000 <= 0.975


def test_a_narrow_sample_in_a_wide_range_keeps_its_digits() -> None:
    rng = np.random.default_rng(0)
    labels = 60 + rng.normal(0, 0.05, 200)
    predicted = labels + rng.normal(0, 0.02, 200)
    assert get("r2", labels, predicted).value == pytest.approx(r2_score(labels, predicted), rel=1e-7)


def reason(name: str, labels: list[float], predicted: list[float], cluster: list[int] | None = None) -> Reason:
    patients = None if cluster is None else np.array(cluster)
    found = measure(evaluation(np.array(labels), np.array(predicted), patients), name, PLAN)
    assert isinstance(found, NotEstimable)
    return found.reason


@pytest.mark.parametrize("name", sorted(METRICS))
def test_what_cannot_be_told(name: str) -> None:
    assert reason(name, [], []) is Reason.NO_CASES
    assert reason(name, [50.0], [51.0]) is Reason.ONE_CASE
    assert reason(name, [50.0, 60.0], [51.0, 58.0], [3, 3]) is Reason.ONE_CASE
    assert reason(name, [50.0, 60.0, 70.0], [50.0, 60.0, 70.0]) is Reason.NO_SPREAD


def test_labels_without_variance_have_no_share_explained() -> None:
    assert reason("r2", [50.0, 50.0, 50.0], [51.0, 49.0, 55.0]) is Reason.LABELS_ALIKE
    assert reason("ccc", [50.0, 50.0, 50.0], [51.0, 49.0, 55.0]) is Reason.LABELS_ALIKE
    labels, predicted = np.full(3, 50.0), np.array([51.0, 49.0, 55.0])
    assert get("mae", labels, predicted).value == pytest.approx(7 / 3)


@given(cases=st.lists(st.tuples(st.floats(0, 120), st.floats(0, 120)), max_size=12), name=st.sampled_from([*METRICS]))
def test_every_sample_has_a_value_or_a_reason(cases: list, name: str) -> None:
    table = np.array(cases, dtype=np.float64).reshape(-1, 2)
    found = measure(evaluation(table[:, 0], table[:, 1]), name, PLAN)
    if isinstance(found, Measured):
        estimate = found.to_estimate()
        assert np.isfinite([estimate.value, estimate.low, estimate.high, found.effect, found.variance]).all()
        assert found.variance > 0


def test_a_resolution_moves_values_by_no_more_than_its_step() -> None:
    labels, predicted = sample(6)
    y, p = (shares_of(values, PLAN.range, 0.001) for values in (labels, predicted))
    rounded = Evaluation.from_plain({"format": "medeval/evaluation@1", "cases": 80, "states": [errors_state(y, p)]})
    found = measure(rounded, "mae", PLAN)
    assert isinstance(found, Measured)
    assert abs(found.value - get("mae", labels, predicted).value) < 0.12
    assert RegressionPlan(range=(0.0, 1.0)).holds_exact_values is False
    assert PLAN.holds_exact_values is True


@pytest.mark.parametrize("name", ["auroc", "mae@1", "mae/left", "r2_adjusted"])
def test_no_metric_of_a_regression(name: str) -> None:
    with pytest.raises(ValueError, match="no metric of a regression"):
        PLAN.check_metric(name)


@pytest.mark.parametrize("limits", [(1.0, 1.0), (2.0, 1.0), (0.0, 2.0**31)])
def test_what_is_no_range(limits: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="range must rise"):
        RegressionPlan(range=limits)


def test_golden() -> None:
    found = {name: get(name, *sample(0)) for name in sorted(METRICS)}
    assert {name: (round(m.value, 9), round(m.low, 9), round(m.high, 9)) for name, m in found.items()} == GOLDEN


GOLDEN = {
    "bias": (-0.668514943, -2.061558403, 0.724528516),
    "ccc": (0.949668529, 0.928723013, 0.964572038),
    "loa_high": (11.600633245, 9.354251426, 13.847015063),
    "loa_low": (-12.937663131, -15.28458332, -10.590742941),
    "mae": (5.031675667, 4.199038994, 5.86431234),
    "r2": (0.908046283, 0.873075868, 0.933381573),
    "rmse": (6.256342165, 5.384063736, 7.269939439),
}


def test_errors_that_are_all_alike_have_no_limits_of_agreement() -> None:
    """Their variance cancels to rounding, of which no slope can be taken."""
    labels = np.array([10.0, 47.0])
    for name in ("loa_low", "loa_high"):
        found = measure(evaluation(labels, labels + 0.1), name, PLAN)
        assert found == NotEstimable(reason=Reason.NO_SPREAD)


@pytest.mark.parametrize("name", ["rmse", "r2"])
def test_an_interval_too_wide_for_a_number_is_as_wide_as_numbers_go(name: str) -> None:
    plan = RegressionPlan(range=(0.0, 1.0), score_resolution="exact", confidence_level=0.9999)
    y, p = np.array([0.012, 0.052]), np.array([0.023, 0.573])
    plain = {"format": "medeval/evaluation@1", "cases": 2, "states": [errors_state(y, p, None)]}
    found = measure(Evaluation.from_plain(plain), name, plan)
    assert isinstance(found, Measured)
    assert np.isfinite([found.low, found.high]).all()
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("step", [0.03, 0.06, 1 / 49])
def test_a_resolution_that_moves_one_is_refused(step: float) -> None:
    with pytest.raises(SpecError):
        RegressionPlan.from_plain({"task": "regression", "range": [0, 1], "score_resolution": step})
