"""One benchmark's published figures through a whole federation: containers, sites, signatures, server, commands."""

import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from medeval.cli import playing
from medeval.cli.federation import Stage, command
from medeval.cli.plays import Play, PlayedModel
from scripts.reproduce.figures import Figure, Key, read_cells


@dataclass(frozen=True)
class Reproduction:
    """What a benchmark brings to be reproduced.

    `play`: the federation, without its models. `data`: its folder below SHARED/data. `cube`: the model cube that every
    weights file runs in. `write_models(reference, out)` writes the weights files, each named as its model;
    `published(reference)` reads the published values, of which there are `count`. `digits`: the decimals to which they
    were published, unless to double precision.
    """

    play: Play
    data: str
    cube: str
    count: int
    write_models: Callable[[Path, Path], None]
    published: Callable[[Path], dict[Key, float]]
    digits: int | None = None

    def is_complete(self, figures: list[Figure]) -> bool:
        """Whether every published figure is there and equal."""
        return len(figures) == self.count and all(figure.is_equal for figure in figures)


def reproduce(benchmark: Reproduction, shared: Path, folder: Path, runtime: str) -> list[Figure]:
    """Run the federation in an empty folder and hold every figure against its published one."""
    stage = Stage(folder)
    benchmark.write_models(shared / "reference", playing.weights_of(stage))
    names = sorted(path.stem for path in playing.weights_of(stage).iterdir())
    play = replace(benchmark.play, models=tuple(PlayedModel(name, benchmark.cube, "", ()) for name in names))
    with stage.server() as address:
        playing.log_in(stage, address)
        sources = play.make_data(stage, shared / "data" / benchmark.data)
        playing.publish(stage, play, runtime)
        playing.submit(stage, play, runtime)
        playing.open_sites(stage, play, address, runtime)
        playing.add_datasets(stage, play, sources)
        playing.execute(stage, play)
        board = json.loads(stage.run(command("committee", "leaderboard", "show", play.benchmark, "-o", "json")))
    measured = read_cells(board)
    return [
        Figure(*key, published=value, measured=measured[key], digits=benchmark.digits)
        for key, value in benchmark.published(shared / "reference").items()
    ]


def load_script(path: Path) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path.name} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
