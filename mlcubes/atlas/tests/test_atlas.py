"""The atlas as a process: made of masks of unlike shapes, laid over volumes of other shapes."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

from tests.cube_process import ROOT, check_cube, run_cube


def train(folder: Path, masks: list[np.ndarray], shape: str) -> dict:
    with zipfile.ZipFile(folder / "labels.npz", "w") as archive:
        archive.writestr("cases.csv", "case_id,spacing\n")
        for number, mask in enumerate(masks):
            stream = io.BytesIO()
            np.save(stream, mask)
            archive.writestr(f"masks/c{number}.npy", stream.getvalue())
    script = str(ROOT / "mlcubes/atlas/train.py")
    words = [sys.executable, script, str(folder), "--out", str(folder / "weights.json"), "--shape", shape]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    return dict(json.loads((folder / "weights.json").read_text()))


def test_the_majority_and_of_equal_votes_the_smaller_label(tmp_path: Path) -> None:
    masks = [np.array([[[0, 1, 2, 2]]]), np.array([[[0, 1, 1, 2]]]), np.array([[[1, 1, 0, 2]]])]
    assert train(tmp_path, masks, "1x1x4") == {"shape": [1, 1, 4], "runs": [[0, 1], [1, 1], [0, 1], [2, 1]]}


def test_each_volume_gets_the_atlas_in_its_own_shape(tmp_path: Path) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "cases.csv").write_text("case_id,spacing\nc1,1x1x1\nc2,1x1x1\n")
    np.save(cases / "c1.npy", np.zeros((4, 2, 2), dtype=np.float32))
    np.save(cases / "c2.npy", np.full((1, 1, 3), np.nan, dtype=np.float32))
    (tmp_path / "w.json").write_text(json.dumps({"shape": [2, 1, 1], "runs": [[1, 1], [2, 1]]}))
    out = check_cube("atlas", "infer", {"cases": cases, "weights": tmp_path / "w.json"}, tmp_path / "out")
    with np.load(out / "predictions.npz", allow_pickle=False) as found:
        assert sorted(found) == ["c1", "c2"]
        np.testing.assert_array_equal(found["c1"][:, 0, 0], [1, 1, 2, 2])
        assert found["c1"].dtype == np.uint8
        np.testing.assert_array_equal(found["c2"], np.full((1, 1, 3), 2))


def test_another_command_is_refused(tmp_path: Path) -> None:
    assert run_cube("atlas", "evaluate", {}, tmp_path / "out").returncode == 2
