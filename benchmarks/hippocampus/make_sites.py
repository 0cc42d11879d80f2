"""Deal the volumes out: `python make_sites.py HIPPOCAMPUS OUT`.

HIPPOCAMPUS holds 24 volumes in `images`, and in `labels` their masks of the same names. In the order of names the first
twelve go to OUT/development, to train on; the others are dealt out in turn to OUT/first, OUT/second and OUT/third.
The sites are artificial: every volume was acquired at one centre.
"""

import shutil
import sys
from pathlib import Path

SITES = ("first", "second", "third")
DEVELOPMENT = "development"
VOLUMES, TRAINING = 24, 12


def make_sites(source: Path, out: Path) -> dict[str, Path]:
    """Copy the volumes; returns the folder of each site and, as `development`, of the training part."""
    names = sorted(path.name for path in (source / "images").glob("*.nii.gz"))
    if len(names) != VOLUMES or any(not (source / "labels" / name).is_file() for name in names):
        sys.exit(f"the source must hold {VOLUMES} volumes in images, each with its mask in labels")
    folders = {part: out / part for part in (DEVELOPMENT, *SITES)}
    for place, name in enumerate(names):
        part = DEVELOPMENT if place < TRAINING else SITES[place % len(SITES)]
        for kind in ("images", "labels"):
            (folders[part] / kind).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / kind / name, folders[part] / kind / name)
    return folders


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    for name, folder in make_sites(Path(sys.argv[1]), Path(sys.argv[2])).items():
        print(f"{name}: {folder}")
