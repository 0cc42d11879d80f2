"""A linear risk score: `main.py infer --input IN --output OUT`.

IN holds cases/cases.csv, parameters.json (`interface`: the benchmark's model interface) and weights: JSON with
`intercept`, `coefficients` and, optionally, `features` (the column of each coefficient; else the columns in order) and
`baseline` (`times`, and the `survival` of a case of score 0 at each). OUT receives predictions.csv.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np


def infer(source: Path, target: Path) -> None:
    interface = json.loads((source / "parameters.json").read_text(encoding="utf-8")).get("interface", {})
    weights = json.loads((source / "weights").read_text(encoding="utf-8"))
    case_id = interface.get("case_id", "case_id")
    header, ids, features = read_cases(source / "cases" / "cases.csv", case_id)
    scores = score(features, header, weights)
    names, columns = [interface.get("score", "score")], [scores]
    if "baseline" in weights:
        times, survival = weights["baseline"]["times"], weights["baseline"]["survival"]
        names += [f"p_{float(time):g}" for time in times]
        columns += [probability(scores, free) for _, free in zip(times, survival, strict=True)]
    with (target / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([case_id, *names])
        writer.writerows(
            [name, *map(repr, row)] for name, row in zip(ids, np.column_stack(columns).tolist(), strict=True)
        )


def read_cases(path: Path, case_id: str) -> tuple[list[str], list[str], np.ndarray]:
    """Feature names (F), case ids (N) and features (N, F)."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    if header[0] != case_id:
        raise SystemExit("the first column of the cases is not the case id")
    features = np.array([[float(value) for value in row[1:]] for row in rows], dtype=np.float64)
    return header[1:], [row[0] for row in rows], features.reshape(len(rows), len(header) - 1)


def score(features: np.ndarray, header: list[str], weights: dict) -> np.ndarray:
    """The risk, shape (N,)."""
    names = weights.get("features", header)
    if len(names) != len(weights["coefficients"]) or not set(names) <= set(header):
        raise SystemExit("the weights do not fit the columns of the cases")
    columns = features[:, [header.index(name) for name in names]]
    return columns @ np.array(weights["coefficients"], dtype=np.float64) + weights["intercept"]


def probability(scores: np.ndarray, survival: float) -> np.ndarray:
    """The probability of an event by a time, of proportional hazards, shape (N,)."""
    # exp overflows to infinity for a score above 709: the event is then certain, as it should be.
    with np.errstate(over="ignore"):
        return -np.expm1(np.log(survival) * np.exp(scores)) if survival < 1 else np.zeros_like(scores)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["infer", "--input", source, "--output", target]:
            infer(Path(source), Path(target))
            return 0
        case _:
            print("usage: main.py infer --input IN --output OUT", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
