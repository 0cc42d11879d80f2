"""What a server, or a site, refuses of results and comparisons: each rule by a message that breaks it alone."""

from typing import Any

import pytest

from medeval.disclosure.check import MAX_RESULT_BYTES, check_against, check_result, read_evaluation
from medeval.disclosure.leaving import to_leave
from medeval.disclosure.paired import check_comparison, read_paired, to_release
from medeval.domain.base import digest_of
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.estimate import Reason
from medeval.domain.execution import ExecutionSpec, Pinned, PinnedDataset
from medeval.domain.families.base import ClusterTotals, Moments, Wide
from medeval.domain.paired import (
    ComparisonSpec,
    Discordant,
    DiscordantCounts,
    NotComparable,
    PairedEvaluation,
    PairedMoments,
    SiteComparison,
)
from medeval.domain.policies import HOSPITAL, PUBLIC_DATA, DisclosurePolicy
from medeval.domain.result import SiteResult
from medeval.errors import ResultRefused, TooFewCases
from tests.boards import PLAN, STRICT, a_spec, an_analysis, an_evaluation
from tests.paired_cases import COMPARING, paired_of, read_alike
from tests.worlds import make_spec

SPREAD = an_evaluation((31,) * 10, (22,) * 10)


def changed(policy: DisclosurePolicy, **rules: Any) -> DisclosurePolicy:
    return policy.model_copy(update={"name": "own", **rules})


def execution_of(spec: BenchmarkSpec) -> ExecutionSpec:
    return ExecutionSpec(
        benchmark=Pinned(ref=spec.ref, digest=spec.to_digest()),
        model=Pinned(ref="lr@1.0.0", digest=digest_of(b"lr")),
        dataset=PinnedDataset(ref="north/data", digest=digest_of(b"data")),
    )


def test_documents_that_are_too_large() -> None:
    for read in (lambda data: read_evaluation(data, a_spec()), read_paired):
        with pytest.raises(ResultRefused, match="document: larger than"):
            read(b" " * (MAX_RESULT_BYTES + 1))


def test_a_result_of_another_benchmark() -> None:
    spec, released = a_spec(), to_leave(SPREAD, PLAN, HOSPITAL)
    check_result(SiteResult(execution=execution_of(spec), evaluation=released), spec, HOSPITAL)
    other = SiteResult(execution=execution_of(a_spec(version="2.0.0")), evaluation=released)
    with pytest.raises(ResultRefused, match=r"execution\.benchmark\.digest"):
        check_result(other, spec, HOSPITAL)


def test_counts_that_are_not_merged_or_not_rounded() -> None:
    for exact in (SPREAD, an_evaluation((200, *[0] * 9), (*[0] * 9, 200))):
        with pytest.raises(TooFewCases, match="min_cell of policy hospital is 10, round_to is 5"):
            check_against(exact, a_spec(), HOSPITAL)
        check_against(exact, a_spec(disclosure=PUBLIC_DATA.model_dump()), STRICT)


def test_more_bits_than_the_policy_lets_out() -> None:
    released = to_leave(SPREAD, PLAN, HOSPITAL)
    with pytest.raises(ResultRefused, match=r"states: can tell \d+ bits; max_bits of policy own is 10"):
        check_against(released, a_spec(), changed(HOSPITAL, max_bits=10))


# --- comparisons ------------------------------------------------------------------------------------------------

SPEC = make_spec(**COMPARING)


def a_comparison(models: int = 3) -> PairedEvaluation:
    return paired_of(SPEC, *read_alike(models, 0))


def refused(paired: PairedEvaluation, words: str, *, models: int = 3, policy: DisclosurePolicy = STRICT) -> None:
    with pytest.raises(ResultRefused, match=words):
        to_release(paired, SPEC, models, policy)


def test_a_comparison_of_another_benchmark() -> None:
    names = [Pinned(ref=f"m{at}@1.0.0", digest=digest_of(f"m{at}".encode())) for at in range(3)]
    spec = ComparisonSpec(
        benchmark=Pinned(ref=SPEC.ref, digest=SPEC.to_digest()),
        dataset=execution_of(SPEC).dataset,
        models=tuple(names),
    )
    result = SiteComparison(comparison=spec, paired=a_comparison())
    check_comparison(result, SPEC, STRICT)
    other = make_spec(**COMPARING, version="2.0.0")
    with pytest.raises(ResultRefused, match=r"comparison\.benchmark\.digest"):
        check_comparison(result, other, STRICT)


def test_states_of_other_metrics_or_models() -> None:
    paired = a_comparison()
    refused(paired, "has no comparison of so many models", models=1)
    refused(paired, "is not what the benchmark states of so many models", models=2)
    other = paired.states[0].model_copy(update={"metric": "brier"})
    refused(paired.model_copy(update={"states": (other, *paired.states[1:])}), "must be of the metrics")


def test_more_cases_numbers_bits_or_digits_than_there_may_be() -> None:
    paired = a_comparison()
    refused(paired.model_copy(update={"cases": 99}), "counts more cases than there are", policy=changed(STRICT))
    refused(paired, "max_numbers of policy own is 5", policy=changed(STRICT, max_numbers=5))
    refused(paired, r"can tell \d+ bits; max_bits of policy own is 10", policy=changed(STRICT, max_bits=10))
    with pytest.raises(TooFewCases, match="min_cases of policy own is 500"):
        to_release(paired, SPEC, 3, changed(STRICT, min_cases=500))


def test_a_released_comparison_with_more_digits() -> None:
    names = [Pinned(ref=f"m{at}@1.0.0", digest=digest_of(f"m{at}".encode())) for at in range(3)]
    spec = ComparisonSpec(
        benchmark=Pinned(ref=SPEC.ref, digest=SPEC.to_digest()),
        dataset=execution_of(SPEC).dataset,
        models=tuple(names),
    )
    paired = a_comparison()
    first = paired.states[0].model_copy(update={"variances": (0.00123456,) * 3})
    exact = paired.model_copy(update={"states": (first, *paired.states[1:])})
    with pytest.raises(ResultRefused, match="hold more digits"):
        check_comparison(SiteComparison(comparison=spec, paired=exact), SPEC, STRICT)


def test_what_cannot_be_compared_is_taken_and_told() -> None:
    paired = a_comparison()
    absent = tuple(NotComparable(metric=state.metric, reason=Reason.SUPPRESSED) for state in paired.states)
    found = to_release(paired.model_copy(update={"states": absent}), SPEC, 3, HOSPITAL)
    assert found.states == absent


MEANS = make_spec(
    **COMPARING,
    analysis=an_analysis("brier", exact_scalars=True),
    metrics=[{"name": "brier"}],
    disclosure=PUBLIC_DATA.model_dump(),
)


def of_means(n: int, squares: int = 2**60) -> PairedEvaluation:
    totals = ClusterTotals(clusters=60, sizes=240, squares=Wide.of(squares), products=Wide.of(2**50))
    moments = Moments(n=n, total=Wide.of(2**50), squares=Wide.of(squares), totals=totals)
    return PairedEvaluation(
        format="medeval/paired@1", cases=120, states=(PairedMoments(metric="brier", pairs=(moments,)),)
    )


def test_means_count_no_more_cases_than_there_are_and_squares_of_patients_have_three_digits() -> None:
    with pytest.raises(ResultRefused, match="counts more cases than there are"):
        to_release(of_means(121), MEANS, 2, PUBLIC_DATA)
    found = to_release(of_means(120, 1_234_567 * 2**40), MEANS, 2, changed(PUBLIC_DATA, exact_values=False)).states[0]
    assert isinstance(found, PairedMoments)
    assert found.pairs[0].totals is not None
    assert len(str(found.pairs[0].totals.squares.total).rstrip("0")) <= 3


def test_discordant_cases_are_rounded_where_counts_are() -> None:
    state = DiscordantCounts(metric="accuracy", n=120, pairs=(Discordant(first_only=13, second_only=22),))
    both = PairedEvaluation(format="medeval/paired@1", cases=120, states=(a_comparison(2).states[0], state))
    found = to_release(both, SPEC, 2, HOSPITAL).states[1]
    assert isinstance(found, DiscordantCounts)
    assert found.pairs == (Discordant(first_only=15, second_only=20),)
