"""`medeval dataset`: prepare data once, register it, join a benchmark."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medeval.cli.options import Output, OutputOption, home_of

if TYPE_CHECKING:
    from medeval.site.records import DatasetRecord

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Prepare datasets and join benchmarks."
)


@app.command()
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Short name of the dataset at this site.")],
    benchmark: Annotated[str, typer.Option(help="The benchmark whose preparator reads the data.")],
    data: Annotated[Path, typer.Option(help="Folder with the raw data; it is only read.")],
    title: Annotated[str | None, typer.Option(help="Full name, as the leaderboard shows it.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Prepare raw data, check it, and make its card. Nothing leaves the site."""
    from medeval.cli.context import opened_site
    from medeval.cli.progress import steps
    from medeval.cli.render import show_one
    from medeval.site.prepare import add_dataset

    with opened_site(home_of(ctx), "agent") as site, steps("Preparing") as report:
        record = add_dataset(site, name, title or name, benchmark, data, report)
    show_one({**_card(record), "next": f"medeval dataset join {name}"}, output)


@app.command()
def join(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A dataset of this site.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Send the dataset's card and ask to take part; the committee decides. Again: see what it decided."""
    from medeval.cli.context import opened_site
    from medeval.cli.render import show_one
    from medeval.site.prepare import join_benchmark

    with opened_site(home_of(ctx), "review") as site:
        association = join_benchmark(site, name)
    show_one(association.model_dump(mode="json"), output)


@app.command("list")
def list_datasets(ctx: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List the datasets of this site."""
    from medeval.cli.render import show
    from medeval.site.build import site_store

    records = site_store(home_of(ctx)).list_datasets()
    show([_card(record) for record in records], output, empty="No dataset was added yet.")


@app.command("show")
def show_dataset(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A dataset of this site.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Show a dataset's card: exactly what `dataset join` sends."""
    from medeval.cli.render import show_one
    from medeval.site.build import site_store

    record = site_store(home_of(ctx)).get_dataset(name)
    show_one(record.card.model_dump(mode="json") if output is not Output.TABLE else _card(record), output)


def _card(record: "DatasetRecord") -> dict[str, Any]:
    counts = record.card.statistics
    return {
        "dataset": record.card.ref,
        "title": record.card.title,
        "benchmark": record.benchmark,
        "cases": counts.cases,
        "negative, positive": counts.per_class,
        "fingerprint": record.card.fingerprint[:19],
        "joined": record.joined,
    }
