"""`medeval site`: the data owner's installation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medeval.cli import doctoring, ledger
from medeval.cli.doctoring import Part
from medeval.cli.options import Output, OutputOption, RuntimeOption, home_of
from medeval.errors import UsageError

if TYPE_CHECKING:
    from medeval.errors import MedevalError
    from medeval.site.agent import Round
    from medeval.site.context import Site
    from medeval.site.records import AllowList, SiteRecord
    from medeval.site.store import SiteStore

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Set up a site, allow models, run executions.",
)
app.add_typer(ledger.app, name="ledger")


@app.command()
def init(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Short name of the site, such as cleveland.")],
    title: Annotated[str | None, typer.Option(help="Full name, as the leaderboard shows it.")] = None,
    runtime: RuntimeOption = "auto",
    min_level: Annotated[
        int | None,
        typer.Option(min=0, max=4, help="Least level of isolation that may run here, whatever a benchmark asks for."),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make the site's key, register it, and show the fingerprint that the operator compares."""
    from medeval.cli.progress import done
    from medeval.cli.render import show_one
    from medeval.site.build import site_store

    record = _set_up(home_of(ctx), name, title or name, runtime, min_level)
    show_one(_plain(site_store(home_of(ctx))), output, row=lambda _: _card(record))
    done(f"the operator compares the fingerprint: medeval server accept {record.name}")


def _set_up(home: Path, name: str, title: str, runtime: str, min_level: int | None) -> "SiteRecord":
    from medeval.cli.context import get_login
    from medeval.cli.progress import steps
    from medeval.cli.runtimes import pick
    from medeval.site.build import open_door, site_store
    from medeval.site.lock import hold
    from medeval.site.setup import init_site

    store = site_store(home)
    with steps("Setting up") as report, hold(store.root, "agent"):
        report(name, "try the runtimes of this machine")
        chosen, probe = pick(runtime, store.cache)
        login = get_login(home)
        egress = open_door(store, login)
        if probe.level:
            store.put_examination(doctoring.held(chosen, home, report))
        return init_site(store, egress, name, title, login.server, probe, min_level)


@app.command()
def allow(
    ctx: typer.Context,
    models: Annotated[list[str] | None, typer.Argument(help="Models that may run here, by name or digest.")] = None,
    benchmark: Annotated[
        str | None, typer.Option(help="Standing rule: every model that the committee approved in this benchmark.")
    ] = None,
    organisation: Annotated[str | None, typer.Option(help="Narrow the rule to models of one organisation.")] = None,
    revoke: Annotated[str | None, typer.Option(help="Take back what was allowed for this model or benchmark.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Permit models to run at this site; nothing else runs, whatever the server says. Without words: show the rules."""
    from medeval.cli.context import opened_site
    from medeval.cli.render import machine, show

    if organisation and not benchmark:
        raise UsageError("--organisation narrows a rule for a benchmark", "Give --benchmark too.")
    with opened_site(home_of(ctx), "review") as site:
        _change_rules(site, models, benchmark, organisation, revoke)
        kept = site.store.get_allow_list()
    if output is not Output.TABLE:
        machine(kept.model_dump(mode="json"), output)
    else:
        show(_rules(kept), output, empty="No model may run here yet.", spare=("digest",))


def _change_rules(
    site: "Site", models: list[str] | None, benchmark: str | None, organisation: str | None, revoke: str | None
) -> None:
    from medeval.site import allow as rules

    if models:
        rules.allow_models(site, models)
    if benchmark:
        rules.allow_rule(site, benchmark, organisation)
    if revoke:
        rules.revoke(site, revoke)


def _rules(kept: "AllowList") -> list[dict[str, Any]]:
    named = [{"allowed": model.ref, "what": "this model", "digest": model.digest} for model in kept.models]
    standing = [
        {"allowed": rule.benchmark, "what": f"models approved there, of {rule.organisation or 'anyone'}"}
        for rule in kept.rules
    ]
    return [*named, *standing]


@app.command()
def run(
    ctx: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help="Go on polling until stopped.")] = False,
    every_s: Annotated[float, typer.Option(min=0.1, help="Seconds between two rounds of --watch.")] = 30.0,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed executions once more.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Pull tasks, run what is allowed, report failures. Results wait for `medeval result release`."""
    import time

    from medeval.cli.context import get_site

    site = get_site(home_of(ctx))
    stopped = _play_round(site, output, retry_failed=retry_failed, watch=watch)
    while watch:
        if stopped:
            typer.echo(f"error: {stopped.message}\nhint:  {stopped.hint}", err=True)
        time.sleep(every_s)
        stopped = _play_round(site, output, retry_failed=False, watch=True)
    if stopped:
        raise stopped


def _play_round(site: "Site", output: Output, *, retry_failed: bool, watch: bool) -> "MedevalError | None":
    """One round, which is told whatever it came to; returns what stopped it, if anything did."""
    from medeval.cli.progress import steps
    from medeval.errors import MedevalError
    from medeval.site.agent import run_once
    from medeval.site.lock import hold

    try:
        with steps("Running") as report, hold(site.store.root, "agent"):
            done = run_once(site, report, retry_failed=retry_failed)
    except MedevalError as exc:
        return exc
    _show_round(done, output, one_line=watch)
    return done.stopped


def _show_round(done: "Round", output: Output, *, one_line: bool) -> None:
    from medeval.cli.render import machine, show_one

    if output is not Output.TABLE:
        machine(_record(done), output, one_line=one_line)
        return
    row = {
        "evaluated now": done.evaluated,
        "failed now": done.failed,
        "compared now": done.compared,
        "statements sent": done.sent,
        "covered by a rule, but held back": done.held,
        "not allowed here": done.not_allowed,
        "refused by the server": done.refused,
        "waiting for review": done.waiting,
    }
    ruled = {"released by a rule": done.released} if done.released else {}
    then = {"next": "medeval result list, then medeval result release"} if done.waiting else {}
    show_one({key: value for key, value in row.items() if value != ()} | ruled | then, output)


def _record(done: "Round") -> dict[str, Any]:
    """A round as machines read it; what stopped it is told on stderr too."""
    stopped = done.stopped
    return {
        "evaluated": done.evaluated,
        "failed": done.failed,
        "compared": done.compared,
        "released": done.released,
        "sent": done.sent,
        "held": list(done.held),
        "not_allowed": list(done.not_allowed),
        "refused": list(done.refused),
        "waiting": done.waiting,
        "stopped": {"code": stopped.code, "message": stopped.message, "hint": stopped.hint} if stopped else None,
    }


@app.command()
def doctor(
    ctx: typer.Context,
    only: Annotated[list[Part] | None, typer.Option("--only", help="Look at this alone; may be repeated.")] = None,
    runtime: RuntimeOption = "auto",
    estimate: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Instead, try five cases of a waiting model and say how long all may take."),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Try in the sandbox of this site what no model may do, and look at machine and server. Nothing is sent."""
    from medeval.cli.render import machine, show
    from medeval.errors import RuntimeRefused

    home = home_of(ctx)
    parts = only or ([] if estimate else list(Part))
    found = [finding for part in Part if part in parts for finding in doctoring.look(part, home, runtime)]
    if estimate:
        found += doctoring.estimated(home, estimate)
    if output is not Output.TABLE:
        machine([finding.model_dump(mode="json") for finding in found], output)
    else:
        show(found, output, row=doctoring.row, spare=("control",))
    failed = [finding.what for finding in found if finding.is_missing]
    if failed:
        raise RuntimeRefused(
            f"{len(failed)} of {len(found)} controls do not hold here: {', '.join(failed)[:300]}",
            "The column `fix` says what to do; run `medeval site doctor` again afterwards.",
        )


@app.command("show")
def show_site(ctx: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """Show this site: key fingerprint, runtime, datasets."""
    from medeval.cli.render import show_one
    from medeval.site.build import site_store

    store = site_store(home_of(ctx))
    record = store.get_site()
    show_one(_plain(store), output, row=lambda plain: {**_card(record), "datasets": plain["datasets"]})


def _plain(store: "SiteStore") -> dict[str, Any]:
    """The site as machines read it, the same from `init` and `show`."""
    datasets = [dataset.card.name for dataset in store.list_datasets()]
    return {**store.get_site().model_dump(mode="json"), "datasets": datasets}


def _card(record: "SiteRecord") -> dict[str, Any]:
    from medeval.cli.wording import sandbox_words

    return {
        "site": record.name,
        "title": record.title,
        "server": record.server,
        "runtime": sandbox_words(record.sandbox),
        "least_level": record.min_level,
        "fingerprint": record.fingerprint,
    }
