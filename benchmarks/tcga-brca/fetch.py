"""Make the six regions' tables of TCGA-BRCA: `python fetch.py OUT [--data DIR]`.

OUT receives one folder per site, holding `clinical.csv`: the rows that FLamby's split gives the region, without the
patient's barcode, and `part`, the part of the split. The two source files are downloaded from FLamby's repository, or
read from DIR; either way the bytes must have the sha256 written here.
"""

import argparse
import csv
import hashlib
import io
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

from medeval.errors import DataError, DigestMismatch, MedevalError

SOURCE = (
    "https://raw.githubusercontent.com/owkin/FLamby/edacf54d5211520583b0133d55ac39b6fda8324b/"
    "flamby/datasets/fed_tcga_brca"
)
ROWS, SPLIT = "brca.csv", "train_test_split.csv"
#: Where a file lies below SOURCE.
FOLDER = {ROWS: "", SPLIT: "dataset_creation_scripts/"}
SHA256 = {
    ROWS: "07cb53423f7d579d33cfdbf2cba57b2aee75318b85866c68ce39a75b1f1ba020",
    SPLIT: "1249c6543a4060ff0fdaf8510fc37017755836db6c9fc5e6af96057c36510990",
}
#: The regions in the order of FLamby's numbers, 0 to 5.
SITES = ("northeast", "south", "west", "midwest", "europe", "canada")
TIMEOUT_S = 60.0
#: The larger file has 113 KB.
MOST_BYTES = 4 * 1024 * 1024

Table = list[dict[str, str]]


def fetch(out: Path, data: Path | None = None, *, source: str = SOURCE) -> dict[str, Path]:
    """Write the six regions' tables to `out`; returns the folder of each site.

    Raises `DataError` when a file cannot be had, `DigestMismatch` when it is not the published one.
    """
    rows, split = (_read_table(_get(name, data, source)) for name in (ROWS, SPLIT))
    parts = {row["pid"]: row["fold2"] for row in split}
    for number, site in enumerate(SITES):
        _write_site(out / site, [row for row in rows if parts.get(row["pid"], "").endswith(f"_{number}")], parts)
    return {site: out / site for site in SITES}


def feature_name(column: str) -> str:
    """A column's name without what a spec does not allow: `primary_diagnosis_Infiltrating duct carcinoma, NOS`."""
    return re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")


def _write_site(folder: Path, rows: Table, parts: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    features = [column for column in rows[0] if column not in {"pid", "E", "T"}]
    with (folder / "clinical.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*map(feature_name, features), "time", "event", "part"])
        for row in rows:
            part = parts[row["pid"]].partition("_")[0]
            writer.writerow([*(row[column] for column in features), row["T"], row["E"], part])


def _read_table(content: bytes) -> Table:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


def _get(name: str, data: Path | None, source: str) -> bytes:
    content = _copy(name, data) if data else _download(name, source)
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise DigestMismatch(f"{name} does not have its published sha256", "Take the file as FLamby publishes it.")
    return content


def _copy(name: str, data: Path) -> bytes:
    try:
        return (data / name).read_bytes()
    except OSError as exc:
        raise DataError(f"the folder of --data holds no readable {name}", f"It must hold {ROWS} and {SPLIT}.") from exc


def _download(name: str, source: str) -> bytes:
    try:
        with urllib.request.urlopen(f"{source}/{FOLDER[name]}{name}", timeout=TIMEOUT_S) as answer:  # noqa: S310 https
            return bytes(answer.read(MOST_BYTES))
    except (urllib.error.URLError, OSError) as exc:
        hint = "Check the connection, or give a folder that holds the two files: --data DIR."
        raise DataError(f"{name} could not be downloaded from FLamby's repository", hint) from exc


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, help="a folder that holds the two files")
    options = parser.parse_args()
    try:
        for site, folder in fetch(options.out, options.data).items():
            print(f"{site}: {folder}")
    except MedevalError as exc:
        sys.exit(f"error: {exc.message}\nhint: {exc.hint}")


if __name__ == "__main__":
    main()
