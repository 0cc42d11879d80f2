"""`medeval site`: the data owner's installation."""

from typing import TYPE_CHECKING, Annotated

import typer

from medeval.cli.options import Output, OutputOption, RuntimeOption, home_of
from medeval.errors import UsageError

if TYPE_CHECKING:
    from medeval.site.agent import Round

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Set up a site, allow models, run executions.",
)


@app.command()
def init(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Short name of the site, such as cleveland.")],
    title: Annotated[str | None, typer.Option(help="Full name, as the leaderboard shows it.")] = None,
    runtime: RuntimeOption = "auto",
    output: OutputOption = Output.TABLE,
) -> None:
    """Make the site's key, register it, and show the fingerprint that the operator compares."""
    from medeval.cli.context import get_api, get_login
    from medeval.cli.progress import steps
    from medeval.cli.render import show_one
    from medeval.cli.runtimes import pick
    from medeval.domain.permissions import Role
    from medeval.site.build import site_store
    from medeval.site.lock import hold
    from medeval.site.setup import init_site

    home = home_of(ctx)
    store = site_store(home)
    with steps("Setting up") as report, hold(store.root, "agent"):
        report(name, "try the runtimes of this machine")
        _, probe = pick(runtime, store.cache)
        api = get_api(home, Role.DATA_OWNER)
        record = init_site(store, api, name, title or name, get_login(home).server, probe)
    show_one(
        {
            "site": record.name,
            "runtime": f"{record.sandbox.runtime} {record.sandbox.version}, level {record.sandbox.level}",
            "fingerprint": record.fingerprint,
            "next": f"the operator compares it: medeval server accept {record.name} --fingerprint {record.fingerprint}",
        },
        output,
    )


@app.command()
def allow(
    ctx: typer.Context,
    models: Annotated[list[str] | None, typer.Argument(help="Models that may run here, by name.")] = None,
    benchmark: Annotated[
        str | None, typer.Option(help="Standing rule: every model that the committee approved in this benchmark.")
    ] = None,
    organisation: Annotated[str | None, typer.Option(help="Narrow the rule to models of one organisation.")] = None,
    revoke: Annotated[str | None, typer.Option(help="Take back what was allowed for this model or benchmark.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Permit models to run at this site; nothing else runs, whatever the server says. Without words: show the rules."""
    from medeval.cli.context import opened_site
    from medeval.cli.render import show
    from medeval.site import allow as rules

    if organisation and not benchmark:
        raise UsageError("--organisation narrows a rule for a benchmark", "Give --benchmark too.")
    with opened_site(home_of(ctx), "review") as site:
        if models:
            rules.allow_models(site, models)
        if benchmark:
            rules.allow_rule(site, benchmark, organisation)
        if revoke:
            rules.revoke(site, revoke)
        kept = site.store.get_allow_list()
    named = [{"allowed": model.ref, "what": "this model", "digest": model.digest} for model in kept.models]
    standing = [
        {"allowed": rule.benchmark, "what": f"models approved there, of {rule.organisation or 'anyone'}", "digest": ""}
        for rule in kept.rules
    ]
    show([*named, *standing], output, empty="No model may run here yet.")


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
    from medeval.cli.progress import steps
    from medeval.errors import MedevalError
    from medeval.site.agent import run_once
    from medeval.site.lock import hold

    site = get_site(home_of(ctx))
    with steps("Running") as report:
        while True:
            try:
                with hold(site.store.root, "agent"):
                    done = run_once(site, report, retry_failed=retry_failed)
                _show_round(done, output)
            except MedevalError as exc:
                if not watch:
                    raise
                typer.echo(f"error: {exc.message}\nhint:  {exc.hint}", err=True)
            if not watch:
                return
            time.sleep(every_s)


def _show_round(done: "Round", output: Output) -> None:
    from medeval.cli.render import show_one

    record = {
        "evaluated now": done.evaluated,
        "failed now": done.failed,
        "statements sent": done.sent,
        "not allowed here": list(done.not_allowed),
        "waiting for review": done.waiting,
    }
    if done.waiting:
        record["next"] = "medeval result list, then medeval result release"
    show_one(record, output)


@app.command("show")
def show_site(ctx: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """Show this site: key fingerprint, runtime, datasets."""
    from medeval.cli.render import show_one
    from medeval.site.build import site_store

    store = site_store(home_of(ctx))
    record = store.get_site()
    show_one(
        {
            "site": record.name,
            "title": record.title,
            "server": record.server,
            "fingerprint": record.fingerprint,
            "runtime": f"{record.sandbox.runtime} {record.sandbox.version}, level {record.sandbox.level}",
            "datasets": [dataset.card.name for dataset in store.list_datasets()],
        },
        output,
    )
