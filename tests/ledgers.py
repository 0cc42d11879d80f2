"""Ledgers that tests break: entries of every kind under a key, as lines and a signed head."""

from datetime import UTC, datetime, timedelta

from medeval.domain.base import digest_of
from medeval.domain.ledger import (
    NOTHING_BEFORE,
    Decider,
    Entry,
    EntryKind,
    Event,
    ExactBytes,
    LedgerHead,
    SignedHead,
    Topic,
    entry_after,
)
from medeval.signing import keys
from medeval.signing.ledger import sign_head

START = datetime(2026, 3, 30, 12, tzinfo=UTC)
KEY = bytes(range(32))
FINGERPRINT = keys.fingerprint(keys.public_key_of(KEY))


def an_event(
    kind: EntryKind = EntryKind.RESULT,
    name: str = "lr",
    *,
    bits: float = 100.0,
    owner: str = "Acme",
    dataset: str = "north/ward",
    note: str = "",
) -> Event:
    """Something of a model that left, or was kept, by its kind."""
    leaves = kind not in (EntryKind.STOPPED, EntryKind.RECOVERED)
    topic = Topic(
        subject=digest_of(f"{name} {dataset}".encode()),
        benchmark="heart@1.0.0",
        models=(f"{name}@1.0.0",),
        dataset=dataset,
        owners=(owner,),
    )
    return Event(
        kind=kind,
        topic=topic,
        sent=ExactBytes.of(f"{kind} {name} {dataset}".encode()) if leaves else None,
        bits=bits if leaves else 0.0,
        decided_by=Decider.DATA_OWNER,
        note=note,
    )


def begun() -> Event:
    """The first event of a ledger."""
    return Event(kind=EntryKind.BEGUN, topic=Topic(subject=FINGERPRINT), decided_by=Decider.DATA_OWNER)


def chain_of(*events: Event, days: float = 1) -> tuple[Entry, ...]:
    """Entries of the events after the first of a ledger, so many days apart."""
    entries: list[Entry] = []
    for place, event in enumerate([begun(), *events]):
        now = START + timedelta(days=days * place)
        entries.append(entry_after(entries[-1] if entries else None, event, now))
    return tuple(entries)


def head_of(entries: tuple[Entry, ...], pending: str | None = None, key: bytes = KEY) -> SignedHead:
    """The signed head of these entries."""
    last = entries[-1].to_digest() if entries else NOTHING_BEFORE
    return sign_head(LedgerHead(entries=len(entries), last=last, pending=pending), key)


def lines_of(entries: tuple[Entry, ...]) -> bytes:
    """The file of these entries."""
    return b"".join(entry.to_line() for entry in entries)
