"""The nearest voxels through torch, on its CPU, against those by columns; and how one of them is chosen."""

import importlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medeval.errors import MissingExtra
from medeval.metrics import segmentation, surfaces, volume_device
from medeval.metrics.surface_elements import BOUNDARIES
from medeval.metrics.volume_device import AUTO, NUMPY, VolumeSettings, nearest_on

through_torch = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
SPACING = {3: (0.7, 1.3, 2.1), 2: (0.7, 0.35)}


def masks(seed: int, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Prediction and truth, neither empty, far from smooth."""
    rng = np.random.default_rng(seed)
    truth, prediction = rng.random(shape) < 0.4, rng.random(shape) < 0.3
    truth.flat[0] = prediction.flat[-1] = True
    return prediction, truth


class TestDistances:
    pytestmark = through_torch

    @pytest.mark.parametrize("boundary", BOUNDARIES)
    @pytest.mark.parametrize(
        ("shape", "spacing"),
        [
            ((18, 21, 15), (1.0, 1.0, 1.0)),
            ((9, 25, 12), (0.7, 1.3, 5.0)),
            ((30, 31, 8), (0.1, 0.1, 0.3)),
            ((40, 31), (0.7, 0.35)),
            ((1, 1, 1), (1.0, 1.0, 1.0)),
        ],
    )
    def test_the_same_doubles(
        self, boundary: str, shape: tuple[int, ...], spacing: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        by_torch = importlib.import_module("medeval.metrics.volumes_torch")
        monkeypatch.setattr(by_torch, "_BLOCK", 1000)
        search = nearest_on(VolumeSettings(device="cpu"))
        prediction, truth = masks(11, shape)
        ours = surfaces.surface_distances(prediction, truth, spacing, boundary)
        theirs = surfaces.surface_distances(prediction, truth, spacing, boundary, search)
        np.testing.assert_array_equal(theirs.to_truth, ours.to_truth)
        np.testing.assert_array_equal(theirs.to_prediction, ours.to_prediction)
        assert (theirs.hd(), theirs.assd(), theirs.nsd(0.7)) == (ours.hd(), ours.assd(), ours.nsd(0.7))

    def test_what_lies_far_away(self) -> None:
        """Beyond the window of columns a distance may differ in its last bit."""
        sources, targets = np.zeros((60, 40, 30), dtype=bool), np.zeros((60, 40, 30), dtype=bool)
        sources[0, 0, 0] = sources[59, 39, 3] = True
        targets[59, 20, 29] = targets[30, 39, 0] = targets[2, 35, 1] = True
        search = nearest_on(VolumeSettings(device="cpu"))
        ours, theirs = (run(sources, targets, SPACING[3]) for run in (surfaces.nearest, search))
        np.testing.assert_allclose(theirs, ours, rtol=4e-16)


# --- the choice ---


def write_volumes(folder: Path) -> Path:
    """Two cases with two structures each."""
    with (
        zipfile.ZipFile(folder / "labels.npz", "w") as truth,
        zipfile.ZipFile(folder / "predictions.npz", "w") as found,
    ):
        lines = ["case_id,spacing"]
        for name, seed in (("a", 1), ("b", 2)):
            prediction, labels = (mask.astype(np.uint8) for mask in masks(seed, (9, 8, 7)))
            labels[3:6, 2:5, 1:4], prediction[3:7, 2:5, 1:3] = 2, 2
            for archive, member, volume in ((found, f"{name}.npy", prediction), (truth, f"masks/{name}.npy", labels)):
                buffer = io.BytesIO()
                np.save(buffer, volume)
                archive.writestr(member, buffer.getvalue())
            lines.append(f"{name},{'x'.join(map(str, SPACING[3]))}")
        truth.writestr("cases.csv", "\n".join(lines) + "\n")
    return folder


ANALYSIS = {
    "structures": {"inner": 2, "outer": 1},
    "boundary": "voxel-centres",
    "taus": [0.7, 1.4],
    "penalty": "image-diagonal",
    "both_empty": "excluded",
}


class TestEvaluation:
    pytestmark = through_torch

    @pytest.mark.parametrize("boundary", BOUNDARIES)
    def test_the_evaluation_through_torch_is_that_of_numpy(self, boundary: str, tmp_path: Path) -> None:
        """Through the chooser, files to states, to the last bit."""
        source, parameters = write_volumes(tmp_path), {"analysis": {**ANALYSIS, "boundary": boundary}}
        by_device = [segmentation.evaluate(source, parameters, VolumeSettings(device)) for device in ("cpu", NUMPY)]
        assert by_device[0] == by_device[1]

    def test_torch_without_a_gpu_is_not_chosen(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A driver's file alone is not enough."""
        torch = importlib.import_module("torch")
        monkeypatch.setattr(volume_device, "_GPU_FILES", (str(tmp_path),))
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        assert nearest_on(VolumeSettings(AUTO)) is surfaces.nearest

    def test_a_gpu_is_chosen(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        torch = importlib.import_module("torch")
        by_torch = importlib.import_module("medeval.metrics.volumes_torch")
        monkeypatch.setattr(volume_device, "_GPU_FILES", (str(tmp_path),))
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        chosen = nearest_on(VolumeSettings(AUTO))
        assert (chosen.func, chosen.keywords) == (by_torch.nearest, {"device": "cuda"})  # type: ignore[attr-defined]


def test_numpy_where_there_is_no_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "medeval.metrics.volumes_torch", raising=False)
    monkeypatch.setattr(volume_device, "_GPU_FILES", (str(tmp_path),))
    assert nearest_on(VolumeSettings(AUTO)) is surfaces.nearest
    assert nearest_on(VolumeSettings(NUMPY)) is surfaces.nearest
    with pytest.raises(MissingExtra, match="torch is not installed"):
        nearest_on(VolumeSettings("cuda"))


def test_torch_is_not_loaded_without_a_gpu() -> None:
    """It takes seconds, and the evaluator's image has none."""
    script = (
        "import sys; from medeval.metrics import segmentation, volume_device as chooser;"
        "chooser._GPU_FILES = (); chooser.nearest_on(chooser.VolumeSettings());"
        "assert not {'torch', 'pydantic', 'sklearn'} & set(sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
