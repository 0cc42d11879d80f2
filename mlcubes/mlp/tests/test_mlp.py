"""The network against its own weights, computed without torch's layers."""

from pathlib import Path

import numpy as np
import pytest

from tests.model_cubes import NAMES, make_table, scores, train, write_table


@pytest.mark.torch
def test_the_network_scores_as_torch_does_and_training_repeats(tmp_path: Path) -> None:
    x, y = make_table()
    table = write_table(tmp_path / "t.csv", x, y)
    for name in ("w.pt", "again.pt"):
        train("mlp", table, tmp_path / name)
    found = scores("mlp", tmp_path / "w.pt", x[:, ::-1], tmp_path, NAMES[::-1])
    assert found.tolist() == scores("mlp", tmp_path / "again.pt", x, tmp_path / "again").tolist()
    assert found == pytest.approx(numpy_network(tmp_path / "w.pt", x), abs=1e-5)
    assert ((found > 0.5) == y).mean() > 0.8


def numpy_network(weights: Path, x: np.ndarray) -> np.ndarray:
    """The same network from its weights, in double precision and without torch's layers."""
    import torch

    state = {name: value.double().numpy() for name, value in torch.load(weights, weights_only=True)["state"].items()}
    hidden = (x - state["mean"]) / state["scale"] @ state["layers.0.weight"].T + state["layers.0.bias"]
    logits = np.maximum(hidden, 0) @ state["layers.2.weight"][0] + state["layers.2.bias"]
    return np.asarray(1 / (1 + np.exp(-logits)))
