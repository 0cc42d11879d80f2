"""Make the atlas of the training volumes: `python reproduce_models.py HIPPOCAMPUS OUT`.

HIPPOCAMPUS holds `images` and `labels`; the masks of the first twelve volumes by name (those that `make_sites.py`
keeps from the sites) become OUT/atlas.json, weights of the cube `atlas`. They derive from clinical data, so they are
made when they are needed and come with nothing.
"""

import json
import sys
from pathlib import Path

# The reader of volumes and the making of an atlas are those of the cubes.
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "mlcubes" / "hippocampus-preparator" / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "mlcubes" / "atlas"))

import nifti
import train
from make_sites import TRAINING

MODEL = "atlas"
#: The median shape of the training volumes, rounded.
SHAPE = (36, 50, 36)
_MOST_VOXELS = 2**24


def main(source: Path, out: Path) -> None:
    """Write the weights file."""
    files = sorted((source / "labels").glob("*.nii.gz"))[:TRAINING]
    masks = [nifti.read(file, _MOST_VOXELS).voxels for file in files]
    out.mkdir(parents=True, exist_ok=True)
    weights = train.to_weights(train.majority(masks, SHAPE))
    (out / f"{MODEL}.json").write_text(json.dumps(weights) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
