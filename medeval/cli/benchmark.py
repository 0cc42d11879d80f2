"""`medeval benchmark`: the committee's work."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medeval.cli.options import Output, OutputOption, RuntimeOption, home_of
from medeval.errors import UsageError

if TYPE_CHECKING:
    from medeval.domain.messages import Association, BenchmarkItem

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Write, check, publish benchmarks; approve."
)

Folder = Annotated[Path, typer.Argument(help="Folder that holds benchmark.yaml.")]
Ref = Annotated[str, typer.Argument(metavar="BENCHMARK", help="A benchmark: NAME or NAME@VERSION.")]


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Folder to make.")]) -> None:
    """Make a folder with a working example: spec, preparator, evaluator, rehearsal data."""
    from medeval.cli.progress import done
    from medeval.packaging.scaffold import new_benchmark

    new_benchmark(folder)
    done(f"{folder}: edit benchmark.yaml, then medeval benchmark check {folder}")


@app.command()
def check(folder: Folder, output: OutputOption = Output.TABLE) -> None:
    """Check a draft and the manifests of its cubes, without building anything."""
    from medeval.cli.render import show_one
    from medeval.packaging.publish import check_draft

    draft = check_draft(folder)
    show_one(
        {
            "benchmark": draft.ref,
            "title": draft.title,
            "primary metric": draft.analysis.primary_metric.value,
            "data": draft.data_class.value,
            "disclosure policy": draft.disclosure.name,
            "check": "fits its schema; cubes and rehearsal data are there",
        },
        output,
    )


@app.command()
def publish(
    ctx: typer.Context, folder: Folder, runtime: RuntimeOption = "auto", output: OutputOption = Output.TABLE
) -> None:
    """Build the draft's cubes, rehearse its data preparation, freeze every digest, and publish the spec."""
    from medeval.cli.context import get_api, get_blobs, get_cache
    from medeval.cli.progress import steps
    from medeval.cli.render import show_one
    from medeval.cli.runtimes import pick
    from medeval.domain.permissions import Role
    from medeval.packaging.publish import publish as publish_benchmark

    home = home_of(ctx)
    api, blobs = get_api(home, Role.COMMITTEE), get_blobs(home, Role.COMMITTEE)
    with steps("Publishing") as report:
        chosen, _ = pick(runtime, home / "cache")
        published = publish_benchmark(folder, chosen, get_cache(home), api, blobs, report)
    if not published.is_new:
        typer.echo("Published already; nothing was changed.", err=True)
    show_one(_row(published.item), output)


@app.command("list")
def list_benchmarks(ctx: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List the published benchmarks."""
    from medeval.cli.context import get_api
    from medeval.cli.render import show

    show([_row(item) for item in get_api(home_of(ctx)).list_benchmarks()], output, empty="No benchmark yet.")


@app.command("show")
def show_benchmark(ctx: typer.Context, benchmark: Ref, output: OutputOption = Output.TABLE) -> None:
    """Show a published benchmark, and the models and datasets that take part or wait."""
    from medeval.cli.context import get_api
    from medeval.cli.render import machine, show, show_one

    api = get_api(home_of(ctx))
    item = api.get_benchmark(benchmark)
    associations = [_association(found) for found in api.list_associations(item.spec.ref)]
    if output is not Output.TABLE:
        machine({**item.model_dump(mode="json"), "associations": associations}, output)
        return
    show_one({**_row(item), "question": item.spec.question, "digest": item.digest}, output)
    show(associations, output, empty="No model or dataset has asked to take part.")


@app.command()
def approve(
    ctx: typer.Context,
    benchmark: Ref,
    subjects: Annotated[
        list[str] | None, typer.Argument(help="Models (NAME or NAME@VERSION) and datasets (SITE/NAME).")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Everything that waits.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Reject instead; needs --reason.")] = False,
    reason: Annotated[str, typer.Option(help="Shown to whoever asked.")] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Approve, or reject with a reason, the models and datasets that ask to take part."""
    from medeval.cli.context import get_api
    from medeval.cli.render import show
    from medeval.domain.messages import Decision
    from medeval.domain.permissions import Role

    if reject and not reason:
        raise UsageError("a rejection needs a reason", "Give --reason, in words that whoever asked can act on.")
    if bool(subjects) == every:
        raise UsageError("say which models and datasets are meant", "Name them, or give --all.")
    api = get_api(home_of(ctx), Role.COMMITTEE)
    ref = api.get_benchmark(benchmark).spec.ref
    decided = [
        api.decide(
            Decision.from_plain(
                {
                    "benchmark": ref,
                    "kind": found.kind,
                    "subject": found.subject,
                    "state": "rejected" if reject else "approved",
                    "reason": reason,
                }
            )
        )
        for found in _chosen(api.list_associations(ref), subjects or [])
    ]
    show([_association(association) for association in decided], output, empty="Nothing waits for a decision.")


def _chosen(associations: list["Association"], names: list[str]) -> list["Association"]:
    """Those that the names mean; without names, those that wait."""
    if not names:
        return [found for found in associations if found.state.value == "pending"]
    chosen = [found for found in associations if found.subject in names or found.subject.partition("@")[0] in names]
    known = {found.subject for found in chosen} | {found.subject.partition("@")[0] for found in chosen}
    for name in names:
        if name not in known:
            raise UsageError(f"{name[:80]} has not asked to take part", "See `medeval benchmark show BENCHMARK`.")
    return chosen


def _association(found: "Association") -> dict[str, Any]:
    return {
        "kind": found.kind,
        "subject": found.subject,
        "organisation": found.organisation,
        "state": found.state.value,
        "reason": found.reason,
    }


def _row(item: "BenchmarkItem") -> dict[str, Any]:
    return {
        "benchmark": item.spec.ref,
        "title": item.spec.title,
        "primary metric": item.spec.analysis.primary_metric.value,
        "data": item.spec.data_class.value,
        "disclosure policy": item.spec.disclosure.name,
        "published by": item.organisation,
    }
