"""Read `mlcube.yaml` and `benchmark.yaml`: what is wrong is named by field and rule, or by line."""

from pathlib import Path
from typing import Any, TypeVar

import yaml

from medeval.domain.base import Value
from medeval.domain.package import MLCubeManifest
from medeval.domain.strict_json import MAX_DEPTH
from medeval.errors import NotFound, SpecError

MANIFEST = "mlcube.yaml"
MOST_YAML_BYTES = 1024 * 1024

ValueType = TypeVar("ValueType", bound=Value)


def load_manifest(folder: Path) -> MLCubeManifest:
    """The manifest of a cube's folder; raises `NotFound` or `SpecError`."""
    manifest = load_yaml(folder / MANIFEST, MLCubeManifest)
    if manifest.requirements is not None and not (folder / manifest.requirements).is_file():
        raise SpecError(
            f"{MANIFEST}: requirements: there is no {manifest.requirements} in the folder",
            "Write one (pip-compile --generate-hashes), or leave the field out.",
        )
    return manifest


def load_yaml(file: Path, kind: type[ValueType]) -> ValueType:
    """A value from a YAML file; raises `NotFound`, or `SpecError` naming the file and its field or line."""
    plain = parse_yaml(read_text(file), file.name)
    try:
        return kind.from_plain(plain)
    except SpecError as exc:
        raise SpecError(f"{file.name}: {exc.message}", exc.hint) from exc


def read_text(file: Path) -> str:
    """The text of a small file."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MOST_YAML_BYTES + 1)
        if len(data) > MOST_YAML_BYTES:
            raise SpecError(f"{file.name} is larger than {MOST_YAML_BYTES} bytes", "Keep data out of it.")
        return data.decode("utf-8")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as exc:
        raise NotFound(f"there is no {file.name} in {file.parent.name or 'this folder'}", "Name its folder.") from exc
    except UnicodeDecodeError as exc:
        raise SpecError(f"{file.name} is not UTF-8", "Save it as UTF-8 text.") from exc


def parse_yaml(text: str, name: str) -> Any:
    """What a YAML document holds; raises `SpecError` with the line that is malformed."""
    try:
        _check_events(text, name)
        return yaml.load(text, _StrictLoader)  # noqa: S506 a SafeLoader
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise SpecError(f"{name}: {place}{exc.problem or 'malformed YAML'}", "Correct that line.") from exc
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        raise SpecError(f"{name}: malformed YAML", "Check it with a YAML editor.") from exc


def _check_events(text: str, name: str) -> None:
    """Refuse what makes a small text large or slow to read: aliases, which multiply, and deep nesting."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise SpecError(f"{name}: aliases (*name) are not allowed", "Write the value out where it is used.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise SpecError(f"{name}: nested deeper than {MAX_DEPTH}", "Flatten the document.")


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML in which no key stands twice and dates stay text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                raise yaml.MarkedYAMLError(problem=f"{key} stands twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
