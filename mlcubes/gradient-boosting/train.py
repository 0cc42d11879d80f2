"""Train scikit-learn's gradient boosting and write its trees as JSON.

    python train.py --out weights.json TABLE.csv

The table is a CSV whose columns are numeric features and `label` (0 or 1; `--label` names another); a `case_id` column
is ignored. JSON in place of a pickle: reading it runs no code, and inference needs no scikit-learn.
"""

import argparse
import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier

LEAF = -1


def fit(x: np.ndarray, y: np.ndarray, names: Sequence[str], *, seed: int = 0) -> dict:
    """The weights file as plain JSON, from features (N, F) and labels (N,)."""
    return export(train(x, y, seed=seed), names)


def train(x: np.ndarray, y: np.ndarray, *, seed: int = 0) -> GradientBoostingClassifier:
    """100 trees of depth 2 on half of the rows each: little data, so little trees."""
    return GradientBoostingClassifier(max_depth=2, subsample=0.5, random_state=seed).fit(x, y)


def export(model: GradientBoostingClassifier, names: Sequence[str]) -> dict:
    """A fitted model as plain JSON."""
    prior = float(model.init_.class_prior_[1])
    trees = [_export_tree(stage[0].tree_) for stage in model.estimators_]
    return {
        "features": list(names),
        "baseline": math.log(prior / (1.0 - prior)),
        "learning_rate": model.learning_rate,
        "trees": trees,
    }


def _export_tree(tree) -> dict:
    own = np.arange(tree.node_count)
    leaf = tree.children_left == LEAF
    return {
        "depth": int(tree.max_depth),
        "feature": np.where(leaf, 0, tree.feature).tolist(),
        "threshold": np.where(leaf, 0.0, tree.threshold).tolist(),
        "left": np.where(leaf, own, tree.children_left).tolist(),
        "right": np.where(leaf, own, tree.children_right).tolist(),
        "value": tree.value[:, 0, 0].tolist(),
    }


def read_table(path: Path, label: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Feature names, features (N, F) and labels (N,)."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name not in {label, "case_id"}]
    return (
        names,
        np.array([[float(row[name]) for name in names] for row in rows]),
        np.array([float(row[label]) for row in rows]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--out", type=Path, default=Path("weights.json"))
    parser.add_argument("--label", default="label")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    names, x, y = read_table(options.table, options.label)
    weights = fit(x, y, names, seed=options.seed)
    options.out.write_text(json.dumps(weights) + "\n", encoding="utf-8")
    print(f"{options.out}: {len(weights['trees'])} trees from {len(x)} rows")


if __name__ == "__main__":
    main()
