"""Whole-process wall time of two help commands against `python -c pass`: `python bench/cli_startup.py [RUNS]`."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

SCRIPT = str(Path(sys.executable).with_name("medeval"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "medeval --help": [SCRIPT, "--help"],
    "medeval leaderboard show --help": [SCRIPT, "leaderboard", "show", "--help"],
}


def seconds(words: list[str]) -> float:
    """Wall time of one process."""
    began = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main(runs: int) -> None:
    """Take turns, so that a slow moment of the machine meets every command."""
    for words in COMMANDS.values():
        seconds(words)
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, words in COMMANDS.items():
            taken[name].append(seconds(words))
    bare = median(taken["python -c pass"])
    for name, values in taken.items():
        shown = f"{min(values):.3f} {median(values):.3f} {max(values):.3f}"
        print(f"{name:<34} min median max {shown} s   ratio {median(values) / bare:5.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
