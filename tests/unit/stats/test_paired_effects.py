"""Differences at a site from what its comparison states, against their own definition on single cases."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.execution import Pinned, PinnedDataset
from medeval.domain.families.base import ClusterSizes
from medeval.domain.paired import ComparisonSpec, SiteComparison
from medeval.errors import ResultRefused
from medeval.metrics.exact import moments
from medeval.metrics.paired_states import difference_moments
from medeval.stats.board_ranks import Contest, compare_models, rank_models
from medeval.stats.paired import check_agrees, covariance_of, effects_of
from tests.boards import a_digest, an_analysis
from tests.paired_cases import COMPARING, evaluation_of, paired_of, read_alike
from tests.worlds import make_spec

REFS = ("alpha@1.0.0", "beta@1.0.0", "gamma@1.0.0")


def spec_of(primary: str = "auroc", **changes: Any) -> BenchmarkSpec:
    metrics = [{"name": name} for name in dict.fromkeys((primary, "accuracy"))]
    analysis = an_analysis(primary, **changes)
    return make_spec(**COMPARING, metrics=metrics, analysis=analysis, disclosure="public-data")


def at_site(spec: BenchmarkSpec, seed: int, site: str = "north") -> tuple[SiteComparison, dict[str, Any]]:
    labels, scores = read_alike(len(REFS), seed)
    comparison = ComparisonSpec(
        benchmark=Pinned(ref=spec.ref, digest=spec.to_digest()),
        dataset=PinnedDataset(ref=f"{site}/data", digest=a_digest(site)),
        models=tuple(Pinned(ref=ref, digest=a_digest(ref)) for ref in REFS),
    )
    result = SiteComparison(comparison=comparison, paired=paired_of(spec, labels, scores))
    return result, {ref: evaluation_of(spec, labels, row) for ref, row in zip(REFS, scores, strict=True)}


def test_auroc_differs_with_delongs_variance_of_the_difference() -> None:
    spec = spec_of(exact_scalars=True)
    result, evaluations = at_site(spec, 0)
    labels, scores = read_alike(len(REFS), 0)
    found = effects_of(result, "auroc", spec, evaluations)
    positive, negative = scores[:, labels], scores[:, ~labels]
    kernel = (positive[:, :, None] > negative[:, None, :]) + 0.5 * (positive[:, :, None] == negative[:, None, :])
    for i, j in combinations(range(3), 2):
        apart = kernel[i] - kernel[j]
        effect = found[REFS[i], REFS[j]]
        assert effect.value == pytest.approx(apart.mean(), abs=1e-14)
        expected = apart.mean(axis=1).var(ddof=1) / 60 + apart.mean(axis=0).var(ddof=1) / 60
        assert effect.variance == pytest.approx(expected, rel=1e-9)
    covariance = covariance_of(result, "auroc")
    assert covariance is not None
    assert covariance.models == REFS
    assert covariance_of(result, "accuracy") is None


def test_accuracy_differs_by_the_discordant_cases() -> None:
    spec = spec_of("accuracy")
    result, evaluations = at_site(spec, 1)
    labels, scores = read_alike(len(REFS), 1)
    right = ((scores > 0.5) == labels).astype(float)
    found = effects_of(result, "accuracy", spec, evaluations)
    for i, j in combinations(range(3), 2):
        apart = right[i] - right[j]
        effect = found[REFS[i], REFS[j]]
        assert effect.value == pytest.approx(apart.mean(), abs=1e-14)
        # half a case more in each cell of four: about the plain variance, and never 0
        assert effect.variance == pytest.approx(apart.var(ddof=1) / 120, rel=0.15)


def test_a_mean_differs_with_the_variance_over_cases() -> None:
    spec = spec_of("brier", exact_scalars=True)
    result, evaluations = at_site(spec, 2)
    labels, scores = read_alike(len(REFS), 2)
    errors = (scores - labels) ** 2
    effect = effects_of(result, "brier", spec, evaluations)["alpha@1.0.0", "gamma@1.0.0"]
    apart = errors[0] - errors[2]
    assert effect.value == pytest.approx(apart.mean(), abs=1e-14)
    assert effect.variance == pytest.approx(apart.var(ddof=1) / 120, rel=1e-9)


def test_cases_of_one_patient_count_as_one() -> None:
    """Of a table the design effect, fully alike; of a mean the totals of its clusters."""
    spec = spec_of(exact_scalars=True)
    result, evaluations = at_site(spec, 3)
    plain = effects_of(result, "auroc", spec, evaluations)
    pairs = ClusterSizes(clusters=60, squares=240)
    clustered = {ref: item.model_copy(update={"clusters": pairs}) for ref, item in evaluations.items()}
    found = effects_of(result, "auroc", spec, clustered)
    assert all(found[pair].variance == pytest.approx(2 * plain[pair].variance) for pair in plain)

    values = np.random.default_rng(0).random((2, 40))
    alike = difference_moments("brier", np.repeat(values, 2, axis=1), cluster=np.arange(80, dtype=np.int64) // 2)
    assert alike["pairs"][0] == moments(np.repeat(values[0] - values[1], 2), np.arange(80, dtype=np.int64) // 2)


def test_nothing_is_known_of_a_metric_that_is_not_compared() -> None:
    spec = spec_of()
    result, evaluations = at_site(spec, 4)
    assert effects_of(result, "ece", spec, evaluations) == {}


@pytest.mark.parametrize(
    ("primary", "exact"),
    [(name, exact) for exact in (True, False) for name in ("auroc", "accuracy", "sensitivity", "specificity")]
    + [("brier", True)],
)
def test_what_is_honest_agrees_and_other_cases_do_not(primary: str, exact: bool) -> None:
    spec = spec_of(primary, exact_scalars=exact)
    result, evaluations = at_site(spec, 5)
    check_agrees(result, spec, evaluations)
    _, others = at_site(spec, 6)
    with pytest.raises(ResultRefused, match=r"states\[0\]: disagrees"):
        check_agrees(result, spec, others)


# --- over sites -------------------------------------------------------------------------------------------------


def contest_of(spec: BenchmarkSpec, seeds: range, *, compared: bool = True) -> Contest:
    found = {f"site-{seed}/data": at_site(spec, seed, f"site-{seed}") for seed in seeds}
    comparisons = {dataset: result for dataset, (result, _) in found.items()} if compared else {}
    return Contest(spec, {dataset: evaluations for dataset, (_, evaluations) in found.items()}, comparisons)


def test_pairing_tells_apart_what_unpaired_sites_cannot() -> None:
    spec = spec_of(exact_scalars=True)
    paired, unpaired = (contest_of(spec, range(6), compared=compared) for compared in (True, False))
    found, missing = compare_models(paired, rank_models(paired))
    assert compare_models(unpaired, rank_models(unpaired))[0] == ()
    (worst,) = [item for item in found if (item.metric, item.second) == ("auroc", "gamma@1.0.0")]
    assert worst.first == "alpha@1.0.0"
    assert worst.difference > 0
    assert worst.p_adjusted < 0.05
    assert missing == ()
    tiers = {item.model: item.tier for item in rank_models(paired).models}
    assert tiers["alpha@1.0.0"] < tiers["gamma@1.0.0"]
    assert rank_models(paired).basis == "differences on the same cases"
    assert rank_models(unpaired).basis == "differences at the same sites, not paired by case"


def test_holm_is_over_the_comparisons_of_one_metric() -> None:
    contest = contest_of(spec_of(), range(4))
    found, _ = compare_models(contest, rank_models(contest))
    for metric in ("auroc", "accuracy"):
        p_values = sorted((item.p, item.p_adjusted) for item in found if item.metric == metric)
        assert p_values[0][1] == pytest.approx(min(1.0, 2 * p_values[0][0]))
    assert [item.metric for item in found] == ["auroc"] * 2 + ["accuracy"] * 2, "the primary metric first"


def test_the_order_of_sites_changes_nothing() -> None:
    spec = spec_of()
    forth, back = contest_of(spec, range(4)), contest_of(spec, range(3, -1, -1))
    assert rank_models(forth) == rank_models(back)
    assert compare_models(forth, rank_models(forth)) == compare_models(back, rank_models(back))
