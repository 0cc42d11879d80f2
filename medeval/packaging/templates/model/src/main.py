"""A model that gives every case the same score: `main.py infer --input IN --output OUT`.

IN holds cases/cases.csv (the case id, then the features) and parameters.json (`interface`: the benchmark's model
interface). OUT receives predictions.csv: one row per case, a score from 0 to 1.
"""

import csv
import json
import sys
from pathlib import Path


def score(features: dict[str, float]) -> float:
    """The probability that a case is positive. Replace this."""
    return 0.5


def infer(source: Path, target: Path) -> None:
    interface = json.loads((source / "parameters.json").read_text(encoding="utf-8"))["interface"]
    case_id, features = interface["case_id"], interface["features"]
    with (source / "cases" / "cases.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row[case_id], score({name: float(row[name]) for name in features})) for row in csv.DictReader(file)]
    with (target / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([case_id, interface["score"]])
        writer.writerows(rows)


if __name__ == "__main__":
    _, task, _, source, _, target = sys.argv
    assert task == "infer"
    infer(Path(source), Path(target))
