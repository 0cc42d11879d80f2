"""What machines are given: whole values in snake_case, and nothing else on stdout."""

import json
from enum import StrEnum

import pytest
import yaml

from medeval.cli.options import Output
from medeval.cli.render import machine, show, show_one
from medeval.domain.messages import Association

ASSOCIATION = Association.from_plain(
    {
        "benchmark": "heart@1.0.0",
        "kind": "model",
        "subject": "forest@1.0.0",
        "organisation": "Société de santé",
        "state": "pending",
        "reason": "",
    }
)
READ = {Output.JSON: json.loads, Output.YAML: yaml.safe_load}


class Word(StrEnum):
    ONE = "one"


@pytest.mark.parametrize("output", READ)
def test_values_come_as_they_are(output, capsys):
    show([ASSOCIATION], output, row=lambda found: {"never": "shown"})
    assert READ[output](capsys.readouterr().out) == [ASSOCIATION.model_dump(mode="json")]
    show_one(ASSOCIATION, output, row=lambda found: {"never": "shown"})
    assert READ[output](capsys.readouterr().out) == ASSOCIATION.model_dump(mode="json")
    show([], output, empty="Nothing.")
    assert READ[output](capsys.readouterr().out) == []


def test_a_stream_of_documents_is_one_line_each_or_yaml_documents(capsys):
    for number in range(2):
        machine({"evaluated": number, "refused": [Word.ONE]}, Output.JSON, one_line=True)
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [{"evaluated": n, "refused": ["one"]} for n in range(2)]
    for number in range(2):
        machine({"evaluated": number, "refused": [Word.ONE]}, Output.YAML, one_line=True)
    assert len(list(yaml.safe_load_all(capsys.readouterr().out))) == 2


def test_a_table_may_be_friendlier(capsys):
    show([ASSOCIATION], Output.TABLE, row=lambda found: {"subject": found.subject})
    assert capsys.readouterr().out == "subject\nforest@1.0.0\n"
    show([], Output.TABLE, empty="Nothing.")
    assert capsys.readouterr().out == "Nothing.\n"
