"""The ledger of a site as one HTML file for those who oversee it, such as an ethics board; it prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from markupsafe import Markup

from medeval.domain.ledger import Entry, EntryKind, unanswered
from medeval.report import html
from medeval.report.ledger_words import WORDS, Total, decider_words, totals_of
from medeval.report.page import short_digest
from medeval.report.reading import count

#: How each kind is marked: what told something of data, what was kept, what went wrong.
_TAGS = {
    EntryKind.RESULT: "info",
    EntryKind.COMPARISON: "info",
    EntryKind.WITHHELD: "warn",
    EntryKind.STOPPED: "warn",
    EntryKind.REFUSED: "bad",
    EntryKind.RECOVERED: "bad",
}


@dataclass(frozen=True)
class Source:
    """Whose ledger it is, and what it was found to be."""

    site: str
    title: str
    fingerprint: str
    head: str


@dataclass(frozen=True)
class Line:
    """An entry, in words."""

    number: int
    day: str
    hour: str
    what: str
    tag: str
    about: str
    small: tuple[str, ...]
    dataset: str
    bits: str
    size: str
    digest: str
    decided: str
    note: str


@dataclass(frozen=True)
class LedgerPage:
    """What the template prints."""

    source: Source
    lede: str
    facts: tuple[tuple[str, str, str], ...]
    totals: tuple[Total, ...]
    lines: tuple[Line, ...]


def export(entries: Sequence[Entry], source: Source) -> str:
    """One HTML file with every entry in it."""
    text = html.css()
    # Trusted text: the stylesheet is ours; the template escapes every value.
    css = Markup(text)  # noqa: S704
    return html.render("ledger.html.j2", page=_page(entries, source), css=css, style_hash=html.style_hash(text))


def _page(entries: Sequence[Entry], source: Source) -> LedgerPage:
    waiting = unanswered(tuple(entries))
    return LedgerPage(
        source=source,
        lede=_lede(entries),
        facts=tuple(_facts(entries, source)),
        totals=tuple(totals_of(entries)),
        lines=tuple(_line(entry, waits=entry.number in waiting) for entry in entries),
    )


def _lede(entries: Sequence[Entry]) -> str:
    """The sentence first."""
    kinds = [entry.event.kind for entry in entries]
    sent = [entry for entry in entries if entry.event.sent is not None]
    bits = ceil(sum(entry.event.bits for entry in sent))
    kept = kinds.count(EntryKind.WITHHELD), kinds.count(EntryKind.STOPPED)
    released = kinds.count(EntryKind.RESULT), kinds.count(EntryKind.COMPARISON)
    return (
        f"{count(len(sent), 'message')} left, with {count(released[0], 'result')} and "
        f"{count(released[1], 'comparison')} among them; together they tell at most {bits} bits about the data. "
        f"{kept[0]} withheld by the data owner, {kept[1]} stopped by the rules of disclosure control."
    )


def _facts(entries: Sequence[Entry], source: Source) -> list[tuple[str, str, str]]:
    """(label, value, small print)."""
    span = f"{entries[0].time[:10]} to {entries[-1].time[:10]}" if entries else ""
    return [
        ("Site", source.title, source.site),
        ("Entries", str(len(entries)), span),
        ("Key of the site", short_digest(source.fingerprint), "in full below"),
        ("Last entry", short_digest(source.head), "in full below"),
    ]


def _line(entry: Entry, *, waits: bool) -> Line:
    event, topic = entry.event, entry.event.topic
    answers = () if event.answers is None else (f"answer to entry {event.answers}",)
    silent = ("no answer yet: it may have left",) if waits else ()
    reason = (f"reason: {event.reason}",) if event.reason else ()
    return Line(
        number=entry.number,
        day=entry.time[:10],
        hour=entry.time[11:19],
        what=WORDS[event.kind],
        tag=_TAGS.get(event.kind, ""),
        about=", ".join(topic.models),
        small=(*reason, *answers, *silent, *(f"model of {owner}" for owner in topic.owners)),
        dataset=topic.dataset or "",
        bits=str(ceil(event.bits)),
        size=str(event.sent.size_bytes) if event.sent else "nothing left",
        digest=event.sent.digest.removeprefix("sha256:") if event.sent else "",
        decided=decider_words(event),
        note=event.note,
    )
