"""`medeval demo`: a whole federation on one machine, played with the public commands."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medeval.cli.options import Output, OutputOption, RuntimeOption
from medeval.errors import UsageError

if TYPE_CHECKING:
    from medeval.cli.federation import Stage
    from medeval.cli.plays import Play
    from medeval.runtime.port import Probe

app = typer.Typer(add_completion=False, rich_markup_mode=None)

MARKER = ".medeval-demo"


@app.command()
def demo(
    name: Annotated[str, typer.Argument(help="breast-cancer (works offline) or heart-disease.")] = "breast-cancer",
    data: Annotated[
        Path | None, typer.Option(help="heart-disease: a folder that holds the four files; else they are downloaded.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where to play; an earlier demo there is replaced.")] = Path("demo"),
    runtime: RuntimeOption = "auto",
    output: OutputOption = Output.TABLE,
) -> None:
    """Play a federation: a server, a committee, model owners and four sites, each step a public command."""
    from medeval.cli.federation import Stage
    from medeval.cli.playing import play_all, show
    from medeval.cli.plays import find_play

    play = find_play(name)
    _clear(folder)
    probe = _introduce(play, folder, runtime)
    stage = Stage(folder)
    with stage.server() as address:
        play_all(stage, play, address, data, probe.name)
        report = show(stage, play, output.value)
    _conclude(stage, report, address)


def _clear(folder: Path) -> None:
    """Remove an earlier demo, and nothing else."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        if not (folder / MARKER).exists():
            raise UsageError(f"{folder} is there and is no earlier demo", "Choose another place with --folder.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()


def _introduce(play: Play, folder: Path, runtime: str) -> Probe:
    from medeval.cli.runtimes import pick, weaker_than

    typer.echo(f"medeval demo · {play.benchmark} · {play.headline}", err=True)
    _, probe = pick(runtime, (folder / "cache").resolve())
    typer.echo(f"Runtime  {probe.name} {probe.version}, level {probe.level}", err=True)
    for weaker in weaker_than(probe.name) if runtime == "auto" else []:
        typer.echo(f"  {weaker}: not tried: a stronger one works", err=True)
    typer.echo("Every step is a public command: repeat any of them by hand.\n", err=True)
    return probe


def _conclude(stage: Stage, report: Path, address: str) -> None:
    """What lies where, and how to go on."""
    typer.echo(f"  Report   {report}     one file, opens offline", err=True)
    typer.echo(f"  Commands {stage.notes}     every one that was played, in order", err=True)
    typer.echo("\nOpen the report in a browser. The server was stopped; start it again with:", err=True)
    typer.echo(f"    $ {stage.shown_server(address)}", err=True)
