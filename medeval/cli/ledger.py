"""`medeval site ledger`: what left this site, what was kept, what was refused."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medeval.cli.options import Output, OutputOption, home_of
from medeval.errors import LedgerBroken, NotFound, UsageError

if TYPE_CHECKING:
    from medeval.domain.ledger import Entry
    from medeval.signing.ledger import Ledger
    from medeval.site.store import SiteStore

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Show, verify and export what left this site and what was kept.",
)

#: Columns that a narrow terminal can do without.
SPARE = ("by", "bytes", "day")


@app.command()
def show(
    ctx: typer.Context,
    dataset: Annotated[str | None, typer.Option(help="Only entries of this dataset.")] = None,
    model: Annotated[str | None, typer.Option(help="Only entries of this model: NAME or NAME@VERSION.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind, such as result, withheld or refused.")] = None,
    since: Annotated[str | None, typer.Option(help="Only from this day on (UTC): YYYY-MM-DD.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show the entries: what left, how many bits it told at most, what was kept and why, what the server answered."""
    from medeval.cli.render import machine
    from medeval.cli.render import show as show_all
    from medeval.domain.ledger import unanswered

    every = _entries(_get_store(ctx))
    entries, waiting = _chosen(every, dataset, model, kind, since), unanswered(every)
    if output is Output.TABLE:
        show_all(entries, output, row=partial(_row, waiting), empty="No such entry.", spare=SPARE)
    else:
        machine([{**entry.model_dump(mode="json"), "digest": entry.to_digest()} for entry in entries], output)


@app.command()
def verify(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Option(help="An exported ledger (.jsonl) in place of this site's own.")] = None,
    fingerprint: Annotated[str | None, typer.Option(help="The key that must have signed it.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Verify every entry and the end of the ledger; exit code 38 and the first wrong entry where it does not hold."""
    from medeval.cli.render import show_one

    found = _of_file(file) if file else _of_site(_get_store(ctx))
    if fingerprint and found.fingerprint != fingerprint:
        hint = "Ask the operator of the results server which fingerprint it accepted for this site."
        raise LedgerBroken("the ledger was signed by another key than that of the given fingerprint", hint)
    show_one(_verdict(found), output)


@app.command()
def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to write it: .html to read, .jsonl to verify, .csv to count.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Write the whole ledger for those who oversee the site: a page that prints, or lines that can be verified."""
    from medeval.cli.render import show_one
    from medeval.signing.ledger import check_export

    store = _get_store(ctx)
    data = _ledger_of(store).exported()
    found = check_export(data)
    try:
        file.write_bytes(_in_form(file.suffix, data, found, store))
    except OSError as exc:
        raise UsageError("the ledger cannot be written there", "Choose another file.") from exc
    show_one({"file": str(file), **_verdict(found)}, output)


def _in_form(suffix: str, data: bytes, found: "Ledger", store: "SiteStore") -> bytes:
    from medeval.report import ledger_page
    from medeval.report.ledger_words import to_csv

    match suffix:
        case ".jsonl" | ".json":
            return data
        case ".csv":
            return to_csv(found.entries).encode()
        case ".html":
            site = store.get_site()
            source = ledger_page.Source(site.name, site.title, found.fingerprint, _head(found))
            return ledger_page.export(found.entries, source).encode()
        case _:
            raise UsageError("the ledger is written as .html, .jsonl or .csv", "Give the file such an ending.")


def _get_store(ctx: typer.Context) -> "SiteStore":
    """The files of this home's site; raises `NotFound` before `site init`."""
    from medeval.site.build import site_store

    store = site_store(home_of(ctx))
    store.get_site()
    return store


def _ledger_of(store: "SiteStore") -> Any:
    from medeval.site.ledger import SiteLedger

    return SiteLedger(store)


def _of_site(store: "SiteStore") -> "Ledger":
    found: Ledger | None = _ledger_of(store).verify()
    if found is None:
        raise NotFound("this site has no ledger yet", "It is begun by the first command that sends something.")
    return found


def _of_file(path: Path) -> "Ledger":
    from medeval.signing.ledger import check_export

    try:
        return check_export(path.read_bytes())
    except OSError as exc:
        raise UsageError("the exported ledger cannot be read", "Check the path after --file.") from exc


def _entries(store: "SiteStore") -> "tuple[Entry, ...]":
    found: Ledger | None = _ledger_of(store).read()
    return found.entries if found else ()


def _head(found: "Ledger") -> str:
    from medeval.domain.ledger import NOTHING_BEFORE

    return found.last.to_digest() if found.last else NOTHING_BEFORE


def _verdict(found: "Ledger") -> dict[str, Any]:
    """What was found of a ledger that holds, and the bytes of an entry that a crash interrupted, if there are any."""
    unfinished = {"unfinished_bytes": found.torn_bytes} if found.torn_bytes else {}
    return {
        "ledger": "holds",
        "entries": len(found.entries),
        "head": _head(found),
        "fingerprint": found.fingerprint,
        **unfinished,
    }


def _chosen(
    entries: "Sequence[Entry]", dataset: str | None, model: str | None, kind: str | None, since: str | None
) -> "list[Entry]":
    _check_choice(kind, since)
    return [
        entry
        for entry in entries
        if (dataset is None or dataset in _names(entry.event.topic.dataset, "/", 2))
        and (model is None or any(model in _names(ref, "@", 0) for ref in entry.event.topic.models))
        and (kind is None or entry.event.kind == kind)
        and (since is None or entry.time >= since)
    ]


def _names(ref: str | None, mark: str, part: int) -> tuple[str, ...]:
    """What people may call something: the whole reference, or its name alone."""
    return () if ref is None else (ref, ref.partition(mark)[part])


def _check_choice(kind: str | None, since: str | None) -> None:
    from datetime import date

    from medeval.domain.ledger import EntryKind

    if kind is not None and kind not in set(EntryKind):
        raise UsageError("there is no such kind of entry", f"Give one of {', '.join(EntryKind)}.")
    try:
        date.fromisoformat(since or "2000-01-01")
    except ValueError as exc:
        raise UsageError("--since is no day", "Write it as YYYY-MM-DD.") from exc


def _row(waiting: frozenset[int], entry: "Entry") -> dict[str, Any]:
    """A line of the table; the day is enough for reading, and what waits for an answer says so."""
    from math import ceil

    from medeval.report.ledger_words import row_of

    row, silent = row_of(entry), "no answer yet" if entry.number in waiting else ""
    return {
        "entry": row["entry"],
        "day": row["time"][:10],
        "what": ": ".join(filter(None, (row["kind"], row["reason"], silent))),
        "models": row["models"],
        "dataset": row["dataset"],
        "bits": ceil(row["bits"]) if entry.event.sent else "",
        "bytes": row["bytes"],
        "by": row["decided_by"].replace(" ", "-"),
    }
