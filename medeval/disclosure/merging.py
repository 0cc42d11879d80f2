"""Merge, then round: what a score table may show of small cells.

A bin that holds fewer than `min_cell` cases of either class is merged with its neighbours, never set to zero: zero is a
small number too, and a suppressed cell ruins every curve. Then the counts of a class are rounded along the table: each
running total to the nearest multiple of `round_to`, and a bin holds the difference of two. So every bin is a multiple,
no merged bin falls below the minimum, and the total of a class is its own rounded total, whatever the model.

Sources: Hundepool et al. 2012, *Statistical Disclosure Control*, 4.3 (table redesign: combining categories) and 4.5
(rounding, and controlled rounding, which keeps totals); the minimum threshold of 10 of ACRO/SACRO and of the Five
Safes' output checkers; OpenSAFELY (counts of 7 or fewer are redacted, others rounded to 5, midpoint rounding of
running totals in survival curves); DataSHIELD (`nfilter.tab`); OHDSI (minimum cell count); NHS England (1 to 7
suppressed, others rounded to 5); CMS (no cell from 1 to 10).
"""

from itertools import accumulate, pairwise
from math import sqrt

from medeval.domain.families.base import Wide
from medeval.domain.families.binary import ScoreTable
from medeval.domain.policies import DisclosurePolicy

#: Values derived from single cases have no more decimals than three.
FINEST_STEP = 0.001


def merged(table: ScoreTable, policy: DisclosurePolicy, threshold: float) -> ScoreTable:
    """The table with small bins merged and its counts rounded; merged again it stays the same.

    `threshold` stays an edge if either side of it holds enough of both classes. Where a whole class holds fewer cases
    than `min_cell`, one bin is left.
    """
    table = table.coarsened(_edges(table, policy.min_cell, threshold))
    n0, n1 = rounded_along(table.n0, policy.round_to), rounded_along(table.n1, policy.round_to)
    bins = zip(pairwise(table.edges), table.n0, table.n1, table.sums, n0, n1, strict=True)
    sums = tuple(
        _rounded_sum(wide.total * table.unit / max(a + b, 1), edges, c + d, table.unit)
        for edges, a, b, wide, c, d in bins
    )
    return table.model_copy(update={"n0": n0, "n1": n1, "sums": sums})


def rounded_count(count: int, base: int) -> int:
    """The nearest multiple of a base; halfway goes up."""
    return (count + base // 2) // base * base


def rounded_along(counts: tuple[int, ...], base: int) -> tuple[int, ...]:
    """Counts rounded so that each running total is the rounded one: totals hold, and no error adds up."""
    totals = [0, *(rounded_count(total, base) for total in accumulate(counts))]
    return tuple(after - before for before, after in pairwise(totals))


def step_of(width: float, cases: int, unit: float) -> float:
    """The step of a bin's mean score: three decimals or half a standard error, whichever is coarser.

    Scores of a bin lie `width` apart at most, so their standard deviation is half of that at most.
    """
    return max(FINEST_STEP, width / (4 * sqrt(cases)), unit)


def _edges(table: ScoreTable, least: int, threshold: float) -> tuple[float, ...]:
    """The edges that stay: as many as leave every bin enough of both classes, the threshold first of all."""
    cut = table.edges.index(threshold) if threshold in table.edges else 0
    whole = (0, len(table.n0))
    sides = [(0, cut), (cut, len(table.n0))]
    spans = sides if cut and all(_holds(table, *side, least) for side in sides) else [whole]
    starts = [start for span in spans for start in _starts(table, *span, least)]
    return (*(table.edges[start] for start in starts), table.edges[-1])


def _holds(table: ScoreTable, first: int, last: int, least: int) -> bool:
    return min(sum(table.n0[first:last]), sum(table.n1[first:last])) >= least


def _starts(table: ScoreTable, first: int, last: int, least: int) -> list[int]:
    """Where merged bins start, from the left: as many as there can be. What is left over joins the last one."""
    starts, start = [first], first
    for at in range(first + 1, last):
        if _holds(table, start, at, least) and _holds(table, at, last, least):
            starts.append(at)
            start = at
    return starts


def _rounded_sum(mean: float, edges: tuple[float, float], cases: int, unit: float) -> Wide:
    """The sum of so many scores whose mean is rounded to a step of the bin."""
    low, high = edges
    step = step_of(high - low, max(cases, 1), unit)
    steps = min(max(round((mean - low) / step), 0), int((high - low) / step + 1e-9))
    return Wide.of(round(cases * (low + steps * step) / unit))
