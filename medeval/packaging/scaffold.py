"""`model init` and `benchmark init`: folders that work as they are."""

import re
import shutil
from pathlib import Path

from medeval.domain.ids import NAME_PATTERN
from medeval.errors import Conflict, UsageError
from medeval.packaging.shipped import shipped

TEMPLATES = Path(__file__).parent / "templates"


def new_model(folder: Path) -> None:
    """Make a model folder: a cube of the standard library alone, which scores every case alike until it is edited."""
    _copy(TEMPLATES / "model", folder, _name(folder))


def new_benchmark(folder: Path) -> None:
    """Make a benchmark folder: draft, invented rehearsal data, and the cubes that it names."""
    _copy(TEMPLATES / "benchmark", folder, _name(folder))
    for cube in ("tabular-preparator", "tabular-evaluator"):
        shutil.copytree(shipped("mlcubes", cube), folder / cube, ignore=shutil.ignore_patterns("__pycache__"))


def _name(folder: Path) -> str:
    """The folder's own name, which must do as a name of the field."""
    name = folder.resolve().name
    if not re.fullmatch(NAME_PATTERN, name):
        raise UsageError(f"{name[:80]!r} is no name", "Use small letters, digits and hyphens, such as heart-disease.")
    return name


def _copy(template: Path, folder: Path, name: str) -> None:
    if folder.exists():
        raise Conflict("that folder is there already", "Choose another name; nothing was changed.")
    shutil.copytree(template, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in [*folder.glob("*.yaml"), *folder.glob("*.md")]:
        file.write_text(file.read_text("utf-8").replace("EXAMPLE-NAME", name), "utf-8")
