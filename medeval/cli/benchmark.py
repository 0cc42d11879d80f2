"""`medeval benchmark`: the committee's work."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medeval.cli.options import Output, OutputOption, RuntimeOption, home_of
from medeval.errors import UsageError

if TYPE_CHECKING:
    from medeval.domain.benchmark import BenchmarkDraft, BenchmarkTerms
    from medeval.domain.messages import Association, BenchmarkItem, Decision

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Write, check, publish benchmarks; approve."
)

Folder = Annotated[Path, typer.Argument(help="Folder that holds benchmark.yaml.")]
Ref = Annotated[str, typer.Argument(metavar="BENCHMARK", help="A benchmark: NAME or NAME@VERSION.")]


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Folder to make.")], output: OutputOption = Output.TABLE) -> None:
    """Make a folder with a working example: spec, preparator, evaluator, rehearsal data."""
    from medeval.cli.progress import done
    from medeval.cli.render import show_one
    from medeval.packaging.scaffold import new_benchmark

    new_benchmark(folder)
    done(f"{folder}: edit benchmark.yaml, then medeval benchmark check {folder}")
    show_one({"folder": str(folder), "spec": str(folder / "benchmark.yaml")}, output)


@app.command()
def check(folder: Folder, output: OutputOption = Output.TABLE) -> None:
    """Check a draft and the manifests of its cubes, without building anything."""
    from medeval.cli.progress import done
    from medeval.cli.render import show_one
    from medeval.packaging.publish import check_draft

    draft = check_draft(folder)
    done(f"{draft.ref} fits its schema; its cubes and rehearsal data are there")
    show_one(_checked(draft), output, row=lambda record: {**record, **_terms(draft)})


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
    show_one(published.item, output, row=_card)


@app.command("list")
def list_benchmarks(ctx: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List the published benchmarks."""
    from medeval.cli.context import get_api
    from medeval.cli.render import show

    items = get_api(home_of(ctx)).list_benchmarks()
    show(items, output, row=_row, empty="No benchmark yet.", spare=("disclosure_policy", "published_by", "data"))


@app.command("show")
def show_benchmark(ctx: typer.Context, benchmark: Ref, output: OutputOption = Output.TABLE) -> None:
    """Show a published benchmark, and the models and datasets that take part or wait."""
    from medeval.cli.context import get_api
    from medeval.cli.render import machine, show, show_one

    api = get_api(home_of(ctx))
    item = api.get_benchmark(benchmark)
    associations = api.list_associations(item.spec.ref)
    if output is not Output.TABLE:
        plain = [association.model_dump(mode="json") for association in associations]
        machine({**item.model_dump(mode="json"), "associations": plain}, output)
        return
    show_one(item, output, row=_card)
    typer.echo()
    empty = "No model or dataset has asked to take part."
    show(associations, output, row=_association, empty=empty, spare=("organisation",))


@app.command()
def approve(
    ctx: typer.Context,
    benchmark: Ref,
    subjects: Annotated[
        list[str] | None,
        typer.Argument(help="Models (NAME: what waits, else the newest; or NAME@VERSION) and datasets (SITE/NAME)."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Everything that waits.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Reject instead; needs --reason.")] = False,
    reason: Annotated[str, typer.Option(help="Shown to whoever asked.")] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Approve, or reject with a reason, the models and datasets that ask to take part."""
    from medeval.cli.context import get_api
    from medeval.cli.decisions import meant
    from medeval.cli.render import show
    from medeval.domain.permissions import Role

    _check_words(subjects, every=every, reject=reject, reason=reason)
    api = get_api(home_of(ctx), Role.COMMITTEE)
    waiting = api.list_associations(api.get_benchmark(benchmark).spec.ref)
    decisions = [_decision(found, reject=reject, reason=reason) for found in meant(waiting, subjects or [])]
    decided = [api.decide(decision) for decision in decisions]
    show(decided, output, row=_association, empty="Nothing waits for a decision.", spare=("organisation",))


def _check_words(subjects: list[str] | None, *, every: bool, reject: bool, reason: str) -> None:
    if reject and not reason:
        raise UsageError("a rejection needs a reason", "Give --reason, in words that whoever asked can act on.")
    if bool(subjects) == every:
        raise UsageError("say which models and datasets are meant", "Name them, or give --all.")


def _decision(found: "Association", *, reject: bool, reason: str) -> "Decision":
    from medeval.domain.messages import Decision

    state = "rejected" if reject else "approved"
    about = {"benchmark": found.benchmark, "kind": found.kind, "subject": found.subject}
    return Decision.from_plain({**about, "state": state, "reason": reason}, refuse=UsageError)


def _association(found: "Association") -> dict[str, Any]:
    about = {"kind": found.kind, "subject": found.subject, "organisation": found.organisation}
    return {**about, "state": found.state.value, "reason": found.reason}


def _checked(draft: "BenchmarkDraft") -> dict[str, Any]:
    """What `check` tells machines of a draft that passed."""
    disclosure = draft.disclosure.model_dump(mode="json")
    return {"benchmark": draft.ref, "title": draft.title, "check": "passed", "disclosure": disclosure}


def _terms(terms: "BenchmarkTerms") -> dict[str, Any]:
    """What people ask first of a benchmark, draft or published."""
    from medeval.cli.wording import policy_words

    return {
        "primary_metric": terms.analysis.primary_metric,
        "data": terms.data_class.value,
        "sandbox": f"level {terms.least_level} or more",
        "disclosure": policy_words(terms.disclosure),
        "shown": f"pooled to {terms.visibility.pooled}, each site's own to {terms.visibility.per_site}",
    }


def _row(item: "BenchmarkItem") -> dict[str, Any]:
    return {
        "benchmark": item.spec.ref,
        "title": item.spec.title,
        "primary_metric": item.spec.analysis.primary_metric,
        "data": item.spec.data_class.value,
        "disclosure_policy": item.spec.disclosure.name,
        "published_by": item.organisation,
    }


def _card(item: "BenchmarkItem") -> dict[str, Any]:
    return {
        "benchmark": item.spec.ref,
        "title": item.spec.title,
        "question": item.spec.question,
        **_terms(item.spec),
        "published_by": item.organisation,
        "digest": item.digest,
    }
