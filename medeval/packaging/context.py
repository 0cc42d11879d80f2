"""What goes into a package: the cube's own files, the parts of medeval that it imports, and wheels.

Left out: hidden files, caches, tests, and the weights, which travel beside the image.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import medeval
from medeval.domain.package import MLCubeManifest
from medeval.errors import SpecError

#: The parts of medeval that need numpy at most: what an evaluator may import inside its image.
MEDEVAL_PARTS = (
    "__init__.py",
    "errors.py",
    "domain/__init__.py",
    "domain/failures.py",
    "domain/strict_json.py",
    "metrics",
)

_LEFT_OUT = frozenset({"__pycache__", "tests", "test", "weights", "node_modules"})


@contextmanager
def staged(folder: Path, manifest: MLCubeManifest, wheels: Path | None = None) -> Iterator[Path]:
    """A temporary folder that holds what is packed, and nothing else.

    Raises `SpecError` when the folder holds links, or names that the context itself uses (`wheels`, `medeval`).
    """
    with tempfile.TemporaryDirectory(prefix="medeval-context-") as scratch:
        context = Path(scratch, "cube")
        _copy_tree(folder, context, manifest)
        if manifest.medeval:
            _copy_medeval(context / "medeval")
        if wheels is not None:
            _link_files(wheels, context / "wheels")
        yield context


def _copy_tree(folder: Path, target: Path, manifest: MLCubeManifest) -> None:
    def left_out(parent: str, names: list[str]) -> set[str]:
        here = Path(parent)
        return {name for name in names if _is_left_out(here / name, folder, manifest)}

    for taken in ("wheels", "medeval"):
        if (folder / taken).exists():
            raise SpecError(f"the cube's folder holds {taken}, which the build puts there itself", "Rename it.")
    shutil.copytree(folder, target, ignore=left_out, symlinks=True)


def _is_left_out(path: Path, folder: Path, manifest: MLCubeManifest) -> bool:
    name = path.relative_to(folder).as_posix()
    return path.name.startswith(".") or path.suffix == ".pyc" or path.name in _LEFT_OUT or name == manifest.weights


def _copy_medeval(target: Path) -> None:
    source = Path(medeval.__file__).parent
    for part in MEDEVAL_PARTS:
        for file in _python_files(source / part):
            place = target / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)


def _python_files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _link_files(source: Path, target: Path) -> None:
    """The same files under another folder, without a second copy where the file system can."""
    target.mkdir()
    for file in sorted(source.iterdir()):
        try:
            os.link(file, target / file.name)
        except OSError:
            shutil.copyfile(file, target / file.name)
