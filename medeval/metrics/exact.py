"""Exact sums: integers that travel in two parts, and real numbers counted in units of 2**-52.

The twin, for evaluators, of `Wide` and `Moments` in `medeval.domain.families.base`.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Plain: TypeAlias = dict[str, Any]
Reals: TypeAlias = NDArray[np.float64]

LOW_BITS = 46
UNIT_BITS = 52
#: A part of a value in units: small enough that a billion of them add up inside 63 bits.
_PART_BITS = 26


def wide(total: int) -> Plain:
    """An integer as the JSON of `Wide`."""
    return {"hi": total >> LOW_BITS, "lo": total & (2**LOW_BITS - 1)}


def to_units(value: float) -> int:
    """A real number in units of 2**-52, rounded to the nearest."""
    units: int = round(value * 2**UNIT_BITS)
    return units


def sum_units(values: Reals, unit_bits: int = UNIT_BITS) -> int:
    """The exact sum of values, each first rounded to a unit of 2**-`unit_bits`.

    `values` of shape (N,), |value| < 2**36, N < 2**27; whole part and fraction are added apart, so nothing is lost.
    """
    whole = np.trunc(values)  # towards zero: what remains is exact, of negative values too
    fraction = np.rint((values - whole) * 2.0**unit_bits).astype(np.int64)
    high, low = fraction >> _PART_BITS, fraction & (2**_PART_BITS - 1)
    total = int(whole.astype(np.int64).sum()) << unit_bits
    return total + (int(high.sum()) << _PART_BITS) + int(low.sum())


def bin_sums(values: Reals, bins: NDArray[np.intp], count: int) -> list[int]:
    """The exact sum of values in [0, 1] per bin, in units of 2**-52; values and bins of shape (N,), N < 2**26."""
    units = np.rint(values * 2.0**UNIT_BITS).astype(np.int64)
    # bincount adds doubles: either part stays below 2**53 in all
    high = np.bincount(bins, weights=units >> _PART_BITS, minlength=count)
    low = np.bincount(bins, weights=units & (2**_PART_BITS - 1), minlength=count)
    return [(int(a) << _PART_BITS) + int(b) for a, b in zip(high, low, strict=True)]


def moments(values: Reals, cluster: NDArray[np.int64] | None = None) -> Plain:
    """Count, exact sum and exact sum of squares of per-case values (`Moments`).

    `values` of shape (N,); `cluster`, of the same shape, numbers the patient of each case.
    """
    found: Plain = {"n": len(values), "total": wide(sum_units(values)), "squares": wide(sum_units(values * values))}
    return found if cluster is None else {**found, "totals": _cluster_totals(values, cluster)}


def _cluster_totals(values: Reals, cluster: NDArray[np.int64]) -> Plain:
    """Sums by patient (`ClusterTotals`), added in the order of the cases and then squared."""
    sizes = np.bincount(cluster)
    totals: Reals = np.bincount(cluster, weights=values)[sizes > 0].astype(np.float64)
    counts = sizes[sizes > 0].astype(np.int64)
    return {
        "clusters": len(counts),
        "sizes": int((counts * counts).sum()),
        "squares": wide(sum_units(np.square(totals))),
        "products": wide(sum_units(np.multiply(totals, counts))),
    }


def cluster_sizes(sizes: NDArray[np.int64]) -> Plain:
    """How many clusters, and the sum of their squared sizes (`ClusterSizes`)."""
    return {"clusters": len(sizes), "squares": int((sizes * sizes).sum())}
