"""Write the rehearsal data: `python generate.py [OUT]`.

Invented from the names of the columns alone; no row comes from a patient. Same format as a site's table: 39 features,
time in days, event, and the part of the split.
"""

import csv
import sys
from pathlib import Path

import numpy as np

ROWS = 150
SEED = 20240229
#: The 0/1 columns and how often each is 1.
SHARES = {
    "ethnicity_not_hispanic_or_latino": 0.8,
    "ethnicity_not_reported": 0.15,
    "race_asian": 0.1,
    "race_black_or_african_american": 0.15,
    "race_not_reported": 0.1,
    "race_white": 0.6,
    "ajcc_pathologic_m_mx": 0.15,
    "ajcc_pathologic_n_n0_i": 0.15,
    "ajcc_pathologic_n_n1": 0.1,
    "ajcc_pathologic_n_n1a": 0.15,
    "ajcc_pathologic_n_n2": 0.05,
    "ajcc_pathologic_n_n2a": 0.05,
    "ajcc_pathologic_stage_stage_ia": 0.1,
    "ajcc_pathologic_stage_stage_iia": 0.3,
    "ajcc_pathologic_stage_stage_iib": 0.25,
    "ajcc_pathologic_stage_stage_iiia": 0.15,
    "ajcc_pathologic_stage_stage_iiic": 0.05,
    "ajcc_pathologic_t_t1c": 0.2,
    "ajcc_pathologic_t_t2": 0.6,
    "ajcc_pathologic_t_t3": 0.1,
    "ajcc_staging_system_edition_5th": 0.1,
    "ajcc_staging_system_edition_6th": 0.4,
    "ajcc_staging_system_edition_7th": 0.4,
    "icd_10_code_c50_9": 0.9,
    "morphology_8500_3": 0.7,
    "morphology_8520_3": 0.2,
    "primary_diagnosis_infiltrating_duct_carcinoma_nos": 0.7,
    "primary_diagnosis_lobular_carcinoma_nos": 0.2,
    "prior_malignancy_yes": 0.05,
    "synchronous_malignancy_not_reported": 0.05,
    "treatment_or_therapy_not_reported": 0.1,
    "treatment_or_therapy_yes": 0.5,
    "tumor_stage_stage_i": 0.08,
    "tumor_stage_stage_ia": 0.1,
    "tumor_stage_stage_iia": 0.3,
    "tumor_stage_stage_iib": 0.25,
    "tumor_stage_stage_iiia": 0.15,
    "tumor_stage_stage_iiic": 0.05,
}


def make_rows(rng: np.random.Generator) -> list[list[str]]:
    """Rows of text fields: features, time, event, part."""
    age = rng.integers(30, 90, ROWS)
    marks = [(rng.random(ROWS) < share).astype(int) for share in SHARES.values()]
    late = marks[list(SHARES).index("ajcc_pathologic_stage_stage_iiia")]
    death = rng.exponential(4000 * np.exp(-0.04 * (age - 58) - 0.8 * late))
    left = rng.exponential(1500, ROWS)
    time, event = np.ceil(np.minimum(death, left)), (death <= left).astype(int)
    part = np.where(rng.random(ROWS) < 0.2, "train", "test")
    columns = [age, *marks, time, event, part]
    return [list(map(str, row)) for row in zip(*(column.tolist() for column in columns), strict=True)]


def main(out: Path) -> None:
    """Write the file into the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "clinical.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["age_at_index", *SHARES, "time", "event", "part"])
        writer.writerows(make_rows(np.random.default_rng(SEED)))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data")
