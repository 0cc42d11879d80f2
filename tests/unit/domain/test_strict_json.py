import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval.domain import strict_json
from medeval.errors import ResultRefused, SpecError
from tests.strategies import plain_json

HOSTILE = {
    "a duplicate key": (b'{"a": 1, "a": 2}', "a key stands twice"),
    "a duplicate key written by escape": (b'{"a": 1, "\\u0061": 2}', "a key stands twice"),
    "a duplicate key deep inside": (b'[{"x": {"a": 1, "a": 1}}]', "a key stands twice"),
    "NaN": (b'{"a": NaN}', "NaN is not a number"),
    "Infinity": (b"[Infinity]", "Infinity is not a number"),
    "-Infinity": (b"-Infinity", "-Infinity is not a number"),
    "a number past the largest double": (b"[1e400]", "a number is too large"),
    "an integer of 33 digits": (b"1" * 33, "more than 32 characters"),
    "an integer that would take minutes": (b"9" * 1_000_000, "more than 32 characters"),
    "a fraction of 41 digits": (b"0." + b"3" * 41, "more than 32 characters"),
    "lists 17 deep": (b"[" * 17 + b"]" * 17, "nested deeper than 16"),
    "lists a million deep": (b"[" * 1_000_000, "nested deeper than 16"),
    "objects 17 deep": (b'{"a":' * 17 + b"1" + b"}" * 17, "nested deeper than 16"),
    "depth after an escaped quote": (b'["\\"",' + b"[" * 17 + b"]" * 18, "nested deeper than 16"),
    "trailing data": (b'{"a": 1} {"b": 2}', "Extra data at character 9"),
    "a trailing comma": (b"[1,]", "at character"),
    "a leading zero": (b"01", "Extra data"),
    "a comment": (b"/* no */ 1", "at character 0"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "BOM"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
    "Latin-1": ('"\u00e9"'.encode("latin-1"), "not UTF-8"),
    "an overlong encoding": (b'"\xc0\xaf"', "not UTF-8"),
    "a raw control character": (b'"\x01"', "at character 1"),
    "nothing": (b"", "at character 0"),
}


@pytest.mark.parametrize(("data", "rule"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused_by_its_rule(data, rule):
    with pytest.raises(SpecError) as refused:
        strict_json.loads(data)
    assert rule in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(
    "data",
    [b"[" * 16 + b"]" * 16, b'"' + b"[{" * 50 + b'"', b'["\\\\", "[[[[[[[[[[[[[[[["]', b"1" * 32, b"[[],[],[],[]]" * 1],
    ids=["16 deep", "brackets in a string", "a backslash before the closing quote", "32 digits", "wide, not deep"],
)
def test_what_is_just_inside_the_rules_is_read(data):
    assert strict_json.loads(data) == json.loads(data)


def test_a_wide_document_is_not_a_deep_one():
    wide = b"[" + b",".join([b"[1]"] * 1000) + b"]"
    assert len(strict_json.loads(wide)) == 1000


def test_items_are_counted_outside_strings_and_refused_beyond_what_the_caller_takes():
    assert strict_json.loads(b'{"a": ",,,,[[[", "b": [1, 2]}', most_items=4) == {"a": ",,,,[[[", "b": [1, 2]}
    with pytest.raises(SpecError, match="more than 3 items"):
        strict_json.loads(b'{"a": "", "b": [1, 2]}', most_items=3)
    with pytest.raises(SpecError, match="items"):
        strict_json.loads(b"[" + b"[]," * strict_json.MAX_ITEMS + b"[]]")


def test_the_error_class_is_the_callers():
    with pytest.raises(ResultRefused):
        strict_json.loads(b"{", refuse=ResultRefused)


def test_no_word_of_the_text_reaches_the_message():
    with pytest.raises(SpecError) as refused:
        strict_json.loads(b'{"diagnosis": "melanoma", "diagnosis": "melanoma"}')
    assert "diagnosis" not in refused.value.message + refused.value.hint


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    try:
        strict_json.loads(data)
    except SpecError:
        return
    json.loads(data)


@given(plain_json)
def test_what_is_read_is_what_the_standard_parser_reads(value):
    text = json.dumps(value).encode()
    try:
        found = strict_json.loads(text)
    except SpecError:
        return
    assert found == json.loads(text)
