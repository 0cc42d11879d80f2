"""Joint moments of per-case values (`medeval.domain.families.joint`), exact and in any order of cases."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.metrics.exact import sum_units, wide

Plain: TypeAlias = dict[str, Any]
Reals: TypeAlias = NDArray[np.float64]
Clusters: TypeAlias = NDArray[np.int64]

_UNIT = 2.0**-52
_PART_BITS = 26


def joint_moments(values: Mapping[str, Reals], cluster: Clusters | None = None) -> Plain:
    """`JointMoments` of the named columns, `one` added in front.

    Each column of shape (N,) with |value| < 2**20; `cluster` of shape (N,) numbers each case's patient (None: every
    case is a patient of its own). The cases of one patient must come in one call.
    """
    some = next(iter(values.values()))
    columns = {"one": np.ones(len(some), dtype=np.float64), **values}
    places = None if cluster is None else np.unique(cluster, return_inverse=True)[1]
    sums = {name: _cluster_totals(column, places) for name, column in columns.items()}
    names = list(columns)
    return {
        "kind": "joint-moments",
        "columns": names,
        "clusters": len(sums["one"]),
        "totals": [wide(sum_units(columns[name])) for name in names],
        "products": [wide(sum_units(sums[a] * sums[b])) for i, a in enumerate(names) for b in names[i:]],
    }


def rounded(values: Reals, resolution: float | str) -> Reals:
    """Values rounded to the step of a plan's `score_resolution`, or as they are under `exact`."""
    if isinstance(resolution, str):
        return values
    found: Reals = np.rint(values / resolution) * resolution
    return found


def _cluster_totals(values: Reals, places: Clusters | None) -> Reals:
    """The total of each cluster: the nearest double to an exact sum, so the order of cases has no say in it."""
    whole = np.trunc(values)  # towards zero: what remains is exact, of tiny negative values too
    units = np.rint((values - whole) / _UNIT).astype(np.int64)
    high, low = units >> _PART_BITS, units & (2**_PART_BITS - 1)
    parts = [_added(part.astype(np.float64), places) for part in (whole, high, low)]
    return parts[0] + (parts[1] * 2.0**-_PART_BITS + parts[2] * _UNIT)


def _added(values: Reals, places: Clusters | None) -> Reals:
    if places is None:
        return values
    totals: Reals = np.bincount(places, weights=values).astype(np.float64)
    return totals
