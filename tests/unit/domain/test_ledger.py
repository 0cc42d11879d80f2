"""What an entry of a ledger may say, and which event says nothing new."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from medeval.domain.base import digest_of
from medeval.domain.ledger import (
    ANSWERS,
    NOTHING_BEFORE,
    SENT,
    Decider,
    Entry,
    EntryKind,
    Event,
    ExactBytes,
    Topic,
    entry_after,
    find_repeated,
    unanswered,
)
from medeval.errors import SpecError
from tests.ledgers import an_event, begun, chain_of

BYTES = ExactBytes.of(b"x")


def event(kind: EntryKind, **more: object) -> Event:
    return Event(kind=kind, topic=Topic(subject=digest_of(b"s")), decided_by=Decider.DATA_OWNER, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", EntryKind)
@pytest.mark.parametrize("sent", [None, BYTES])
@pytest.mark.parametrize("answers", [None, 1])
def test_bytes_and_answers_are_there_exactly_where_they_belong(
    kind: EntryKind, sent: ExactBytes | None, answers: int | None
) -> None:
    """A truth table: kinds of which bytes leave, the one that may be either, answers, and all others."""
    bytes_fit = kind is EntryKind.WITHHELD or (sent is not None) is (kind in SENT)
    answers_fit = (answers is not None) is (kind in ANSWERS)
    if bytes_fit and answers_fit:
        assert event(kind, sent=sent, answers=answers).sent == sent
    else:
        with pytest.raises(ValidationError):
            event(kind, sent=sent, answers=answers)


def test_what_does_not_leave_tells_nothing() -> None:
    with pytest.raises(ValidationError):
        event(EntryKind.WITHHELD, bits=1.0)
    with pytest.raises(ValidationError):
        event(EntryKind.RESULT, sent=BYTES, bits=-1.0)


@pytest.mark.parametrize("reason", ["", "Free text", "patient 4711", "UPPER", "x" * 61])
def test_a_reason_is_a_word_of_a_list(reason: str) -> None:
    with pytest.raises(ValidationError):
        event(EntryKind.STOPPED, reason=reason)


def test_the_first_entry_follows_nothing() -> None:
    first = entry_after(None, begun(), datetime(2026, 1, 1, tzinfo=UTC))
    second = entry_after(first, an_event(), datetime(2026, 1, 1, tzinfo=UTC))
    assert (first.number, first.previous) == (0, NOTHING_BEFORE)
    assert (second.number, second.previous) == (1, first.to_digest())


def test_an_entry_is_read_back_as_it_was() -> None:
    for entry in chain_of(an_event(bits=66.5), an_event(EntryKind.STOPPED), an_event(note="Grüße, <b>")):
        line = entry.to_line()
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        assert Entry.from_json(line) == entry


def test_an_undeclared_field_is_refused() -> None:
    plain = chain_of()[0].model_dump(mode="json")
    with pytest.raises(SpecError):
        Entry.from_plain({**plain, "event": {**plain["event"], "patient": "4711"}})


def test_other_bytes_of_the_same_subject_are_another_release() -> None:
    entries = chain_of(an_event())
    other = an_event().model_copy(update={"sent": ExactBytes.of(b"other bytes")})
    assert find_repeated(entries, an_event(note="other words")) == entries[1]
    assert find_repeated(entries, other) is None
    assert find_repeated(entries, an_event(name="other")) is None


def test_what_may_have_left_is_what_no_answer_came_to() -> None:
    topic = an_event().topic
    refused = Event(kind=EntryKind.REFUSED, topic=topic, decided_by=Decider.POLICY, reason="conflict", answers=1)
    entries = chain_of(an_event(), an_event(EntryKind.STOPPED), an_event(name="other"), refused)
    assert unanswered(entries) == {3}
    assert unanswered(entries[:3]) == {1}
    assert unanswered(()) == frozenset()
