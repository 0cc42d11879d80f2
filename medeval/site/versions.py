"""Versions of a dataset at a site: raw data that differ in a few patients from data that are registered here.

A site keeps, of each dataset, salted fingerprints of the rows of its raw files (of a whole file, where it is no table).
They stay at the site. Preparation may change every row (it standardises), so the raw rows are what tells.
"""

import hmac
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from medeval.disclosure.differencing import check_apart, patients_apart
from medeval.domain.digest import digest_of_chunks
from medeval.packaging.store import file_chunks
from medeval.site.context import Site
from medeval.site.records import DatasetRecord
from medeval.site.store import SiteStore, write

#: Bytes of a row's fingerprint: of a billion rows, two are alike with a chance of one in 10**20.
_WIDTH = 16
_TABLES = frozenset({".csv", ".tsv", ".txt", ".data", ".jsonl", ".ndjson"})
_HINT = "Add ten patients or more to the data, or go on with the dataset that is registered."


def rows_of(raw: Path, salt: bytes) -> Counter[bytes]:
    """The salted fingerprints of the rows of a raw folder; a row that stands twice counts twice."""
    return Counter(hmac.digest(salt, row, "sha256")[:_WIDTH] for row in _rows(raw))


def check_versions(site: Site, rows: Counter[bytes], cases: int, least: int) -> None:
    """Raise `DifferencingRisk` where the rows of some dataset of this site are nearly these.

    `least` is the minimum cell of the policy in force for the new data; that of the older ones holds as well.
    """
    for record in site.store.list_datasets():
        strictest = max(least, _least(site.store, record))
        apart = patients_apart(_kept(site.store, record), rows, rows.total() / max(cases, 1))
        check_apart(apart, strictest, f"these data differ from those of dataset {record.card.name}", _HINT)


def keep_rows(store: SiteStore, name: str, rows: Counter[bytes]) -> None:
    """Keep the fingerprints of a dataset's rows."""
    write(_file(store, name), b"".join(sorted(rows.elements())))


def _kept(store: SiteStore, record: DatasetRecord) -> Counter[bytes]:
    data = _file(store, record.card.name).read_bytes()
    return Counter(data[at : at + _WIDTH] for at in range(0, len(data), _WIDTH))


def _least(store: SiteStore, record: DatasetRecord) -> int:
    return store.get_spec(record.card.benchmark).disclosure.stricter(record.card.policy).min_cell


def _file(store: SiteStore, name: str) -> Path:
    return store.dataset_folder(name) / "rows.bin"


def _rows(raw: Path) -> Iterator[bytes]:
    for path in sorted(path for path in raw.rglob("*") if path.is_file()):
        if path.suffix.lower() in _TABLES:
            with path.open("rb") as file:
                yield from (row.strip() for row in file if row.strip())
        else:
            yield digest_of_chunks(file_chunks(path))[0].encode("ascii")
