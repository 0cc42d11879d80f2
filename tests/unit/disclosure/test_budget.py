"""The leak budget: what counts against it, from when on, and that one too many is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval.disclosure.budget import Proposed, check_budget, evaluations, quarter_start, spent, year_start
from medeval.domain.ledger import Entry, EntryKind, Event
from medeval.domain.policies import HOSPITAL, PUBLIC_DATA, Budget, find_budget
from medeval.errors import BudgetExhausted
from tests.ledgers import START, an_event, begun, chain_of

WARD = "north/ward"
NOW = START + timedelta(days=200)
BUDGET = Budget()
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def results(number: int, owner: str = "Acme", **more: object) -> list[Event]:
    return [an_event(name=f"{owner.lower()}{n}", owner=owner, **more) for n in range(number)]  # type: ignore[arg-type]


def now(*events: Event) -> tuple[Entry, ...]:
    """A ledger all of whose entries were written on one day of spring."""
    return chain_of(*events, days=0)


# --- counting ---------------------------------------------------------------------------------------------------


def test_everything_about_a_dataset_counts_in_bits_and_results_alone_as_evaluations():
    kinds = (EntryKind.CARD, EntryKind.RESULT, EntryKind.FAILURE, EntryKind.WITHHELD, EntryKind.COMPARISON)
    entries = now(*(an_event(kind, kind.value, bits=10) for kind in kinds), an_event(EntryKind.STOPPED, "x"))
    assert spent(entries, WARD, FIRST) == 50
    assert evaluations(entries, None, WARD, FIRST) == 1
    assert spent(entries, "north/other", FIRST) == 0
    assert evaluations(entries, None, "north/other", FIRST) == 0


def test_of_one_owner_or_of_all():
    entries = now(*results(3, "Acme"), *results(2, "Beta"))
    assert [evaluations(entries, owner, WARD, FIRST) for owner in ("Acme", "Beta", "Gamma", None)] == [3, 2, 0, 5]


def test_what_was_before_is_not_counted():
    entries = chain_of(*results(9), days=10)
    since = START + timedelta(days=50)
    assert evaluations(entries, None, WARD, since) == 5
    assert spent(entries, WARD, since) == 500


@pytest.mark.parametrize(
    ("moment", "quarter"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        (datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        (datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
        (datetime(2026, 12, 31, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)),
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), datetime(2025, 10, 1, tzinfo=UTC)),
    ],
)
def test_quarters_and_years_are_those_of_the_calendar_in_utc(moment: datetime, quarter: datetime):
    assert quarter_start(moment) == quarter
    assert year_start(moment) == quarter.replace(month=1)


# --- refusing ---------------------------------------------------------------------------------------------------


def check(entries: tuple[Entry, ...], event: Event, limits: Budget | None, now: datetime) -> None:
    """As for a release of that kind."""
    proposed = Proposed(event.topic, event.bits, is_evaluation=event.kind is EntryKind.RESULT)
    check_budget(entries, proposed, limits, now)


def test_before_a_model_runs_what_is_spent_counts_alone():
    full = now(*(an_event(EntryKind.COMPARISON, f"c{n}", bits=1024) for n in range(8)))
    check_budget(full, Proposed(an_event(name="next").topic), BUDGET, NOW)
    with pytest.raises(BudgetExhausted, match="5 evaluations of Acme"):
        check_budget(now(*results(5)), Proposed(an_event(name="next").topic), BUDGET, START)


def test_the_sixth_evaluation_of_an_owner_in_a_quarter_is_refused():
    check(now(*results(4)), an_event(name="next"), BUDGET, START)
    entries = now(*results(5))
    with pytest.raises(BudgetExhausted, match=r"5 evaluations of Acme on north/ward in one quarter; .* would be 6"):
        check(entries, an_event(name="next"), BUDGET, START)
    check(entries, an_event(name="next", owner="Beta"), BUDGET, START)
    check(entries, an_event(name="next", dataset="north/other"), BUDGET, START)
    check(entries, an_event(name="next"), BUDGET, datetime(2026, 4, 1, tzinfo=UTC))


def test_the_twenty_first_evaluation_of_a_dataset_in_a_year_is_refused():
    entries = now(*(event for owner in "ABCDEFG" for event in results(3, owner)))[:21]
    assert evaluations(entries, None, WARD, FIRST) == 20
    with pytest.raises(BudgetExhausted, match=r"20 evaluations on north/ward in one year; .* would be 21"):
        check(entries, an_event(name="next"), BUDGET, NOW)
    check(entries[:-1], an_event(name="next"), BUDGET, NOW)
    check(entries, an_event(name="next"), BUDGET, NOW.replace(year=2027))


def test_more_bits_than_a_year_has_are_refused_of_any_kind():
    entries = now(*(an_event(EntryKind.COMPARISON, f"c{n}", bits=1000) for n in range(8)))
    check(entries, an_event(bits=192), BUDGET, NOW)
    for kind in (EntryKind.RESULT, EntryKind.COMPARISON, EntryKind.FAILURE):
        with pytest.raises(BudgetExhausted, match="8192 bits of north/ward in one year"):
            check(entries, an_event(kind, bits=193), BUDGET, NOW)
    check(entries, an_event(bits=193), BUDGET, NOW.replace(year=2027))


def test_more_bits_than_a_release_has_are_refused():
    check(now(), an_event(bits=1024), BUDGET, NOW)
    with pytest.raises(BudgetExhausted, match="1024 bits in one release"):
        check(now(), an_event(bits=1024.5), BUDGET, NOW)


def test_the_same_execution_again_costs_nothing():
    entries = now(*results(5))
    check(entries, entries[3].event, BUDGET, START)
    check(entries, entries[3].event.model_copy(update={"bits": 5000.0}), BUDGET, START)


def test_a_comparison_of_what_is_released_is_no_evaluation():
    check(now(*results(5)), an_event(EntryKind.COMPARISON, "acme0"), BUDGET, START)


def test_what_is_about_no_dataset_is_free():
    check(now(), begun(), BUDGET, NOW)


def test_public_data_have_no_budget():
    assert find_budget(PUBLIC_DATA) is None
    assert find_budget(HOSPITAL) == BUDGET
    own = HOSPITAL.model_copy(update={"name": "own", "max_bits": 300})
    assert find_budget(own) == Budget(release_bits=300)
    check(now(*results(50)), an_event(name="next", bits=10_000), find_budget(PUBLIC_DATA), START)


def test_the_message_says_what_to_do():
    with pytest.raises(BudgetExhausted) as caught:
        check(now(), an_event(bits=2000), BUDGET, NOW)
    assert caught.value.hint


@given(bits=st.lists(st.floats(0, 1024), max_size=30), tried=st.floats(0, 2000))
def test_what_is_let_through_never_passes_the_budget(bits: list[float], tried: float):
    """Whoever asks before each release stays below every limit."""
    entries: tuple[Entry, ...] = now()
    for n, amount in enumerate([*bits, tried]):
        event = an_event(name=f"m{n}", bits=amount)
        try:
            check(entries, event, BUDGET, START)
        except BudgetExhausted:
            continue
        entries = now(*(entry.event for entry in entries[1:]), event)
    assert spent(entries, WARD, FIRST) <= BUDGET.dataset_bits_per_year
    assert evaluations(entries, "Acme", WARD, quarter_start(START)) <= BUDGET.owner_evaluations_per_quarter
    assert all(entry.event.bits <= BUDGET.release_bits for entry in entries)
