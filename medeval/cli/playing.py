"""The steps of a played federation, in order; each is one or more public commands."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import typer

from medeval.cli.federation import Command, Stage, command, said
from medeval.cli.plays import Play, PlayedModel
from medeval.errors import DemoFailed

#: Processes at a time: a site's work is a container, and two cores are common.
TOGETHER = 2


def play_all(stage: Stage, play: Play, address: str, data: Path | None, runtime: str) -> None:
    """A whole federation: from logging in to the released results."""
    log_in(stage, address)
    with said(f"Data of {len(play.sites)} sites; {len(play.models)} models trained by their owner"):
        sources = play.make_data(stage, data)
        play.train(stage, weights_of(stage))
    publish(stage, play, runtime)
    rehearse(stage, play, runtime)
    submit(stage, play, runtime)
    open_sites(stage, play, address, runtime)
    add_datasets(stage, play, sources)
    execute(stage, play)


def weights_of(stage: Stage) -> Path:
    """Where the model owner keeps the weights files, one per model."""
    return stage.folder / "model-owner" / "weights"


def log_in(stage: Stage, address: str) -> None:
    """The three parties that the server made tokens for at its first start."""
    tokens = stage.folder / "server" / "tokens"
    parties = ("operator", "committee", "model-owner")
    logins = [command(party, "login", address, "--token-file", tokens / f"{party}.token") for party in parties]
    stage.step("Operator, committee and model owner logged in", logins, together=TOGETHER)


def publish(stage: Stage, play: Play, runtime: str) -> None:
    """The committee checks its draft and publishes it; this builds preparator and evaluator."""
    commands = [
        command("committee", "benchmark", "check", play.folder),
        command("committee", "benchmark", "publish", play.folder, "--runtime", runtime),
    ]
    stage.step(f"Benchmark {play.benchmark} checked, cubes built, published", commands)


def rehearse(stage: Stage, play: Play, runtime: str) -> None:
    """The model owner tests the models on rehearsal data, in the sandbox that sites use."""
    stage.step(f"{len(play.models)} models tested on rehearsal data", _per_cube(stage, play, "test", runtime))


def submit(stage: Stage, play: Play, runtime: str) -> None:
    """The model owner submits the models; the committee approves what asks to take part."""
    stage.step(f"{len(play.models)} models submitted", _per_cube(stage, play, "submit", runtime))
    stage.step("Models approved", [command("committee", "benchmark", "approve", play.benchmark, "--all")])


def open_sites(stage: Stage, play: Play, address: str, runtime: str) -> None:
    """Each data owner gets a token and makes a site with a key; the operator accepts it by fingerprint."""
    logins, inits = [], []
    for site in play.sites:
        token = stage.folder / site.name / "token"
        words = ("--role", "data-owner", "--organisation", site.title, "--save", token)
        logins.append(command("operator", "server", "token", site.name, *words))
        inits.append(command(site.name, "login", address, "--token-file", token))
    stage.step(f"{len(play.sites)} data owners have tokens", logins, together=TOGETHER)
    stage.step("Data owners logged in", inits, together=TOGETHER)
    makes = [command(s.name, "site", "init", s.name, "--title", s.title, "--runtime", runtime) for s in play.sites]
    stage.step("Sites set up, each with a key made at the site", makes, together=TOGETHER)
    accepts = [command("operator", "server", "accept", *_fingerprint(stage, site.name)) for site in play.sites]
    stage.step("Keys accepted by fingerprint", accepts, together=TOGETHER)


def add_datasets(stage: Stage, play: Play, sources: dict[str, Path]) -> None:
    """Each data owner prepares the data once, and joins; the committee approves."""
    adds = []
    for site in play.sites:
        words = ("--benchmark", play.benchmark, "--data", sources[site.name], "--title", site.title)
        adds.append(command(site.name, "dataset", "add", play.dataset, *words))
    stage.step("Datasets prepared, checked, counted; nothing has left", adds, together=TOGETHER)
    joins = [command(site.name, "dataset", "join", play.dataset) for site in play.sites]
    stage.step("Dataset cards sent", joins, together=TOGETHER)
    stage.step("Datasets approved", [command("committee", "benchmark", "approve", play.benchmark, "--all")])


def execute(stage: Stage, play: Play) -> None:
    """Each data owner allows the approved models, runs them, releases the results, and then how models compare."""
    sites = [site.name for site in play.sites]
    count = len(sites) * len(play.models)
    allows = [command(site, "site", "allow", "--benchmark", play.benchmark) for site in sites]
    stage.step("Data owners allow the approved models", allows, together=TOGETHER)
    runs = [command(site, "site", "run") for site in sites]
    stage.step(f"{count} executions: model, then evaluator", runs, together=TOGETHER)
    releases = [command(site, "result", "release", "--all") for site in sites]
    stage.step("Results signed, released, verified by the server", releases, together=TOGETHER)
    if len(play.models) > 1:
        _compare(stage, play, sites)


def _compare(stage: Stage, play: Play, sites: list[str]) -> None:
    """Each data owner states how the models differ on the same cases; a single model has none to differ from."""
    again = [command(site, "site", "run") for site in sites]
    stage.step("Models compared on the same cases, from predictions that stay", again, together=TOGETHER)
    compared = [command(site, "result", "release", f"comparison/{play.dataset}") for site in sites]
    stage.step("Comparisons signed, released, verified by the server", compared, together=TOGETHER)


def show(stage: Stage, play: Play, output: str) -> Path:
    """The leaderboard on stdout, and as one file, whose path is returned."""
    report = stage.folder / f"{play.benchmark}.html"
    words = () if output == "table" else ("--output", output)
    see = command("committee", "leaderboard", "show", play.benchmark, *words)
    export = command("committee", "leaderboard", "export", play.benchmark, "--file", report)
    board, _ = stage.step("Leaderboard pooled and exported", [see, export])
    if not report.is_file():
        raise DemoFailed("the report was not written", "Run the demo again.")
    typer.echo(err=True)
    with suppress(BrokenPipeError):
        typer.echo(board, nl=False)
    typer.echo(err=True)
    return report


def _per_cube(stage: Stage, play: Play, verb: str, runtime: str) -> list[Command]:
    """One command per cube: models that share an image differ by their weights file."""
    common = ("--benchmark", play.benchmark, "--runtime", runtime)
    commands = []
    for folder, models in groupby(play.models, key=lambda model: model.folder):
        words = _weights_words(stage, list(models))
        commands.append(command("model-owner", "model", verb, folder, *common, *words))
    return commands


def _weights_words(stage: Stage, models: list[PlayedModel]) -> list[str]:
    files = [str(weights_of(stage) / f"{model.name}.json") for model in models]
    words = [word for file in files for word in ("--weights", file)]
    return words if len(models) > 1 else [*words, "--name", models[0].name]


def _fingerprint(stage: Stage, site: str) -> tuple[str, str, str]:
    """The site and its key's fingerprint, as the data owner reads it on the site's own machine."""
    shown = json.loads(stage.run(command(site, "site", "show", "--output", "json")))
    return site, "--fingerprint", str(shown["fingerprint"])
