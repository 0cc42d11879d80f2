"""What of a comparison may leave: digits, small counts, numbers, and that everything is of the plan."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval.disclosure.paired import read_paired, to_releasable, to_release
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.families.base import Moments, Wide
from medeval.domain.paired import (
    MAX_MODELS,
    Discordant,
    DiscordantCounts,
    PairedCovariance,
    PairedEvaluation,
    PairedMoments,
    TooFewDiscordant,
    models_of,
    pair_count,
    rounded,
    rounded_whole,
)
from medeval.domain.policies import PUBLIC_DATA
from medeval.errors import ResultRefused, TooFewCases
from tests.boards import STRICT, STRICT_RULES, an_analysis
from tests.paired_cases import COMPARING, paired_of, read_alike
from tests.worlds import make_spec

FINE = {"values": (0.8, 0.7), "variances": (0.00123456, 0.0023456), "differences": (0.00098765,)}


def spec_of(**changes: Any) -> BenchmarkSpec:
    return make_spec(**(COMPARING | changes))


def evaluation(*states: Any, cases: int = 120) -> PairedEvaluation:
    return PairedEvaluation(format="medeval/paired@1", cases=cases, states=states)


def check_paired(data: bytes, spec: BenchmarkSpec, models: int) -> PairedEvaluation:
    return to_release(read_paired(data), spec, models, spec.disclosure)


def counts(*pairs: tuple[int, int], n: int = 120) -> DiscordantCounts:
    return DiscordantCounts(
        metric="accuracy", n=n, pairs=tuple(Discordant(first_only=a, second_only=b) for a, b in pairs)
    )


def test_without_exact_values_variances_have_three_digits() -> None:
    state = PairedCovariance(metric="auroc", **FINE)
    strict = to_releasable(evaluation(state), STRICT).states[0]
    assert isinstance(strict, PairedCovariance)
    assert strict.values == state.values, "they are those of the released tables"
    assert (strict.variances, strict.differences) == ((0.00123, 0.00235), (0.000988,))
    assert to_releasable(evaluation(state), PUBLIC_DATA).states[0] == state


def test_without_exact_values_squares_have_three_digits() -> None:
    moments = Moments(n=120, total=Wide.of(-(2**50)), squares=Wide.of(123_456_789_012_345_678))
    strict = to_releasable(evaluation(PairedMoments(metric="dsc", pairs=(moments,))), STRICT).states[0]
    assert isinstance(strict, PairedMoments)
    assert strict.pairs[0].total == moments.total, "that of the released moments"
    assert strict.pairs[0].squares.total == 123_000_000_000_000_000


@pytest.mark.parametrize(
    ("pair", "leaves"), [((10, 10), True), ((9, 60), False), ((60, 9), False), ((0, 30), False), ((0, 0), False)]
)
def test_a_small_count_takes_its_pair_along(pair: tuple[int, int], leaves: bool) -> None:
    (found, other) = to_releasable(evaluation(counts(pair, (20, 20), (11, 12))), STRICT).states[0].pairs[:2]
    assert isinstance(other, Discordant)
    assert found == (Discordant(first_only=pair[0], second_only=pair[1]) if leaves else TooFewDiscordant())
    assert to_releasable(evaluation(counts(pair)), PUBLIC_DATA).states[0] == counts(pair)


@given(st.floats(min_value=0, max_value=10, allow_nan=False), st.integers(-(2**90), 2**90))
def test_rounding_is_done_once(value: float, total: int) -> None:
    """What was rounded is left as it is, or a server would refuse what a site may send."""
    assert rounded(rounded(value)) == rounded(value)
    assert rounded_whole(rounded_whole(total)) == rounded_whole(total)
    assert abs(rounded(value) - value) <= 0.005 * value + 1e-323
    assert abs(rounded_whole(total) - total) <= 0.005 * abs(total) + 1


@given(st.integers(2, MAX_MODELS))
def test_models_and_their_pairs(models: int) -> None:
    assert models_of(pair_count(models)) == models
    assert models_of(pair_count(models) + 1) in (None, 3), "1 + 1 is no number of pairs, but 2 + 1 is"


def test_an_honest_comparison_passes() -> None:
    spec = spec_of()
    paired = paired_of(spec, *read_alike(3, 0))
    assert check_paired(paired.to_canonical(), spec, 3) == paired


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "medeval/paired@2"}, "format"),
        ({"note": "4711"}, "note"),
        ({"cases": 99}, "more cases"),
        ({"states": []}, "states"),
    ],
)
def test_what_is_of_another_form_does_not(change: dict[str, Any], words: str) -> None:
    spec = spec_of()
    plain = paired_of(spec, *read_alike(3, 0)).model_dump(mode="json") | change
    with pytest.raises(ResultRefused, match=words):
        check_paired(json.dumps(plain).encode(), spec, 3)


def test_too_few_cases_do_not() -> None:
    spec = spec_of()
    with pytest.raises(TooFewCases, match="min_cases"):
        check_paired(paired_of(spec, *read_alike(3, 0, n=90)).to_canonical(), spec, 3)


@pytest.mark.parametrize("models", [2, 4])
def test_another_number_of_models_does_not(models: int) -> None:
    spec = spec_of()
    with pytest.raises(ResultRefused, match="so many models"):
        check_paired(paired_of(spec, *read_alike(models, 0)).to_canonical(), spec, 3)


# --- how many models, and by what -------------------------------------------------------------------------------


def metrics_of(spec: BenchmarkSpec, models: int) -> list[str]:
    return [item.metric for item in spec.compared(models)]


def test_the_secondary_metric_goes_before_the_comparison_does() -> None:
    """200 numbers: 1 + 2 M + P of AUROC, and 1 + 2 P of accuracy."""
    spec = spec_of()
    assert metrics_of(spec, 1) == []
    assert metrics_of(spec, 11) == ["auroc", "accuracy"]
    assert metrics_of(spec, 12) == ["auroc"]
    assert metrics_of(spec, 18) == ["auroc"]
    assert metrics_of(spec, 19) == []
    assert metrics_of(spec_of(disclosure="public-data"), MAX_MODELS) == ["auroc", "accuracy"]
    assert metrics_of(spec_of(disclosure="public-data"), MAX_MODELS + 1) == []


def test_an_evaluator_without_compare_compares_nothing() -> None:
    assert metrics_of(make_spec(), 2) == []


@pytest.mark.parametrize(
    ("primary", "exact", "expected"),
    [
        ("auroc", False, ["auroc", "accuracy"]),
        ("accuracy", False, ["accuracy"]),
        ("sensitivity", False, ["sensitivity", "accuracy"]),
        ("brier", True, ["brier", "accuracy"]),
        ("brier", False, []),
        ("average_precision", True, []),
    ],
)
def test_what_a_plan_compares(primary: str, exact: bool, expected: list[str]) -> None:
    metrics = [{"name": name} for name in dict.fromkeys((primary, "accuracy"))]
    analysis = an_analysis(primary, exact_scalars=exact)
    spec = spec_of(metrics=metrics, analysis=analysis, disclosure="public-data" if exact else STRICT_RULES)
    assert metrics_of(spec, 3) == expected
