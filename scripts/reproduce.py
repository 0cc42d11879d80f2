"""Print published beside measured for all 31 models at all four hospitals: `python scripts/reproduce.py SHARED`.

SHARED holds data/heart (the four hospitals' files) and reference/ (published tables and weights). Every figure comes
out of the leaderboard after a real federation: containers, site agents, signatures, results server, public commands.
Exits with 1 unless all 120 + 8 per-site figures are equal to 1e-12.
"""

import argparse
import csv
import importlib.util
import json
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from medeval.cli import playing
from medeval.cli.federation import Stage, command
from medeval.cli.plays import HEART_DISEASE, PlayedModel
from medeval.packaging.shipped import shipped

TOLERANCE = 1e-12
SEEDS = (42, 43, 44, 45, 46)
METHODS = ("Pooled Training", "Local 0", "Local 1", "Local 2", "Local 3", "FedAvg100")
SITES = ("cleveland", "hungarian", "switzerland", "va")
HELLO_LR = {
    "accuracy": (0.75, 0.7528089887640449, 0.75, 0.6),
    "precision": (0.7115384615384616, 0.6122448979591837, 1.0, 0.9047619047619048),
}


@dataclass(frozen=True)
class Figure:
    """One published figure and ours."""

    model: str
    metric: str
    site: str
    published: float
    measured: float

    @property
    def is_equal(self) -> bool:
        """Equal to 1e-12."""
        return abs(self.published - self.measured) <= TOLERANCE


def reproduce(shared: Path, folder: Path, runtime: str) -> list[Figure]:
    """Run the federation in an empty folder and hold every figure against its published one."""
    script = load_script(shipped("benchmarks", "heart-disease") / "reproduce_models.py")
    stage = Stage(folder)
    script.main(shared / "reference", playing.weights_of(stage))
    names = sorted(path.stem for path in playing.weights_of(stage).glob("*.json"))
    play = replace(HEART_DISEASE, models=tuple(PlayedModel(name, "logistic", "", ()) for name in names))
    with stage.server() as address:
        playing.log_in(stage, address)
        sources = play.make_data(stage, shared / "data" / "heart")
        playing.publish(stage, play, runtime)
        playing.submit(stage, play, runtime)
        playing.open_sites(stage, play, address, runtime)
        playing.add_datasets(stage, play, sources)
        playing.execute(stage, play)
        board = json.loads(stage.run(command("committee", "leaderboard", "show", play.benchmark, "-o", "json")))
    measured = read_cells(board)
    return [
        Figure(model, metric, site, value, measured[model, metric, site])
        for (model, metric, site), value in published_figures(shared / "reference", script).items()
    ]


def load_script(path: Path) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path.name} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def published_figures(reference: Path, script: ModuleType) -> dict[tuple[str, str, str], float]:
    """The published value by (model, metric, site)."""
    figures = {}
    for seed in SEEDS:
        with (reference / "published" / f"heart_seed{seed}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                test = row["Test"].removeprefix("client_test_")
                if row["Method"] in METHODS and test.isdigit():
                    model = script.model_name(str(seed), row["Method"])
                    figures[model, "accuracy", SITES[int(test)]] = float(row["Metric"])
    for metric, values in HELLO_LR.items():
        figures.update({("hello-lr", metric, site): value for site, value in zip(SITES, values, strict=True)})
    return figures


def read_cells(board: dict[str, Any]) -> dict[tuple[str, str, str], float]:
    """The estimate of every cell of a leaderboard's matrix by (model, metric, site)."""
    sites = [column["dataset"].partition("/")[0] for column in board["columns"]]
    return {
        (row["model"].partition("@")[0], found["metric"], site): found["estimate"]["value"]
        for row in board["rows"]
        for site, cell in zip(sites, row["cells"], strict=True)
        for found in cell["estimates"]
        if found["estimate"]["kind"] == "estimate"
    }


def print_table(figures: list[Figure]) -> None:
    """Published beside measured, a line per model and metric."""
    print(f"{'model':<24}{'metric':<10}" + "".join(f"{site:>24}" for site in SITES))
    rows: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in figures:
        rows.setdefault((figure.model, figure.metric), {})[figure.site] = figure
    for (model, metric), by_site in rows.items():
        cells = (by_site[site] for site in SITES)
        shown = (f"{c.published:.6f} {c.measured:.6f} {'=' if c.is_equal else '!'}" for c in cells)
        print(f"{model:<24}{metric:<10}" + "".join(f"{cell:>24}" for cell in shown))
    equal = sum(figure.is_equal for figure in figures)
    print(f"\n{equal} of {len(figures)} published per-site figures are equal to {TOLERANCE:g}.")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--runtime", default="docker")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="medeval-reproduce-") as folder:
        figures = reproduce(options.shared.resolve(), Path(folder), options.runtime)
    print_table(figures)
    expected = len(SEEDS) * len(METHODS) * len(SITES) + len(HELLO_LR) * len(SITES)
    sys.exit(0 if len(figures) == expected and all(figure.is_equal for figure in figures) else 1)


if __name__ == "__main__":
    main()
