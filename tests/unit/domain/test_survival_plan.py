"""The plan of survival, and what its states must fulfil."""

from collections.abc import Callable
from typing import Any

import pytest

from medeval.domain.families.base import Wide
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused, SpecError
from tests.survival_samples import evaluate, make_cases, plan_of

PLANS = plan_of()
SENT = evaluate(make_cases(40, 1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time_edges": [1, 1, 2, 4, 6]}, "time_edges must rise"),
        ({"score_edges": [1, 0]}, "score_edges must rise"),
        ({"times": [4, 2]}, "times must rise"),
        ({"times": [2.5]}, "must be among time_edges"),
        ({"tau": 6.5}, "must be among time_edges"),
        ({"time_edges": [0, 2, 4, 6]}, "greater than 0"),
        ({"score_range": [1, 1]}, "score_range must rise"),
        ({"times": []}, "probabilities need times"),
        ({"exact_scalars": False}, "probability_resolution must be a step"),
        ({"probability_resolution": 0.5}, "probability_resolution"),
        ({"outputs": "probabilities"}, "outputs"),
    ],
)
def test_plans_that_cannot_be(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        plan_of(**changes)


def test_times_whose_columns_would_share_a_name() -> None:
    with pytest.raises(SpecError, match="share the name"):
        plan_of(time_edges=[1.00000001, 1.00000002, 6], times=[1.00000001, 1.00000002])


@pytest.mark.parametrize("name", ["harrell_c", "uno_c", "auc@2", "brier@4", "oe@6", "ibs"])
def test_metrics_of_the_plan(name: str) -> None:
    PLANS.check_metric(name)


@pytest.mark.parametrize("name", ["auroc", "auc", "brier", "harrell_c@2", "auc@3", "auc@2/left", "ibs@2"])
def test_what_is_no_metric_of_the_plan(name: str) -> None:
    with pytest.raises(ValueError, match=name.partition("@")[0]):
        PLANS.check_metric(name)


def test_a_span_needs_two_times() -> None:
    with pytest.raises(ValueError, match="ibs"):
        plan_of(times=[2.0]).check_metric("ibs")


def test_tau_is_the_last_edge_unless_given() -> None:
    assert (plan_of().last, plan_of(tau=None).last) == (6.0, 8.0)


def test_classes_are_counted_by_event() -> None:
    rows = [{"event": "1"}, {"event": "0"}, {"event": "1"}]
    assert PLANS.count_classes(rows, "label") == (1, 2)
    assert PLANS.count_classes([*rows, {"event": "2"}], "label") is None
    assert PLANS.classes_share_cases
    assert len(PLANS.class_names) == 2


def test_a_dull_row_has_the_columns_of_the_plan() -> None:
    assert PLANS.dull_row("risk") == (("risk", "p_2", "p_4", "p_6"), ("0.5", "0.5", "0.5", "0.5"))
    assert plan_of(outputs="risk", score_range=[5, 9]).dull_row("s") == (("s",), ("5.0",))


def test_numbers_are_those_of_the_states() -> None:
    for changes in ({}, {"outputs": "risk"}, {"exact_scalars": False, "probability_resolution": 0.01}):
        plan = plan_of(**changes)
        cases = make_cases(20, 2)
        cases = cases if plan.has_probabilities else type(cases)(cases.time, cases.event, cases.risk)
        assert sum(state.numbers for state in evaluate(cases, plan).states) == plan.numbers()


def _with(place: int, **changes: Any) -> Callable[[Evaluation], Evaluation]:
    def change(evaluation: Evaluation) -> Evaluation:
        states = list(evaluation.states)
        states[place] = states[place].model_copy(update=changes)
        return evaluation.model_copy(update={"states": tuple(states)})

    return change


def _first_raised(name: str, place: int) -> Callable[[Evaluation], Evaluation]:
    """The first number of a field of sums per time is one unit more than it can be."""

    def change(evaluation: Evaluation) -> Evaluation:
        rows = getattr(evaluation.states[place], name)
        first = rows[0]
        raised = (first[0] + 10**6, *first[1:]) if isinstance(first, tuple) else first + 10**6
        return _with(place, **{name: (raised, *rows[1:])})(evaluation)

    return change


HUGE = Wide.of(2**70)


CHANGES: dict[str, Callable[[Evaluation], Evaluation]] = {
    "a state is missing": lambda e: e.model_copy(update={"states": e.states[:3]}),
    "another order": lambda e: e.model_copy(update={"states": (e.states[1], e.states[0], *e.states[2:])}),
    "another number of cases": lambda e: e.model_copy(update={"cases": e.cases + 1}),
    "score edges": _with(0, score_edges=(0.0, 1.0, 2.0, 3.0)),
    "time edges": _with(1, time_edges=(1.0,)),
    "times": _with(2, times=(1.0, 2.0, 4.0)),
    "resolution": _with(3, resolution=0.01),
    "lengths": _with(1, comparable=(1, 2)),
    "pairs": _first_raised("comparable", 1),
    "concordant": _first_raised("concordant", 1),
    "horizon pairs": _first_raised("comparable", 2),
    "concordant at a time": _first_raised("concordant", 2),
    "no ties": _with(2, tied=()),
    "predicted": _with(3, predicted=(HUGE,) * 3),
    "alarmed": _with(3, alarmed=(HUGE,) * 3),
    "alarmed squares": _with(3, alarmed_squares=(HUGE,) * 3),
    "missed": _with(3, missed=((), (), ())),
    "negative": _with(3, predicted=(Wide.of(-1),) * 3),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_states_that_contradict_the_plan_or_each_other(change: Callable[[Evaluation], Evaluation]) -> None:
    changed = change(SENT)
    with pytest.raises(ResultRefused, match="states"):
        PLANS.check_states(changed.cases, changed.states)


def test_unlike_tables_do_not_merge() -> None:
    other = evaluate(make_cases(10, 1), plan_of(score_edges=[0.0]))
    with pytest.raises(ResultRefused, match="differ"):
        SENT.merge(other)


def test_a_table_has_a_row_per_interval() -> None:
    plain = SENT.model_dump(mode="json")
    plain["states"][0]["events"] = plain["states"][0]["events"][1:]
    with pytest.raises(ResultRefused, match="row per time interval"):
        Evaluation.from_plain(plain, refuse=ResultRefused)
