"""`medeval model`: the model owner's work."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medeval.cli.options import Output, OutputOption, RuntimeOption, home_of
from medeval.errors import UsageError

if TYPE_CHECKING:
    from medeval.domain.messages import Association, ModelItem
    from medeval.packaging.submit import ModelSource

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Package, rehearse and submit models."
)

Folders = Annotated[list[Path], typer.Argument(help="Model folders, each with an mlcube.yaml.")]
Weights = Annotated[
    list[Path] | None,
    typer.Option(help="Weights in place of the manifest's, for one folder; several give a model each, named by file."),
]
NewName = Annotated[str | None, typer.Option("--name", help="Name in place of the manifest's, for one model.")]
Benchmark = Annotated[str, typer.Option(help="The benchmark: NAME or NAME@VERSION.")]


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Folder to make.")], output: OutputOption = Output.TABLE) -> None:
    """Make a model folder that works as it is: manifest, Dockerfile, source, card."""
    from medeval.cli.progress import done
    from medeval.cli.render import show_one
    from medeval.packaging.scaffold import new_model

    new_model(folder)
    done(f"{folder}: edit src/main.py, then medeval model test {folder} --benchmark BENCHMARK")
    show_one({"folder": str(folder), "manifest": str(folder / "mlcube.yaml")}, output)


@app.command()
def build(
    ctx: typer.Context, folders: Folders, runtime: RuntimeOption = "auto", output: OutputOption = Output.TABLE
) -> None:
    """Build models into packages and show their digests."""
    from medeval.cli.context import get_cache
    from medeval.cli.progress import steps
    from medeval.cli.render import show
    from medeval.cli.runtimes import pick
    from medeval.packaging.build import build_cube

    home = home_of(ctx)
    with steps("Building") as report:
        chosen, _ = pick(runtime, home / "cache")
        cubes = [build_cube(folder, chosen, get_cache(home), report) for folder in folders]
    show([{"digest": cube.identity, **cube.model_dump(mode="json")} for cube in cubes], output, row=_built)


@app.command("test")
def rehearse(
    ctx: typer.Context,
    folders: Folders,
    benchmark: Benchmark,
    weights: Weights = None,
    name: NewName = None,
    runtime: RuntimeOption = "auto",
    output: OutputOption = Output.TABLE,
) -> None:
    """Run models on the benchmark's rehearsal data, in the sandbox that sites use. Nothing is submitted."""
    from medeval.cli.render import show

    sources = _sources(folders, weights, name)
    show(_rehearse_all(home_of(ctx), sources, benchmark, runtime), output)


def _rehearse_all(home: Path, sources: list["ModelSource"], benchmark: str, runtime: str) -> list[dict[str, Any]]:
    from medeval.cli.context import get_api, get_blobs, get_cache
    from medeval.cli.progress import steps
    from medeval.cli.runtimes import pick
    from medeval.domain.permissions import Role
    from medeval.packaging.rehearse import rehearse_model, rehearsing
    from medeval.packaging.submit import model_cards
    from medeval.packaging.transfer import FetchingStore

    spec = get_api(home, Role.MODEL_OWNER).get_benchmark(benchmark).spec
    store, rows = get_cache(home), []
    with steps("Rehearsing") as report:
        chosen, _ = pick(runtime, home / "cache")
        fetching = FetchingStore(store, get_blobs(home, Role.MODEL_OWNER))
        cards = model_cards(sources, chosen, store, report)
        with rehearsing(store.root, chosen) as owner:
            for card in cards:
                evaluation = rehearse_model(card, spec, chosen, fetching, report, owner)
                rows.append({"model": card.ref, "rehearsal": "passed", "cases": evaluation.cases})
    return rows


@app.command()
def submit(
    ctx: typer.Context,
    folders: Folders,
    benchmark: Benchmark,
    weights: Weights = None,
    name: NewName = None,
    runtime: RuntimeOption = "auto",
    output: OutputOption = Output.TABLE,
) -> None:
    """Build models, upload what the server lacks, and ask the committee to let them take part."""
    from medeval.cli.render import show

    sources = _sources(folders, weights, name)
    submitted = _submit_all(home_of(ctx), sources, benchmark, runtime)
    show(submitted, output, row=_shortened, spare=("digest", "organisation", "reason"))


def _submit_all(home: Path, sources: list["ModelSource"], benchmark: str, runtime: str) -> list[dict[str, Any]]:
    from medeval.cli.context import get_api, get_blobs, get_cache
    from medeval.cli.progress import steps
    from medeval.cli.runtimes import pick
    from medeval.domain.permissions import Role
    from medeval.packaging.submit import model_cards, submit_card

    api, blobs = get_api(home, Role.MODEL_OWNER), get_blobs(home, Role.MODEL_OWNER)
    store = get_cache(home)
    with steps("Submitting") as report:
        chosen, _ = pick(runtime, home / "cache")
        cards = model_cards(sources, chosen, store, report)
        return [_submitted(*submit_card(card, benchmark, store, api, blobs, report)) for card in cards]


@app.command("list")
def list_models(ctx: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List the submitted models."""
    from medeval.cli.context import get_api
    from medeval.cli.render import show

    items = get_api(home_of(ctx)).list_models()
    show(items, output, row=_row, empty="No model yet.", spare=("digest",))


@app.command("show")
def show_model(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(help="A model: NAME or NAME@VERSION.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Show a submitted model's card."""
    from medeval.cli.context import get_api
    from medeval.cli.render import show_one

    show_one(get_api(home_of(ctx)).get_model(model), output, row=_card)


def _sources(folders: list[Path], weights: list[Path] | None, name: str | None) -> list["ModelSource"]:
    """What is to be built, refused before any of it is when a name is none."""
    from medeval.packaging.submit import ModelSource

    if len(folders) > 1 and (weights or name):
        raise UsageError("--weights and --name go with one folder", "Run the command once per folder.")
    if name and weights and len(weights) > 1:
        raise UsageError("--name goes with one weights file", "Several are named by their files.")
    if name:
        _check_name(name, "--name")
    if weights and len(weights) > 1:
        return [ModelSource(folders[0], file, _check_name(file.stem, file.name)) for file in weights]
    return [ModelSource(folder, weights[0] if weights else None, name) for folder in folders]


def _check_name(name: str, given: str) -> str:
    import re

    from medeval.domain.ids import NAME_PATTERN

    if not re.fullmatch(NAME_PATTERN, name):
        hint = (
            "A model's name has small letters, digits and hyphens, such as my-model: rename the file, or give --name."
        )
        raise UsageError(f"{given[:80]}: {name[:80]!r} is no name of a model", hint)
    return name


def _built(cube: dict[str, Any]) -> dict[str, Any]:
    manifest = cube["manifest"]
    what = {"cube": f"{manifest['name']}@{manifest['version']}", "kind": manifest["kind"]}
    return {**what, "package": cube["package"]["kind"], "digest": cube["digest"]}


def _submitted(item: "ModelItem", association: "Association") -> dict[str, Any]:
    about = association.model_dump(mode="json", include={"benchmark", "state", "reason"})
    return {"model": item.card.ref, "organisation": item.organisation, "digest": item.digest, **about}


def _shortened(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "digest": row["digest"][:19]}


def _row(item: "ModelItem") -> dict[str, Any]:
    return {"model": item.card.ref, "organisation": item.organisation, "digest": item.digest[:19]}


def _card(item: "ModelItem") -> dict[str, Any]:
    card = item.card
    return {
        "model": card.ref,
        "organisation": item.organisation,
        "summary": card.summary,
        "package": f"{card.cube.package.kind} {card.cube.identity}",
        "weights": card.weights.digest if card.weights else "none",
        "digest": item.digest,
    }
