"""Surface distances through torch, on its CPU, against those by columns."""

from typing import Any

import numpy as np
import pytest

from medeval.metrics.surface_elements import VOXEL_CENTRES
from medeval.metrics.surfaces import surface_distances
from medeval.metrics.volumes import overlap

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [
        ((18, 21, 15), (1.0, 1.0, 1.0)),
        ((9, 25, 12), (0.7, 1.3, 5.0)),
        ((40, 31), (0.5, 2.0)),
        ((1, 1, 1), (1.0, 1.0, 1.0)),
    ],
)
def test_the_same_distances(shape: tuple[int, ...], spacing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from medeval.metrics import volumes_torch as by_torch  # noqa: PLC0415 torch may not be there

    torch = by_torch.torch
    monkeypatch.setattr(by_torch, "_BLOCK", 1000)
    rng = np.random.default_rng(11)
    truth, prediction = rng.random(shape) < 0.4, rng.random(shape) < 0.3
    truth.flat[0] = prediction.flat[-1] = True
    ours = surface_distances(prediction, truth, spacing, VOXEL_CENTRES)
    tensors = torch.from_numpy(prediction), torch.from_numpy(truth)
    theirs = by_torch.surface_distances_torch(*tensors, spacing)
    np.testing.assert_allclose(np.sort(theirs.to_truth), np.sort(ours.to_truth), rtol=1e-12)
    np.testing.assert_allclose(np.sort(theirs.to_prediction), np.sort(ours.to_prediction), rtol=1e-12)
    assert (theirs.hd(), theirs.assd()) == (pytest.approx(ours.hd()), pytest.approx(ours.assd()))
    counts = overlap(prediction, truth)
    assert by_torch.overlap_torch(*tensors) == (counts.intersection, counts.prediction, counts.truth)
