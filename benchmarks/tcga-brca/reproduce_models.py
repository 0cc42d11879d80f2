"""Turn the published weights into weights files of the linear-risk cube: `python reproduce_models.py REFERENCE OUT`.

REFERENCE holds tcga_weights.json (runs of FLamby by seed and method) and tcga_columns.json. OUT receives one file for
each of the five runs of "Pooled Training", named as the model is submitted: `pooled-training-s42.json`.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

METHOD = "Pooled Training"

Weights = dict[str, Any]


def model_name(seed: str, method: str = METHOD) -> str:
    """`42`, `Pooled Training` as `pooled-training-s42`."""
    return f"{method.lower().replace(' ', '-')}-s{seed}"


def read_models(reference: Path) -> dict[str, Weights]:
    """The five weights files by model name."""
    columns = json.loads((reference / "tcga_columns.json").read_text(encoding="utf-8"))
    features = [_feature(column) for column in columns]
    runs = json.loads((reference / "tcga_weights.json").read_text(encoding="utf-8"))
    chosen = {key.partition("|")[0]: run for key, run in runs.items() if key.partition("|")[2] == METHOD}
    return {
        model_name(seed): {
            "features": features,
            "intercept": run["fc.bias"][0],
            "coefficients": run["fc.weight"][0],
        }
        for seed, run in chosen.items()
    }


def _feature(column: str) -> str:
    """The name that `fetch.py` gives a column."""
    return re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")


def main(reference: Path, out: Path) -> None:
    """Write one weights file per model."""
    out.mkdir(parents=True, exist_ok=True)
    for name, weights in read_models(reference).items():
        (out / f"{name}.json").write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
