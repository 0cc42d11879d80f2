"""The site's files: whole or not at all, private, and damaged ones are told."""

import stat
import threading

import pytest

from medeval.domain.attestation import SandboxRecord
from medeval.domain.base import digest_of
from medeval.errors import NotFound, SiteStateError
from medeval.site.records import AllowedModel, AllowList, SiteRecord
from medeval.site.store import SiteStore, write


@pytest.fixture
def store(tmp_path) -> SiteStore:
    return SiteStore(tmp_path / "site")


def site_record(title: str) -> SiteRecord:
    return SiteRecord(
        name="north",
        title=title,
        server="https://results.example.org",
        fingerprint=digest_of(b"key"),
        sandbox=SandboxRecord(runtime="docker", version="20.10", level=2),
        package_kind="image",
    )


def test_a_reader_sees_the_old_or_the_new_and_nothing_between(store):
    """One writes two versions in turn, of very different size, while the other reads."""
    rules = [AllowList(), AllowList(models=tuple(map(allowed, range(300))))]
    store.put_allow_list(rules[0])
    stop = threading.Event()

    def write_on():
        while not stop.is_set():
            for version in rules:
                store.put_allow_list(version)

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        seen = {len(store.get_allow_list().models) for _ in range(300)}
    finally:
        stop.set()
        writer.join()
    assert seen <= {0, 300}


def allowed(number: int) -> AllowedModel:
    return AllowedModel(ref=f"model-{number}@1.0.0", digest=digest_of(str(number).encode()))


def test_what_a_killed_writer_left_is_not_read(store):
    store.put_site(site_record("North"))
    for partial in ("site.json.part", "site.json.4711.part"):
        (store.root / partial).write_text('{"name": "no')
    assert store.get_site() == site_record("North")
    store.put_site(site_record("Northern Hospital"))
    assert store.get_site().title == "Northern Hospital"


def test_half_a_dataset_is_none(store):
    """The record is written last: prepared files without it are not a dataset."""
    folder = store.dataset_folder("ward") / "prepared"
    folder.mkdir(parents=True)
    (folder / "labels.csv").write_text("case_id,label\n")
    assert store.list_datasets() == []
    assert store.find_dataset("ward") is None
    with pytest.raises(NotFound, match="no dataset ward"):
        store.get_dataset("ward")


def test_files_are_the_owners_alone(store):
    store.put_site(site_record("North"))
    write(store.key_file, b"k" * 32)
    for file in (store.root / "site.json", store.key_file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for folder in (store.root, store.key_file.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_secret_is_never_readable_by_others_not_even_while_it_is_written(store, monkeypatch):
    modes = []
    replace = type(store.key_file).replace
    monkeypatch.setattr(
        type(store.key_file),
        "replace",
        lambda path, target: (modes.append(stat.S_IMODE(path.stat().st_mode)), replace(path, target))[1],
    )
    write(store.key_file, b"k" * 32)
    assert modes == [0o600]


@pytest.mark.parametrize("text", ["", "{", '{"patients": ["Smith"]}', "[]", "\x00\x01"])
def test_a_damaged_record_names_its_file_and_not_its_content(store, text):
    store.put_site(site_record("North"))
    (store.root / "site.json").write_text(text)
    with pytest.raises(SiteStateError, match=r"site\.json") as caught:
        store.get_site()
    assert "Smith" not in caught.value.message + caught.value.hint
    assert str(store.root) not in caught.value.message + caught.value.hint


def test_before_site_init(store):
    assert store.find_site() is None
    assert store.get_allow_list() == AllowList()
    assert store.list_executions() == []
    with pytest.raises(NotFound, match="no site") as caught:
        store.get_site()
    assert "medeval site init" in caught.value.hint


def test_fresh_work_is_empty(store):
    folder = store.fresh_work("run")
    (folder / "left").write_text("by a killed run")
    assert list(store.fresh_work("run").iterdir()) == []
