"""The states of a segmentation, as the plain JSON of `medeval.domain.families.segmentation`.

Each case is measured once, structure by structure; a state adds up what was measured. A structure that is missed, or
found where there is none, has a value too: 0 for every overlap, the plan's penalty for every distance.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.errors import DataError, ScoreOutOfRange
from medeval.metrics import strata
from medeval.metrics.exact import moments, wide
from medeval.metrics.surface_elements import Mask
from medeval.metrics.surfaces import nearest, surface_distances
from medeval.metrics.volume_device import Nearest, VolumeSettings, nearest_on
from medeval.metrics.volume_files import Archive, CaseRow, open_labels, open_predictions, read_case_rows
from medeval.metrics.volumes import Labels, Overlap, overlap

Plain: TypeAlias = dict[str, Any]
Reals: TypeAlias = NDArray[np.float64]

IMAGE_DIAGONAL = "image-diagonal"
EXCLUDED, ONE = "excluded", "one"
_HINT = "Write the label values that the benchmark's analysis plan names, and 0 for background."
_LABELS_HINT = "The preparator wrote these labels: check its parameters, and prepare the dataset again."


@dataclass(frozen=True)
class Rules:
    """What of an analysis plan says how one case is measured."""

    structures: Mapping[str, int]
    boundary: str
    taus: tuple[float, ...]
    penalty: str | float
    both_empty: str

    @classmethod
    def of(cls, analysis: Mapping[str, Any]) -> "Rules":
        """From the plain JSON of a `SegmentationPlan`."""
        return cls(
            # In the order of their names: JSON gives the fields of an object no other.
            dict(sorted(analysis["structures"].items())),
            analysis["boundary"],
            tuple(float(tau) for tau in analysis["taus"]),
            analysis["penalty"],
            analysis["both_empty"],
        )

    @property
    def metrics(self) -> tuple[str, ...]:
        """What is measured of each case, in the order of a state's moments."""
        return ("dsc", "iou", *(f"nsd@{tau:g}" for tau in self.taus), "hd95", "assd")

    def frame(self) -> Plain:
        """What a state repeats of the plan (`CaseRules`), so that unlike states cannot be added."""
        named = {"boundary": self.boundary, "taus": list(self.taus), "penalty": self.penalty}
        return {"rules": {**named, "both_empty": self.both_empty}}


@dataclass(frozen=True)
class Measured:
    """One structure over N cases: voxels (N, 3) of both, prediction and truth; values (N, M), a column per metric."""

    voxels: NDArray[np.int64]
    values: Reals

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Of shape (3, N): both are empty; the truth alone is there; the prediction alone is there."""
        predicted, true = self.voxels[:, 1] > 0, self.voxels[:, 2] > 0
        return np.stack([~predicted & ~true, true & ~predicted, predicted & ~true])


@dataclass(frozen=True)
class Read:
    """What was measured of N cases, by structure, and the patients and groups of the cases."""

    cases: int
    measured: Sequence[Measured]
    strata: strata.Strata


def evaluate(source: Path, parameters: Mapping[str, Any], settings: VolumeSettings | None = None) -> Plain:
    """The evaluation of `predictions.npz` and `labels.npz` in `source`."""
    rules = Rules.of(parameters["analysis"])
    return _evaluation(read_cases(source, parameters.get("interface", {}), rules, settings), rules)


def read_cases(
    source: Path, interface: Mapping[str, Any], rules: Rules, settings: VolumeSettings | None = None
) -> Read:
    """Measure each case of the files in `source`; one case's volumes are held at a time.

    `settings` say where: on a GPU if there is one, unless they are given.
    """
    search = nearest_on(settings or VolumeSettings())
    with open_labels(source) as labels:
        rows = read_case_rows(labels, interface)
        with open_predictions(source, [row.case_id for row in rows]) as predictions:
            pairs = ((_read_pair(predictions, labels, row, rules), row.spacing) for row in rows)
            cases = [measure_case(*pair, spacing, rules, search) for pair, spacing in pairs]
    columns = {name: [row.strata[name] for row in rows] for name in strata.columns_of(interface)}
    return Read(len(cases), _by_structure(cases, rules), strata.strata_of(columns, interface))


def _read_pair(predictions: Archive, labels: Archive, row: CaseRow, rules: Rules) -> tuple[Labels, Labels]:
    truth = labels.read(row.case_id)
    if truth.ndim != len(row.spacing):
        raise DataError("labels.npz holds a mask and a spacing of unlike dimensions", _LABELS_HINT)
    if not _has_only(truth, rules):
        raise DataError("labels.npz holds a label that the analysis plan does not name", _LABELS_HINT)
    predicted = predictions.read(row.case_id, truth.shape)
    if not _has_only(predicted, rules):
        raise ScoreOutOfRange("a mask holds a label that the analysis plan does not name", _HINT)
    return predicted, truth


def _has_only(volume: Labels, rules: Rules) -> bool:
    known = {0, *rules.structures.values()}
    low, high = int(volume.min()), int(volume.max())
    if not min(known) <= low <= high <= max(known):
        return False
    return len(known) == max(known) + 1 or set(np.unique(volume).tolist()) <= known


def measure_case(
    predicted: Labels, truth: Labels, spacing: Sequence[float], rules: Rules, search: Nearest = nearest
) -> list[tuple[Overlap, list[float]]]:
    """For each structure its voxels and its values; volumes of one shape, `spacing` in mm along each axis.

    Where both are empty every value is that of a perfect prediction: whether it counts is decided later.
    """
    steps = tuple(float(step) for step in spacing)
    return [_measure((predicted, truth), label, steps, rules, search) for label in rules.structures.values()]


def _measure(
    volumes: tuple[Labels, Labels], label: int, spacing: tuple[float, ...], rules: Rules, search: Nearest
) -> tuple[Overlap, list[float]]:
    predicted, truth = volumes
    found, taus = overlap(predicted, truth, label), len(rules.taus)
    if not found.prediction and not found.truth:
        return found, [1.0] * (2 + taus) + [0.0, 0.0]
    worst = _penalty(truth.shape, spacing, rules)
    if not found.prediction or not found.truth:
        return found, [0.0] * (2 + taus) + [worst, worst]
    masks: tuple[Mask, Mask] = (predicted == label, truth == label)
    apart = surface_distances(*masks, spacing, rules.boundary, search).at_most(worst)
    near = [apart.nsd(tau) for tau in rules.taus]
    return found, [found.dsc, found.iou, *near, apart.hd(), apart.assd()]


def _penalty(shape: tuple[int, ...], spacing: tuple[float, ...], rules: Rules) -> float:
    """The distance, in mm, that stands for a boundary that is not there; no distance counts for more."""
    if rules.penalty != IMAGE_DIAGONAL:
        return float(rules.penalty)
    return float(np.linalg.norm(np.array(shape) * np.array(spacing)))


def evaluation(
    cases: Sequence[Sequence[tuple[Overlap, Sequence[float]]]], rules: Rules, groups: strata.Strata | None = None
) -> Plain:
    """The evaluator's result (`domain.result.Evaluation`) of what `measure_case` gave for each case."""
    return _evaluation(Read(len(cases), _by_structure(cases, rules), groups or strata.Strata()), rules)


def _evaluation(read: Read, rules: Rules) -> Plain:
    def states_of(chosen: NDArray[np.bool_]) -> list[Plain]:
        cluster = None if read.strata.cluster is None else read.strata.cluster[chosen]
        return states([Measured(one.voxels[chosen], one.values[chosen]) for one in read.measured], rules, cluster)

    return strata.evaluation(read.cases, states_of, read.strata)


def _by_structure(cases: Sequence[Sequence[tuple[Overlap, Sequence[float]]]], rules: Rules) -> list[Measured]:
    return [_stack([case[place] for case in cases]) for place in range(len(rules.structures))]


def _stack(found: Sequence[tuple[Overlap, Sequence[float]]]) -> Measured:
    voxels = [(item.intersection, item.prediction, item.truth) for item, _ in found]
    return Measured(np.array(voxels, dtype=np.int64), np.array([values for _, values in found], dtype=np.float64))


def states(measured: Sequence[Measured], rules: Rules, cluster: strata.Numbers | None = None) -> list[Plain]:
    """A state for each structure and, of several, one for each case's mean over its structures."""
    found = [_structure(name, one, rules, cluster) for name, one in zip(rules.structures, measured, strict=True)]
    if len(found) == 1:
        return found
    return [*found, {"kind": "structures-mean", **rules.frame(), "moments": list(_means(measured, rules, cluster))}]


def _structure(name: str, one: Measured, rules: Rules, cluster: strata.Numbers | None) -> Plain:
    empty, missed, false_alarm = (int(np.count_nonzero(which)) for which in one.counts)
    counts = {"cases": len(one.voxels), "both_empty": empty, "missed": missed, "false_alarm": false_alarm}
    voxels = [wide(int(total)) for total in one.voxels.sum(axis=0)]
    kept = kept_cases(one, rules)
    units, spread = _spread(one, cluster)
    found = [_moments(one.values[kept, place], kept, cluster) for place in range(one.values.shape[1])]
    sums = {"voxels": voxels, "units": units, "spread": spread, "moments": found}
    return {"kind": "structure", "structure": name, **rules.frame(), **counts, **sums}


def _spread(one: Measured, cluster: strata.Numbers | None) -> tuple[int, list[Plain]]:
    """How many patients (or cases), and the sums over them of u * u, u * w and w * w (`StructureCases`)."""
    twice, both = 2 * one.voxels[:, 0], one.voxels[:, 1] + one.voxels[:, 2]
    if cluster is not None:
        patients = np.unique(cluster, return_inverse=True)[1]
        twice, both = (_added(values, patients) for values in (twice, both))
    # Squares of voxel counts pass 63 bits: Python's integers have no end.
    pairs = [(int(u), int(w)) for u, w in zip(twice, both, strict=True)]
    sums = (sum(u * u for u, _ in pairs), sum(u * w for u, w in pairs), sum(w * w for _, w in pairs))
    return len(pairs), [wide(total) for total in sums]


def _added(values: NDArray[np.int64], patients: NDArray[np.intp]) -> NDArray[np.int64]:
    totals = np.zeros(int(patients.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(totals, patients, values)
    return totals


def _means(measured: Sequence[Measured], rules: Rules, cluster: strata.Numbers | None) -> Iterator[Plain]:
    """Moments of each case's mean; a case of which no structure counts has none."""
    for place in range(len(rules.metrics)):
        values, kept = means_of(measured, rules, place)
        yield _moments(values[kept], kept, cluster)


def means_of(measured: Sequence[Measured], rules: Rules, place: int) -> tuple[Reals, NDArray[np.bool_]]:
    """Each case's mean over those of its structures that count (0 where none does), and whether one does; both (N,)."""
    counted = np.stack([kept_cases(one, rules) for one in measured])
    values = np.stack([one.values[:, place] for one in measured])
    how_many = counted.sum(axis=0)
    mean: Reals = (values * counted).sum(axis=0) / np.maximum(how_many, 1)
    return mean, how_many > 0


def kept_cases(one: Measured, rules: Rules) -> NDArray[np.bool_]:
    """The cases whose values of a structure count, of shape (N,)."""
    empty: NDArray[np.bool_] = one.counts[0]
    return ~empty if rules.both_empty == EXCLUDED else np.ones_like(empty)


def _moments(values: Reals, kept: NDArray[np.bool_], cluster: strata.Numbers | None) -> Plain:
    return moments(values, None if cluster is None else cluster[kept])
