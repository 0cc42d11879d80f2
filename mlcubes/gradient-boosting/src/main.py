"""Gradient-boosted trees: `main.py infer --input IN --output OUT`.

IN holds cases/cases.csv, parameters.json (`interface`: the benchmark's model interface) and weights: the trees that
train.py wrote as JSON. OUT receives predictions.csv. numpy alone: loading scikit-learn would take longer than it all.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np


def infer(source: Path, target: Path) -> None:
    interface = json.loads((source / "parameters.json").read_text(encoding="utf-8")).get("interface", {})
    weights = json.loads((source / "weights").read_text(encoding="utf-8"))
    header, ids, features = read_cases(source / "cases" / "cases.csv", interface.get("case_id", "case_id"))
    scores = score(features, header, weights)
    with (target / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([interface.get("case_id", "case_id"), interface.get("score", "score")])
        writer.writerows(zip(ids, map(repr, scores.tolist()), strict=True))


def read_cases(path: Path, case_id: str) -> tuple[list[str], list[str], np.ndarray]:
    """Feature names (F), case ids (N) and features (N, F)."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    if header[0] != case_id:
        raise SystemExit("the first column of the cases is not the case id")
    features = np.array([[float(value) for value in row[1:]] for row in rows], dtype=np.float64)
    return header[1:], [row[0] for row in rows], features.reshape(len(rows), len(header) - 1)


def score(features: np.ndarray, header: list[str], weights: dict) -> np.ndarray:
    """The probability of the positive class, shape (N,)."""
    if not set(weights["features"]) <= set(header):
        raise SystemExit("the weights do not fit the columns of the cases")
    # scikit-learn compares single-precision features with double-precision thresholds.
    x = features[:, [header.index(name) for name in weights["features"]]].astype(np.float32)
    logits = np.full(len(x), weights["baseline"])
    for tree in weights["trees"]:
        logits += weights["learning_rate"] * leaf_values(x, tree)
    return 1.0 / (1.0 + np.exp(-logits))


def leaf_values(x: np.ndarray, tree: dict[str, list]) -> np.ndarray:
    """The value of the leaf that each row of `x` (N, F) falls into; a leaf is its own child."""
    feature, threshold = np.array(tree["feature"]), np.array(tree["threshold"])
    left, right = np.array(tree["left"]), np.array(tree["right"])
    rows, node = np.arange(len(x)), np.zeros(len(x), dtype=np.intp)
    for _ in range(tree["depth"]):
        node = np.where(x[rows, feature[node]] <= threshold[node], left[node], right[node])
    return np.array(tree["value"])[node]


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
