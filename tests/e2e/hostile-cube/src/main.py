"""A model that does what its weights name: `{"behaviour": NAME, ...}`. Without weights it is honest.

Honest means: the score of a case is its column `marker`, cut to [0, 1].
"""

import csv
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEADER = ["case_id", "score"]


@dataclass
class Run:
    """What one behaviour is given."""

    cases: Path
    predictions: Path
    wish: dict[str, Any]

    @property
    def scores(self) -> list[list[str]]:
        with self.cases.open(encoding="utf-8", newline="") as file:
            return [[row["case_id"], str(max(0, min(1, float(row["marker"]))))] for row in csv.DictReader(file)]

    def write(self, *rows: list[str]) -> None:
        with self.predictions.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def honest(run: Run) -> None:
    time.sleep(run.wish.get("seconds", 0))
    run.write(HEADER, *run.scores)


def slow(run: Run) -> None:
    time.sleep(run.wish["seconds_per_case"] * len(run.scores))
    run.write(HEADER, *run.scores)


def for_ever(_run: Run) -> None:
    while True:
        time.sleep(1)


def exit_1(run: Run) -> None:
    sys.exit(f"words of the data: {run.scores}")


def say(run: Run) -> None:
    """Print what is wished on both streams, then be honest."""
    sys.stdout.write(run.wish["say"])
    sys.stderr.write(run.wish["say"])
    run.write(HEADER, *run.scores)


def say_and_raise(run: Run) -> None:
    say(run)
    raise ValueError(run.wish["say"])


def memory(run: Run) -> None:
    kept = [bytearray(b"x" * 2**20) for _ in range(4096)]
    run.write(HEADER, *run.scores[len(kept) :])


def output(run: Run) -> None:
    with run.predictions.open("wb") as file:
        while True:
            file.write(bytes(2**16))


def changed_first(run: Run, *row: str) -> None:
    run.write(HEADER, list(row), *run.scores[1:])


def moved(run: Run) -> None:
    """Nearly honest: the first cases, as many as wished, are scored the other way round."""
    rows = run.scores
    for row in rows[: run.wish["cases"]]:
        row[1] = str(1 - float(row[1]))
    run.write(HEADER, *rows)


BEHAVIOURS: dict[str, Callable[[Run], object]] = {
    "honest": honest,
    "for-ever": for_ever,
    "exit-1": exit_1,
    "say": say,
    "say-and-raise": say_and_raise,
    "memory": memory,
    "output": output,
    "nothing": lambda run: None,
    "empty": lambda run: run.predictions.touch(),
    "link": lambda run: run.predictions.symlink_to(run.cases),
    "wrong-columns": lambda run: run.write(["id", "probability"], *run.scores),
    "slow": slow,
    "moved": moved,
    "too-few": lambda run: run.write(HEADER, *run.scores[1:]),
    "twice": lambda run: run.write(HEADER, run.scores[0], *run.scores),
    "unknown": lambda run: changed_first(run, "stranger", "0.5"),
    "nan": lambda run: changed_first(run, run.scores[0][0], "nan"),
    "out-of-range": lambda run: changed_first(run, run.scores[0][0], "1.5"),
    # Whatever the wish holds, or the data themselves: for an evaluator that gives it out.
    "text": lambda run: run.predictions.write_text(run.wish["text"], encoding="utf-8"),
    "leak": lambda run: run.predictions.write_bytes(run.cases.read_bytes()),
}


if __name__ == "__main__":
    _, _, _, given, _, taken = sys.argv
    weights = Path(given, "weights")
    asked = json.loads(weights.read_text(encoding="utf-8")) if weights.exists() else {"behaviour": "honest"}
    BEHAVIOURS[asked["behaviour"]](Run(Path(given, "cases", "cases.csv"), Path(taken, "predictions.csv"), asked))
