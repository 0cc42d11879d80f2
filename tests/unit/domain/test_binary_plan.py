"""The plan of a binary classification: which metrics it knows, which states it takes for its own."""

import pytest

from medeval.domain.families.base import ClusterTotals, Moments, Wide
from medeval.domain.families.binary import (
    AT_A_THRESHOLD,
    OF_THE_TABLE,
    BinaryPlan,
    PairCounts,
    PairStratum,
    PositiveWhen,
    ScoreTable,
    SquaredErrors,
)
from medeval.errors import ResultRefused

EDGES = (0.0, 0.3, 0.5, 1.0)
PLAN = BinaryPlan(score_edges=EDGES, score_resolution="exact")
EXACT = PLAN.model_copy(update={"exact_scalars": True})
#: Scores .1 .2 (negative) .4 (positive) .4 (negative) .9 1 (positive): 8 pairs won of 9, one tie.
TABLE = ScoreTable(
    edges=EDGES,
    positive_when=PositiveWhen.ABOVE,
    n0=(2, 1, 0),
    n1=(0, 1, 2),
    sums=tuple(Wide.of(round(total * 2**52)) for total in (0.1 + 0.2, 0.8, 1.9)),
)
PAIRS = PairCounts(strata=(PairStratum(n0=3, n1=3, double_wins=Wide.of(17), s10=0.01, s01=0.01),))
SQUARES = [e * e for e in (0.1, 0.2, 0.6, 0.4, 0.1, 0.0)]
ERRORS = SquaredErrors(
    moments=Moments(
        n=6,
        total=Wide.of(sum(round(e * 2**52) for e in SQUARES)),
        squares=Wide.of(sum(round(e * e * 2**52) for e in SQUARES)),
    )
)


@pytest.mark.parametrize("name", sorted(OF_THE_TABLE | AT_A_THRESHOLD | {"net_benefit"}))
def test_every_metric_of_the_family_is_known(name):
    PLAN.check_metric(name)


@pytest.mark.parametrize("name", sorted({f"{base}@0.3" for base in AT_A_THRESHOLD | {"net_benefit"}}))
def test_decisions_are_taken_at_any_inner_edge(name):
    PLAN.check_metric(name)
    for edge in ("0.31", "0", "1"):
        with pytest.raises(ValueError, match="must be taken at one of score_edges"):
            PLAN.check_metric(f"{name.partition('@')[0]}@{edge}")


@pytest.mark.parametrize(
    "name",
    [
        *("harrell_c", "dsc", "rmse", "precision", "recall", "fbeta", "fbeta@0", "exact_match"),
        *(f"{base}@0.5" for base in sorted(OF_THE_TABLE)),
        *("auroc/melanoma", "ppv@0.5/melanoma", "fbeta@2/a"),
    ],
)
def test_other_metrics_are_refused_by_name(name):
    with pytest.raises(ValueError, match=name):
        PLAN.check_metric(name)


@pytest.mark.parametrize("beta", ["0.5", "2", "17"])
def test_any_beta_is_taken(beta):
    PLAN.check_metric(f"fbeta@{beta}")


def test_honest_states_are_taken():
    assert PLAN.check_states(6, (TABLE,)) == (3, 3)
    assert EXACT.check_states(6, (TABLE, PAIRS, ERRORS)) == (3, 3)
    assert PLAN.numbers() == TABLE.numbers
    totals = ClusterTotals(clusters=6, sizes=6, squares=Wide.of(1), products=Wide.of(1))
    assert EXACT.numbers() == TABLE.numbers + PAIRS.numbers + moments(totals=totals).numbers


def stratum(**changes):
    return PairCounts(strata=(PAIRS.strata[0].model_copy(update=changes),))


def moments(**changes):
    return SquaredErrors(moments=ERRORS.moments.model_copy(update=changes))


@pytest.mark.parametrize(
    ("plan", "cases", "states", "said"),
    [
        (PLAN, 6, (), "states: must be those of the plan"),
        (PLAN, 6, (TABLE, TABLE), "states: must be those of the plan"),
        (PLAN, 6, (TABLE, PAIRS, ERRORS), "states: must be those of the plan"),
        (EXACT, 6, (TABLE,), "states: must be those of the plan"),
        (EXACT, 6, (TABLE, ERRORS, PAIRS), "states: must be those of the plan"),
        (PLAN, 6, (ERRORS,), "states: must be those of the plan"),
        (PLAN, 7, (TABLE,), "must add up to cases"),
        (PLAN, 5, (TABLE,), "must add up to cases"),
        (PLAN.model_copy(update={"score_edges": (0.0, 0.5, 1.0)}), 6, (TABLE,), r"edges: are not those of the spec"),
        (PLAN.model_copy(update={"positive_when": PositiveWhen.AT_OR_ABOVE}), 6, (TABLE,), "positive_when: is not"),
        (PLAN.model_copy(update={"score_resolution": 0.001}), 6, (TABLE,), "resolution: is not"),
        (PLAN, 6, (TABLE.model_copy(update={"sums": (Wide.of(2**52),) * 3}),), "not a sum of scores of its bin"),
        (EXACT, 6, (TABLE, stratum(n0=2), ERRORS), "must hold one stratum"),
        (EXACT, 6, (TABLE, PAIRS.merge(PAIRS), ERRORS), "must hold one stratum"),
        (EXACT, 6, (TABLE, stratum(double_wins=Wide.of(15)), ERRORS), "double_wins: contradicts"),
        (EXACT, 6, (TABLE, stratum(double_wins=Wide.of(19)), ERRORS), "double_wins: contradicts"),
        (EXACT, 6, (TABLE, PAIRS, moments(n=5)), r"states\[2\]: contradicts"),
        (EXACT, 6, (TABLE, PAIRS, moments(total=Wide.of(7 * 2**52))), r"states\[2\]: contradicts"),
        (EXACT, 6, (TABLE, PAIRS, moments(squares=Wide.of(2**53))), r"states\[2\]: contradicts"),
        (EXACT, 6, (TABLE, PAIRS, moments(squares=Wide.of(-1))), r"states\[2\]: contradicts"),
    ],
)
def test_states_that_contradict_plan_or_each_other_are_refused(plan, cases, states, said):
    with pytest.raises(ResultRefused, match=said):
        plan.check_states(cases, states)


@pytest.mark.parametrize("wins", [16, 17, 18])
def test_pairs_inside_one_bin_may_be_won_tied_or_lost(wins):
    EXACT.check_states(6, (TABLE, stratum(double_wins=Wide.of(wins)), ERRORS))


@pytest.mark.parametrize(
    ("rows", "classes"),
    [
        ([], (0, 0)),
        (["0", "1", "1"], (1, 2)),
        (["0", "2"], None),
        (["", "1"], None),
        ([None], None),
        (["01"], None),
    ],
)
def test_labels_are_0_and_1(rows, classes):
    assert PLAN.count_classes([{"label": row} for row in rows], "label") == classes


def test_moments_of_patients_and_of_cases_are_unlike():
    totals = ClusterTotals(clusters=2, sizes=18, squares=Wide.of(1), products=Wide.of(1))
    with pytest.raises(ResultRefused, match="two states differ"):
        ERRORS.merge(moments(totals=totals))
