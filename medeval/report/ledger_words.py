"""A ledger in words: what each kind of entry means, an entry as a row, and totals per dataset and year."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Any

from medeval.domain.ledger import ANSWERS, Decider, Entry, EntryKind, Event

WORDS = {
    EntryKind.BEGUN: "Ledger begun",
    EntryKind.REGISTRATION: "Site registered",
    EntryKind.CARD: "Dataset card sent",
    EntryKind.JOIN: "Asked to take part",
    EntryKind.RESULT: "Result released",
    EntryKind.COMPARISON: "Comparison released",
    EntryKind.FAILURE: "Failure reported",
    EntryKind.WITHHELD: "Withheld",
    EntryKind.STOPPED: "Stopped by the rules",
    EntryKind.RULE: "Release rule",
    EntryKind.REFUSED: "Refused by the server",
    EntryKind.RECEIPT: "Received by the server",
    EntryKind.RECOVERED: "Unfinished entry",
}
_OTHER = "no dataset"


@dataclass(frozen=True)
class Total:
    """What happened of one dataset in one calendar year (UTC); `bits` is what left told at most."""

    dataset: str
    year: int
    sent: int
    results: int
    comparisons: int
    withheld: int
    stopped: int
    refused: int
    bits: int


def totals_of(entries: Iterable[Entry]) -> list[Total]:
    """By dataset and year; entries of no dataset last."""
    groups: dict[tuple[bool, str, int], list[Entry]] = {}
    for entry in entries:
        dataset = entry.event.topic.dataset
        groups.setdefault((dataset is None, dataset or _OTHER, entry.moment.year), []).append(entry)
    return [_total(dataset, year, groups[key]) for key in sorted(groups) for _, dataset, year in [key]]


def _total(dataset: str, year: int, entries: list[Entry]) -> Total:
    kinds = [entry.event.kind for entry in entries]
    return Total(
        dataset=dataset,
        year=year,
        sent=sum(entry.event.sent is not None for entry in entries),
        results=kinds.count(EntryKind.RESULT),
        comparisons=kinds.count(EntryKind.COMPARISON),
        withheld=kinds.count(EntryKind.WITHHELD),
        stopped=kinds.count(EntryKind.STOPPED),
        refused=kinds.count(EntryKind.REFUSED),
        bits=ceil(sum(entry.event.bits for entry in entries)),
    )


def decider_words(event: Event) -> str:
    """Who decided; an answer is the server's."""
    if event.kind in ANSWERS:
        return "server"
    return "data owner" if event.decided_by is Decider.DATA_OWNER else "policy"


def row_of(entry: Entry) -> dict[str, Any]:
    """An entry, one plain value per column; what is absent is empty."""
    event, topic = entry.event, entry.event.topic
    return {
        "entry": entry.number,
        "time": entry.time,
        "kind": event.kind.value,
        "models": " ".join(topic.models),
        "owners": "; ".join(topic.owners),
        "dataset": topic.dataset or "",
        "benchmark": topic.benchmark or "",
        "bits": event.bits,
        "bytes": event.sent.size_bytes if event.sent else "",
        "sha256": event.sent.digest.removeprefix("sha256:") if event.sent else "",
        "reason": event.reason or "",
        "decided_by": decider_words(event),
        "answers": "" if event.answers is None else event.answers,
        "note": event.note,
        "subject": topic.subject,
        "previous": entry.previous,
        "digest": entry.to_digest(),
    }


def to_csv(entries: Iterable[Entry]) -> str:
    """Every entry as a line for a spreadsheet; text that one would take for a formula begins with an apostrophe."""
    rows = [row_of(entry) for entry in entries]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["entry"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _inert(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def _inert(value: Any) -> Any:
    """What begins so is run by spreadsheets (OWASP, CSV injection)."""
    dangerous = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    return f"'{value}" if dangerous else value
