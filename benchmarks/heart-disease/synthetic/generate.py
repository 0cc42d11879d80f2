"""Write the rehearsal data: `python generate.py [OUT]`.

Invented from the published description of the columns alone; no row comes from a patient. Same format as a hospital's
raw file: 14 fields without a header line, `?` where a value is missing.
"""

import sys
from pathlib import Path

import numpy as np

ROWS = 160
SEED = 20240117
#: Columns that some rows lack, and how often: as at real hospitals, the last three most of all.
GAPS = {3: 0.03, 4: 0.03, 7: 0.03, 10: 0.3, 11: 0.6, 12: 0.5}


def make_rows(rng: np.random.Generator) -> list[list[str]]:
    """Rows of text fields in the order of the raw format."""
    age, sex = rng.integers(30, 78, ROWS), rng.integers(0, 2, ROWS)
    cp, restecg = rng.integers(1, 5, ROWS), rng.integers(0, 3, ROWS)
    trestbps, chol = rng.integers(95, 190, ROWS), rng.integers(130, 400, ROWS)
    fbs, exang = rng.integers(0, 2, ROWS), rng.integers(0, 2, ROWS)
    thalach, oldpeak = rng.integers(90, 200, ROWS), rng.integers(0, 45, ROWS) / 10
    slope, ca, thal = rng.integers(1, 4, ROWS), rng.integers(0, 4, ROWS), rng.choice([3, 6, 7], ROWS)
    risk = 0.04 * (age - 54) + 1.1 * (cp == 4) + 0.9 * exang + 0.5 * oldpeak - 0.02 * (thalach - 145) - 1.2
    num = np.where(rng.random(ROWS) < 1 / (1 + np.exp(-risk)), rng.integers(1, 5, ROWS), 0)
    columns = [age, sex, cp, trestbps, chol, fbs, restecg, thalach, exang, oldpeak, slope, ca, thal]
    text = [[f"{value:.1f}" for value in column] for column in columns] + [[str(value) for value in num]]
    for column, share in GAPS.items():
        text[column] = [
            "?" if gap else value for value, gap in zip(text[column], rng.random(ROWS) < share, strict=True)
        ]
    return [list(row) for row in zip(*text, strict=True)]


def main(out: Path) -> None:
    """Write the file into the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    rows = make_rows(np.random.default_rng(SEED))
    (out / "rehearsal.data").write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data")
