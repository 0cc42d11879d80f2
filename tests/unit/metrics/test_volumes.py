"""Overlap and surface distances against MONAI, against brute force, and where masks are degenerate."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from medeval.metrics.surface_elements import SURFACE_ELEMENTS, VOXEL_CENTRES, element_sizes, elements
from medeval.metrics.surfaces import bounding_box, nearest, surface_distances
from medeval.metrics.volumes import overlap

Mask = NDArray[np.bool_]


def blob(rng: np.random.Generator, shape: tuple[int, ...]) -> Mask:
    """A connected-looking mask that may touch the border."""
    smooth = ndimage.gaussian_filter(rng.normal(size=shape), 2.0)
    mask: Mask = smooth > np.quantile(smooth, 0.7)
    return mask


def pair(seed: int, shape: tuple[int, ...]) -> tuple[Mask, Mask]:
    rng = np.random.default_rng(seed)
    truth = blob(rng, shape)
    return np.roll(truth, 1, axis=0) | (rng.random(shape) < 0.01), truth


def border_by_scipy(mask: Mask) -> Mask:
    found: Mask = mask ^ ndimage.binary_erosion(mask)
    return found


def brute_force(sources: Mask, targets: Mask, spacing: tuple[float, ...]) -> Any:
    a, b = np.argwhere(sources) * np.array(spacing), np.argwhere(targets) * np.array(spacing)
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2)).min(axis=1)


SHAPES = [
    ((20, 17, 23), (1.0, 1.0, 1.0)),
    ((12, 25, 9), (0.7, 1.3, 5.0)),
    ((40, 31), (1.0, 1.0)),
    ((30, 28), (0.5, 2.5)),
]


@pytest.mark.parametrize(("shape", "spacing"), SHAPES)
def test_distances_are_those_of_brute_force(shape: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    prediction, truth = pair(1, shape)
    found = surface_distances(prediction, truth, spacing, VOXEL_CENTRES)
    ours, theirs = border_by_scipy(prediction), border_by_scipy(truth)
    np.testing.assert_allclose(np.sort(found.to_truth), np.sort(brute_force(ours, theirs, spacing)), rtol=1e-14)
    np.testing.assert_allclose(np.sort(found.to_prediction), np.sort(brute_force(theirs, ours, spacing)), rtol=1e-14)


@pytest.mark.parametrize("length", [40, 254, 255, 300])
def test_what_lies_outside_the_window_is_found_too(length: int) -> None:
    """Far apart along every axis, and on both sides of the largest number of steps that a byte holds."""
    sources, targets = np.zeros((length, 30, 30), dtype=bool), np.zeros((length, 30, 30), dtype=bool)
    sources[0, 0, 0] = sources[length - 1, 2, 3] = sources[5, 29, 29] = True
    targets[length - 1, 2, 2] = targets[length // 2, 25, 1] = True
    spacing = (0.9, 1.1, 1.2)
    np.testing.assert_allclose(nearest(sources, targets, spacing), brute_force(sources, targets, spacing), rtol=1e-14)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 14), st.integers(1, 14), st.integers(1, 14)),
    st.floats(0.001, 0.5),
    st.tuples(*[st.floats(0.05, 20.0)] * 3),
)
def test_the_nearest_voxel_of_any_masks(
    seed: int, shape: tuple[int, int, int], share: float, spacing: tuple[float, float, float]
) -> None:
    rng = np.random.default_rng(seed)
    sources, targets = rng.random(shape) < share, rng.random(shape) < share
    targets.flat[rng.integers(targets.size)] = True
    if sources.any():
        found, expected = nearest(sources, targets, spacing), brute_force(sources, targets, spacing)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.fixture(scope="module")
def monai() -> Any:
    """MONAI and torch; both warn while they are imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import monai.metrics as found  # noqa: PLC0415 only where it is there, and it warns
        import torch  # noqa: PLC0415

        return found, torch


def as_tensors(torch: Any, *masks: Mask) -> list[Any]:
    return [torch.from_numpy(mask.copy())[None, None].float() for mask in masks]


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("shape", "spacing"), SHAPES)
def test_voxel_centres_agree_with_monai(monai: Any, shape: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    metrics, torch = monai
    for seed in range(3):
        prediction, truth = pair(seed, shape)
        found = surface_distances(prediction, truth, spacing, VOXEL_CENTRES)
        y_pred, y = as_tensors(torch, prediction, truth)
        plain = {"include_background": True, "spacing": spacing}
        hd95 = metrics.compute_hausdorff_distance(y_pred, y, percentile=95, **plain)
        assd = metrics.compute_average_surface_distance(y_pred, y, symmetric=True, **plain)
        assert found.hd() == pytest.approx(float(hd95), rel=1e-5)  # a quantile in single precision
        assert found.assd() == pytest.approx(float(assd), rel=1e-6)
        for tau in (0.0, 0.8, 1.7):
            nsd = metrics.compute_surface_dice(y_pred, y, [tau], **plain)
            assert found.nsd(tau) == pytest.approx(float(nsd), rel=1e-6)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("shape", "spacing"), SHAPES)
def test_surface_elements_agree_with_monais_sub_voxels(
    monai: Any, shape: tuple[int, ...], spacing: tuple[float, ...]
) -> None:
    """Exactly in 2-D; in 3-D up to how a bent polygon is split into triangles."""
    metrics, torch = monai
    prediction, truth = pair(3, shape)
    found = surface_distances(prediction, truth, spacing, SURFACE_ELEMENTS)
    y_pred, y = as_tensors(torch, prediction, truth)
    for tau in (0.8, 1.7):
        theirs = metrics.compute_surface_dice(
            y_pred, y, [tau], include_background=True, spacing=spacing, use_subvoxels=True
        )
        assert found.nsd(tau) == pytest.approx(float(theirs), abs=1e-6 if len(shape) == 2 else 3e-3)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
def test_dice_and_iou_agree_with_monai(monai: Any) -> None:
    metrics, torch = monai
    prediction, truth = pair(5, (20, 17, 23))
    y_pred, y = as_tensors(torch, prediction, truth)
    found = overlap(prediction, truth)
    assert found.dsc == pytest.approx(float(metrics.compute_dice(y_pred, y)), rel=1e-6)
    assert found.iou == pytest.approx(float(metrics.compute_iou(y_pred, y)), rel=1e-6)


def test_overlap_of_labels_in_either_order_of_memory() -> None:
    rng = np.random.default_rng(7)
    a, b = (rng.integers(0, 4, (70, 61, 53), dtype=np.uint8) for _ in range(2))
    for first, second in (
        (a, b),
        (np.asfortranarray(a), np.asfortranarray(b)),
        (np.asfortranarray(a), b),
        (a[::2], b[::2]),
    ):
        found = overlap(first, second, 2)
        expected = (np.sum((first == 2) & (second == 2)), np.sum(first == 2), np.sum(second == 2))
        assert (found.intersection, found.prediction, found.truth) == expected
    assert overlap(a == 2, b == 2) == overlap(a, b, 2)


def test_a_single_voxel_against_itself_and_a_neighbour() -> None:
    one, other = np.zeros((5, 5, 5), dtype=bool), np.zeros((5, 5, 5), dtype=bool)
    one[0, 0, 0] = other[0, 0, 3] = True
    same = surface_distances(one, one, (1.0, 1.0, 2.0), VOXEL_CENTRES)
    assert (same.hd(), same.assd(), same.nsd(0.0)) == (0.0, 0.0, 1.0)
    apart = surface_distances(one, other, (1.0, 1.0, 2.0), VOXEL_CENTRES)
    assert (apart.hd(), apart.assd(), apart.nsd(5.9), apart.nsd(6.0)) == (6.0, 6.0, 0.0, 1.0)


def test_a_mask_that_fills_its_image_has_its_boundary_at_the_border() -> None:
    full = np.ones((4, 5, 6), dtype=bool)
    border, weights = elements(np.pad(full, 1), VOXEL_CENTRES, (1.0, 1.0, 1.0))
    assert weights is None
    assert np.count_nonzero(border) == 4 * 5 * 6 - 2 * 3 * 4
    assert surface_distances(full, full, (1.0, 1.0, 1.0), SURFACE_ELEMENTS).assd() == 0.0


def test_surface_elements_measure_the_surface() -> None:
    """A box: its flat faces, less the bevel of edges and corners; a large ball: nearly 4 pi r**2."""
    box = np.pad(np.ones((10, 10, 10), dtype=bool), 1)
    _, sizes = elements(box, SURFACE_ELEMENTS, (1.0, 2.0, 3.0))
    assert sizes is not None
    faces = 2 * (9 * 2 * 9 * 3 + 9 * 9 * 3 + 9 * 9 * 2)
    edges = 4 * 9 * (1 * np.hypot(1.0, 1.5) + 2 * np.hypot(0.5, 1.5) + 3 * np.hypot(0.5, 1.0))
    corner = 0.5 * np.linalg.norm(np.cross([0.5, -1.0, 0.0], [0.5, 0.0, -1.5]))
    assert sizes.sum() == pytest.approx(faces + edges + 8 * corner)
    grid = np.meshgrid(*[np.arange(-22, 23)] * 3, indexing="ij")
    _, ball = elements(sum(axis**2 for axis in grid) <= 400, SURFACE_ELEMENTS, (1.0, 1.0, 1.0))
    assert ball is not None
    assert ball.sum() == pytest.approx(4 * np.pi * 400, rel=0.1)


def test_a_checkered_square_has_two_segments() -> None:
    assert element_sizes((1.0, 1.0))[[0, 1, 3, 6, 15]] == pytest.approx([0.0, 0.5**0.5, 1.0, 2 * 0.5**0.5, 0.0])


def test_the_box_around_a_mask() -> None:
    mask = np.zeros((6, 7, 8), dtype=bool)
    mask[2:4, 1, 3:8] = True
    assert bounding_box(mask) == (slice(2, 4), slice(1, 2), slice(3, 8))


def test_an_unknown_boundary_is_refused() -> None:
    mask = np.ones((3, 3), dtype=bool)
    with pytest.raises(ValueError, match="boundary"):
        surface_distances(mask, mask, (1.0, 1.0), "faces")


def test_no_distance_counts_for_more_than_the_worst() -> None:
    one, other = np.zeros((30, 3), dtype=bool), np.zeros((30, 3), dtype=bool)
    one[0], other[29] = True, True
    found = surface_distances(one, other, (1.0, 1.0), VOXEL_CENTRES).at_most(10.0)
    assert (found.hd(), found.assd()) == (10.0, 10.0)
