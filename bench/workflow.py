"""The whole workflow for 1 benchmark, 1 site and 3 models as a person types it: counts the commands and the seconds.

    python bench/workflow.py

The peer is MedPerf, whose whole workflow with 3 models and 1 site is 37 commands and 274 s, measured on two such cores.
One person plays every role, with the tokens that the server made at its first start. No id is copied by hand: the
benchmark, the models, the site and the dataset go by name. Starting the server counts as a command.
"""

import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from medeval.cli.federation import Stage
from medeval.cli.plays import BREAST_CANCER
from medeval.packaging.shipped import shipped

#: MedPerf's whole workflow with as many models and sites.
PEER_COMMANDS, PEER_SECONDS = 37, 274.0


def commands(address: str, folder: Path) -> list[list[str]]:
    """What is typed after `medeval server start`, in order."""
    weights = [word for name in ("logistic", "second-logistic") for word in ("--weights", str(folder / f"{name}.json"))]
    benchmark = str(shipped("benchmarks", "breast-cancer"))
    logistic, boosted = (str(shipped("mlcubes", name)) for name in ("logistic", "gradient-boosting"))
    trees = ["--weights", str(folder / "boosted-trees.json"), "--name", "boosted-trees"]
    return [
        ["login", address, "--tokens", str(folder / "server" / "tokens")],
        ["benchmark", "publish", benchmark],
        ["model", "submit", logistic, "--benchmark", "breast-cancer", *weights],
        ["model", "submit", boosted, "--benchmark", "breast-cancer", *trees],
        ["site", "init", "north"],
        ["server", "accept", "north"],
        ["dataset", "add", "masses", "--benchmark", "breast-cancer", "--data", str(folder / "data" / "north")],
        ["dataset", "join", "masses"],
        ["benchmark", "approve", "breast-cancer", "--all"],
        ["site", "allow", "--benchmark", "breast-cancer"],
        ["site", "run"],
        ["result", "release", "--all"],
        ["leaderboard", "show", "breast-cancer"],
    ]


def train(folder: Path) -> None:
    """Data and weights, made before the clock runs: training is no part of the workflow."""
    stage = Stage(folder)
    BREAST_CANCER.make_data(stage, None)
    BREAST_CANCER.train(stage, folder)
    (folder / "second-logistic.json").write_bytes((folder / "logistic.json").read_bytes())


def type_one(home: Path, words: list[str]) -> float:
    """Type a command; its one question, whether two fingerprints agree, is answered with yes."""
    began = time.perf_counter()
    line = [sys.executable, "-m", "medeval.cli", "--home", str(home), *words]
    subprocess.run(line, check=True, input="y\n", text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Print each command with its seconds, then the sums."""
    with tempfile.TemporaryDirectory(prefix="medeval-workflow-") as scratch, contextlib.ExitStack() as stack:
        folder = Path(scratch)
        train(folder)
        began = time.perf_counter()
        address = stack.enter_context(Stage(folder).server())
        taken = [("server start", time.perf_counter() - began)]
        home = folder / "home"
        taken += [(" ".join(words[:2]), type_one(home, words)) for words in commands(address, folder)]
    for name, seconds in taken:
        print(f"{seconds:7.2f} s  medeval {name}")
    total = sum(seconds for _, seconds in taken)
    print("\n3 models, 1 site")
    print(f"  {len(taken)} commands, MedPerf {PEER_COMMANDS}   ratio {len(taken) / PEER_COMMANDS:.2f}")
    print(f"  {total:.1f} s, MedPerf {PEER_SECONDS:.0f} s   ratio {total / PEER_SECONDS:.2f}")


if __name__ == "__main__":
    main()
