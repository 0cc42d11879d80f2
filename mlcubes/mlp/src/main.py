"""A multi-layer perceptron in torch: `main.py infer --input IN --output OUT`.

IN holds cases/cases.csv, parameters.json (`interface`: the benchmark's model interface) and weights: the file that
train.py wrote. OUT receives predictions.csv.
"""

import csv
import json
import sys
from pathlib import Path


def infer(source: Path, target: Path) -> None:
    # Takes a second or more to load: not before the command line is known to be right.
    import torch
    from network import load

    interface = json.loads((source / "parameters.json").read_text(encoding="utf-8")).get("interface", {})
    network, names = load(source / "weights")
    ids, rows = read_cases(source / "cases" / "cases.csv", interface.get("case_id", "case_id"), names)
    with torch.inference_mode():
        x = torch.tensor(rows, dtype=torch.float32).reshape(len(rows), len(names))
        scores = torch.sigmoid(network(x).double()).tolist()
    with (target / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([interface.get("case_id", "case_id"), interface.get("score", "score")])
        writer.writerows(zip(ids, map(repr, scores), strict=True))


def read_cases(path: Path, case_id: str, names: list[str]) -> tuple[list[str], list[list[float]]]:
    """Case ids (N) and the named columns (N x F)."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    if header[0] != case_id or not set(names) <= set(header):
        raise SystemExit("the weights do not fit the columns of the cases")
    places = [header.index(name) for name in names]
    return [row[0] for row in rows], [[float(row[place]) for place in places] for row in rows]


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
