"""Rows of raw data, by salted fingerprint: which ones a version of a dataset shares with another."""

from pathlib import Path

import pytest

from medeval.domain.policies import HOSPITAL
from medeval.errors import DifferencingRisk
from medeval.site.context import Site
from medeval.site.versions import check_versions, keep_rows, rows_of
from tests.sites import make_site

SALT = b"salt"


def write_raw(folder: Path, first: int, last: int, *, images: bool = False) -> Path:
    folder.mkdir(parents=True)
    (folder / "table.csv").write_text("a,b\n" + "".join(f"{number},x\n" for number in range(first, last)))
    for number in range(first, last) if images else ():
        (folder / f"{number}.nii").write_bytes(bytes([number % 251, number // 251]))
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made, _ = make_site(tmp_path / "site")
    [record] = made.store.list_datasets()
    keep_rows(made.store, record.card.name, rows_of(write_raw(tmp_path / "old", 0, 200), SALT))
    return made


def check(site: Site, raw: Path, cases: int) -> None:
    check_versions(site, rows_of(raw, SALT), cases, HOSPITAL.min_cell)


def test_the_same_rows_in_another_order_are_no_other_version(site: Site, tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "new", 0, 200)
    lines = (raw / "table.csv").read_text().splitlines()
    (raw / "renamed.csv").write_text("\r\n".join([lines[0], *reversed(lines[1:])]))
    (raw / "table.csv").unlink()
    check(site, raw, 200)


@pytest.mark.parametrize(("first", "last"), [(1, 200), (9, 200), (0, 209), (9, 209), (0, 191)])
def test_rows_that_differ_in_few_are(site: Site, tmp_path: Path, first: int, last: int) -> None:
    with pytest.raises(DifferencingRisk, match="dataset data in fewer than 10"):
        check(site, write_raw(tmp_path / "new", first, last), last - first)


@pytest.mark.parametrize(("first", "last"), [(10, 200), (0, 210), (300, 500)])
def test_rows_that_differ_in_many_are_not(site: Site, tmp_path: Path, first: int, last: int) -> None:
    check(site, write_raw(tmp_path / "new", first, last), last - first)


def test_a_patient_of_several_rows_and_files_counts_once(site: Site, tmp_path: Path) -> None:
    keep_rows(site.store, "data", rows_of(write_raw(tmp_path / "both", 0, 200, images=True), SALT))
    with pytest.raises(DifferencingRisk):
        check(site, write_raw(tmp_path / "new", 9, 200, images=True), 191)
    check(site, write_raw(tmp_path / "far", 11, 200, images=True), 189)


def test_without_the_salt_a_row_cannot_be_searched_for(tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "raw", 0, 50)
    assert not rows_of(raw, SALT).keys() & rows_of(raw, b"other").keys()
