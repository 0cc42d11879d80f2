"""Train the multi-layer perceptron: `python train.py --out weights.pt TABLE.csv`.

The table is a CSV whose columns are numeric features and `label` (0 or 1; `--label` names another); a `case_id` column
is ignored. The seed fixes the result on one machine and version of torch. Needs torch 2.13.0.
"""

import argparse
import csv
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

# The network is the one that the image runs.
sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from network import Network, save


def fit(x: Tensor, y: Tensor, *, hidden: int = 16, steps: int = 300, seed: int = 0) -> Network:
    """Full-batch Adam with weight decay, from features (N, F) and labels (N,)."""
    torch.manual_seed(seed)
    network = Network(x.shape[1], hidden)
    network.mean.copy_(x.mean(dim=0))
    network.scale.copy_(x.std(dim=0).clamp_min(1e-6))
    optimiser = torch.optim.Adam(network.layers.parameters(), lr=0.01, weight_decay=1e-3)
    loss = nn.BCEWithLogitsLoss()
    for _ in range(steps):
        optimiser.zero_grad()
        loss(network(x), y).backward()
        optimiser.step()
    return network.eval()


def read_table(path: Path, label: str) -> tuple[list[str], Tensor, Tensor]:
    """Feature names, features (N, F) and labels (N,)."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name not in {label, "case_id"}]
    x = torch.tensor([[float(row[name]) for name in names] for row in rows])
    return names, x, torch.tensor([float(row[label]) for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--out", type=Path, default=Path("weights.pt"))
    parser.add_argument("--label", default="label")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    names, x, y = read_table(options.table, options.label)
    save(fit(x, y, seed=options.seed), names, options.out)
    print(f"{options.out}: {len(names)} features from {len(x)} rows")


if __name__ == "__main__":
    main()
