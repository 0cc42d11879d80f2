"""Bootstrap replicates of a table of scores by class, drawn from the table itself.

Cases of one bin and class are alike, so drawing N cases with replacement is one multinomial draw over the cells: as
long for ten million cases as for a hundred. The server does it with what a site released, and learns nothing more.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Tables: TypeAlias = NDArray[np.int64]


def replicate_table(
    n0: Sequence[int] | Tables, n1: Sequence[int] | Tables, replicates: int, seed: int, effective_n: float | None = None
) -> tuple[Tables, Tables]:
    """Negative and positive cases per bin in each of B replicates, both of shape (B, K), from K bins.

    Cases are drawn from the 2 K cells together, so the size of a class varies as it does among cases. `effective_n`
    (in [1, N]) draws as many cases in place of N: where cases are clustered, that spreads any ratio of counts as the
    design effect N / effective_n asks; it is rounded to a whole case, and each replicate adds up to it.
    Raises ValueError for an empty table, a negative count or another effective size.
    """
    cells = np.concatenate((np.asarray(n0, dtype=np.int64), np.asarray(n1, dtype=np.int64)))
    total = int(cells.sum())
    if len(n0) != len(n1) or total < 1 or int(cells.min()) < 0:
        raise ValueError("a table needs one count of at least 0 per bin and class, and a case")
    draws = total if effective_n is None else round(effective_n)
    if not 1 <= draws <= total:
        raise ValueError("the effective size lies between 1 and the number of cases")
    filled = np.flatnonzero(cells)
    tables = np.zeros((replicates, len(cells)), dtype=np.int64)
    tables[:, filled] = np.random.default_rng(seed).multinomial(draws, cells[filled] / total, size=replicates)
    return tables[:, : len(n0)], tables[:, len(n0) :]
