"""Get the four hospitals' files of the UCI Heart Disease data: `python fetch.py OUT [--data DIR]`.

OUT receives one folder per site, holding its file. Downloaded from the UCI Machine Learning Repository, or copied from
DIR; either way the bytes must have the sha256 written here. A file that is there already is not fetched again.
"""

import argparse
import hashlib
import sys
import urllib.error
import urllib.request
from pathlib import Path

from medeval.errors import DataError, DigestMismatch, MedevalError

SOURCE = "https://archive.ics.uci.edu/ml/machine-learning-databases/heart-disease"
SHA256 = {
    "cleveland": "a74b7efa387bc9d108d7d0115d831fe9b414b29ae7124f331b622b4efa0427c8",
    "hungarian": "d1ad108f785768cd3d7e82dc522e6f5a61eea93cccfb3a46ee8076f73fc3d796",
    "switzerland": "834a405ccf5b66ab4056bb77794adc8df0b7125186454c0a1d002d33c6c3b314",
    "va": "e7c93d8d0d2acdadfa4c5e8de768e2191e7f618b952e29623f1f0d5949ff6b8f",
}
SITES = tuple(SHA256)
TIMEOUT_S = 60.0
#: Each file has less than 20 KB.
MOST_BYTES = 1024 * 1024


def fetch(out: Path, data: Path | None = None, *, source: str = SOURCE) -> dict[str, Path]:
    """Bring the four files to `out`; returns the folder of each site.

    Raises `DataError` when a file cannot be had, `DigestMismatch` when it is not the published one.
    """
    return {site: _fetch_site(site, out / site, data, source) for site in SITES}


def file_name(site: str) -> str:
    """The file's published name."""
    return f"processed.{site}.data"


def _fetch_site(site: str, folder: Path, data: Path | None, source: str) -> Path:
    target = folder / file_name(site)
    if target.is_file() and _is_published(site, target.read_bytes()):
        return folder
    content = _copy(site, data) if data else _download(site, source)
    if not _is_published(site, content):
        hint = "Take the file as UCI publishes it, byte for byte: no header line, no other line ends."
        raise DigestMismatch(f"{file_name(site)} does not have its published sha256", hint)
    folder.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_bytes(content)
    part.replace(target)
    return folder


def _is_published(site: str, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == SHA256[site]


def _copy(site: str, data: Path) -> bytes:
    try:
        return (data / file_name(site)).read_bytes()
    except OSError as exc:
        hint = f"It must hold {', '.join(map(file_name, SITES))}."
        raise DataError(f"the folder of --data holds no readable {file_name(site)}", hint) from exc


def _download(site: str, source: str) -> bytes:
    try:
        with urllib.request.urlopen(f"{source}/{file_name(site)}", timeout=TIMEOUT_S) as answer:  # noqa: S310 https
            return bytes(answer.read(MOST_BYTES))
    except (urllib.error.URLError, OSError) as exc:
        hint = "Check the connection, or give a folder that holds the four files: --data DIR."
        raise DataError(f"{file_name(site)} could not be downloaded from the UCI repository", hint) from exc


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, help="a folder that holds the four files")
    options = parser.parse_args()
    try:
        for site, folder in fetch(options.out, options.data).items():
            print(f"{site}: {folder}")
    except MedevalError as exc:
        sys.exit(f"error: {exc.message}\nhint: {exc.hint}")


if __name__ == "__main__":
    main()
