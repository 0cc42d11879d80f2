"""Volume metrics against MONAI on 240 x 240 x 155 voxels, one core: `python bench/volumes.py [RUNS]`.

One pair of invented masks for both, of the size of a whole brain tumour (about 300 ml, 21 000 voxels of boundary), and
a smaller and a larger one. HD95 + NSD at two tolerances + ASSD together stand against MONAI's HD95 alone; Dice against
MONAI's Dice. Where a GPU is at hand distances are searched on it through torch, from masks in main memory.
"""

import sys
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from scipy import ndimage

from medeval.metrics.surface_elements import SURFACE_ELEMENTS, VOXEL_CENTRES
from medeval.metrics.surfaces import nearest, surface_distances
from medeval.metrics.volume_device import Nearest, VolumeSettings, nearest_on
from medeval.metrics.volumes import overlap

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from monai.metrics import compute_dice, compute_hausdorff_distance

SHAPE = (240, 240, 155)
SPACING = (1.0, 1.0, 1.0)
RADII = {"small": (20, 25, 18), "whole tumour": (45, 50, 35), "large": (80, 85, 60)}
HD_GOAL, DICE_GOAL = 2.0, 40.0


def make_mask(centre: tuple[int, ...], radii: tuple[int, ...], seed: int) -> Any:
    """An ellipsoid with an uneven surface."""
    coarse = [max(2, n // 12) for n in SHAPE]
    noise = np.random.default_rng(seed).normal(size=coarse).astype(np.float32)
    uneven = ndimage.zoom(noise, [n / c for n, c in zip(SHAPE, coarse, strict=True)], order=1)
    grid = np.ogrid[tuple(slice(n) for n in SHAPE)]
    form = sum(((axis - c) / r) ** 2 for axis, c, r in zip(grid, centre, radii, strict=True))
    return form + 0.25 * uneven < 1


def seconds(runs: int, *work: Callable[[], Any]) -> list[float]:
    """The median time of each, taken in turns."""
    taken: list[list[float]] = [[] for _ in work]
    for _ in range(runs):
        for times, action in zip(taken, work, strict=True):
            began = time.perf_counter()
            action()
            times.append(time.perf_counter() - began)
    return [median(times) for times in taken]


def distances(prediction: Any, truth: Any, boundary: str, search: Nearest = nearest) -> tuple[float, ...]:
    """HD95, NSD at two tolerances, ASSD."""
    found = surface_distances(prediction, truth, SPACING, boundary, search)
    return found.hd(), found.nsd(1.0), found.nsd(2.0), found.assd()


def measure(name: str, radii: tuple[int, ...], runs: int) -> None:
    """Print the times and ratios of one size."""
    truth, prediction = make_mask((120, 110, 80), radii, 1), make_mask((121, 112, 79), radii, 2)
    y, y_pred = (torch.from_numpy(mask)[None, None].float() for mask in (truth, prediction))
    theirs, ours, elements = seconds(
        runs,
        lambda: compute_hausdorff_distance(y_pred, y, include_background=True, percentile=95, spacing=SPACING),
        lambda: distances(prediction, truth, VOXEL_CENTRES),
        lambda: distances(prediction, truth, SURFACE_ELEMENTS),
    )
    labels = prediction.view(np.uint8), truth.view(np.uint8)
    their_dice, dice, dice_of_labels = seconds(
        2 * runs,
        lambda: compute_dice(y_pred, y, include_background=True),
        lambda: overlap(prediction, truth).dsc,
        lambda: overlap(*labels, 1).dsc,
    )
    print(f"{name}: {np.count_nonzero(truth)} voxels, HD95 {distances(prediction, truth, VOXEL_CENTRES)[0]:.2f} mm")
    tell("HD95 + NSD + ASSD, voxel centres", ours, theirs, HD_GOAL)
    tell("HD95 + NSD + ASSD, surface elements", elements, theirs, HD_GOAL)
    tell("Dice of masks", dice, their_dice, DICE_GOAL)
    tell("Dice of a label", dice_of_labels, their_dice, DICE_GOAL)
    if torch.cuda.is_available():
        search = nearest_on(VolumeSettings(device="cuda"))
        distances(prediction, truth, VOXEL_CENTRES, search)  # the first call loads kernels
        for boundary in (VOXEL_CENTRES, SURFACE_ELEMENTS):
            (on_gpu,) = seconds(runs, lambda b=boundary: distances(prediction, truth, b, search))
            tell(f"HD95 + NSD + ASSD on the GPU, {boundary}", on_gpu, theirs, HD_GOAL)


def tell(what: str, ours: float, theirs: float, goal: float) -> None:
    """A line of two times, their ratio and the goal."""
    met = "met" if theirs / ours >= goal else "not met"
    ratio = f"ratio {theirs / ours:5.1f} (goal {goal:g}: {met})"
    print(f"  {what:<48} {ours:7.4f} s   MONAI {theirs:7.4f} s   {ratio}")


def main(runs: int) -> None:
    """All sizes; the goals are for the whole tumour."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", FutureWarning)  # of MONAI, about itself
    for name, radii in RADII.items():
        measure(name, radii, runs)
    if not torch.cuda.is_available():
        print("no GPU at hand: volume metrics through torch were not timed")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
