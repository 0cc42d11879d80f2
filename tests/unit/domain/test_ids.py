import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from medeval.domain import ids
from medeval.errors import UsageError
from tests.strategies import dataset_refs, names, versioned_refs, versions

TAKEN = {
    ids.Name: ["a", "0", "heart-disease", "a" * 63, "a-1-b"],
    ids.Version: ["1.0", "0.0.1", "10.20.30", "999999.0"],
    ids.Digest: ["sha256:" + "0" * 64],
    ids.VersionedRef: ["heart@1.0", "a@0.0.0"],
    ids.DatasetRef: ["cleveland/heart"],
    ids.Title: ["Four hospitals", "Z\u00fcrich"],
}
REFUSED = {
    ids.Name: ["", "-a", "a-", "A", "a_b", "a b", "a" * 64, "a\n", "\u00e4", "../a", "a/b", "a@1.0"],
    ids.Version: ["1", "v1.0", "1.0.0.0", "01.0", "1.", "1.0-rc1", "1.0\n", "1234567.0"],
    ids.Digest: ["sha256:" + "0" * 63, "sha256:" + "A" * 64, "md5:" + "0" * 64, "0" * 64, "sha256:" + "0" * 64 + "\n"],
    ids.VersionedRef: ["heart", "heart@", "@1.0", "heart@1.0@2.0", "Heart@1.0"],
    ids.DatasetRef: ["cleveland", "a/b/c", "/a", "../b"],
    ids.Title: ["", "a\nb", "<b>", "\x00", "a" * 121],
}


def cases(table):
    kinds = {getattr(ids, name): name for name in ("Name", "Version", "Digest", "VersionedRef", "DatasetRef", "Title")}
    return [
        pytest.param(kind, text, id=f"{kinds[kind]} {number}")
        for kind, texts in table.items()
        for number, text in enumerate(texts)
    ]


@pytest.mark.parametrize(("kind", "text"), cases(TAKEN))
def test_taken(kind, text):
    assert TypeAdapter(kind).validate_python(text) == text


@pytest.mark.parametrize(("kind", "text"), cases(REFUSED))
def test_refused(kind, text):
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)


@given(names, versions)
def test_a_reference_splits_into_what_it_was_made_of(name, version):
    assert ids.split_ref(f"{name}@{version}") == (name, version)
    assert ids.split_ref(name) == (name, None)


@given(versioned_refs, dataset_refs)
def test_strategies_make_valid_references(versioned, dataset):
    TypeAdapter(ids.VersionedRef).validate_python(versioned)
    TypeAdapter(ids.DatasetRef).validate_python(dataset)


@given(st.text(max_size=40))
def test_any_text_is_a_reference_or_refused(text):
    try:
        name, version = ids.split_ref(text)
    except UsageError:
        return
    assert re.fullmatch(r"[a-z0-9-]{1,63}", name)
    assert text == (name if version is None else f"{name}@{version}")


@pytest.mark.parametrize("text", ["", "heart@", "Heart", "heart@one", "heart@1.0\n", "a" * 200])
def test_no_reference(text):
    with pytest.raises(UsageError, match="is no reference"):
        ids.split_ref(text)


def test_versions_sort_by_number():
    assert sorted(["1.10", "1.9", "1.9.1", "0.99"], key=ids.version_key) == ["0.99", "1.9", "1.9.1", "1.10"]
