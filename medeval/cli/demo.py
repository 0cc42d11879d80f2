"""`medeval demo`: a whole federation on one machine, played with the public commands."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medeval.cli.options import RuntimeOption
from medeval.errors import DemoFailed, UsageError

if TYPE_CHECKING:
    from medeval.cli.federation import Stage
    from medeval.cli.plays import Play
    from medeval.runtime.port import Probe

app = typer.Typer(add_completion=False, rich_markup_mode=None)

MARKER = ".medeval-demo"
TOGETHER = 2


@app.command()
def demo(
    name: Annotated[str, typer.Argument(help="breast-cancer (works offline) or heart-disease.")] = "breast-cancer",
    data: Annotated[
        Path | None, typer.Option(help="heart-disease: a folder that holds the four files; else they are downloaded.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where to play; an earlier demo there is replaced.")] = Path("demo"),
    runtime: RuntimeOption = "auto",
) -> None:
    """Play a federation: a server, a committee, model owners and four sites, each step a public command."""
    from medeval.cli.federation import Stage
    from medeval.cli.plays import find_play

    play = find_play(name)
    _clear(folder)
    probe = _introduce(play, folder, runtime)
    stage = Stage(folder)
    with stage.server() as address:
        _play(stage, play, address, data, probe)
    typer.echo("Open the report in a browser. The server was stopped; start it again with:", err=True)
    typer.echo(f"    $ medeval server start --data-dir {folder / 'server'}", err=True)


def _clear(folder: Path) -> None:
    """Remove an earlier demo, and nothing else."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise UsageError(f"{folder} is there and is no earlier demo", "Choose another place with --folder.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()


def _introduce(play: Play, folder: Path, runtime: str) -> Probe:
    from medeval.cli.runtimes import pick

    typer.echo(f"medeval demo · {play.benchmark} · {play.headline}", err=True)
    _, probe = pick(runtime, folder / "cache")
    typer.echo(f"Runtime  {probe.name} {probe.version}, level {probe.level}", err=True)
    typer.echo("Every step is a public command: repeat any of them by hand.\n", err=True)
    return probe


def _play(stage: Stage, play: Play, address: str, data: Path | None, probe: Probe) -> None:
    _log_in(stage, address)
    sources = _make_data(stage, play, data)
    _publish(stage, play, probe)
    _submit(stage, play, probe)
    _open_sites(stage, play, address, sources, probe)
    _execute(stage, play)
    _show(stage, play)


def _log_in(stage: Stage, address: str) -> None:
    from medeval.cli.federation import command

    tokens = stage.folder / "server" / "tokens"
    parties = ("operator", "committee", "model-owner")
    logins = [command(party, "login", address, "--token-file", tokens / f"{party}.token") for party in parties]
    stage.step("Operator, committee and model owner logged in", logins, together=TOGETHER)


def _make_data(stage: Stage, play: Play, data: Path | None) -> dict[str, Path]:
    from medeval.cli.federation import said

    with said(f"Data of {len(play.sites)} sites; {len(play.models)} models trained by their owners"):
        sources = play.make_data(stage.folder / "data", data)
        play.train(stage.folder / "data", stage.folder / "model-owner" / "weights")
    return sources


def _publish(stage: Stage, play: Play, probe: Probe) -> None:
    from medeval.cli.federation import command

    folder = play.folder
    stage.step(
        f"Benchmark {play.benchmark} checked, cubes built, published",
        [
            command("committee", "benchmark", "check", folder),
            command("committee", "benchmark", "publish", folder, "--runtime", probe.name),
        ],
    )


def _submit(stage: Stage, play: Play, probe: Probe) -> None:
    from medeval.cli.federation import command

    weights = stage.folder / "model-owner" / "weights"
    for verb, title in (("test", "tested on rehearsal data"), ("submit", "submitted")):
        commands = [
            command(
                "model-owner", "model", verb, model.folder, "--benchmark", play.benchmark, "--name", model.name,
                "--weights", weights / f"{model.name}.json", "--runtime", probe.name,
            )
            for model in play.models
        ]  # fmt: skip
        stage.step(f"{len(play.models)} models {title}", commands)
    names = [model.name for model in play.models]
    approval = command("committee", "benchmark", "approve", play.benchmark, *names)
    stage.step(f"{len(names)} models approved", [approval])


def _open_sites(stage: Stage, play: Play, address: str, sources: dict[str, Path], probe: Probe) -> None:
    from medeval.cli.federation import command

    sites = play.sites
    stage.step(
        f"{len(sites)} data owners have a token and are logged in",
        [
            command(
                "operator", "server", "token", site.name, "--role", "data-owner", "--organisation", site.title,
                "--save", stage.folder / site.name / "token",
            )
            for site in sites
        ],
        together=TOGETHER,
    )  # fmt: skip
    logins = [command(s.name, "login", address, "--token-file", stage.folder / s.name / "token") for s in sites]
    inits = [command(s.name, "site", "init", s.name, "--title", s.title, "--runtime", probe.name) for s in sites]
    stage.step("Logged in", logins, together=TOGETHER)
    stage.step("Sites set up: a key each, made at the site", inits, together=TOGETHER)
    accepts = [
        command("operator", "server", "accept", s.name, "--fingerprint", _fingerprint(stage, s.name)) for s in sites
    ]
    stage.step("Keys accepted by fingerprint", accepts, together=TOGETHER)
    adds = [
        command(
            s.name, "dataset", "add", play.dataset, "--benchmark", play.benchmark, "--data", sources[s.name],
            "--title", s.title,
        )
        for s in sites
    ]  # fmt: skip
    stage.step("Datasets prepared, checked, counted; nothing has left", adds, together=TOGETHER)
    stage.step("Datasets joined", [command(s.name, "dataset", "join", play.dataset) for s in sites], together=TOGETHER)
    approve = command("committee", "benchmark", "approve", play.benchmark, "--all")
    stage.step("Datasets approved", [approve])


def _fingerprint(stage: Stage, site: str) -> str:
    """As the data owner reads it on the site's own machine."""
    import json

    from medeval.cli.federation import command

    shown = json.loads(stage.run(command(site, "site", "show", "--output", "json")))
    return str(shown["fingerprint"])


def _execute(stage: Stage, play: Play) -> None:
    from medeval.cli.federation import command

    sites = [site.name for site in play.sites]
    executions = f"{len(sites) * len(play.models)} executions"
    allows = [command(site, "site", "allow", "--benchmark", play.benchmark) for site in sites]
    stage.step("Data owners allow the approved models", allows, together=TOGETHER)
    stage.step(f"{executions}: model, then evaluator", [command(s, "site", "run") for s in sites], together=TOGETHER)
    releases = [command(site, "result", "release", "--all") for site in sites]
    stage.step("Results reviewed, signed, released", releases, together=TOGETHER)


def _show(stage: Stage, play: Play) -> None:
    from medeval.cli.federation import command

    report = stage.folder / f"{play.benchmark}.html"
    board = stage.run(command("committee", "leaderboard", "show", play.benchmark))
    stage.step(
        "Statements verified by the server, logged, pooled",
        [
            command("committee", "leaderboard", "show", play.benchmark),
            command("committee", "leaderboard", "export", play.benchmark, "--file", report),
        ],
    )
    if not report.is_file():
        raise DemoFailed("the report was not written", "Run the demo again.")
    with suppress(BrokenPipeError):
        typer.echo("\n" + board)
    typer.echo(f"  Report   {report}     one file, opens offline\n", err=True)
