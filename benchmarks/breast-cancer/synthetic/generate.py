"""Write the rehearsal data: `python generate.py [OUT]`.

Invented: each feature is drawn around a made-up value, higher in malignant cases; no row comes from a patient. Same
format as a site's table.csv.
"""

import sys
from pathlib import Path

import numpy as np

ROWS = 200
SEED = 20240118
#: A made-up middle for the mean of each measure, on the scale of the real one.
MIDDLES = {
    "radius": 14.0,
    "texture": 19.0,
    "perimeter": 91.0,
    "area": 650.0,
    "smoothness": 0.1,
    "compactness": 0.1,
    "concavity": 0.09,
    "concave_points": 0.05,
    "symmetry": 0.18,
    "fractal_dimension": 0.06,
}


def make_columns(rng: np.random.Generator) -> dict[str, list[str]]:
    """Columns of text by name: mean, error and worst of each measure, then the label."""
    malignant = rng.random(ROWS) < 0.35
    columns = {}
    for statistic, size in (("mean_{}", 1.0), ("{}_error", 0.05), ("worst_{}", 1.3)):
        for measure, middle in MIDDLES.items():
            values = middle * size * (1 + 0.35 * malignant) * rng.uniform(0.7, 1.3, ROWS)
            columns[statistic.format(measure)] = [f"{value:.5g}" for value in values]
    return {**columns, "malignant": [str(int(label)) for label in malignant]}


def main(out: Path) -> None:
    """Write the file into the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    columns = make_columns(np.random.default_rng(SEED))
    lines = [",".join(columns), *map(",".join, zip(*columns.values(), strict=True))]
    (out / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data")
