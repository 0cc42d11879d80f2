"""Predictions and labels whose rows stand in the same order, read side by side in blocks.

Ids that rise from row to row cannot repeat, and nothing is kept of them. Otherwise the labels are read once more, and a
hash of each id, 8 bytes, tells whether one came twice.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from medeval.errors import MedevalError
from medeval.metrics.case_blocks import CaseBlock, CaseIds, Irregular, iterate_blocks
from medeval.metrics.decimals import Words, unit_decimals

Values: TypeAlias = NDArray[np.float64]
Marks: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class _Rows:
    """R rows: ids, and the number in the second field, of shape (R,)."""

    ids: CaseIds
    values: Values

    def part(self, begin: int, end: int) -> "_Rows":
        return _Rows(self.ids.part(begin, end), self.values[begin:end])


def values_in_step(
    predictions: tuple[Path, Sequence[str]],
    labels: tuple[Path, Sequence[str]],
    to_score: Callable[[str], float],
    block_bytes: int,
    part_rows: int,
) -> Iterator[tuple[Marks, Values]]:
    """Labels and scores of the same cases, in parts of shapes (n,) and (n,); at least one case.

    Either file is a path and its header, read `block_bytes` at a time; blocks are gathered to parts of `part_rows` or
    slightly more. `to_score` judges what is no plain decimal in [0, 1].
    Raises `Irregular` where the files are not plain, or not of the same cases in the same order, or name a case twice.
    """
    scored = (_Rows(block.ids, _to_scores(block, to_score)) for block in iterate_blocks(*predictions, block_bytes))
    truth = (_Rows(block.ids, _to_labels(block)) for block in iterate_blocks(*labels, block_bytes))
    parts: list[tuple[Marks, Values]] = []
    rows, rising, last = 0, True, None
    for one, other in _side_by_side(scored, truth):
        if not one.ids.equal(other.ids):
            raise Irregular
        rising, last = rising and other.ids.rising(last), other.ids
        parts.append((other.values == 1, one.values))
        rows += len(one.values)
        if rows >= part_rows:
            yield _joined(parts)
            parts, rows = [], 0
    if parts:
        yield _joined(parts)
    if not rising or last is None:
        _check_once([block.ids.hashes() for block in iterate_blocks(*labels, block_bytes)])


def _joined(parts: Sequence[tuple[Marks, Values]]) -> tuple[Marks, Values]:
    truth, scores = zip(*parts, strict=True)
    return np.concatenate(truth), np.concatenate(scores)


def _side_by_side(left: Iterator[_Rows], right: Iterator[_Rows]) -> Iterator[tuple[_Rows, _Rows]]:
    """Both in parts of as many rows; raises `Irregular` where one has more."""
    one, other = next(left, None), next(right, None)
    while one is not None and other is not None:
        n = min(len(one.values), len(other.values))
        yield one.part(0, n), other.part(0, n)
        one = one.part(n, len(one.values)) if n < len(one.values) else next(left, None)
        other = other.part(n, len(other.values)) if n < len(other.values) else next(right, None)
    if one is not None or other is not None:
        raise Irregular


def _to_scores(block: CaseBlock, to_score: Callable[[str], float]) -> Values:
    values, settled = unit_decimals(block.text, block.starts, block.stops)
    for row in np.flatnonzero(~settled):
        field = block.text[block.starts[row] : block.stops[row]].tobytes()
        try:
            values[row] = to_score(field.decode("ascii"))
        except MedevalError as exc:
            raise Irregular from exc
    return values


def _to_labels(block: CaseBlock) -> Values:
    digits = block.text[block.starts]
    if ((block.stops - block.starts) != 1).any() or ((digits | 1) != ord("1")).any():
        raise Irregular
    return (digits & 1).astype(np.float64)


def _check_once(hashes: Sequence[Words]) -> None:
    """No two are alike, and there is one; raises `Irregular`."""
    if not hashes:
        raise Irregular
    together = np.concatenate(hashes)
    together.sort()
    if (together[1:] == together[:-1]).any():
        raise Irregular
