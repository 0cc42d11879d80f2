"""`medeval result`: what waits for the data owner, and the decision to release or withhold it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from medeval.cli.options import Output, OutputOption, home_of
from medeval.errors import UsageError

if TYPE_CHECKING:
    from medeval.site.review import Reviewed

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Review results; release or withhold them."
)

Names = Annotated[list[str] | None, typer.Argument(help="Models whose results are meant, by name.")]
All = Annotated[bool, typer.Option("--all", help="Every result that waits.")]


@app.command("list")
def list_results(ctx: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List every execution of this site and how far it has come."""
    from medeval.cli.context import get_site
    from medeval.cli.render import show
    from medeval.site import review

    rows = [_row(reviewed) for reviewed in review.list_results(get_site(home_of(ctx)))]
    show(rows, output, empty="No execution yet. Run `medeval site run`.")


@app.command("show")
def show_result(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(help="The model, by name.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what would leave, or has left, for a model: every number of it; or why there is no result."""
    from medeval.cli.context import get_site
    from medeval.cli.render import show
    from medeval.site import review
    from medeval.site.records import Stage

    found = review.get_results(get_site(home_of(ctx)), [model], frozenset(Stage))
    rows = [_detail(reviewed, output) for reviewed in found]
    show(rows, output)


@app.command()
def release(ctx: typer.Context, models: Names = None, every: All = False, output: OutputOption = Output.TABLE) -> None:
    """Sign results and send them to the results server. What was released cannot be called back."""
    from medeval.cli.context import opened_site
    from medeval.cli.progress import steps
    from medeval.cli.render import show
    from medeval.site import release as releasing
    from medeval.site import review
    from medeval.site.records import Stage

    _check_choice(models, every=every)
    wanted = frozenset({Stage.EVALUATED}) if every else frozenset({Stage.EVALUATED, Stage.WITHHELD, Stage.RELEASED})
    with opened_site(home_of(ctx), "review") as site, steps("Releasing") as report:
        found = review.get_results(site, models or [], wanted)
        for reviewed in found:
            report(reviewed.model, "sign and send")
            releasing.release(site, reviewed.files)
        rows = [_row(row) for row in review.list_results(site) if row.execution in {r.execution for r in found}]
    show(rows, output, empty="No result waits for review.")


@app.command()
def withhold(
    ctx: typer.Context,
    models: Names = None,
    every: All = False,
    reason: Annotated[
        str, typer.Option(help="data-owner-decision, data-quality, disclosure-risk or model-concern.")
    ] = "data-owner-decision",
    output: OutputOption = Output.TABLE,
) -> None:
    """Keep results at the site; the leaderboard shows that they were withheld, and the reason."""
    from medeval.cli.context import opened_site
    from medeval.cli.render import show
    from medeval.domain.attestation import WithholdReason
    from medeval.site import release as releasing
    from medeval.site import review
    from medeval.site.records import Stage

    _check_choice(models, every=every)
    if reason not in set(WithholdReason):
        raise UsageError("that reason is not on the list", f"Give one of {', '.join(WithholdReason)}.")
    wanted = frozenset({Stage.EVALUATED}) if every else frozenset({Stage.EVALUATED, Stage.WITHHELD, Stage.RELEASED})
    with opened_site(home_of(ctx), "review") as site:
        found = review.get_results(site, models or [], wanted)
        for reviewed in found:
            releasing.withhold(site, reviewed.files, WithholdReason(reason))
        rows = [_row(row) for row in review.list_results(site) if row.execution in {r.execution for r in found}]
    show(rows, output, empty="No result waits for review.")


def _check_choice(models: list[str] | None, *, every: bool) -> None:
    if bool(models) == every:
        raise UsageError("say which results are meant", "Name models, or give --all.")


def _row(reviewed: "Reviewed") -> dict[str, Any]:
    return {
        "model": reviewed.model,
        "benchmark": reviewed.benchmark,
        "dataset": reviewed.dataset,
        "state": reviewed.stage.value,
        "sent": reviewed.sent,
        "id": reviewed.execution.removeprefix("sha256:")[:12],
    }


def _detail(reviewed: "Reviewed", output: Output) -> dict[str, Any]:
    """A row, and the evaluation's own JSON or the failure."""
    evaluation, failure = reviewed.files.evaluation(), reviewed.files.failure()
    detail: dict[str, Any] = _row(reviewed)
    if evaluation is not None:
        plain = evaluation.model_dump(mode="json")
        detail["evaluation"] = plain if output is not Output.TABLE else evaluation.to_canonical().decode()
    if failure is not None:
        detail["failure"] = f"{failure.code}: {failure.message}"
        detail["hint"] = failure.hint
    return detail
