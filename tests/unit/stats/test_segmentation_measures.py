"""Means and intervals of a segmentation against scipy, a ratio by hand, and where nothing varies."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from medeval.domain.estimate import Method, NotEstimable, Reason
from medeval.domain.families.segmentation import SegmentationPlan
from medeval.domain.result import Evaluation
from medeval.metrics.segmentation import Rules, evaluation, measure_case
from medeval.metrics.strata import strata_of
from medeval.stats.families.segmentation import measure
from medeval.stats.measure import Measured

PLAN = SegmentationPlan(structures={"head": 1, "tail": 2}, boundary="voxel-centres", taus=(1.0,))
RULES = Rules.of(PLAN.model_dump(mode="json"))
SHAPE = (9, 9, 9)


def case(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    truth = np.zeros(SHAPE, dtype=np.uint8)
    truth[1:5, 1:5, 1:5], truth[5:8, 5:8, 5:8] = 1, 2
    return np.where(rng.random(SHAPE) < rng.uniform(0.6, 1.0), truth, 0).astype(np.uint8), truth


def evaluated(pairs: list[tuple[Any, Any]], patients: list[str] | None = None, plan: Any = PLAN) -> Evaluation:
    rules = Rules.of(plan.model_dump(mode="json"))
    groups = strata_of({"p": patients}, {"cluster": "p"}) if patients else None
    return Evaluation.from_plain(evaluation([measure_case(p, t, (1.0,) * 3, rules) for p, t in pairs], rules, groups))


def estimate(found: Evaluation, name: str, plan: Any = PLAN) -> Measured:
    plan.check_states(found.cases, found.states)
    value = measure(found, name, plan)
    assert isinstance(value, Measured)
    assert value.low <= value.value <= value.high
    assert value.variance > 0
    return value


@pytest.mark.parametrize(("name", "place", "structure"), [("dsc/head", 0, 0), ("iou/tail", 1, 1), ("assd/head", 4, 0)])
def test_a_mean_has_students_interval(name: str, place: int, structure: int) -> None:
    pairs = [case(seed) for seed in range(12)]
    values = [measure_case(p, t, (1.0,) * 3, RULES)[structure][1][place] for p, t in pairs]
    found = estimate(evaluated(pairs), name)
    low, high = stats.t.interval(0.95, 11, np.mean(values), stats.sem(values))
    limits = (max(low, 0.0), min(high, 1.0) if place < 3 else high)
    assert (found.value, found.low, found.high) == pytest.approx((np.mean(values), *limits), rel=1e-9)
    assert found.variance == pytest.approx(stats.sem(values) ** 2, rel=1e-6)
    assert found.method is Method.T_CASES


def test_the_mean_over_structures_is_that_of_each_cases_mean() -> None:
    pairs = [case(seed) for seed in range(8)]
    pairs[0][1][pairs[0][1] == 2] = 0
    pairs[0][0][pairs[0][0] == 2] = 0  # without a tail in either mask: the mean of that case is that of its head
    measured = [measure_case(p, t, (1.0,) * 3, RULES) for p, t in pairs]
    values = [(h[1][0] + t[1][0]) / 2 for h, t in measured]
    values[0] = measured[0][0][1][0]
    found = estimate(evaluated(pairs), "dsc")
    assert found.value == pytest.approx(np.mean(values))
    assert found.variance == pytest.approx(stats.sem(values) ** 2, rel=1e-6)


def test_patients_with_several_images_widen_the_interval() -> None:
    pairs = [case(seed) for seed in range(6) for _ in range(3)]
    alone, clustered = evaluated(pairs), evaluated(pairs, [f"p{seed}" for seed in range(6) for _ in range(3)])
    for name in ("dsc", "hd95/tail", "micro_dice/head"):
        one, other = estimate(alone, name), estimate(clustered, name)
        assert other.value == pytest.approx(one.value)
        assert other.high - other.low > one.high - one.low
    single = estimate(evaluated(pairs[::3]), "dsc")
    several = estimate(clustered, "dsc")
    assert (several.value, several.low, several.high) == pytest.approx((single.value, single.low, single.high))
    assert several.method is Method.T_CLUSTERS


def test_the_micro_average_is_a_ratio_of_totals() -> None:
    pairs = [case(seed) for seed in range(10)]
    voxels = np.array([(2 * o.intersection, o.prediction + o.truth) for p, t in pairs
                       for o, _ in measure_case(p, t, (1.0,) * 3, RULES)[:1]], dtype=float)  # fmt: skip
    u, w = voxels.T
    ratio = u.sum() / w.sum()
    variance = ((u - ratio * w) ** 2).sum() * 10 / (9 * w.sum() ** 2)
    found = estimate(evaluated(pairs), "micro_dice/head")
    assert (found.value, found.variance) == (pytest.approx(ratio), pytest.approx(variance))
    assert found.low == pytest.approx(ratio - stats.t.ppf(0.975, 9) * variance**0.5)
    assert found.method is Method.LINEARISED


@pytest.mark.parametrize("copies", [2, 50])
def test_values_that_are_all_alike_have_an_interval_and_a_variance(copies: int) -> None:
    perfect, (_, truth) = (case(3)[1],) * 2, case(3)
    empty = np.zeros_like(truth)
    best = evaluated([perfect] * copies)
    for name in ("dsc", "iou/tail", "nsd@1", "micro_dice/head"):
        found = estimate(best, name)
        assert (found.value, found.high) == (1.0, 1.0)
        assert found.low < 1.0
        assert found.method in {Method.WILSON, Method.LINEARISED}
    assert measure(best, "hd95", PLAN) == NotEstimable(reason=Reason.NO_SPREAD)
    worst = evaluated([(empty, truth)] * copies)
    assert estimate(worst, "dsc/head").high > 0.0 == estimate(worst, "dsc/head").value
    lost = estimate(worst, "hd95")
    assert lost.value == lost.high == pytest.approx(np.sqrt(3) * 9)
    assert lost.low < lost.high
    alike = estimate(evaluated([case(4)] * copies), "dsc/head")
    assert 0 < alike.low < alike.value < alike.high < 1


def test_reasons_for_no_value() -> None:
    empty = (np.zeros(SHAPE, dtype=np.uint8),) * 2
    one, absent = evaluated([case(1)]), evaluated([empty] * 5)
    for name in ("dsc", "hd95/head", "micro_dice/head"):
        assert measure(one, name, PLAN) == NotEstimable(reason=Reason.ONE_CASE)
        assert measure(absent, name, PLAN) == NotEstimable(reason=Reason.STRUCTURE_ABSENT)
    none = evaluated([case(1)]).model_copy(update={"cases": 0})
    assert measure(none, "dsc", PLAN) == NotEstimable(reason=Reason.NO_CASES)
    same = evaluated([case(1), case(2)], ["p", "p"])
    assert measure(same, "dsc", PLAN) == NotEstimable(reason=Reason.ONE_CASE)


def test_scored_as_perfect_where_the_plan_says_so() -> None:
    plan = PLAN.model_copy(update={"both_empty": "one"})
    empty = (np.zeros(SHAPE, dtype=np.uint8),) * 2
    found = evaluated([empty, empty, case(1), case(2)], plan=plan)
    alone = evaluated([case(1), case(2)])
    assert estimate(found, "dsc", plan).value == pytest.approx((2 + 2 * estimate(alone, "dsc").value) / 4)
