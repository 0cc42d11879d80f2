"""The score table of cases that come in parts: each part is added to it and let go, so no case is kept.

Everything in a score table is a whole number, so the sum over parts is, bit for bit, the table of all cases at once.
What is held beside the table is a part of some 65 000 cases with its working arrays, about 15 MiB at any number of
cases, and what `predictions.iterate_scored_cases` has to keep to tell whether each case comes once:

- ids that rise, both files in one order: nothing.
- ids otherwise, both files in one order: 8 bytes of each case, twice that while they are sorted at the end.
- files in unlike orders, or not plainly written: the ids of the labels, about 130 bytes of each case.

So the bound follows from the labels, which the site prepared, and never from what a model writes.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

from medeval.metrics.exact import LOW_BITS, wide

Plain: TypeAlias = dict[str, Any]


def added_tables(tables: Iterable[Plain]) -> Plain:
    """The sum of at least one score table (`binary.score_table`), all of one frame; each is taken once, in turn."""
    turn = iter(tables)
    first = next(turn)
    n0, n1, sums = list(first["n0"]), list(first["n1"]), _totals(first)
    for table in turn:
        n0, n1, sums = _added(n0, table["n0"]), _added(n1, table["n1"]), _added(sums, _totals(table))
    return {**first, "n0": n0, "n1": n1, "sums": [wide(total) for total in sums]}


def _totals(table: Plain) -> list[int]:
    return [(part["hi"] << LOW_BITS) + part["lo"] for part in table["sums"]]


def _added(one: list[int], other: list[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]
