"""`medeval leaderboard`: pooled estimates with intervals, in the terminal or as one file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from medeval.cli.options import Output, OutputOption, home_of

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Show and export the results of a benchmark.",
)

#: Sentences in longer lines are hard to read.
WIDEST = 120

Ref = Annotated[str, typer.Argument(metavar="BENCHMARK", help="A benchmark: NAME or NAME@VERSION.")]


@app.command()
def show(ctx: typer.Context, benchmark: Ref, output: OutputOption = Output.TABLE) -> None:
    """Show a leaderboard: pooled metric with interval, sites, cases, and the site x model matrix."""
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
