"""Lay an atlas over each volume: `main.py infer --input IN --output OUT`.

IN holds cases/cases.csv, cases/CASE.npy, parameters.json (`interface`: the benchmark's model interface) and weights:
JSON with `shape` and `runs` ([label, voxels] in C order). OUT receives predictions.npz.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from grid import lay


def infer(source: Path, target: Path) -> None:
    interface = json.loads((source / "parameters.json").read_text(encoding="utf-8")).get("interface", {})
    atlas = read_atlas(source / "weights")
    ids = read_ids(source / "cases" / "cases.csv", interface.get("case_id", "case_id"))
    # The header alone is read: an atlas does not look at the image.
    shapes = {case_id: np.load(source / "cases" / f"{case_id}.npy", mmap_mode="r").shape for case_id in ids}
    np.savez_compressed(target / "predictions.npz", **{case_id: lay(atlas, shape) for case_id, shape in shapes.items()})


def read_atlas(path: Path) -> np.ndarray:
    weights = json.loads(path.read_text(encoding="utf-8"))
    labels, counts = zip(*weights["runs"], strict=True)
    return np.repeat(np.array(labels, dtype=np.uint8), counts).reshape(weights["shape"])


def read_ids(path: Path, case_id: str) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row[case_id] for row in csv.DictReader(file)]


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
