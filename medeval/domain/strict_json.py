"""JSON read so that two readers can never disagree about it.

Refused: duplicate keys, NaN and Infinity, numbers of more than 32 characters, nesting deeper than 16, more items than
the caller takes, trailing data, text that is not UTF-8 (RFC 8259 leaves these to each parser, and parsers differ).
Imports the standard library alone, since evaluators use it inside containers.
"""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from medeval.errors import MedevalError, SpecError

MAX_DEPTH = 16
MAX_NUMBER_LENGTH = 32
#: Of any document; whoever expects less says so.
MAX_ITEMS = 1_000_000


def loads(data: bytes, *, refuse: type[MedevalError] = SpecError, most_items: int = MAX_ITEMS) -> Any:
    """Parse `data`; raise `refuse` with the rule that it breaks.

    Counted as items are lists, objects, and whatever follows a comma in one.
    """
    containers = data.count(b"[") + data.count(b"{")
    if containers > MAX_DEPTH or containers + data.count(b",") > most_items:
        _check_shape(data, most_items, refuse)
    try:
        return json.loads(
            data.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_int=_parse_int,
            parse_float=_parse_float,
            object_pairs_hook=_pairs,
        )
    except (ValueError, RecursionError) as exc:
        raise refuse(f"not strict JSON: {_rule(exc)}", "Write plain JSON, encoded as UTF-8.") from exc


def _rule(exc: Exception) -> str:
    """The broken rule without a word of the text itself."""
    if isinstance(exc, json.JSONDecodeError):
        return f"{exc.msg} at character {exc.pos}"
    if isinstance(exc, _Rule):
        return str(exc)
    return "not UTF-8" if isinstance(exc, UnicodeDecodeError) else "unreadable"


class _Rule(ValueError):
    """A rule of this module is broken; the text names the rule, never the data."""


def _refuse_constant(name: str) -> NoReturn:
    raise _Rule(f"{name} is not a number")


def _parse_int(text: str) -> int:
    if len(text) > MAX_NUMBER_LENGTH:
        raise _Rule(f"a number has more than {MAX_NUMBER_LENGTH} characters")
    return int(text)


def _parse_float(text: str) -> float:
    if len(text) > MAX_NUMBER_LENGTH:
        raise _Rule(f"a number has more than {MAX_NUMBER_LENGTH} characters")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _Rule("a number is too large")
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Rule("a key stands twice in one object")
    return found


def _check_shape(data: bytes, most_items: int, refuse: type[MedevalError]) -> None:
    """Find the deepest nesting and count items without building any; what stands inside strings does not count."""
    depth = deepest = items = 0
    for byte in _outside_strings(data):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
        items += byte in b"[{,"
    if deepest > MAX_DEPTH:
        raise refuse(f"not strict JSON: nested deeper than {MAX_DEPTH}", "Flatten the document.")
    if items > most_items:
        raise refuse(f"not strict JSON: more than {most_items} items", "Write a smaller document.")


def _outside_strings(data: bytes) -> Iterator[int]:
    in_string = escaped = False
    for byte in data:
        if in_string:
            in_string = escaped or byte != 0x22
            escaped = byte == 0x5C and not escaped
        elif byte == 0x22:
            in_string = True
        else:
            yield byte
