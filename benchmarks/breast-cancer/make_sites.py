"""Cut the Wisconsin diagnostic breast data into four artificial sites: `python make_sites.py OUT`.

OUT/development/train.csv is a stratified fifth that no site holds, to train models on; OUT/north, south, east and west
hold table.csv, a stratified fifth each. All 569 rows come from scikit-learn; nothing is downloaded. The sites are
artificial: every row was measured at one hospital.
"""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold

SITES = ("north", "south", "east", "west")
LABEL = "malignant"
SEED = 2024

Table = tuple[np.ndarray, np.ndarray]


def make_sites(out: Path) -> dict[str, Path]:
    """Write the five parts; returns the folder of each site and, as `development`, of the training part."""
    names, x, y = read_source()
    folds = StratifiedKFold(n_splits=1 + len(SITES), shuffle=True, random_state=SEED).split(x, y)
    folders = {}
    for part, (_, rows) in zip(("development", *SITES), folds, strict=True):
        folders[part] = out / part
        file = folders[part] / ("train.csv" if part == "development" else "table.csv")
        _write(file, names, (x[rows], y[rows]))
    return folders


def read_source() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Column names, features (569, 30) and labels (569,) with 1 for malignant."""
    data = load_breast_cancer()
    # In scikit-learn's copy 0 stands for malignant; the disease is the positive class here.
    return [name.replace(" ", "_") for name in data.feature_names], data.data, (data.target == 0).astype(int)


def _write(file: Path, names: Sequence[str], table: Table) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*names, LABEL])
        writer.writerows([*map(repr, row.tolist()), int(label)] for row, label in zip(*table, strict=True))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name, folder in make_sites(Path(sys.argv[1])).items():
        print(f"{name}: {folder}")
