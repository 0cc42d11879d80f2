"""Print published beside measured figures: `python -m scripts.reproduce SHARED [--only BENCHMARK]`.

SHARED holds data/ (a folder for each benchmark) and reference/ (published tables and weights). Every figure comes out
of the leaderboard after a real federation: containers, site agents, signatures, results server, public commands. Exits
with 1 unless every figure is there and equal: to 1e-12 where it was published in double precision.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from scripts.reproduce.federation import reproduce
from scripts.reproduce.figures import print_table
from scripts.reproduce.registry import BENCHMARKS


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--runtime", default="docker")
    parser.add_argument("--only", choices=sorted(BENCHMARKS))
    options = parser.parse_args()
    complete = True
    for name, benchmark in BENCHMARKS.items():
        if options.only in {None, name}:
            with tempfile.TemporaryDirectory(prefix="medeval-reproduce-") as folder:
                figures = reproduce(benchmark, options.shared.resolve(), Path(folder), options.runtime)
            print_table(name, figures)
            complete &= benchmark.is_complete(figures)
    sys.exit(0 if complete else 1)


if __name__ == "__main__":
    main()
