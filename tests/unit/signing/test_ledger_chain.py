"""Whatever is done to the file of a ledger is noticed: a byte, a line, an order, an end."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval.domain.ledger import EntryKind, SignedHead
from medeval.errors import LedgerBroken
from medeval.signing import dsse
from medeval.signing.ledger import check_ledger
from tests.ledgers import FINGERPRINT, KEY, an_event, chain_of, head_of, lines_of

ENTRIES = chain_of(*(an_event(kind, f"m{n}") for n, kind in enumerate((EntryKind.CARD, EntryKind.RESULT) * 3)))
DATA, HEAD = lines_of(ENTRIES), head_of(ENTRIES)
LINES = DATA.splitlines(keepends=True)
NEXT = chain_of(*(entry.event for entry in ENTRIES[1:]), an_event(name="next"))[-1]


def test_what_was_written_holds():
    found = check_ledger(DATA, HEAD)
    assert found.entries == ENTRIES
    assert (found.fingerprint, found.whole_bytes, found.torn_bytes) == (FINGERPRINT, len(DATA), 0)
    assert [after.previous for after in ENTRIES[1:]] == [before.to_digest() for before in ENTRIES[:-1]]


@given(place=st.integers(0, len(DATA) - 1), byte=st.integers(0, 255))
def test_any_byte_that_changes_is_noticed(place: int, byte: int):
    changed = DATA[:place] + bytes([byte]) + DATA[place + 1 :]
    if changed != DATA:
        with pytest.raises(LedgerBroken):
            check_ledger(changed, HEAD)


@given(place=st.integers(0, len(DATA)), added=st.binary(min_size=1, max_size=40))
def test_any_bytes_that_are_added_are_noticed(place: int, added: bytes):
    with pytest.raises(LedgerBroken):
        check_ledger(DATA[:place] + added + DATA[place:], HEAD)


@given(start=st.integers(0, len(DATA) - 1), length=st.integers(1, len(DATA)))
def test_any_bytes_that_are_removed_are_noticed(start: int, length: int):
    with pytest.raises(LedgerBroken):
        check_ledger(DATA[:start] + DATA[start + length :], HEAD)


@pytest.mark.parametrize("place", range(len(LINES)))
def test_a_line_that_is_gone_is_named(place: int):
    with pytest.raises(LedgerBroken, match=f"entry {place} of the ledger"):
        check_ledger(b"".join(LINES[:place] + LINES[place + 1 :]), HEAD)


@given(order=st.permutations(range(len(LINES))))
def test_any_other_order_is_noticed_at_its_first_place(order: list[int]):
    if order != sorted(order):
        first = next(place for place, number in enumerate(order) if place != number)
        with pytest.raises(LedgerBroken, match=f"entry {first} of the ledger"):
            check_ledger(b"".join(LINES[number] for number in order), HEAD)


@pytest.mark.parametrize("place", range(1, len(LINES)))
def test_an_entry_that_says_something_else_is_named(place: int):
    line = LINES[place].replace(b'"bits":100', b'"bits":1')
    assert line != LINES[place]
    with pytest.raises(LedgerBroken, match=f"entry {place} of the ledger"):
        check_ledger(b"".join([*LINES[:place], line, *LINES[place + 1 :]]), HEAD)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace(b"{", b"{ ", 1),
        lambda line: json.dumps(json.loads(line), sort_keys=False, indent=None).encode() + b"\n",
        lambda line: line.replace(b'"bits":100', b'"bits":100.0'),
        lambda line: line.replace(b'"note":""', b'"note":"","note":""'),
    ],
    ids=["blank", "layout", "number", "key twice"],
)
def test_the_same_content_in_another_form_is_noticed(change):
    with pytest.raises(LedgerBroken, match="entry 3 of the ledger"):
        check_ledger(b"".join([*LINES[:3], change(LINES[3]), *LINES[4:]]), HEAD)


@pytest.mark.parametrize("time", ["2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "yesterday"])
def test_a_time_that_never_was_is_no_entry(time: str):
    line = LINES[2].replace(ENTRIES[2].time.encode(), time.encode())
    with pytest.raises(LedgerBroken, match="entry 2 of the ledger cannot be read"):
        check_ledger(b"".join([*LINES[:2], line, *LINES[3:]]), HEAD)


def test_a_whole_chain_of_another_hand_lacks_the_signature():
    """Every digest fits, since all were made anew; the head was signed by the site's key alone."""
    forged = chain_of(*(an_event(name=f"x{n}") for n in range(6)))
    with pytest.raises(LedgerBroken, match="entry 6 of the ledger is not the one that was signed"):
        check_ledger(lines_of(forged), HEAD)
    with pytest.raises(LedgerBroken, match="entry 0 of the ledger names another key"):
        check_ledger(lines_of(forged), head_of(forged, key=bytes(32)))


@pytest.mark.parametrize("part", ["head", "public_key", "signature"])
def test_a_head_that_was_edited_is_noticed(part: str):
    other = head_of(ENTRIES[:3], key=bytes(32))
    with pytest.raises(LedgerBroken, match="signature of the ledger's head"):
        check_ledger(DATA, HEAD.model_copy(update={part: getattr(other, part)}))


@pytest.mark.parametrize("text", ["", "!", "AAAA"])
def test_a_head_that_is_no_signature_is_noticed(text: str):
    for part in ("public_key", "signature"):
        with pytest.raises(LedgerBroken, match="signature of the ledger's head"):
            check_ledger(DATA, HEAD.model_copy(update={part: text}))


def test_a_statement_of_the_site_is_no_head():
    """The key signs other things too; none of them can stand for a head."""
    envelope = dsse.seal(HEAD.head.to_canonical(), KEY)
    with pytest.raises(LedgerBroken, match="signature"):
        check_ledger(DATA, SignedHead.from_plain({**HEAD.model_dump(), "signature": envelope.signatures[0].sig}))


# --- what a crash leaves ----------------------------------------------------------------------------------------

PENDING = head_of(ENTRIES, NEXT.to_digest())


def test_an_entry_that_was_announced_and_not_begun():
    assert check_ledger(DATA, PENDING).entries == ENTRIES


def test_an_entry_that_was_announced_and_written():
    found = check_ledger(DATA + NEXT.to_line(), PENDING)
    assert found.entries == (*ENTRIES, NEXT)
    assert not found.is_settled


@given(length=st.integers(1, len(NEXT.to_line()) - 1))
def test_an_entry_that_was_announced_and_begun(length: int):
    found = check_ledger(DATA + NEXT.to_line()[:length], PENDING)
    assert found.entries == ENTRIES
    assert (found.whole_bytes, found.torn_bytes) == (len(DATA), length)


@pytest.mark.parametrize("length", [1, 100, len(NEXT.to_line())])
def test_none_of_it_without_an_announcement(length: int):
    with pytest.raises(LedgerBroken, match=f"entry {len(ENTRIES)} of the ledger"):
        check_ledger(DATA + NEXT.to_line()[:length], HEAD)


def test_another_entry_than_the_announced_one():
    other = chain_of(*(entry.event for entry in ENTRIES[1:]), an_event(name="other"))[-1]
    with pytest.raises(LedgerBroken, match="added by somebody else"):
        check_ledger(DATA + other.to_line(), PENDING)


def test_more_after_the_announced_one():
    with pytest.raises(LedgerBroken):
        check_ledger(DATA + NEXT.to_line() + b"{", PENDING)


def test_no_prefix_of_a_ledger_passes_for_it():
    for before, _ in pairwise(range(len(ENTRIES) + 1)):
        with pytest.raises(LedgerBroken, match=f"entry {before} of the ledger and what follows are missing"):
            check_ledger(lines_of(ENTRIES[:before]), HEAD)
