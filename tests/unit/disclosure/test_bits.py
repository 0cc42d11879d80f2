"""The leak budget: how many messages there are, counted one by one where they are few."""

from itertools import product
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval.disclosure.bits import card_bits, no_result_bits, paired_bits, result_bits, table_bits
from medeval.disclosure.leaving import to_leave
from medeval.domain.attestation import Outcome, WithholdReason
from medeval.domain.dataset import DatasetStatistics
from medeval.domain.failures import FailureCode
from medeval.domain.families.base import ClusterSizes, Moments, Wide
from medeval.domain.families.binary import PairCounts, PairStratum, PositiveWhen, ScoreTable
from medeval.domain.paired import (
    Discordant,
    DiscordantCounts,
    PairedCovariance,
    PairedEvaluation,
    PairedMoments,
    TooFewDiscordant,
)
from medeval.domain.policies import HOSPITAL, PUBLIC_DATA
from medeval.domain.result import Evaluation, GroupEvaluation, Withheld, WithheldGroup
from tests.boards import PLAN, a_spec, an_analysis, an_evaluation

TWO_BINS = a_spec(analysis=an_analysis(score_edges=[0, 0.5, 1])).analysis


def two_bins(n0: tuple[int, int], n1: tuple[int, int], sums: tuple[int, int]) -> ScoreTable:
    return ScoreTable(
        edges=(0.0, 0.5, 1.0),
        positive_when=PositiveWhen.ABOVE,
        resolution=0.001,
        n0=n0,
        n1=n1,
        sums=tuple(map(Wide.of, sums)),
    )


@pytest.mark.parametrize(("n0", "n1"), [(20, 20), (25, 40), (30, 30)])
def test_the_bits_are_no_fewer_than_the_tables_that_can_be_released(n0: int, n1: int) -> None:
    """Every table of two bins and these classes, with every mean score that a site could round to."""
    seen = set()
    for a, b in product(range(n0 + 1), range(n1 + 1)):
        first, second = a + b, n0 + n1 - a - b
        means = product(range(0, 500 * first + 1, 25 * max(first, 1)), (500 * second, 750 * second))
        for sums in means:
            state = two_bins((a, n0 - a), (b, n1 - b), sums)
            evaluation = Evaluation(format="medeval/evaluation@1", cases=n0 + n1, states=(state,))
            seen.add(to_leave(evaluation, TWO_BINS, HOSPITAL).to_canonical())
    assert len(seen) > 50
    assert log2(len(seen)) <= table_bits(n0, n1, 2, HOSPITAL)


@given(st.integers(10, 3000), st.integers(10, 3000), st.integers(1, 60))
def test_more_cases_or_bins_tell_no_less(n0: int, n1: int, bins: int) -> None:
    here = table_bits(n0, n1, bins, HOSPITAL)
    assert table_bits(n0 + 5, n1, bins, HOSPITAL) >= here
    assert table_bits(n0, n1, bins + 1, HOSPITAL) >= here >= 0


def test_a_result_adds_up_its_parts() -> None:
    evaluation = to_leave(an_evaluation((30,) * 10, (20,) * 10), PLAN, HOSPITAL)
    alone = result_bits(evaluation, PLAN, HOSPITAL)
    assert alone == table_bits(300, 200, 10, HOSPITAL)
    level = GroupEvaluation(name="sex", level="women", cases=evaluation.cases, states=evaluation.states)
    hidden = WithheldGroup(name="sex", level="men", withheld=Withheld.INSUFFICIENT)
    held = evaluation.model_copy(update={"groups": (level, hidden)})
    assert result_bits(held, PLAN, HOSPITAL) == pytest.approx(2 * alone + 2 * log2(3) + 2 * log2(500 // 5 + 1))
    clustered = evaluation.model_copy(update={"clusters": ClusterSizes(clusters=100, squares=9000)})
    assert result_bits(clustered, PLAN, HOSPITAL) > alone


def test_exact_values_tell_what_their_numbers_can_hold() -> None:
    evaluation = an_evaluation((3,) * 10, (2,) * 10)
    table = 20 * log2(51) + 10 * 100
    assert result_bits(evaluation, PLAN, PUBLIC_DATA) == pytest.approx(table)
    stratum = PairStratum(n0=30, n1=20, double_wins=Wide.of(900), s10=0.1, s01=0.2)
    ranked = evaluation.model_copy(update={"states": (*evaluation.states, PairCounts(strata=(stratum,)))})
    assert result_bits(ranked, PLAN, PUBLIC_DATA) == pytest.approx(table + 100 + 2 * 64 + 2 * log2(51))


def test_a_comparison_counts_what_it_adds() -> None:
    pairs = (Discordant(first_only=15, second_only=20), TooFewDiscordant())
    three = (*pairs, Discordant(first_only=10, second_only=10))
    states = (
        PairedCovariance(metric="auroc", values=(0.8, 0.7), variances=(0.001, 0.002), differences=(0.001,)),
        DiscordantCounts(metric="accuracy", n=120, pairs=three),
        PairedMoments(metric="brier", pairs=(Moments(n=120, total=Wide.of(5), squares=Wide.of(2**60)),)),
    )
    found = PairedEvaluation(format="medeval/paired@1", cases=120, states=states)
    rounded, count = log2(900 * 61 + 1), log2(120 // 5 + 1)
    assert paired_bits(found, HOSPITAL) > 3 * rounded + 4 * count
    assert paired_bits(found, PUBLIC_DATA) > paired_bits(found, HOSPITAL)


def test_codes_and_counts() -> None:
    assert no_result_bits(Outcome.FAILED) == log2(len(FailureCode))
    assert no_result_bits(Outcome.WITHHELD) == log2(len(WithholdReason))
    assert card_bits(DatasetStatistics(cases=120, per_class=(60, 60)), HOSPITAL) == 3 * log2(2**40 // 5 + 1)
