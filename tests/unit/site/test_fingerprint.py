"""The fingerprint of data: equal data at one site give equal ones, and nobody else can compute it."""

import re
import secrets

import pytest

from medeval.domain.digest import digest_of_tree
from medeval.site.prepare import fingerprint_of

SALT = bytes(32)


def make_tree(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def tree(tmp_path):
    return make_tree(tmp_path / "a", cases__cases="case_id,age\n1,50\n", labels="case_id,label\n1,0\n")


def test_equal_data_have_equal_fingerprints(tree, tmp_path):
    again = make_tree(tmp_path / "b", labels="case_id,label\n1,0\n", cases__cases="case_id,age\n1,50\n")
    assert fingerprint_of(tree, SALT) == fingerprint_of(again, SALT)
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", fingerprint_of(tree, SALT))


def test_the_salt_changes_it(tree):
    """Two sites with the same data do not learn of it, and nobody can search for data that give it."""
    found = {fingerprint_of(tree, secrets.token_bytes(32)) for _ in range(10)}
    assert len(found) == 10


def test_it_is_no_digest_that_can_be_had_without_the_salt(tree):
    files = {"cases/cases": "", "labels": ""}
    assert fingerprint_of(tree, SALT) != digest_of_tree(files)


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": "case_id,label\n1,1\n"},
        {"cases__cases": "case_id,age\n1,51\n"},
        {"cases__more": ""},
        {"labels2": "case_id,label\n1,0\n"},
    ],
)
def test_any_change_of_the_data_changes_it(tree, changes):
    before = fingerprint_of(tree, SALT)
    assert fingerprint_of(make_tree(tree, **changes), SALT) != before


def test_where_a_file_lies_is_part_of_it(tmp_path):
    here = make_tree(tmp_path / "a", a__x="1", b__x="2")
    there = make_tree(tmp_path / "b", a__x="2", b__x="1")
    assert fingerprint_of(here, SALT) != fingerprint_of(there, SALT)
