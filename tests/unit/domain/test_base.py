import hashlib
import json

import pytest
from hypothesis import given
from pydantic import ValidationError

from medeval.domain.base import Value, digest_of, field_path
from medeval.domain.execution import ExecutionSpec
from medeval.domain.families.base import Wide
from medeval.domain.families.binary import PositiveWhen, ScoreTable
from medeval.domain.package import Limits, MLCubeManifest
from medeval.domain.result import Evaluation, SiteResult
from medeval.errors import ResultRefused, SpecError
from tests.strategies import executions, plain_json, site_results

TABLE = ScoreTable(
    edges=(0.0, 0.5, 1.0),
    positive_when=PositiveWhen.ABOVE,
    n0=(60, 4),
    n1=(6, 30),
    sums=(Wide.of(66 * 2**50), Wide.of(34 * 3 * 2**50)),
)
EVALUATION = Evaluation(format="medeval/evaluation@1", cases=100, states=(TABLE,))
MANIFEST = {
    "format": "medeval/mlcube@1",
    "name": "a-model",
    "version": "1.0.0",
    "kind": "model",
    "summary": "Says yes.",
    "tasks": ["infer"],
}


class Letters(Value):
    """Keys whose order differs between code points and UTF-16 (RFC 8785, 3.2.3)."""

    values: dict[str, float | str | None]


def test_canonical_bytes_are_those_of_rfc_8785():
    """The sorting example of section 3.2.3 and numbers of appendix B."""
    value = Letters(
        values={
            "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\U0001f600": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "o", "x": None,
        }
    )  # fmt: skip
    found = json.loads(value.to_canonical())["values"]
    assert list(found) == ["\r", "1", "x", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    numbers = Letters(values={"a": 1e21, "b": 9007199254740994.0, "c": 1e-7, "d": -0.0, "e": 4.5, "f": 2e-3})
    assert numbers.to_canonical() == b'{"values":{"a":1e+21,"b":9007199254740994,"c":1e-7,"d":0,"e":4.5,"f":0.002}}'


def test_golden_bytes_and_digest():
    """A wire contract: these bytes are signed, so that they may never change for this format."""
    assert EVALUATION.to_canonical() == (
        b'{"cases":100,"clusters":null,"format":"medeval/evaluation@1","groups":[],"states":[{"edges":[0,0.5,1],'
        b'"kind":"score-table","n0":[60,4],"n1":[6,30],"positive_when":"above","resolution":"exact",'
        b'"sums":[{"hi":1056,"lo":0},{"hi":1632,"lo":0}]}]}'
    )
    assert EVALUATION.to_digest() == "sha256:" + hashlib.sha256(EVALUATION.to_canonical()).hexdigest()
    assert EVALUATION.to_digest() == "sha256:59b595846f4fa0f4b0b392cb9ad0d5d11fcb98606f88e114877dd0320ce2b330"
    assert Limits().to_digest() == "sha256:08fc1f5e9b8fd7ff34f1c1746be676128ce836266e1c79ced5ff788da38dbe06"
    assert digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(site_results)
def test_a_value_survives_its_canonical_form(value):
    again = SiteResult.from_json(value.to_canonical())
    assert again == value
    assert again.to_canonical() == value.to_canonical()


@given(executions)
def test_the_digest_does_not_depend_on_how_the_json_was_written(value):
    plain = json.loads(value.to_canonical())
    shuffled = json.dumps(dict(reversed(plain.items())), indent=3).encode()
    assert ExecutionSpec.from_json(shuffled).to_digest() == value.to_digest()


def test_a_value_is_frozen_and_closed():
    with pytest.raises(ValidationError):
        TABLE.n0 = (61, 3)
    with pytest.raises(ResultRefused, match=r"^states\[0\]\.score-table\.age: Extra inputs are not permitted"):
        Evaluation.from_json(EVALUATION.to_canonical().replace(b'"n0"', b'"age":3,"n0"'), refuse=ResultRefused)


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        (b'"cases":100', b'"cases":"100"', "cases: "),
        (b'"cases":100', b'"cases":100.5', "cases: "),
        (b'"cases":100', b'"cases":true', "cases: "),
        (b'"cases":100', b'"cases":-1', "cases: "),
        (b'"cases":100', b'"cases":1099511627777', "cases: "),
        (b'"cases":100,', b"", "cases: Field required"),
        (b'"n1":[6,', b'"n1":[null,', "states[0].score-table.n1[0]: "),
        (b"[0,0.5,1]", b"[0,1.5,1]", "states[0].score-table.edges[1]: "),
        (b'"lo":0', b'"lo":-1', "states[0].score-table.sums[0].lo: "),
        (b'"above"', b'"below"', "states[0].score-table.positive_when: "),
        (b'"exact"', b'"rounded"', "states[0].score-table.resolution"),
        (b'"kind":"score-table"', b'"kind":"notes"', "states[0]: "),
        (b"evaluation@1", b"evaluation@2", "format: "),
    ],
    ids=lambda case: case.decode() if isinstance(case, bytes) else None,
)
def test_a_refusal_names_the_field(before, after, field):
    data = EVALUATION.to_canonical().replace(before, after)
    with pytest.raises(ResultRefused) as refused:
        Evaluation.from_json(data, refuse=ResultRefused)
    assert refused.value.message.startswith(field)


def test_a_refusal_does_not_repeat_the_value():
    with pytest.raises(SpecError) as refused:
        Evaluation.from_json(EVALUATION.to_canonical().replace(b"100", b'"Mrs Example, 54"'))
    assert "Example" not in refused.value.message + refused.value.hint


@given(plain_json)
def test_any_plain_value_is_taken_or_refused(plain):
    """Whatever a YAML parser returns, the answer is a value with a digest or an error with a hint."""
    try:
        value = MLCubeManifest.from_plain({**MANIFEST, "parameters": {"x": plain}})
    except SpecError:
        return
    assert MLCubeManifest.from_json(value.to_canonical()) == value


def test_a_loop_is_refused():
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(SpecError, match="neither text"):
        MLCubeManifest.from_plain({**MANIFEST, "parameters": {"x": loop}})


@pytest.mark.parametrize("number", [2**53, 10**20, float("nan"), float("inf")])
def test_parameters_without_canonical_form_are_refused(number):
    with pytest.raises(SpecError):
        MLCubeManifest.from_plain({**MANIFEST, "parameters": {"deep": [{"x": number}]}})


def test_field_paths_read_like_code():
    assert field_path(("states", 1, "n0")) == "states[1].n0"
    assert field_path(()) == "document"
