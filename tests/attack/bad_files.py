"""Files that no evaluator may hand over, made from a sound one: each place, changed in every way that is known.

`SECRET` stands for whatever a file may hold of a patient: no refusal may repeat it.
"""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

SECRET = "Erika Mustermann 1950-08-12"  # noqa: S105 a patient, no password
Place = tuple[str | int, ...]

#: What stands in the place of any value; each is JSON by itself, some of it of the kind that parsers let pass.
WRONG_VALUES = {
    "text": json.dumps(SECRET),
    "true": "true",
    "list": f"[{json.dumps(SECRET)}]",
    "object": json.dumps({SECRET: SECRET}),
    "nan": "NaN",
    "infinity": "Infinity",
    "minus-infinity": "-Infinity",
    "long-digits": "1" * 33,
    "longer-digits": "9" * 5000,
    "many-decimals": "0." + "3" * 40,
    "too-large": "1e400",
    "huge": str(10**31),
    "control": '"a\\u0000b"',
    "raw-control": '"a\nb"',
    "half-a-pair": '"\\ud800"',
    "deep": "[" * 40 + "]" * 40,
    "deeper": "[" * 4000 + "]" * 4000,
    "hexadecimal": "0x10",
    "plus": "+1",
    "octal": "010",
    "number-as-text": '"12"',
    "nothing": "",
}
#: Of a number beside these.
WRONG_NUMBERS = {"negative": "-3", "fraction": "3.5", "past-the-count": str(2**41), "minus-huge": f"-{10**31}"}


def places(value: Any, here: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every place of a document and what stands there, the document itself first."""
    yield here, value
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from places(item, (*here, key))


def with_text(document: Any, place: Place, text: str) -> bytes:
    """The document with any text, JSON or not, at a place."""
    mark = "@@here@@"
    return json.dumps(changed(document, place, mark)).replace(json.dumps(mark), text).encode("utf-8", "surrogatepass")


def changed(document: Any, place: Place, value: Any) -> Any:
    """A copy with another value at a place."""
    if not place:
        return value
    whole = copy.deepcopy(document)
    inner = whole
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return whole


def some_places(document: Any, most: int) -> list[tuple[Place, Any]]:
    """All places, or as many as are asked for, drawn with a fixed seed."""
    found = list(places(document))
    return found if len(found) <= most else random.Random(1).sample(found, most)  # noqa: S311 no secret


def of_values(document: Any, most_places: int) -> Iterator[tuple[str, bytes]]:
    """Places with each wrong value."""
    for place, value in some_places(document, most_places):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        for name, text in {**WRONG_VALUES, **(WRONG_NUMBERS if is_number else {})}.items():
            yield f"{path(place)}: {name}", with_text(document, place, text)


def of_shape(document: Any, most_places: int) -> Iterator[tuple[str, bytes]]:
    """Each object with one key more, one less, one twice; each list with an item more or less, and empty."""
    for place, value in some_places(document, most_places):
        where = path(place)
        if isinstance(value, dict):
            yield f"{where}: undeclared", _dumped(changed(document, place, {**value, SECRET: SECRET}))
            for key in value:
                rest = {name: item for name, item in value.items() if name != key}
                yield f"{where}: no {key}", _dumped(changed(document, place, rest))
                yield f"{where}: {key} twice", with_text(document, place, _twice(value, key))
        if isinstance(value, list):
            for name, other in (("empty", []), ("shorter", value[:-1]), ("longer", [*value, *value[-1:]])):
                yield f"{where}: {name}", _dumped(changed(document, place, other))


def of_bytes(document: Any) -> Iterator[tuple[str, bytes]]:
    """What is wrong with the text as a whole."""
    text = json.dumps(document)
    data = text.encode()
    yield from (
        ("byte order mark", b"\xef\xbb\xbf" + data),
        ("UTF-16", text.encode("utf-16")),
        ("UTF-16 without mark", text.encode("utf-16-le")),
        ("UTF-32", text.encode("utf-32")),
        ("not UTF-8", data.replace(b"medeval", b"mede\xff\xfeval")),
        ("overlong", data.replace(b"medeval", b"mede\xc0\xafval")),
        ("surrogate in UTF-8", data.replace(b"medeval", b"mede\xed\xa0\x80val")),
        ("zero bytes", data + bytes(100)),
        ("zero bytes alone", bytes(1000)),
        ("a second document", data + data),
        ("trailing text", data + SECRET.encode()),
        ("leading text", SECRET.encode() + data),
        ("comment", b"/* " + SECRET.encode() + b" */" + data),
        ("line comment", data + b"// " + SECRET.encode()),
        ("single quotes", text.replace('"', "'").encode()),
        ("trailing comma", data[:-1] + b",}"),
        ("wrapped in a list", b"[" + data + b"]"),
        ("as a string", json.dumps(text).encode()),
        ("prose", SECRET.encode()),
        ("a table", f"case_id,score\n{SECRET},0.5\n".encode()),
        ("empty", b""),
        ("blank", b" \n\t"),
        ("too long", data + b" " * 1_100_000),
        ("a bomb of lists", b"[" * 500_000),
        ("a bomb of objects", b'{"a":' * 100_000),
        ("a bomb of items", b"[" + b"0," * 400_000 + b"0]"),
        ("pickle", b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00."),
        ("zip", b"PK\x03\x04" + bytes(60)),
        ("yaml", b"cases: 120\nstates: []\n"),
    )
    yield from ((f"cut at {at}", data[:at]) for at in range(1, len(data), max(1, len(data) // 40)))


def path(place: Place) -> str:
    """A place in words."""
    return ".".join(map(str, place)) or "document"


def _twice(value: dict[str, Any], key: str) -> str:
    return json.dumps(value)[:-1] + f", {json.dumps(key)}: {json.dumps(value[key])}}}"


def _dumped(document: Any) -> bytes:
    return json.dumps(document).encode("utf-8", "surrogatepass")
