"""Prepare volumes with masks for segmentation: `main.py TASK --input IN --output OUT`.

prepare       data/ parameters.json -> cases/ labels.npz
sanity_check  cases/ labels.npz parameters.json -> nothing
statistics    cases/ labels.npz parameters.json -> statistics.json

What is wrong is told by the exit code (12 malformed, 13 missing folder or mask, 14 no volume); nothing of the data is
printed.
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import nifti
import prepared
from problems import Empty, MissingColumn, Problem

SUFFIXES = (".nii", ".nii.gz")


@dataclass(frozen=True)
class Recipe:
    """The benchmark's parameters: the labels that a mask may hold, and how large a volume may be."""

    labels: tuple[int, ...]
    most_voxels: int = 2**24


def read_recipe(source: Path) -> Recipe:
    """An unknown or missing parameter is a `Problem`."""
    try:
        plain = json.loads((source / "parameters.json").read_text(encoding="utf-8"))
        recipe = Recipe(**{**plain, "labels": tuple(map(int, plain["labels"]))})
    except (TypeError, ValueError, KeyError, AttributeError) as exc:
        raise Problem(f"parameters: {exc}") from exc
    if not recipe.labels or not all(0 <= label <= 255 for label in recipe.labels):
        raise Problem("labels: must be values from 0 to 255")
    return recipe


def prepare(source: Path, target: Path) -> None:
    recipe = read_recipe(source)
    pairs = find_pairs(source / "data")
    seed = hashlib.sha256()
    cases = []
    for image, mask in pairs:
        seed.update(hashlib.sha256(image.read_bytes()).digest() + hashlib.sha256(mask.read_bytes()).digest())
        volumes = (nifti.read(file, recipe.most_voxels) for file in (image, mask))
        cases.append(prepared.Case.of(*volumes, recipe.labels))
    prepared.write(target, cases, seed.digest())


def find_pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Images with their masks, in the order of their names."""
    names = {part: _names(folder / part) for part in ("images", "labels")}
    if not names["images"]:
        raise Empty("the data folder holds no volume in images")
    if names["images"] != names["labels"]:
        raise MissingColumn("images and labels do not hold files of the same names")
    return [(folder / "images" / name, folder / "labels" / name) for name in sorted(names["images"])]


def _names(folder: Path) -> set[str]:
    if not folder.is_dir():
        raise MissingColumn("the data folder must hold the folders images and labels")
    return {path.name for path in folder.iterdir() if path.name.endswith(SUFFIXES) and path.is_file()}


def sanity_check(source: Path, target: Path) -> None:
    prepared.check(source, read_recipe(source).labels)


def statistics(source: Path, target: Path) -> None:
    prepared.write_statistics(target, prepared.check(source, read_recipe(source).labels))


TASKS = {"prepare": prepare, "sanity_check": sanity_check, "statistics": statistics}


def main(arguments: list[str]) -> int:
    match arguments:
        case [task, "--input", source, "--output", target] if task in TASKS:
            try:
                TASKS[task](Path(source), Path(target))
            except Problem as exc:
                print(f"error: {exc}", file=sys.stderr)
                return exc.exit_code
            return 0
        case _:
            print(f"usage: main.py {'|'.join(TASKS)} --input IN --output OUT", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
