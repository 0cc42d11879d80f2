"""`medeval dataset`: prepare data once, register it, join a benchmark."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medeval.cli.options import Output, OutputOption, home_of

if TYPE_CHECKING:
    from medeval.domain.policies import DisclosurePolicy
    from medeval.site.records import DatasetRecord
    from medeval.site.store import SiteStore

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
    policy: Annotated[
        str | None,
        typer.Option(
            help="The site's own disclosure policy for these data: hospital, public-data, or a YAML file. Of it and "
            "the benchmark's, the stricter of each rule holds. Default: hospital; for public data public-data."
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Prepare raw data, check it, and make its card. Nothing leaves the site."""
    from medeval.cli.context import opened_site
    from medeval.cli.progress import done, steps
    from medeval.cli.render import show_one
    from medeval.site.prepare import add_dataset

    own = None if policy is None else _policy(policy)
    with opened_site(home_of(ctx), "agent") as site, steps("Preparing") as report:
        record = add_dataset(site, name, title or name, benchmark, data.resolve(), report, own)
    show_one(record, output, row=lambda found: _card(found, site.store))
    done(f"nothing has left; to send this card: medeval dataset join {name}")


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
    show_one(association, output)


@app.command("list")
def list_datasets(ctx: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List the datasets of this site."""
    from medeval.cli.render import show
    from medeval.site.build import site_store

    records = site_store(home_of(ctx)).list_datasets()
    show(records, output, row=_row, empty="No dataset was added yet.", spare=("joined", "title", "policy"))


@app.command("show")
def show_dataset(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A dataset of this site.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Show a dataset: its `card` is what `dataset join` sends, nothing else of it."""
    from medeval.cli.render import show_one
    from medeval.site.build import site_store

    store = site_store(home_of(ctx))
    show_one(store.get_dataset(name), output, row=lambda record: _card(record, store))


def _policy(text: str) -> "DisclosurePolicy":
    """A preset by its name, or the rules in a file."""
    from medeval.domain.policies import PRESETS, DisclosurePolicy
    from medeval.packaging.manifest import load_yaml

    return PRESETS.get(text) or load_yaml(Path(text), DisclosurePolicy)


def _row(record: "DatasetRecord") -> dict[str, Any]:
    counts = record.card.statistics
    return {
        "dataset": record.card.ref,
        "title": record.card.title,
        "benchmark": record.benchmark,
        "cases": counts.cases,
        "per_class": " / ".join(map(str, counts.per_class)) or "none",
        "joined": record.joined,
        "policy": record.card.policy.name,
    }


def _card(record: "DatasetRecord", store: "SiteStore") -> dict[str, Any]:
    """The row, the fingerprint, and the policy that will hold for its results."""
    from medeval.cli.wording import policy_words

    policy = store.get_spec(record.card.benchmark).disclosure.stricter(record.card.policy)
    return {**_row(record), "disclosure": policy_words(policy), "fingerprint": record.card.fingerprint}
