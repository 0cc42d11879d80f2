"""JSON read so that two readers can never disagree about it.

Refused: duplicate keys, NaN and Infinity, numbers of more than 32 characters, nesting deeper than 16, trailing data,
text that is not UTF-8 (RFC 8259 leaves these to each parser, and parsers differ). Imports the standard library alone,
since evaluators use it inside containers.
"""

import json
from typing import Any, NoReturn

from medeval.errors import MedevalError, SpecError

MAX_DEPTH = 16
MAX_NUMBER_LENGTH = 32


def loads(data: bytes, *, refuse: type[MedevalError] = SpecError) -> Any:
    """Parse `data`; raise `refuse` with the rule that it breaks."""
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH:
        _check_depth(data, refuse)
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


def _check_depth(data: bytes, refuse: type[MedevalError]) -> None:
    """Find the deepest nesting without building it; brackets inside strings do not count."""
    depth = deepest = 0
    in_string = escaped = False
    for byte in data:
        if in_string:
            in_string = escaped or byte != 0x22
            escaped = byte == 0x5C and not escaped
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    if deepest > MAX_DEPTH:
        raise refuse(f"not strict JSON: nested deeper than {MAX_DEPTH}", "Flatten the document.")
