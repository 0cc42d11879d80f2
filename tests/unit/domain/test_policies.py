"""The rules of a disclosure policy, and the stricter of two."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from medeval.domain.policies import HOSPITAL, PUBLIC_DATA, DisclosurePolicy

RULES: dict[str, Any] = {
    "name": "own",
    "min_cases": 50,
    "min_per_class": 10,
    "min_cell": 10,
    "round_to": 5,
    "max_numbers": 300,
    "max_bits": 2000,
}


@st.composite
def policies(draw: st.DrawFn) -> DisclosurePolicy:
    base = draw(st.sampled_from([1, 3, 5, 10]))
    cell = base * draw(st.integers(1, 5)) if base > 1 else 0
    return DisclosurePolicy(
        name="own",
        min_cases=draw(st.integers(1, 200)),
        min_per_class=cell + draw(st.integers(0, 20)),
        min_cell=cell,
        round_to=base,
        max_numbers=draw(st.integers(1, 400)),
        max_bits=draw(st.integers(1, 4000)),
        exact_values=not cell and draw(st.booleans()),
    )


@given(policies(), policies())
def test_of_two_policies_the_stricter_rule_holds(one: DisclosurePolicy, other: DisclosurePolicy) -> None:
    both = one.stricter(other)
    for rule in ("min_cases", "min_per_class", "min_cell", "round_to"):
        assert getattr(both, rule) >= max(getattr(one, rule), getattr(other, rule))
    for rule in ("max_numbers", "max_bits", "exact_values"):
        assert getattr(both, rule) == min(getattr(one, rule), getattr(other, rule))
    assert both.model_dump(exclude={"name"}) == other.stricter(one).model_dump(exclude={"name"})
    assert one.stricter(one) == one


def test_a_policy_that_is_stricter_in_all_keeps_its_name() -> None:
    assert HOSPITAL.stricter(PUBLIC_DATA) == PUBLIC_DATA.stricter(HOSPITAL) == HOSPITAL
    assert HOSPITAL.stricter(DisclosurePolicy(**RULES)) == HOSPITAL
    assert HOSPITAL.stricter(DisclosurePolicy(**RULES | {"max_bits": 100})).name == "stricter-of-both"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"min_cell": 12}, "multiple of round_to"),
        ({"min_per_class": 5}, "no more than min_per_class"),
        ({"exact_values": True}, "exact_values cannot go"),
        ({"round_to": 1}, "go together"),
        ({"min_cell": 0}, "go together"),
        ({"name": "hospital"}, "stands for other rules"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        DisclosurePolicy(**RULES | change)
