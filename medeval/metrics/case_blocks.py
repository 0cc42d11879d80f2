"""A CSV file of cases in blocks of whole lines, split with numpy; for files as programs write them.

`Irregular` is raised for whatever needs a closer look than that, right or wrong: quotes, text beyond ASCII, long ids, a
row of another width, another header. It is no verdict: the strict reader gives that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from medeval.metrics.decimals import MARGIN, Bytes, Places, Words, overlapping_words

#: Longest case id that is compared as words.
_LONGEST_ID = 64
#: Lines below this hold no field that the csv module finds too large.
_LONGEST_LINE = 100_000
_COMMA, _NEWLINE, _RETURN = b",\n\r"
#: By length: a word of which the first bytes are kept.
_FIRST = np.array([2 ** (8 * k) - 1 for k in range(9)], dtype=np.uint64)


class Irregular(Exception):
    """The file needs the strict reader."""


@dataclass(frozen=True)
class CaseIds:
    """R case ids: the bytes as words of shape (W, R), zero after the end, and their lengths (R,)."""

    words: Words
    lengths: Places

    def equal(self, other: "CaseIds") -> bool:
        """Are all of them the same, one by one? Words that only one side has are zero where the lengths are equal."""
        shared = min(len(self.words), len(other.words))
        return np.array_equal(self.lengths, other.lengths) and np.array_equal(self.words[:shared], other.words[:shared])

    def part(self, begin: int, end: int) -> "CaseIds":
        """Some of them."""
        return CaseIds(self.words[:, begin:end], self.lengths[begin:end])

    def rising(self, after: "CaseIds | None") -> bool:
        """Does each follow the one before, shorter ones first, else by bytes; and the first the last of `after`?"""
        if after is not None and after.key(-1) >= self.key(0):
            return False
        more, same = self.lengths[1:] > self.lengths[:-1], self.lengths[1:] == self.lengths[:-1]
        for word in self.words.byteswap():
            more |= same & (word[1:] > word[:-1])
            same &= word[1:] == word[:-1]
        return bool(more.all())

    def key(self, place: int) -> tuple[int, bytes]:
        """What `rising` compares."""
        length = int(self.lengths[place])
        return length, self.words[:, place].astype("<u8").tobytes()[:length]

    def hashes(self) -> Words:
        """64 bits for each id, equal for equal ids, of shape (R,)."""
        found = self.lengths.astype(np.uint64) << np.uint64(57)
        for place, word in enumerate(self.words):
            mixed = (found ^ word) * np.uint64(0x9E3779B97F4A7C15)
            # words after an id's end are there only because a longer one stands in the same block
            found = np.where(self.lengths > 8 * place, mixed ^ (mixed >> np.uint64(32)), found)
        return found


@dataclass(frozen=True)
class CaseBlock:
    """R rows: their ids, and where in `text` the second field of each begins and ends (R,)."""

    text: Bytes
    ids: CaseIds
    starts: Places
    stops: Places


def iterate_blocks(path: Path, header: Sequence[str], block_bytes: int) -> Iterator[CaseBlock]:
    """The rows below the header, some `block_bytes` at a time; each row as wide as the header, of at least two fields.

    Raises `Irregular`.
    """
    try:
        with path.open("rb") as file:
            _check_header(file.readline(_LONGEST_LINE), header)
            for lines in _whole_lines(file, block_bytes):
                yield _split(lines, len(header))
    except FileNotFoundError as exc:
        raise Irregular from exc


def _check_header(line: bytes, header: Sequence[str]) -> None:
    plain = not any(mark in name for name in header for mark in ',"\r\n')
    if not plain or line.removesuffix(b"\n").removesuffix(b"\r") != ",".join(header).encode():
        raise Irregular


def _whole_lines(file: BinaryIO, block_bytes: int) -> Iterator[bytes]:
    """The rest of the file, cut after line ends; the last line is ended if it is not."""
    rest = b""
    while block := file.read(block_bytes):
        end = block.rfind(b"\n") + 1
        if end:
            yield rest + block[:end]
            rest = block[end:]
        else:
            rest += block
        if len(rest) > _LONGEST_LINE:
            raise Irregular
    if rest:
        yield rest + b"\n"


def _split(lines: bytes, width: int) -> CaseBlock:
    if not lines.isascii() or b'"' in lines:
        raise Irregular
    text = np.frombuffer(b"".join((b"\0" * MARGIN, lines, b"\0" * _LONGEST_ID)), dtype=np.uint8)
    marks = _separators(text, width)
    ends = marks[:, -1]
    starts = np.concatenate(([MARGIN], ends[:-1] + 1))
    if int((ends - starts).max()) > _LONGEST_LINE:
        raise Irregular
    stops = ends - _returns(text, ends) if b"\r" in lines else ends
    after = stops if width == 2 else marks[:, 1]
    return CaseBlock(text, _ids(text, starts, marks[:, 0]), marks[:, 0] + 1, after)


def _separators(text: Bytes, width: int) -> NDArray[np.int64]:
    """Where the fields of each row end, of shape (R, width): all but the last at a comma, that at the line's end."""
    found = np.flatnonzero((text == _COMMA) | (text == _NEWLINE))
    if len(found) % width:
        raise Irregular
    marks = found.reshape(-1, width)
    if (text[marks] != np.array([_COMMA] * (width - 1) + [_NEWLINE])).any():
        raise Irregular
    return marks


def _returns(text: Bytes, ends: Places) -> NDArray[np.bool_]:
    """Which lines end in a carriage return too; it stands nowhere else."""
    found = np.asarray(text[ends - 1] == _RETURN)
    if np.count_nonzero(found) != np.count_nonzero(text == _RETURN):
        raise Irregular
    return found


def _ids(text: Bytes, starts: Places, stops: Places) -> CaseIds:
    lengths = stops - starts
    shortest, longest = int(lengths.min()), int(lengths.max())
    if longest > _LONGEST_ID:
        raise Irregular
    words = overlapping_words(text)
    offsets = range(0, longest, 8)
    found = np.zeros((len(offsets), len(starts)), dtype=np.uint64)
    for row, offset in enumerate(offsets):
        found[row] = words[starts + offset]
        if shortest < offset + 8:
            found[row] &= _FIRST[np.clip(lengths - offset, 0, 8)]
    return CaseIds(found, lengths)
