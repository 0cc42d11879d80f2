"""Many decimal numbers in [0, 1] from bytes to doubles at once, each exactly what `float` makes of it, or left open.

Digits are read eight to a machine word. A fraction m / 10**f with m below 2**53 and f up to 22 is one division of exact
doubles, so it is correctly rounded (Clinger 1990, PLDI 25:92). A longer one is divided with the remainder carried
along; it is left open in the rare case that the exact quotient lies too near the middle of two doubles to be told.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint64]
Places: TypeAlias = NDArray[np.int64]
Doubles: TypeAlias = NDArray[np.float64]
Marks: TypeAlias = NDArray[np.bool_]

#: Bytes that must be there before the first field, and after the last.
MARGIN = 24

_MOST_DIGITS = 22
_POWERS = np.array([10.0**power for power in range(_MOST_DIGITS + 1)])
#: By k: a word of which the last k of its eight characters are kept.
_LAST = np.array([(2**64 - 1) ^ (2 ** (64 - 8 * k) - 1) for k in range(9)], dtype=np.uint64)
#: Leading eight digits up to here leave the whole of 24 below 2**63.
_MOST_LEADING = np.uint64(900)
_SPLITTER = 2.0**27 + 1
_EXACT = 2**53
_EXPONENT = 0x7FF << 52


def overlapping_words(text: Bytes) -> Words:
    """The eight bytes from each place on as one little-endian word, of shape (len(text) - 7,); a view."""
    return np.ndarray((len(text) - 7,), dtype="<u8", buffer=text, strides=(1,))


def unit_decimals(text: Bytes, starts: Places, stops: Places) -> tuple[Doubles, Marks]:
    """The numbers in `text[starts[i]:stops[i]]` and whether each is settled; shapes (N,).

    Settled are `0`, `1`, `1.000` and `0.` with 1 to 22 digits, nearly always. `text` has margins of 24 bytes.
    """
    words = overlapping_words(text)
    lead, fraction = text[starts], stops - starts - 2
    has_point = (text[starts + 1] == ord(".")) & (fraction >= 1) & (fraction <= _MOST_DIGITS)
    fraction = np.where(has_point, fraction, 0)
    mantissa, digits_only = _digits(words, stops, fraction)
    values, rounded = _divide(mantissa, fraction)
    zero, one = lead == ord("0"), lead == ord("1")
    below_one = has_point & zero & digits_only & rounded
    whole = (one | zero) & ((stops - starts == 1) | (has_point & digits_only & (mantissa == 0)))
    return np.where(whole, one.astype(np.float64), values), below_one | whole


def _digits(words: Words, stops: Places, count: Places) -> tuple[Places, Marks]:
    """The integer in the last `count` (at most 22) characters before each stop, and whether all are digits."""
    total, wrong = np.zeros(len(stops), dtype=np.uint64), np.zeros(len(stops), dtype=np.uint64)
    least, most = int(count.min(initial=0)), int(count.max(initial=0))
    for back in (back for back in (24, 16, 8) if most > back - 8):
        part = words[stops - back] ^ np.uint64(0x3030303030303030)
        if least < back:
            part &= _LAST[np.clip(count - (back - 8), 0, 8)]
        wrong |= (part + np.uint64(0x7676767676767676)) | part
        number = _eight_digits(part)
        if back == MARGIN:
            wrong |= (number >= _MOST_LEADING).astype(np.uint64) << np.uint64(7)
            number = np.minimum(number, _MOST_LEADING)
        total = total * np.uint64(10**8) + number
    return total.astype(np.int64), (wrong & np.uint64(0x8080808080808080)) == 0


def _eight_digits(word: Words) -> Words:
    """Digits 0 to 9, one to a byte, the first in the lowest, as one number."""
    pairs = (word * np.uint64(10 * 2**8 + 1)) >> np.uint64(8) & np.uint64(0x00FF00FF00FF00FF)
    fours = (pairs * np.uint64(100 * 2**16 + 1)) >> np.uint64(16) & np.uint64(0x0000FFFF0000FFFF)
    return np.asarray((fours * np.uint64(10**4 * 2**32 + 1)) >> np.uint64(32))


def _divide(mantissa: Places, power: Places) -> tuple[Doubles, Marks]:
    """Correctly rounded mantissa / 10**power, where the second says so; mantissa < 2**63, power <= 22."""
    divisor = _POWERS[power]
    whole = mantissa.astype(np.float64)
    first = whole / divisor
    if int(mantissa.max(initial=0)) < _EXACT:
        return first, np.ones(len(first), dtype=np.bool_)
    remainder = _remainder(whole, first, divisor) + (mantissa - whole.astype(np.int64))
    correction = remainder / divisor
    value = first + correction
    rest = np.abs(correction - (value - first))
    power_of_two = (value.view(np.int64) & _EXPONENT).view(np.float64)
    clear = (rest < power_of_two * (2.0**-53 - 2.0**-72)) & (value != power_of_two)
    return value, clear | (mantissa < _EXACT)


def _remainder(whole: Doubles, quotient: Doubles, divisor: Doubles) -> Doubles:
    """Exactly whole - quotient * divisor: the product is split as Dekker's (1971, Numerische Mathematik 18:224)."""
    product = quotient * divisor
    quotient_high, quotient_low = _halves(quotient)
    divisor_high, divisor_low = _halves(divisor)
    error = quotient_high * divisor_high - product
    error = error + quotient_high * divisor_low + quotient_low * divisor_high + quotient_low * divisor_low
    return np.asarray((whole - product) - error)


def _halves(values: Doubles) -> tuple[Doubles, Any]:
    scaled = values * _SPLITTER
    high = scaled - (scaled - values)
    return high, values - high
