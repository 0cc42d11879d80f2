"""The hippocampus benchmark, cube by cube, on invented volumes and on the published ones."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from medeval.domain.result import Evaluation
from medeval.packaging.publish import check_draft
from medeval.stats.estimates import measure_of
from medeval.stats.measure import Measured
from tests.cube_process import ROOT, check_cube, load_script, read_draft

FOLDER = ROOT / "benchmarks/hippocampus"
DRAFT = read_draft("hippocampus")
PLAN = check_draft(FOLDER).analysis
PARAMETERS = DRAFT["preparator"]["parameters"]


def prepare(raw: Path, out: Path) -> Path:
    return check_cube("hippocampus-preparator", "prepare", {"data": raw}, out, PARAMETERS)


def evaluate(prepared: Path, weights: Path, out: Path) -> dict[str, Any]:
    interface = {"interface": DRAFT["model_interface"]}
    check_cube("atlas", "infer", {"cases": prepared / "cases", "weights": weights}, out, interface)
    inputs = {"predictions.npz": out / "predictions.npz", "labels.npz": prepared / "labels.npz"}
    parameters = {"analysis": PLAN.model_dump(mode="json"), **interface}
    check_cube("segmentation-evaluator", "evaluate", inputs, out, parameters)
    return dict(json.loads((out / "result.json").read_text()))


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_rehearsal_volumes_are_what_their_generator_writes(tmp_path: Path) -> None:
    load_script("benchmarks/hippocampus/synthetic/generate.py").main(tmp_path)
    assert files_in(tmp_path) == files_in(FOLDER / "synthetic/data")


def test_golden_result_on_rehearsal_volumes(tmp_path: Path) -> None:
    prepared = prepare(FOLDER / "synthetic/data", tmp_path / "p")
    assert files_in(prepare(FOLDER / "synthetic/data", tmp_path / "again")) == files_in(prepared)
    inputs = {"cases": prepared / "cases", "labels.npz": prepared / "labels.npz"}
    check_cube("hippocampus-preparator", "sanity_check", inputs, tmp_path / "c", PARAMETERS)
    counted = check_cube("hippocampus-preparator", "statistics", inputs, tmp_path / "s", PARAMETERS)
    expected = FOLDER / "expected"
    statistics = json.loads((counted / "statistics.json").read_text())
    assert statistics == json.loads((expected / "statistics.json").read_text())
    found = evaluate(prepared, expected / "weights.json", tmp_path / "o")
    assert found == json.loads((expected / "result.json").read_text())
    assert PLAN.check_states(found["cases"], Evaluation.from_plain(found).states) == ()


def test_an_atlas_is_laid_as_scipy_lays_it() -> None:
    lay = load_script("mlcubes/atlas/src/grid.py").lay
    rng = np.random.default_rng(3)
    volume = rng.integers(0, 3, (36, 50, 36), dtype=np.uint8)
    for shape in rng.integers(20, 60, (30, 3)).tolist():
        zoom = [new / old for new, old in zip(shape, volume.shape, strict=True)]
        expected = ndimage.zoom(volume, zoom, order=0, grid_mode=True, mode="grid-constant")
        np.testing.assert_array_equal(lay(volume, tuple(shape)), expected)


@pytest.mark.shared
def test_the_atlas_reaches_the_published_dice(shared_dir: Path, tmp_path: Path) -> None:
    """Of cases 13-24 by the majority of cases 1-12: .7592 anterior, .6771 posterior."""
    source = shared_dir / "data/hippocampus"
    folders = load_script("benchmarks/hippocampus/make_sites.py").make_sites(source, tmp_path / "raw")
    assert {name: len(list((folder / "labels").iterdir())) for name, folder in folders.items()} == {
        "development": 12, "first": 4, "second": 4, "third": 4,
    }  # fmt: skip
    load_script("benchmarks/hippocampus/reproduce_models.py").main(source, tmp_path / "weights")
    parts = [
        Evaluation.from_plain(
            evaluate(prepare(folders[site], tmp_path / site), tmp_path / "weights/atlas.json", tmp_path / f"{site}-out")
        )
        for site in ("first", "second", "third")
    ]
    together = parts[0].merge(parts[1]).merge(parts[2])
    assert together.cases == 12
    for metric, published in (("dsc/anterior", 0.7592), ("dsc/posterior", 0.6771)):
        found = measure_of(together, metric, PLAN)
        assert isinstance(found, Measured)
        assert round(found.value, 4) == published


def test_case_ids_tell_nothing_of_the_raw_names(tmp_path: Path) -> None:
    prepared = prepare(FOLDER / "synthetic/data", tmp_path / "p")
    with zipfile.ZipFile(prepared / "labels.npz") as archive:
        names = archive.namelist()
    assert sorted(names) == ["cases.csv", *(f"masks/c{number:06d}.npy" for number in range(1, 7))]
    assert not any(b"invented" in data for data in files_in(prepared).values())
