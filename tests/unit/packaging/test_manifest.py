"""What is wrong with a manifest is named by file, field and rule, or by line."""

import pytest

from medeval.domain.package import CubeKind, Task
from medeval.errors import NotFound, SpecError
from medeval.packaging.manifest import MOST_YAML_BYTES, load_manifest, parse_yaml


def test_a_manifest(folder):
    manifest = load_manifest(folder)
    assert (manifest.name, manifest.kind, manifest.tasks) == ("tiny", CubeKind.MODEL, (Task.INFER,))


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("color: red", "mlcube.yaml: color"),
        ("weights: ../secret", "mlcube.yaml: weights"),
        ("weights: /etc/passwd", "mlcube.yaml: weights"),
        ("dockerfile: .hidden", "mlcube.yaml: dockerfile"),
        ("medeval: 'yes'", "mlcube.yaml: medeval"),
        ("requirements: lock.txt", "mlcube.yaml: requirements"),
        ("parameters: {a: .nan}", "mlcube.yaml"),
        ("parameters: {a: 2026-01-01}", None),
        ("name: other", "name stands twice"),
        ("entrypoint: &a [python, &b main.py, *b]", "aliases"),
        ("entrypoint: [python", "line 9"),
        ("\tentrypoint: x", "line 8"),
        ("entrypoint: !!python/object/apply:os.getcwd []", "line 8"),
    ],
)
def test_a_malformed_manifest_is_named_by_field_or_line(folder, line, names):
    file = folder / "mlcube.yaml"
    file.write_text(file.read_text() + line + "\n")
    if names is None:
        assert load_manifest(folder).parameters == {"a": "2026-01-01"}
        return
    with pytest.raises(SpecError) as caught:
        load_manifest(folder)
    assert names in caught.value.message
    assert caught.value.hint


def test_a_missing_required_task(folder):
    file = folder / "mlcube.yaml"
    file.write_text(file.read_text().replace("kind: model", "kind: preparator"))
    with pytest.raises(SpecError, match="prepare"):
        load_manifest(folder)


@pytest.mark.parametrize("data", [b"", b"- a\n- b", b"text", b"\xff\xfe", b"a: " + b"x" * MOST_YAML_BYTES])
def test_what_is_no_manifest(folder, data):
    (folder / "mlcube.yaml").write_bytes(data)
    with pytest.raises(SpecError, match=r"mlcube\.yaml"):
        load_manifest(folder)


def test_no_manifest_and_no_path_of_the_machine_in_the_message(folder):
    (folder / "mlcube.yaml").unlink()
    with pytest.raises(NotFound) as caught:
        load_manifest(folder)
    assert "there is no mlcube.yaml in tiny" in caught.value.message
    assert str(folder) not in caught.value.message


def test_deep_nesting_does_not_exhaust_the_parser():
    with pytest.raises(SpecError, match="nested"):
        parse_yaml("[" * 500_000, "deep.yaml")
