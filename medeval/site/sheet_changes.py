"""What changed since the last release of a dataset in a benchmark to the same owners: old values beside new."""

from base64 import b64decode
from dataclasses import dataclass
from typing import Any

from medeval.domain.attestation import ComparisonStatement, NoResultStatement, ResultStatement, read_statement
from medeval.domain.ledger import ANSWERS, Entry, EntryKind
from medeval.domain.paired import PairedEvaluation
from medeval.domain.result import Evaluation, GroupEvaluation
from medeval.site.comparison_files import ComparisonFiles, list_comparisons
from medeval.site.context import Site
from medeval.site.entries import topic_of_comparison, topic_of_execution
from medeval.site.sheet_numbers import written
from medeval.site.store import ExecutionFiles


@dataclass(frozen=True)
class Change:
    """A field of which another value left before."""

    field: str
    before: str
    now: str


@dataclass(frozen=True)
class Since:
    """The last release, in words, and what differs from it; `same` names the fields that do not."""

    last: str
    changes: tuple[Change, ...] = ()
    same: tuple[str, ...] = ()


def since_last(site: Site, files: ExecutionFiles | ComparisonFiles) -> Since:
    """Against the last that the ledger says left, and that the server did not refuse; raises `LedgerBroken`."""
    last = _find_last(site, files)
    if last is None:
        return Since("This is the first release of this dataset in this benchmark to this owner.")
    models = ", ".join(last.event.topic.models)
    words = f"Last release to this owner: {models}, {last.time[:10]}, entry {last.number} of the ledger."
    old = _find_released(site, last.event.topic.subject)
    now = files.paired() if isinstance(files, ComparisonFiles) else files.evaluation()
    if old is None or now is None:
        return Since(f"{words} Its numbers are no longer kept here.")
    return _compared(words, _fields(old), _fields(now))


def _find_last(site: Site, files: ExecutionFiles | ComparisonFiles) -> Entry | None:
    """The newest entry of the same kind, benchmark, dataset and owner, about something else than this."""
    if isinstance(files, ComparisonFiles):
        topic, kind = topic_of_comparison(files.spec(), ()), EntryKind.COMPARISON
        owners = {site.store.execution(one.to_digest()).task().organisation for one in files.spec().executions}
    else:
        topic, kind = topic_of_execution(files.task().execution, ()), EntryKind.RESULT
        owners = {files.task().organisation}
    ledger = site.ledger.read()
    entries = ledger.entries if ledger else ()
    answered = {entry.event.answers: entry.event.kind for entry in entries if entry.event.kind in ANSWERS}
    for entry in reversed(entries):
        about, refused = entry.event.topic, answered.get(entry.number) is EntryKind.REFUSED
        alike = (about.dataset, about.benchmark) == (topic.dataset, topic.benchmark) and owners & set(about.owners)
        if entry.event.kind is kind and alike and not refused and about.subject != topic.subject:
            return entry
    return None


def _find_released(site: Site, subject: str) -> Evaluation | PairedEvaluation | None:
    """What was signed, from its own payload."""
    comparisons = [files for files in list_comparisons(site.store) if files.spec().to_digest() == subject]
    files: ExecutionFiles | ComparisonFiles = comparisons[0] if comparisons else site.store.execution(subject)
    signed = files.signed()
    statement = read_statement(b64decode(signed.envelope.payload)) if signed else None
    match statement:
        case ResultStatement():
            return statement.predicate.result.evaluation
        case ComparisonStatement():
            return statement.predicate.result.paired
        case NoResultStatement() | None:
            return None


def _fields(found: Evaluation | PairedEvaluation) -> dict[str, Any]:
    """Every field of every part, by name."""
    fields: dict[str, Any] = {"cases": found.cases}
    groups = found.groups if isinstance(found, Evaluation) else ()
    shown = [(f"{group.name} {group.level}: ", group) for group in groups if isinstance(group, GroupEvaluation)]
    fields |= {f"{name}cases": group.cases for name, group in shown}
    for name, part in [("", found), *shown]:
        for place, state in enumerate(part.states):
            label = f"{name}{getattr(state, 'kind', 'state')}[{place}]"
            fields |= {f"{label}.{field}": getattr(state, field) for field in type(state).model_fields}
    return fields


def _compared(words: str, old: dict[str, Any], now: dict[str, Any]) -> Since:
    names = [name for name in dict.fromkeys((*old, *now)) if not name.endswith(".kind")]
    differs = [name for name in names if old.get(name) != now.get(name)]
    changes = tuple(Change(name, _text(old, name), _text(now, name)) for name in differs)
    return Since(words, changes, tuple(name for name in names if name not in differs))


def _text(fields: dict[str, Any], name: str) -> str:
    return (written(fields[name]) or "other words") if name in fields else "none"
