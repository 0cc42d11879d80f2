"""`medeval leaderboard`: means over sites with intervals, in the terminal, as one file, or as pictures."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from medeval.cli.options import Output, OutputOption, home_of
from medeval.report.kinds import Kind

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Show and export the results of a benchmark.",
)

#: Sentences in longer lines are hard to read.
WIDEST = 120


class PlotFormat(StrEnum):
    """How `plot` writes it."""

    SVG = "svg"
    PNG = "png"


Ref = Annotated[str, typer.Argument(metavar="BENCHMARK", help="A benchmark: NAME or NAME@VERSION.")]


@app.command()
def show(ctx: typer.Context, benchmark: Ref, output: OutputOption = Output.TABLE) -> None:
    """Show a leaderboard: means over sites with intervals, tiers, every site, pictures of the first model."""
    from medeval.cli.context import get_api
    from medeval.cli.render import machine
    from medeval.cli.terminal import pen_for
    from medeval.report import terminal

    board = get_api(home_of(ctx)).get_leaderboard(benchmark)
    if output is not Output.TABLE:
        machine(board.model_dump(mode="json"), output)
        return
    pen = pen_for(sys.stdout)
    typer.echo(terminal.render(board, width=min(pen.width, WIDEST), unicode=pen.unicode, color=pen.color), nl=False)


@app.command()
def export(
    ctx: typer.Context,
    benchmark: Ref,
    file: Annotated[Path | None, typer.Option(help="Where to write it; default BENCHMARK.html.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Write a leaderboard as one HTML file that opens offline (or as .json)."""
    from medeval.cli.context import get_api
    from medeval.cli.render import show_one
    from medeval.errors import UsageError
    from medeval.report import html

    target = file or Path(benchmark.partition("@")[0] + ".html")
    board = get_api(home_of(ctx)).get_leaderboard(benchmark)
    text = board.model_dump_json(indent=2) if target.suffix == ".json" else html.export(board)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise UsageError("the report cannot be written there", "Choose another --file.") from exc
    show_one({"benchmark": board.benchmark, "file": str(target), "log_size": board.log_size}, output)


@app.command()
def plot(
    ctx: typer.Context,
    benchmark: Ref,
    model: Annotated[str | None, typer.Option(help="NAME or NAME@VERSION; default all models.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="What to draw; default all that there are figures for.")] = None,
    out: Annotated[Path, typer.Option(help="Folder to write to; made if missing.")] = Path(),
    format: Annotated[PlotFormat, typer.Option(help="png needs the extra medeval[png].")] = PlotFormat.SVG,  # noqa: A002
    output: OutputOption = Output.TABLE,
) -> None:
    """Write pictures as files: forest plots, calibration plots, decision curves, the site x model heat map."""
    from medeval.cli.context import get_api
    from medeval.cli.plates import get_plates, write_plate
    from medeval.cli.render import show as show_all

    board = get_api(home_of(ctx)).get_leaderboard(benchmark)
    plates = get_plates(board, kind, model)
    files = [write_plate(plate, board, out, format.value) for plate in plates]
    records = [
        {"file": str(file), "kind": plate.kind.value, "model": plate.model}
        for file, plate in zip(files, plates, strict=True)
    ]
    show_all(records, output)
