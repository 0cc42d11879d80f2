"""The score table of a large prediction file, streamed: `python bench/stream_predictions.py [ROWS]`.

Against plain reading of the same bytes (from the page cache, so memory speed, not a disk's), against the standard
library's csv reader with `float`, and against the strict reader, which takes files of any order. CPU seconds of one
process each; the memory is the largest resident set of that process, and what it was before the first row.
Once with ids that rise, once with the same rows in another order, the same in both files.
"""

import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from medeval.metrics import binary
from medeval.metrics.predictions import Columns, _read_strictly, iterate_scored_cases, read_scored_cases

PLAN = {"score_edges": [edge / 1000 for edge in range(1001)], "positive_when": "at-or-above"}
ROWS_AT_ONCE = 100_000


def write(folder: Path, rows: int, rising: bool) -> None:
    """Scores as `repr` writes them, 17 digits."""
    order = np.arange(rows) if rising else np.random.default_rng(2).permutation(rows)
    rng = np.random.default_rng(1)
    with (folder / "predictions.csv").open("w") as predictions, (folder / "labels.csv").open("w") as labels:
        predictions.write("case_id,score\n")
        labels.write("case_id,label\n")
        for begin in range(0, rows, ROWS_AT_ONCE):
            count = min(ROWS_AT_ONCE, rows - begin)
            scores, truth = rng.random(count).tolist(), rng.integers(0, 2, count).tolist()
            ids = order[begin : begin + count].tolist()
            predictions.writelines(f"case-{case},{score!r}\n" for case, score in zip(ids, scores, strict=True))
            labels.writelines(f"case-{case},{label}\n" for case, label in zip(ids, truth, strict=True))


def read_bytes(folder: Path) -> int:
    """Nothing but the bytes."""
    for name in ("predictions.csv", "labels.csv"):
        with (folder / name).open("rb", buffering=0) as file:
            while file.read(2**20):
                pass
    return 0


def read_with_csv(folder: Path) -> int:
    """The least that the standard library can do: one file, no check."""
    with (folder / "predictions.csv").open(newline="") as file:
        reader = csv.reader(file)
        next(reader)
        return sum(1 for row in reader if float(row[1]) >= 0)


def stream_rows(folder: Path) -> int:
    """Labels and scores, in parts."""
    return sum(len(part.labels) for part in iterate_scored_cases(folder / "predictions.csv", folder / "labels.csv"))


def evaluate(folder: Path) -> int:
    """What the evaluator does: a score table of 1000 bins, added up part by part."""
    return int(binary.evaluate(folder, {"analysis": PLAN})["cases"])


def read_whole(folder: Path) -> int:
    """All cases as arrays."""
    return len(read_scored_cases(folder / "predictions.csv", folder / "labels.csv").labels)


def read_strictly(folder: Path) -> int:
    """Row by row, with a dictionary of ids."""
    return len(_read_strictly(folder / "predictions.csv", folder / "labels.csv", Columns()).labels)


WAYS = {way.__name__: way for way in (read_bytes, read_with_csv, stream_rows, evaluate, read_whole, read_strictly)}


def measure(way: str, folder: Path) -> None:
    """Run one way in this process and print its figures."""
    before = peak_mib()
    began = time.process_time()
    WAYS[way](folder)
    taken = time.process_time() - began
    print(taken, before, peak_mib())


def peak_mib() -> float:
    """The largest resident set of this process; `getrusage` would add that of the process which started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main(rows: int, rising: bool) -> None:
    """Each way in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="medeval-stream-") as scratch:
        folder = Path(scratch)
        write(folder, rows, rising)
        size = sum((folder / name).stat().st_size for name in ("predictions.csv", "labels.csv")) / 1e6
        print(f"{rows} rows, ids {'rising' if rising else 'in any order'}, {size:.0f} MB in both files")
        slowest = None
        for way in reversed(WAYS):
            line = [sys.executable, __file__, way, scratch]
            taken, before, after = map(float, subprocess.check_output(line, text=True).split())
            slowest = slowest or taken
            memory = f"memory {before:4.0f} -> {after:5.0f} MiB"
            ratio = f"ratio to read_strictly {slowest / taken:8.1f}"
            print(f"  {way:<14} {taken:7.2f} s {size / taken:9.0f} MB/s   {memory}   {ratio}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure(sys.argv[1], Path(sys.argv[2]))
    else:
        for one_way in (True, False):
            main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000, one_way)
