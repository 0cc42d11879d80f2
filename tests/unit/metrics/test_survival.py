"""The states of survival against brute force, and how they merge."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines.utils import concordance_index

from medeval.domain.families.base import Wide
from medeval.domain.families.survival_states import HorizonErrors, HorizonPairs, RiskTable, SurvivalPairs
from medeval.domain.result import Evaluation
from medeval.metrics import survival
from medeval.metrics.survival_cases import SurvivalCases
from tests.survival_samples import EDGES, PLAN, TIMES, draw_cases, evaluate, join, make_cases, of, plan_of


def state_of(evaluation: Evaluation, kind: type) -> object:
    return next(state for state in evaluation.states if isinstance(state, kind))


@given(draw_cases(), draw_cases())
def test_tables_and_errors_of_two_sites_add_up_to_those_of_all_cases(a: SurvivalCases, b: SurvivalCases) -> None:
    merged, whole = evaluate(a).merge(evaluate(b)), evaluate(join(a, b))
    for kind in (RiskTable, HorizonErrors):
        assert state_of(merged, kind) == state_of(whole, kind)


@given(draw_cases(), draw_cases())
def test_pairs_of_two_sites_add_up_to_pairs_within_sites(a: SurvivalCases, b: SurvivalCases) -> None:
    merged = evaluate(a).merge(evaluate(b))
    for kind in (SurvivalPairs, HorizonPairs):
        found = state_of(merged, kind)
        assert [_plain(getattr(found, name)) for name in found.summed] == _within_sites(kind, a, b)


def _within_sites(kind: type, a: SurvivalCases, b: SurvivalCases) -> list[object]:
    """Brute force over pairs of cases of one site."""
    return _add(*(_brute(kind, cases) for cases in (a, b)))


def _add(first: list[object], second: list[object]) -> list[object]:
    if isinstance(first, list):
        return [_add(x, y) for x, y in zip(first, second, strict=True)]
    return first + second


def _brute(kind: type, cases: SurvivalCases) -> list[object]:
    return _brute_pairs(cases) if kind is SurvivalPairs else _brute_horizons(cases)


def _brute_pairs(cases: SurvivalCases) -> list[object]:
    concordant, tied, comparable = ([0] * (len(EDGES) + 1) for _ in range(3))
    won, met = [0] * len(cases.time), [0] * len(cases.time)
    for i, j in _pairs(cases):
        place = survival.intervals_of(cases.time[i : i + 1], EDGES)[0]
        half = 1 + int(cases.risk[i] > cases.risk[j]) - int(cases.risk[i] < cases.risk[j])
        concordant[place] += half == 2
        tied[place] += half == 1
        comparable[place] += 1
        for case in (i, j):
            won[case] += half
            met[case] += 1
    products = [sum(x * y for x, y in zip(p, q, strict=True)) for p, q in ((won, won), (won, met), (met, met))]
    return [concordant, tied, comparable, *products]


def _pairs(cases: SurvivalCases) -> list[tuple[int, int]]:
    """(earlier event, other): the other is later, or censored at that time."""
    n, time, event = len(cases.time), cases.time, cases.event
    return [
        (i, j)
        for i in range(n)
        for j in range(n)
        if event[i] and i != j and (time[i] < time[j] or (time[i] == time[j] and not event[j]))
    ]


def _brute_horizons(cases: SurvivalCases) -> list[object]:
    found: list[list[list[int]]] = [[], [], []]
    for time in TIMES:
        rows = [[0] * (EDGES.index(time) + 1) for _ in range(3)]
        for i in range(len(cases.time)):
            for j in range(len(cases.time)):
                if cases.event[i] and cases.time[i] <= time < cases.time[j]:
                    place = survival.intervals_of(cases.time[i : i + 1], EDGES)[0]
                    rows[0][place] += bool(cases.risk[i] > cases.risk[j])
                    rows[1][place] += bool(cases.risk[i] == cases.risk[j])
                    rows[2][place] += 1
        for kept, row in zip(found, rows, strict=True):
            kept.append(row)
    return list(found)


def _plain(value: object) -> object:
    if isinstance(value, Wide):
        return value.total
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


@given(draw_cases(), draw_cases(), draw_cases())
def test_a_merge_knows_no_order(a: SurvivalCases, b: SurvivalCases, c: SurvivalCases) -> None:
    x, y, z = (evaluate(cases) for cases in (a, b, c))
    assert x.merge(y).merge(z) == z.merge(x.merge(y)) == y.merge(z).merge(x)


@given(draw_cases())
def test_states_keep_the_rules_of_their_plan(cases: SurvivalCases) -> None:
    plan, evaluation = plan_of(), evaluate(cases)
    events = int(cases.event.sum())
    assert plan.check_states(evaluation.cases, evaluation.states) == (len(cases.time) - events, events)
    assert sum(state.numbers for state in evaluation.states) == plan.numbers()


@given(st.integers(2, 60), st.integers(0, 1000))
def test_pairs_are_those_of_lifelines(n: int, seed: int) -> None:
    cases = make_cases(n, seed)
    pairs = survival.pair_table(cases, EDGES)
    concordant, tied, comparable = (sum(pairs[name]) for name in ("concordant", "tied", "comparable"))
    if comparable:
        expected = concordance_index(cases.time, -cases.risk, cases.event)
        assert abs((concordant + tied / 2) / comparable - expected) <= 1e-12


def test_a_time_belongs_to_the_interval_that_it_ends() -> None:
    table = survival.risk_table(
        of([(0, True, 0), (1, True, 0), (1.5, False, 0), (8, True, 0), (9, False, 0)]), EDGES, []
    )
    assert [row[0] for row in table["events"]] == [2, 0, 0, 0, 0, 0, 0, 1, 0]
    assert [row[0] for row in table["censored"]] == [0, 1, 0, 0, 0, 0, 0, 0, 1]


def test_a_risk_belongs_to_the_bin_that_it_ends() -> None:
    table = survival.risk_table(of([(1, True, -1e300), (1, True, 0), (1, True, 1e-9), (1, True, 7)]), EDGES, [0, 7])
    assert table["events"][0] == [2, 2, 0]


def test_probabilities_are_rounded_before_they_are_squared() -> None:
    cases = SurvivalCases(np.array([9.0]), np.array([False]), np.zeros(1), np.array([[0.1004, 0.1006, 0.9996]]))
    found = survival.horizon_errors(cases, EDGES, TIMES, 0.001)
    sums = [(part["hi"] * 2**46 + part["lo"]) / 2**52 for part in found["alarmed"]]
    assert sums == pytest.approx([0.1**2, 0.101**2, 1.0], abs=1e-15)


def test_large_counts_stay_exact() -> None:
    many = np.full(70_000, 2**31 - 1, dtype=np.int64)
    assert survival._dot(many, many) == 70_000 * (2**31 - 1) ** 2


def test_states_are_plain_json() -> None:
    found = survival.states(make_cases(30, 1), PLAN)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
