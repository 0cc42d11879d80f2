"""Two and three segmentations of the same cases: the differences of what each alone is measured by."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medeval.domain.families.segmentation import SegmentationPlan
from medeval.domain.paired import PairedEvaluation
from medeval.metrics.compare import compare
from medeval.metrics.segmentation import Rules, measure_case

PLAN = SegmentationPlan(structures={"head": 1, "tail": 2}, boundary="voxel-centres", taus=(1.0,))
UNIT = 2.0**-52


def volumes(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {f"c{number}": rng.integers(0, 3, (5, 6, 4), dtype=np.uint8) for number in range(6)}


def test_differences_of_each_pair_of_models(tmp_path: Path) -> None:
    truth, models = volumes(0), [volumes(seed) for seed in (1, 2, 3)]
    truth["c3"][truth["c3"] == 2] = 0
    models[0]["c3"][models[0]["c3"] == 2] = 0  # for the first model, no tail in either mask of this case
    with zipfile.ZipFile(tmp_path / "labels.npz", "w") as file:
        for case_id, mask in truth.items():
            stream = io.BytesIO()
            np.save(stream, mask)
            file.writestr(f"masks/{case_id}.npy", stream.getvalue())
        file.writestr("cases.csv", "case_id,spacing\n" + "".join(f"{case_id},1x1x2\n" for case_id in truth))
    for number, masks in enumerate(models, 1):
        np.savez(tmp_path / f"predictions-{number}.npz", **masks)
    compared = [{"metric": name} for name in ("dsc", "hd95/tail", "nsd@1/head")]
    parameters = {"analysis": PLAN.model_dump(mode="json"), "interface": {}, "models": 3, "compared": compared}
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = PairedEvaluation.from_plain(compare(tmp_path, parameters, scratch))
    assert found.cases == 6
    rules = Rules.of(PLAN.model_dump(mode="json"))
    tails = [[measure_case(m[c], truth[c], (1.0, 1.0, 2.0), rules)[1][1] for c in truth] for m in models]
    state: Any = found.state_of("hd95/tail")
    for (first, second), moments in zip([(0, 1), (0, 2), (1, 2)], state.pairs, strict=True):
        kept = [at for at in range(6) if not (at == 3 and first == 0)]
        apart = [tails[first][at][3] - tails[second][at][3] for at in kept]
        assert moments.n == len(kept)
        assert moments.total.total * UNIT == pytest.approx(sum(apart), abs=1e-12)
        assert moments.squares.total * UNIT == pytest.approx(sum(d * d for d in apart), abs=1e-12)
