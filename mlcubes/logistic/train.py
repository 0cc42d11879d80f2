"""Train the weights of the logistic model by damped Newton-Raphson, on one prepared table per site.

    python train.py --out weights.json SITE_A SITE_B ...

A site is a prepared dataset (a folder of cases/cases.csv and labels.csv), or one CSV file whose columns are numeric
features and `label` (0 or 1; `--label` names another). As in a federation, a site contributes its gradient and its
Hessian, which add up; so the result is that of the pooled rows. `--iterations 4 --damping 1` (the default) is the
method of NVIDIA FLARE's example `hello-lr`: one step solves (H + damping I) d = g, which also keeps the step defined
where a column is constant.

`--standardise` scales by the pooled mean and standard deviation and folds the scaling into the weights, so that they
apply to unscaled features.
"""

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

Table = tuple[np.ndarray, np.ndarray]


def newton(tables: Sequence[Table], iterations: int = 4, damping: float = 1.0) -> np.ndarray:
    """Intercept and coefficients (1 + F) from tables of features (N, F) and labels (N,)."""
    theta = np.zeros(1 + tables[0][0].shape[1])
    for _ in range(iterations):
        gradients, hessians = zip(*(_gradient_and_hessian(theta, *table) for table in tables), strict=True)
        theta += np.linalg.solve(sum(hessians) + damping * np.eye(len(theta)), sum(gradients))
    return theta


def _gradient_and_hessian(theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the log-likelihood (the Hessian with its sign turned), summed over the rows."""
    design = np.column_stack([np.ones(len(x)), x])
    p = 1.0 / (1.0 + np.exp(-design @ theta))
    return design.T @ (y - p), design.T @ (design * (p * (1.0 - p))[:, None])


def fit(tables: Sequence[Table], names: Sequence[str], *, standardise: bool, **options: float) -> dict:
    """The weights file as plain JSON."""
    pooled = np.concatenate([x for x, _ in tables])
    mean = pooled.mean(axis=0) if standardise else np.zeros(pooled.shape[1])
    scale = pooled.std(axis=0) if standardise else np.ones(pooled.shape[1])
    scale = np.where(scale > 0, scale, 1.0)
    theta = newton([((x - mean) / scale, y) for x, y in tables], **options)
    coefficients = theta[1:] / scale
    intercept = float(theta[0] - coefficients @ mean)
    return {"features": list(names), "intercept": intercept, "coefficients": coefficients.tolist()}


def read_table(path: Path, label: str) -> tuple[list[str], Table]:
    """Feature names, and features (N, F) with labels (N,)."""
    rows = _read_prepared(path, label) if path.is_dir() else _read_rows(path)
    names = [name for name in rows[0] if name not in {label, "case_id"}]
    x = np.array([[float(row[name]) for name in names] for row in rows])
    return names, (x, np.array([float(row[label]) for row in rows]))


def _read_prepared(folder: Path, label: str) -> list[dict[str, str]]:
    labels = {row["case_id"]: row["label"] for row in _read_rows(folder / "labels.csv")}
    return [{**row, label: labels[row["case_id"]]} for row in _read_rows(folder / "cases" / "cases.csv")]


def _read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("weights.json"))
    parser.add_argument("--label", default="label")
    parser.add_argument("--iterations", type=int, default=4)
    parser.add_argument("--damping", type=float, default=1.0)
    parser.add_argument("--standardise", action="store_true")
    options = parser.parse_args()
    read = [read_table(path, options.label) for path in options.tables]
    if any(names != read[0][0] for names, _ in read):
        parser.error("the tables have different columns")
    tables = [table for _, table in read]
    how = {"iterations": options.iterations, "damping": options.damping}
    weights = fit(tables, read[0][0], standardise=options.standardise, **how)
    options.out.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
    print(f"{options.out}: {len(weights['features'])} coefficients from {sum(len(x) for x, _ in tables)} rows")


if __name__ == "__main__":
    main()
