"""A model that does what its weights name: `{"behaviour": NAME, ...}`. Without weights it is honest.

Honest means: the score of a case is its column `marker`.
"""

import csv
import json
import sys
import time
from pathlib import Path


def read_scores(source: Path) -> list[list[str]]:
    with (source / "cases" / "cases.csv").open(encoding="utf-8", newline="") as file:
        return [[row["case_id"], row["marker"]] for row in csv.DictReader(file)]


def write(target: Path, rows: list[list[str]], header: tuple[str, str] = ("case_id", "score")) -> None:
    with (target / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def infer(source: Path, target: Path, wish: dict) -> int:
    rows = read_scores(source)
    first, *others = rows
    match wish["behaviour"]:
        case "honest":
            time.sleep(wish.get("seconds", 0))
            write(target, rows)
        case "nothing":
            pass
        case "empty":
            (target / "predictions.csv").touch()
        case "link":
            (target / "predictions.csv").symlink_to(source / "cases" / "cases.csv")
        case "wrong-columns":
            write(target, rows, ("id", "probability"))
        case "too-few":
            write(target, others)
        case "twice":
            write(target, [first, *rows])
        case "unknown":
            write(target, [["stranger", "0.5"], *others])
        case "nan":
            write(target, [[first[0], "nan"], *others])
        case "out-of-range":
            write(target, [[first[0], "1.5"], *others])
        case "for-ever":
            while True:
                time.sleep(1)
        case "exit-1":
            print(f"a word of the data: {first}", file=sys.stderr)
            return 1
        case "memory":
            kept = [bytearray(b"x" * 2**20) for _ in range(4096)]
            write(target, rows[len(kept) :])
        case "output":
            with (target / "predictions.csv").open("wb") as file:
                while True:
                    file.write(bytes(2**16))
        case "text":
            (target / "predictions.csv").write_text(wish["text"], encoding="utf-8")
        case "leak":
            cases = (source / "cases" / "cases.csv").read_text(encoding="utf-8")
            (target / "predictions.csv").write_text(cases, encoding="utf-8")
    return 0


if __name__ == "__main__":
    _, _, _, given, _, taken = sys.argv
    weights = Path(given, "weights")
    asked = json.loads(weights.read_text(encoding="utf-8")) if weights.exists() else {"behaviour": "honest"}
    sys.exit(infer(Path(given), Path(taken), asked))
