"""From masks to the shown value, against MONAI, case by case, and scikit-learn over all voxels together."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from medeval.domain.families.segmentation import SegmentationPlan
from medeval.domain.result import Evaluation
from medeval.metrics.segmentation import Rules, evaluation, measure_case
from medeval.stats.families.segmentation import measure
from medeval.stats.measure import Measured

SPACING, SHAPE = (0.8, 1.0, 2.5), (16, 18, 12)
PLAN = SegmentationPlan(structures={"head": 1, "tail": 2}, boundary="voxel-centres", taus=(1.2,))


def volumes(seed: int) -> tuple[Any, Any]:
    """Prediction and truth: two boxes, moved by a voxel, with voxels wrong here and there."""
    rng = np.random.default_rng(seed)
    truth = np.zeros(SHAPE, dtype=np.uint8)
    truth[2:9, 2:9, 2:7], truth[9:14, 10:16, 5:10] = 1, 2
    moved = np.roll(truth, rng.integers(-1, 2, 3), axis=(0, 1, 2))
    return np.where(rng.random(SHAPE) < 0.02, rng.integers(0, 3, SHAPE), moved).astype(np.uint8), truth


CASES = [volumes(seed) for seed in range(6)]


def get(name: str) -> float:
    rules = Rules.of(PLAN.model_dump(mode="json"))
    found = Evaluation.from_plain(evaluation([measure_case(*case, SPACING, rules) for case in CASES], rules))
    PLAN.check_metric(name)
    measured = measure(found, name, PLAN)
    assert isinstance(measured, Measured)
    return measured.value


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("base", ["dsc", "iou", "nsd@1.2", "hd95", "assd"])
def test_means_over_cases_are_those_of_monai(base: str) -> None:
    import monai.metrics as monai  # noqa: PLC0415 heavy, and not everywhere
    import torch  # noqa: PLC0415

    def of_case(predicted: Any, truth: Any) -> float:
        pair = [torch.from_numpy(mask)[None, None].double() for mask in (predicted, truth)]
        space = {"include_background": True, "spacing": SPACING}
        match base:
            case "dsc":
                return float(monai.compute_dice(*pair))
            case "iou":
                return float(monai.compute_iou(*pair))
            case "nsd@1.2":
                return float(monai.compute_surface_dice(*pair, [1.2], **space))
            case "hd95":
                return float(monai.compute_hausdorff_distance(*pair, percentile=95, **space))
            case _:
                return float(monai.compute_average_surface_distance(*pair, symmetric=True, **space))

    expected = np.array([[of_case(p == label, t == label) for label in (1, 2)] for p, t in CASES])
    assert get(f"{base}/head") == pytest.approx(expected[:, 0].mean(), rel=1e-6)  # MONAI's are in single precision
    assert get(f"{base}/tail") == pytest.approx(expected[:, 1].mean(), rel=1e-6)
    assert get(base) == pytest.approx(expected.mean(), rel=1e-6)


def test_the_micro_average_is_the_f1_of_all_voxels() -> None:
    predicted, truth = (np.concatenate([volume.ravel() for volume in column]) for column in zip(*CASES, strict=True))
    for name, label in (("head", 1), ("tail", 2)):
        expected = f1_score(truth == label, predicted == label)
        assert get(f"micro_dice/{name}") == pytest.approx(expected, rel=1e-12)
