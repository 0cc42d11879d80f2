"""Joint moments: exact under any split by patient and in any order, and never larger than they can be."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medeval.domain.families.base import Wide
from medeval.domain.families.joint import JointMoments, joint_numbers
from medeval.errors import ResultRefused
from medeval.metrics.exact import to_units
from medeval.metrics.joint import joint_moments, rounded
from medeval.stats.joint import Joint

VALUES = st.floats(-1, 1) | st.sampled_from([0.0, 1.0, -1.0, 2.0**-53, 1e-300])
#: Patients of at most three cases each, a case (v, w).
PATIENTS = st.lists(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=3), max_size=12)


def state(patients: list, first: int = 0, order: np.ndarray | None = None) -> JointMoments:
    rows = [(v, w, first + place) for place, cases in enumerate(patients) for v, w in cases]
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)[slice(None) if order is None else order]
    columns = {"v": table[:, 0], "w": table[:, 1]}
    return JointMoments.from_plain(joint_moments(columns, table[:, 2].astype(np.int64)))


@given(a=PATIENTS, b=PATIENTS)
def test_states_of_parts_add_up(a: list, b: list) -> None:
    assert state(a).merge(state(b, first=100)) == state(a + b)


@given(patients=PATIENTS, seed=st.integers(0, 2**32 - 1))
def test_the_order_of_cases_has_no_say(patients: list, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(sum(map(len, patients)))
    assert state(patients, order=order) == state(patients)


@given(cases=st.lists(st.tuples(VALUES, VALUES), max_size=20))
def test_without_clusters_every_case_is_a_patient(cases: list) -> None:
    table = np.array(cases, dtype=np.float64).reshape(-1, 2)
    plain = joint_moments({"v": table[:, 0], "w": table[:, 1]})
    known = joint_moments({"v": table[:, 0], "w": table[:, 1]}, np.arange(len(table)))
    alone = [JointMoments.from_plain(found) for found in (plain, known)]
    assert alone[0].totals == alone[1].totals
    assert alone[0].clusters == alone[1].clusters == len(cases)
    # a value is rounded to a unit before it is a patient's total, or not at all: the product moves by a unit a case
    for one, other in zip(alone[0].products, alone[1].products, strict=True):
        assert abs(one.total - other.total) <= 3 * len(cases)


@given(values=st.lists(VALUES | st.floats(-(2.0**-51), 2.0**-51), min_size=1, max_size=12))
@example(values=[-(2.0**-53) * (1 + 2.0**-30)])  # a little more than half a unit below zero: a unit, not none
def test_a_patients_only_case_is_rounded_once(values: list[float]) -> None:
    """Its total is the value in the nearest unit, as it is without patients."""
    found = JointMoments.from_plain(joint_moments({"v": np.array(values)}, np.arange(len(values))))
    assert found.products[1].total == found.totals[1].total == sum(to_units(value) for value in values)


@given(patients=PATIENTS.filter(bool))
def test_sums_are_those_of_the_definition(patients: list) -> None:
    found = Joint.of(state(patients))
    totals = [(len(cases), *(sum(Fraction(case[side]) for case in cases) for side in (0, 1))) for cases in patients]
    n = sum(len(cases) for cases in patients)
    assert (found.n, found.clusters) == (n, len(patients))
    for side in (1, 2):
        assert abs(found.means[side - 1] * n - sum(total[side] for total in totals)) <= Fraction(n, 2**52)
        for other in (0, 1, 2):
            expected = sum(Fraction(total[side]) * Fraction(total[other]) for total in totals)
            assert abs(found.products[side][other] - expected) <= Fraction(20 * n, 2**52)


@given(patients=PATIENTS)
@example(patients=[[(0.0, 1.0), (0.0, 1.0), (0.0, 4.227847164881618e-12)]])  # the total takes more digits than a double
def test_honest_states_are_taken(patients: list) -> None:
    found = state(patients)
    found.check(sum(map(len, patients)), 0)
    found.check_bounds({"v": (-1.0, 1.0), "w": (-1.0, 1.0)}, 0)


def test_what_no_cases_give_is_refused() -> None:
    honest = state([[(0.5, 0.25)], [(1.0, 0.0)]])
    with pytest.raises(ResultRefused, match="do not count the cases"):
        honest.check(3, 0)
    with pytest.raises(ResultRefused, match="clusters"):
        honest.model_copy(update={"clusters": 5}).check(2, 0)
    nothing = Wide.of(0)
    with pytest.raises(ResultRefused, match="not those of any cases"):
        honest.model_copy(update={"products": (*honest.products[:3], nothing, *honest.products[4:])}).check(2, 0)
    with pytest.raises(ResultRefused, match="v lies outside its range"):
        honest.check_bounds({"v": (0.0, 0.5)}, 0)
    with pytest.raises(ResultRefused, match="v is no count"):
        honest.check_whole(("v",), 0)


def test_unlike_states_do_not_merge() -> None:
    other = JointMoments.from_plain(joint_moments({"v": np.zeros(1), "z": np.zeros(1)}))
    with pytest.raises(ResultRefused):
        state([[(0.0, 0.0)]]).merge(other)


def test_a_state_has_all_its_entries() -> None:
    honest = state([[(0.5, 0.25)]])
    assert honest.numbers == joint_numbers(3) == 1 + 3 + 6
    with pytest.raises(ValueError, match="joint moments need"):
        JointMoments(columns=("v", "w"), clusters=1, totals=honest.totals[:2], products=honest.products[:3])


def test_values_are_rounded_to_the_step_of_the_plan() -> None:
    values = np.array([0.0, 0.0004, 0.0006, 1.0])
    assert rounded(values, 0.001).tolist() == [0.0, 0.0, 0.001, 1.0]
    assert rounded(values, "exact") is values
