"""`medeval result`: what waits for the data owner, and the decision to release or withhold it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medeval.cli.options import Output, OutputOption, home_of
from medeval.errors import UsageError

if TYPE_CHECKING:
    from medeval.site.review import Reviewed

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Review results; release or withhold them."
)

Names = Annotated[
    list[str] | None,
    typer.Argument(
        help="Models whose results are meant, by name, or comparison/DATASET; or ids, by their first letters."
    ),
]
All = Annotated[bool, typer.Option("--all", help="Every result that waits.")]
InBenchmark = Annotated[str | None, typer.Option("--benchmark", help="Only results of this benchmark.")]
Note = Annotated[str, typer.Option(help="Why, in your own words: for the ledger of this site, never sent.")]
InDataset = Annotated[str | None, typer.Option("--dataset", help="Only results of this dataset.")]

#: Columns that a narrow terminal can do without.
SPARE = ("id", "sent", "benchmark")


@app.command("list")
def list_results(ctx: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List every execution and comparison of this site and how far it has come."""
    from medeval.cli.context import get_site
    from medeval.site import review

    _show(review.list_results(get_site(home_of(ctx))), output, empty="No execution yet. Run `medeval site run`.")


@app.command("show")
def show_result(
    ctx: typer.Context,
    model: Annotated[
        str, typer.Argument(help="The model, or comparison/DATASET, by name; or an id, by its first letters.")
    ],
    benchmark: InBenchmark = None,
    dataset: InDataset = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what would leave, or has left, for a model: every number of it; or why there is no result."""
    from medeval.cli.context import get_site
    from medeval.cli.review_screen import screen_of
    from medeval.cli.terminal import pen_for
    from medeval.site import review

    site = get_site(home_of(ctx))
    found = review.get_results(site, [model], benchmark=benchmark, dataset=dataset)
    if output is not Output.TABLE:
        _show(found, output, empty="")
        return
    pen = pen_for(sys.stdout)
    screens = ["\n".join(screen_of(reviewed, site.store, pen)) for reviewed in found]
    typer.echo("\n\n\n".join(screens))


@app.command("review")
def review_results(
    ctx: typer.Context,
    models: Names = None,
    benchmark: InBenchmark = None,
    dataset: InDataset = None,
    page: Annotated[
        bool, typer.Option("--page", help="Show it as pages in a browser on this machine, and decide there.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what waits for a decision: its numbers, the exact bytes that would leave, and what they cost."""
    from medeval.cli.context import opened_site
    from medeval.cli.render import machine
    from medeval.cli.review_screen import screen_of
    from medeval.cli.reviewing import approval_lines, approval_of
    from medeval.cli.terminal import pen_for
    from medeval.site import review
    from medeval.site.records import Stage

    if page:
        _serve(home_of(ctx), alone=not (models or benchmark or dataset) and output is Output.TABLE)
        return

    with opened_site(home_of(ctx), "review") as site:
        found = review.get_results(site, models or [], benchmark=benchmark, dataset=dataset)
        waiting = [row for row in found if row.stage is Stage.EVALUATED]
        if output is not Output.TABLE:
            machine([approval_of(site, row) for row in waiting], output)
            return
        pen = pen_for(sys.stdout)
        screens = [[*screen_of(row, site.store, pen), "", *approval_lines(site, row, pen)] for row in waiting]
    typer.echo("\n\n\n".join("\n".join(screen) for screen in screens) or "No result waits for review.")


def _serve(home: Path, *, alone: bool) -> None:
    from medeval.cli.review_server import serve

    if not alone:
        raise UsageError("--page shows everything that waits", "Give it alone.")
    serve(home, typer.echo)


@app.command()
def release(  # noqa: PLR0913 an option each
    ctx: typer.Context,
    models: Names = None,
    every: All = False,
    benchmark: InBenchmark = None,
    dataset: InDataset = None,
    withheld: Annotated[bool, typer.Option("--withheld", help="Release what was withheld before.")] = False,
    digest: Annotated[
        str | None, typer.Option(help="Release nothing but the bytes of this digest, as `result review` showed them.")
    ] = None,
    note: Note = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Sign results and send them to the results server. What was released cannot be called back."""
    from medeval.cli.context import opened_site
    from medeval.cli.progress import steps
    from medeval.cli.reviewing import note_of
    from medeval.site import release as releasing
    from medeval.site import review

    _check_choice(models, every=every)
    words = note_of(note)
    with opened_site(home_of(ctx), "review") as site, steps("Releasing") as report:
        found = review.releasable(site, models or [], benchmark=benchmark, dataset=dataset, withheld=withheld)
        for reviewed in found:
            if digest is not None:
                releasing.check_approved(site, reviewed.files, digest)
            report(reviewed.model, "sign and send")
            releasing.release(site, reviewed.files, words)
        rows = _again(review.list_results(site), found)
    _show(rows, output, empty="No withheld result is here." if withheld else "No result waits for review.")


@app.command()
def withhold(  # noqa: PLR0913 an option each
    ctx: typer.Context,
    models: Names = None,
    every: All = False,
    benchmark: InBenchmark = None,
    dataset: InDataset = None,
    reason: Annotated[
        str, typer.Option(help="data-owner-decision, data-quality, disclosure-risk or model-concern.")
    ] = "data-owner-decision",
    note: Note = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Keep results at the site; the leaderboard shows that they were withheld, and the reason."""
    from medeval.cli.context import opened_site
    from medeval.cli.reviewing import note_of, reason_of
    from medeval.site import release as releasing
    from medeval.site import review

    _check_choice(models, every=every)
    why, words = reason_of(reason), note_of(note)
    with opened_site(home_of(ctx), "review") as site:
        found = review.withholdable(site, models or [], benchmark=benchmark, dataset=dataset)
        for reviewed in found:
            releasing.withhold(site, reviewed.files, why, words)
        rows = _again(review.list_results(site), found)
    _show(rows, output, empty="No result waits for review.")


@app.command("allow")
def allow_release(
    ctx: typer.Context,
    models: Annotated[
        list[str] | None, typer.Argument(help="Models, by name or digest; none: every model that may run here.")
    ] = None,
    benchmark: Annotated[str | None, typer.Option(help="The benchmark whose results may leave without you.")] = None,
    least_level: Annotated[
        int, typer.Option(min=1, max=4, help="Least level of isolation under which they were computed.")
    ] = 2,
    until: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Last day, in UTC, of the rule.")] = None,
    revoke: Annotated[str | None, typer.Option(help="Take back the rules for this model or benchmark.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Allow results to be released by `medeval site run` without you. Without words: show the rules."""
    from medeval.cli.context import opened_site
    from medeval.cli.render import machine, show
    from medeval.site import automatic

    if not benchmark and (models or until):
        raise UsageError("a release rule is for one benchmark", "Give --benchmark too.")
    with opened_site(home_of(ctx), "review") as site:
        if benchmark:
            automatic.make_rules(site, benchmark, models or [], least_level=least_level, until=until)
        if revoke:
            automatic.revoke_rules(site, revoke)
        kept, day = site.store.get_release_rules(), automatic.today()
    if output is not Output.TABLE:
        machine(kept.model_dump(mode="json"), output)
        return
    rows = [
        {"released without you": rule.words, "holds": rule.holds(day), "rule": rule.to_digest()} for rule in kept.rules
    ]
    show(rows, output, empty="Nothing leaves without you: there is no release rule.", spare=("rule",))


def _check_choice(models: list[str] | None, *, every: bool) -> None:
    if bool(models) == every:
        raise UsageError("say which results are meant", "Name models, or give --all.")


def _again(now: list["Reviewed"], before: list["Reviewed"]) -> list["Reviewed"]:
    """How those that were decided on stand now."""
    decided = {reviewed.execution for reviewed in before}
    return [reviewed for reviewed in now if reviewed.execution in decided]


def _show(found: list["Reviewed"], output: Output, *, empty: str) -> None:
    from medeval.cli.render import machine, show

    if output is Output.TABLE:
        show(found, output, row=_row, empty=empty, spare=SPARE)
    else:
        machine([_plain(reviewed) for reviewed in found], output)


def _row(reviewed: "Reviewed") -> dict[str, Any]:
    return {
        "model": reviewed.model,
        "benchmark": reviewed.benchmark,
        "dataset": reviewed.dataset,
        "state": reviewed.stage.value + (" by rule" if _rule(reviewed) else ""),
        "sent": reviewed.sent,
        "id": reviewed.execution.removeprefix("sha256:")[:12],
    }


def _plain(reviewed: "Reviewed") -> dict[str, Any]:
    """An execution or a comparison as machines read it, the same in `list` and `show`."""
    from medeval.site.comparison_files import ComparisonFiles

    files, failure, signed = reviewed.files, reviewed.files.failure(), reviewed.files.signed()
    evaluation = None if isinstance(files, ComparisonFiles) else files.evaluation()
    comparison = files.paired() if isinstance(files, ComparisonFiles) else None
    refusal = signed.refusal if signed else None
    return {
        "execution": reviewed.execution,
        "model": reviewed.model,
        "benchmark": reviewed.benchmark,
        "dataset": reviewed.dataset,
        "state": reviewed.stage.value,
        "sent": reviewed.sent,
        "evaluation": evaluation.model_dump(mode="json") if evaluation else None,
        "comparison": comparison.model_dump(mode="json") if comparison else None,
        "failure": failure.model_dump(mode="json") if failure else None,
        "refusal": refusal.model_dump(mode="json") if refusal else None,
        "rule": _rule(reviewed),
    }


def _rule(reviewed: "Reviewed") -> str | None:
    """The release rule by which it left, where no person decided."""
    signed = reviewed.files.signed()
    return signed.rule if signed else None
