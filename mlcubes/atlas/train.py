"""Make the atlas of the prepared cases: `python train.py PREPARED --out weights.json [--shape 36x50x36]`.

PREPARED is a prepared dataset (a folder with labels.npz). Each mask is laid on the atlas's grid; each voxel gets the
label that most masks have there and, of labels that equally many have, the smallest.
"""

import argparse
import json
import sys
import zipfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from grid import lay


def majority(masks: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """The atlas of label volumes of any shapes."""
    laid = [lay(mask, shape) for mask in masks]
    labels = max(int(mask.max()) for mask in laid) + 1
    votes = np.stack([sum((mask == label).astype(np.int64) for mask in laid) for label in range(labels)])
    return votes.argmax(axis=0).astype(np.uint8)


def read_masks(prepared: Path) -> Iterator[np.ndarray]:
    with zipfile.ZipFile(prepared / "labels.npz") as archive:
        for name in archive.namelist():
            if name.startswith("masks/"):
                with archive.open(name) as member:
                    yield np.lib.format.read_array(member, allow_pickle=False)


def to_weights(atlas: np.ndarray) -> dict:
    """The weights file as plain JSON."""
    runs = [[label, len(list(run))] for label, run in groupby(atlas.ravel().tolist())]
    return {"shape": list(atlas.shape), "runs": runs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("--out", type=Path, default=Path("weights.json"))
    parser.add_argument("--shape", default="36x50x36")
    options = parser.parse_args()
    masks = list(read_masks(options.prepared))
    atlas = majority(masks, tuple(int(part) for part in options.shape.split("x")))
    options.out.write_text(json.dumps(to_weights(atlas)) + "\n", encoding="utf-8")
    print(f"{options.out}: an atlas of {len(masks)} cases")


if __name__ == "__main__":
    main()
