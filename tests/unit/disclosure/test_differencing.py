"""How far two groups of patients are apart, and when that is too little."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval.disclosure.differencing import check_apart, patients_apart
from medeval.errors import DifferencingRisk

rows = st.lists(st.integers(0, 30).map(lambda number: bytes([number])), max_size=40).map(Counter)


@given(rows, rows, st.floats(0.1, 5))
def test_it_is_the_same_both_ways_and_nothing_for_the_same(first: Counter, second: Counter, each: float) -> None:
    assert patients_apart(first, second, each) == patients_apart(second, first, each)
    assert patients_apart(first, first, each) == 0
    assert (patients_apart(first, second, each) == 0) is (first == second)


@pytest.mark.parametrize(
    ("lost", "added", "each", "expected"),
    [(0, 9, 1.0, 9), (9, 9, 1.0, 9), (3, 9, 1.0, 9), (0, 9, 3.0, 3), (0, 10, 3.0, 4), (0, 9, 0.5, 9)],
)
def test_lost_and_added_rows_are_those_of_patients(lost: int, added: int, each: float, expected: int) -> None:
    kept = Counter(range(1000, 1100))
    first = kept + Counter(range(lost))
    second = kept + Counter(range(500, 500 + added))
    assert patients_apart(first, second, each) == expected


@pytest.mark.parametrize(("apart", "least", "refused"), [(0, 10, 0), (1, 10, 1), (9, 10, 1), (10, 10, 0), (5, 0, 0)])
def test_few_patients_apart_are_refused(apart: int, least: int, refused: int) -> None:
    if not refused:
        check_apart(apart, least, "these data differ", "Add some.")
        return
    with pytest.raises(DifferencingRisk, match="these data differ in fewer than 10 patients"):
        check_apart(apart, least, "these data differ", "Add some.")
