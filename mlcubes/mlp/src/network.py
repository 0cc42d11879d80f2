"""The network, and its weights file: a dictionary of plain tensors and text, read without running code from it."""

from pathlib import Path

import torch
from torch import Tensor, nn


class Network(nn.Module):
    """Standardise, then one hidden layer: (N, F) features to (N,) logits."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.layers = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers((x - self.mean) / self.scale).squeeze(1)


def save(network: Network, features: list[str], path: Path) -> None:
    torch.save({"features": features, "state": network.state_dict()}, path)


def load(path: Path) -> tuple[Network, list[str]]:
    """The network and the columns that it reads, in order."""
    weights = torch.load(path, map_location="cpu", weights_only=True)
    hidden, features = weights["state"]["layers.0.weight"].shape
    network = Network(features, hidden)
    network.load_state_dict(weights["state"])
    return network.eval(), weights["features"]
