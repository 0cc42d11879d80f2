"""What is generated and committed equals what the code says now."""

import json

import pytest

from scripts import generate


def test_generated_files_agree():
    assert generate.stale() == []


def test_a_changed_file_is_noticed_and_mended(tmp_path):
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []
    (tmp_path / "schemas/evaluation.schema.json").write_text("{}\n")
    (tmp_path / "schemas/gone.schema.json").write_text("{}\n")
    assert generate.stale(tmp_path) == ["schemas/evaluation.schema.json", "schemas/gone.schema.json"]
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []


@pytest.mark.parametrize("stem", sorted(generate.schema.EXPORTED))
def test_every_object_of_a_schema_is_closed(stem):
    """`extra="forbid"` reaches the schema: whoever validates with it refuses undeclared fields too."""
    text = json.loads((generate.ROOT / f"schemas/{stem}.schema.json").read_text())
    objects = [text, *text.get("$defs", {}).values()]
    for value in objects:
        if "properties" in value:
            assert value["additionalProperties"] is False
