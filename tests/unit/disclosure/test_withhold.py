"""Which levels of a subgroup are kept back: small ones, and those that would give them away."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval.disclosure.check import check_against, check_evaluation
from medeval.disclosure.withhold import check_withheld, to_releasable, withheld_levels
from medeval.domain.base import Value
from medeval.domain.policies import PUBLIC_DATA, DisclosurePolicy
from medeval.domain.result import Evaluation, GroupEvaluation, Withheld, WithheldGroup
from medeval.errors import ResultRefused, TooFewCases
from tests.boards import PLAN, STRICT, a_spec, an_evaluation

INSUFFICIENT, SUPPRESSED = Withheld.INSUFFICIENT, Withheld.SUPPRESSED
LEVELS = tuple("abcdefgh")
#: Rules of which only the withholding of levels is at work.
OPEN: dict[str, Any] = {"min_cell": 0, "round_to": 1, "max_numbers": 10_000, "max_bits": 10_000_000}


def table(cases: int) -> Evaluation:
    """So many cases in the two outer bins, half of them positive."""
    return an_evaluation((cases - cases // 2, *[0] * 9), (*[0] * 9, cases // 2))


def evaluation_of(*sizes: int, name: str = "region") -> Evaluation:
    """One variable whose levels hold so many cases."""
    whole = an_evaluation((sum(n - n // 2 for n in sizes), *[0] * 9), (*[0] * 9, sum(n // 2 for n in sizes)))
    return whole.model_copy(update={"groups": tuple(a_level(name, at, n) for at, n in enumerate(sizes))})


def a_level(name: str, place: int, cases: int) -> GroupEvaluation:
    return GroupEvaluation(name=name, level=LEVELS[place], cases=cases, states=table(cases).states)


def policy_of(least: int) -> DisclosurePolicy:
    return DisclosurePolicy(name="own", min_cases=1, min_per_class=least, **OPEN)


def kept(sizes: tuple[int, ...], policy: DisclosurePolicy = STRICT) -> list[Withheld | int]:
    """The reason, or the cases, of each level."""
    found = to_releasable(evaluation_of(*sizes), policy, PLAN).groups
    return [group.withheld if isinstance(group, WithheldGroup) else group.cases for group in found]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((60, 60), [60, 60]),
        ((10, 90), [10, 90]),
        # a small one takes the next smallest with it: alone it would be the rest
        ((9, 91), [INSUFFICIENT, INSUFFICIENT]),
        ((9, 40, 50), [INSUFFICIENT, SUPPRESSED, 50]),
        ((9, 50, 40), [INSUFFICIENT, 50, SUPPRESSED]),
        ((50, 9, 50), [SUPPRESSED, INSUFFICIENT, 50]),
        # nobody is a small number too
        ((0, 60, 60), [INSUFFICIENT, SUPPRESSED, 60]),
        # two small ones of fewer than ten together take one more
        ((4, 5, 30, 60), [INSUFFICIENT, INSUFFICIENT, SUPPRESSED, 60]),
        # of ten or more they stand by themselves
        ((7, 8, 30, 60), [INSUFFICIENT, INSUFFICIENT, 30, 60]),
        # eighteen in two small levels are nine and nine
        ((9, 9, 30, 60), [INSUFFICIENT, INSUFFICIENT, SUPPRESSED, 60]),
        # ten in a small level and one that is not are none and ten
        ((0, 10, 30, 60), [INSUFFICIENT, SUPPRESSED, SUPPRESSED, 60]),
        # where all others together are few, nothing is shown
        ((100, 4, 5), [INSUFFICIENT, INSUFFICIENT, INSUFFICIENT]),
        ((0, 10, 10, 10), [INSUFFICIENT, SUPPRESSED, SUPPRESSED, SUPPRESSED]),
    ],
)
def test_what_a_hospital_withholds(sizes: tuple[int, ...], expected: list[Withheld | int]) -> None:
    assert kept(sizes) == expected


def test_each_variable_is_held_by_itself_and_order_is_kept() -> None:
    first, second = evaluation_of(9, 40, 50, name="age"), evaluation_of(50, 49, name="sex")
    both = first.model_copy(update={"groups": first.groups + second.groups})
    found = to_releasable(both, STRICT, PLAN)
    assert [(group.name, group.level) for group in found.groups] == [(group.name, group.level) for group in both.groups]
    assert [level.level for level in withheld_levels(found)] == ["a", "b"]
    assert found.groups[3:] == second.groups


def test_a_withheld_level_holds_nothing_but_its_name_and_reason() -> None:
    found = to_releasable(evaluation_of(9, 40, 50), STRICT, PLAN)
    assert found.groups[0].model_dump(mode="json") == {"name": "region", "level": "a", "withheld": "insufficient"}
    assert Evaluation.from_json(found.to_canonical()) == found


SIZES = st.lists(st.one_of(st.integers(0, 25), st.integers(0, 300)), min_size=2, max_size=8).map(tuple)
LEAST = st.integers(1, 15)


def possible(rest: int, reasons: list[Withheld], least: int) -> list[tuple[int, int]]:
    """For each withheld level, what a reader knows of its cases from the rest and the reasons: at least, at most."""
    ranges = [(0, least - 1) if reason is INSUFFICIENT else (least, rest) for reason in reasons]
    lows, highs = sum(low for low, _ in ranges), sum(high for _, high in ranges)
    return [(max(low, rest - (highs - high)), min(high, rest - (lows - low))) for low, high in ranges]


@given(SIZES, LEAST)
def test_no_withheld_level_follows_from_the_rest(sizes: tuple[int, ...], least: int) -> None:
    found = kept(sizes, policy_of(least))
    shown = [item for item in found if isinstance(item, int)]
    reasons = [item for item in found if isinstance(item, Withheld)]
    assert all(least <= n <= sum(sizes) - least for n in shown), "a small level or complement is shown"
    if reasons and shown:
        rest = sum(sizes) - sum(shown)
        assert len(reasons) > 1, "one alone is the rest"
        assert rest >= least, "the rest itself is small"
        if least > 1:  # of a minimum of 1, insufficient means none
            ranges = possible(rest, reasons, least)
            assert all(low < high for low, high in ranges), "only one size is possible"
    for size, item in zip(sizes, found, strict=True):
        few = min(size, sum(sizes) - size) < least
        assert (item is INSUFFICIENT) == few
        assert isinstance(item, Withheld) or item == size


@given(SIZES, LEAST)
def test_no_more_is_suppressed_than_the_smallest_that_do(sizes: tuple[int, ...], least: int) -> None:
    found = kept(sizes, policy_of(least))
    suppressed = [size for size, item in zip(sizes, found, strict=True) if item is SUPPRESSED]
    shown = [item for item in found if isinstance(item, int)]
    assert max(suppressed, default=0) <= min(shown, default=10**6)
    assert not suppressed or INSUFFICIENT in found


@given(SIZES, LEAST)
def test_withholding_again_changes_nothing_and_the_server_takes_it(sizes: tuple[int, ...], least: int) -> None:
    policy = policy_of(least)
    once = to_releasable(evaluation_of(*sizes), policy, PLAN)
    assert to_releasable(once, policy, PLAN) == once
    check_withheld(once, policy, PLAN)


@given(SIZES)
def test_public_data_are_shown_whole(sizes: tuple[int, ...]) -> None:
    assert kept(sizes, PUBLIC_DATA) == list(sizes)


# --- what a server refuses --------------------------------------------------------------------------------------

SPEC = a_spec(
    model_interface={"features": ["a"], "groups": {"region": LEVELS[:3]}},
    disclosure={"name": "own", "min_cases": 100, "min_per_class": 10, **OPEN},
)


def forged(*items: int | Withheld, whole: tuple[int, ...] = (9, 40, 60)) -> Evaluation:
    """A result in which levels show so many cases, or a reason."""
    groups = tuple(
        a_level("region", at, item)
        if isinstance(item, int)
        else WithheldGroup(name="region", level=LEVELS[at], withheld=item)
        for at, item in enumerate(items)
    )
    return evaluation_of(*whole).model_copy(update={"groups": groups})


def test_what_the_site_made_is_taken() -> None:
    made = check_evaluation(evaluation_of(9, 40, 60).to_canonical(), SPEC, SPEC.disclosure)
    assert made == forged(INSUFFICIENT, SUPPRESSED, 60)
    check_against(made, SPEC, SPEC.disclosure)


@pytest.mark.parametrize(
    ("evaluation", "refusal", "said"),
    [
        (forged(9, 40, 60), TooFewCases, "min_per_class of policy own is 10"),
        (forged(INSUFFICIENT, 40, 60), TooFewCases, "gives away, too few cases must be withheld"),
        (forged(9, INSUFFICIENT, SUPPRESSED), TooFewCases, "must be withheld"),
        (forged(INSUFFICIENT, INSUFFICIENT, 60, whole=(4, 5, 91)), TooFewCases, "must be withheld"),
        (forged(INSUFFICIENT, INSUFFICIENT, 82, whole=(9, 9, 82)), TooFewCases, "must be withheld"),
        (forged(SUPPRESSED, SUPPRESSED, 60), ResultRefused, "none of its variable is insufficient"),
        (forged(INSUFFICIENT, SUPPRESSED, 120), ResultRefused, "no more than all cases"),
        (forged(20, 20, 60), ResultRefused, "must add up to all cases"),
        (forged(INSUFFICIENT, SUPPRESSED), ResultRefused, "must be the levels that the spec declares"),
    ],
)
def test_forged_levels_are_refused_without_a_count(evaluation: Evaluation, refusal: type[Exception], said: str) -> None:
    with pytest.raises(refusal, match=said) as refused:
        check_against(evaluation, SPEC, SPEC.disclosure)
    assert str(refused.value).startswith("groups: ")
    assert not {"9", "40", "60", "109", "18", "82"} & set(str(refused.value).replace(";", "").split())


def test_nothing_may_be_withheld_where_the_policy_asks_for_none() -> None:
    spec = SPEC.model_copy(update={"disclosure": PUBLIC_DATA})
    check_against(evaluation_of(9, 40, 60), spec, spec.disclosure)
    with pytest.raises(ResultRefused, match="min_per_class of policy public-data is 0, which asks for none"):
        check_against(forged(INSUFFICIENT, SUPPRESSED, 60), spec, spec.disclosure)


@pytest.mark.parametrize("items", [(INSUFFICIENT, SUPPRESSED, 60), (INSUFFICIENT, 40, 60)])
def test_an_evaluator_withholds_nothing(items: tuple[int | Withheld, ...]) -> None:
    """It could choose what to withhold by what it saw."""
    with pytest.raises(ResultRefused, match="groups: an evaluator must show every level"):
        check_evaluation(forged(*items).to_canonical(), SPEC, SPEC.disclosure)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("cases", 9, r"groups\[0\].withheld.cases: Extra inputs are not permitted"),
        ("states", [], r"groups\[0\].withheld.states: Extra inputs"),
        ("clusters", None, r"groups\[0\].withheld.clusters: Extra inputs"),
        ("withheld", "because", r"groups\[0\].withheld.withheld: Input should be 'insufficient' or 'suppressed'"),
        ("withheld", None, r"groups\[0\].withheld.withheld: Input should be"),
    ],
)
def test_a_withheld_level_has_no_room_for_more(field: str, value: object, said: str) -> None:
    plain = forged(INSUFFICIENT, SUPPRESSED, 60).model_dump(mode="json")
    plain["groups"][0][field] = value
    with pytest.raises(ResultRefused, match=said):
        Evaluation.from_plain(plain, refuse=ResultRefused)


@pytest.mark.parametrize("value", [7, "text", None, []])
def test_a_level_that_is_none_is_refused(value: object) -> None:
    plain = forged(INSUFFICIENT, SUPPRESSED, 60).model_dump(mode="json")
    plain["groups"][0] = value
    with pytest.raises(ResultRefused, match=r"groups\[0\]"):
        Evaluation.from_plain(plain, refuse=ResultRefused)


# --- what is withheld at one site is withheld of both ------------------------------------------------------------


def test_a_level_withheld_on_either_side_is_withheld_of_both_in_any_order() -> None:
    shown, values = evaluation_of(30, 30, 30), (INSUFFICIENT, SUPPRESSED)
    for first, second in product(values, values):
        a, b = forged(first, INSUFFICIENT, 60), forged(second, INSUFFICIENT, 60)
        worst: Value = a.merge(b).groups[0]
        assert worst == b.merge(a).groups[0]
        assert worst == WithheldGroup(name="region", level="a", withheld=min(first, second))
        assert a.merge(shown).groups[0] == shown.merge(a).groups[0] == a.groups[0]
        assert a.merge(shown).groups[2].cases == 90


def test_levels_alone_or_together_and_none_where_one_is_withheld() -> None:
    shown, held = evaluation_of(20, 30, 40), forged(INSUFFICIENT, SUPPRESSED, 60)
    found = shown.find_levels("region", ["a", "c"])
    assert found is not None
    assert (found.cases, found.groups) == (60, ())
    assert found.states[0] == table(20).merge(table(40)).states[0]
    assert held.find_levels("region", ["a", "c"]) is None
    assert held.find_levels("region", ["c"]) == shown.find_levels("region", ["a", "c"])
