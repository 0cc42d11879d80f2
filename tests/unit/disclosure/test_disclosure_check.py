"""What relates a result to its benchmark: states, patients, subgroups, the disclosure policy."""

import numpy as np
import pytest

from medeval.disclosure.check import check_against, check_evaluation, check_states, numbers_of
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.families.base import ClusterSizes
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused, TooFewCases
from medeval.metrics import binary, strata
from medeval.metrics.predictions import ScoredCases
from tests.boards import a_spec, an_analysis

SEXES = ("F", "M")
#: Rules that ask for nothing.
ANY = {"min_cell": 0, "round_to": 1, "max_numbers": 10_000, "max_bits": 10_000_000}
OPEN = {"name": "own", "min_cases": 1, "min_per_class": 0, **ANY, "exact_values": True}


def make_spec(*, cluster: bool = False, groups: bool = False, scalars: bool = False, **policy: object) -> BenchmarkSpec:
    interface = {"features": ["a"], "cluster": "patient" if cluster else None}
    interface["groups"] = {"sex": SEXES} if groups else {}
    analysis = an_analysis(exact_scalars=scalars)
    return a_spec(model_interface=interface, analysis=analysis, disclosure=OPEN | policy)


def evaluate(spec: BenchmarkSpec, n: int = 60) -> Evaluation:
    """An honest evaluation: two cases of each patient, a third of them women, half of them positive."""
    scores = np.random.default_rng(0).random(n)
    columns = {"patient": [str(i // 2) for i in range(n)], "sex": [SEXES[i % 3 > 0] for i in range(n)]}
    found = strata.strata_of(columns, spec.model_interface.model_dump(mode="json"))
    cases = ScoredCases(np.arange(n) % 2 == 0, scores)
    return Evaluation.from_plain(binary.evaluation(cases, spec.analysis.model_dump(mode="json"), found))


ALL = pytest.mark.parametrize("cluster", [False, True])
EVERY = pytest.mark.parametrize("groups", [False, True])


@ALL
@EVERY
@pytest.mark.parametrize("scalars", [False, True])
def test_an_honest_result_is_taken_and_counted(cluster: bool, groups: bool, scalars: bool) -> None:
    spec = make_spec(cluster=cluster, groups=groups, scalars=scalars)
    evaluation = evaluate(spec)
    assert check_states(evaluation, spec) == (30, 30)
    assert check_evaluation(evaluation.to_canonical(), spec, spec.disclosure) == evaluation
    # of patients the squared error has four numbers more, which a spec counts in any case
    parts = 3 if groups else 1
    assert numbers_of(evaluation) == spec.numbers - (4 * parts if scalars and not cluster else 0)
    assert numbers_of(evaluation) <= spec.numbers


@pytest.mark.parametrize(
    ("clusters", "said"),
    [
        (None, "must be there exactly if"),
        (ClusterSizes(clusters=61, squares=120), "cannot be those"),
        (ClusterSizes(clusters=30, squares=59), "cannot be those"),
        (ClusterSizes(clusters=30, squares=119), "cannot be those"),
        (ClusterSizes(clusters=1, squares=3601), "cannot be those"),
    ],
)
def test_patients_that_cannot_be_are_refused(clusters: ClusterSizes | None, said: str) -> None:
    spec = make_spec(cluster=True)
    with pytest.raises(ResultRefused, match=said):
        check_against(evaluate(spec).model_copy(update={"clusters": clusters}), spec, spec.disclosure)


def test_patients_that_no_one_asked_for_are_refused() -> None:
    spec = make_spec()
    with pytest.raises(ResultRefused, match="must be there exactly if"):
        check_against(evaluate(make_spec(cluster=True)), spec, spec.disclosure)


@ALL
def test_totals_of_patients_that_other_sites_have_not_are_refused(cluster: bool) -> None:
    """They could not be added to those of other sites: one site would spoil the board."""
    spec, other = (make_spec(cluster=of_patients, scalars=True) for of_patients in (cluster, not cluster))
    mixed = evaluate(spec).model_copy(update={"states": evaluate(other).states})
    with pytest.raises(ResultRefused, match="totals of patients exactly if"):
        check_against(mixed, spec, spec.disclosure)


def test_groups_are_those_of_the_spec_in_order() -> None:
    spec = make_spec(groups=True)
    honest = evaluate(spec)
    for groups in ((), honest.groups[:1], honest.groups[::-1], honest.groups * 2):
        with pytest.raises(ResultRefused, match="must be the levels that the spec declares"):
            check_against(honest.model_copy(update={"groups": groups}), spec, spec.disclosure)
    spec = make_spec()
    with pytest.raises(ResultRefused, match="must be the levels that the spec declares"):
        check_against(honest, spec, spec.disclosure)


def test_levels_add_up_to_all_cases() -> None:
    spec = make_spec(groups=True)
    honest = evaluate(spec)
    women, men = honest.groups
    doubled = men.model_copy(update={"cases": women.cases, "states": women.states})
    with pytest.raises(ResultRefused, match="add up to all cases"):
        check_against(honest.model_copy(update={"groups": (women, doubled)}), spec, spec.disclosure)


@pytest.mark.parametrize(
    ("policy", "refusal", "said"),
    [
        ({"min_cases": 61}, TooFewCases, "min_cases of policy own is 61"),
        ({"min_per_class": 31}, TooFewCases, "min_per_class of policy own is 31"),
        (
            {"min_per_class": 21},
            TooFewCases,
            "gives away, too few cases must be withheld; min_per_class of policy own is 21",
        ),
    ],
)
def test_too_few_cases_are_refused_without_a_count(policy: dict, refusal: type[Exception], said: str) -> None:
    honest = evaluate(make_spec(groups=True))
    spec = make_spec(groups=True, **policy)
    with pytest.raises(refusal, match=said) as refused:
        check_against(honest, spec, spec.disclosure)
    assert not {"60", "30", "20"} & set(str(refused.value).split())


def test_more_numbers_than_the_policy_lets_out_are_refused() -> None:
    """The spec could not be published; a policy is held to the result all the same."""
    spec = make_spec()
    strict = spec.model_copy(update={"disclosure": spec.disclosure.model_copy(update={"max_numbers": 30})})
    with pytest.raises(ResultRefused, match="hold 31 numbers; max_numbers of policy own is 30"):
        check_against(evaluate(spec), strict, strict.disclosure)
