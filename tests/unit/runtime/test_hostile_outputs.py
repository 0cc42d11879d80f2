"""Outputs, archives and images made to slip past limits."""

import io
import json
import sys
import tarfile

import pytest

from medeval.domain.base import digest_of
from medeval.domain.package import BlobRef, ImagePackage
from medeval.errors import ImageInvalid, RunFailed
from medeval.packaging.store import BlobStore
from medeval.runtime import private_root
from medeval.runtime.image_archive import read_config
from medeval.runtime.output_files import MOST_DEPTH, check_plain_tree, size_bytes
from medeval.runtime.removal import remove_tree
from medeval.runtime.unpack import untar


def nest(folder, depth):
    folder.mkdir()
    for _ in range(depth):
        folder = folder / "d"
        folder.mkdir()


def test_folders_nested_against_counting_are_larger_than_any_limit(tmp_path):
    nest(tmp_path / "out", MOST_DEPTH + 1)
    assert size_bytes(tmp_path / "out") == sys.maxsize
    with pytest.raises(RunFailed, match="cannot be read"):
        check_plain_tree(tmp_path / "out")


def test_an_honest_depth_is_counted(tmp_path):
    nest(tmp_path / "out", 5)
    (tmp_path / "out" / "d" / "file").write_bytes(b"12345")
    assert size_bytes(tmp_path / "out") == 5


def test_what_python_cannot_follow_is_removed_all_the_same(tmp_path):
    nest(tmp_path / "work", 1100)
    remove_tree(tmp_path / "work")
    assert list(tmp_path.iterdir()) == []
    remove_tree(tmp_path / "work")


@pytest.mark.parametrize("size", [100, 1 << 40])
def test_an_archive_holds_no_more_than_it_weighs(tmp_path, size):
    member = tarfile.TarInfo("file")
    member.size = size
    archive = tmp_path / "a.tar"
    archive.write_bytes(member.tobuf() + b"\0" * 10)
    with pytest.raises(ImageInvalid):
        untar(archive, tmp_path / "target")


def test_a_sparse_member_is_refused(tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("file")
        member.size = 512
        member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 32)}
        tar.addfile(member, io.BytesIO(b"0\n".ljust(512, b"\0")))
    archive = tmp_path / "a.tar"
    archive.write_bytes(stream.getvalue())
    with pytest.raises(ImageInvalid):
        untar(archive, tmp_path / "target")


def test_a_name_that_no_file_system_takes_is_a_damaged_archive(tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("n" * 300))
    archive = tmp_path / "a.tar"
    archive.write_bytes(stream.getvalue())
    with pytest.raises(ImageInvalid):
        untar(archive, tmp_path / "target")


@pytest.mark.parametrize("volumes", [None, {}, {"/big": {}}])
def test_an_image_with_volumes_is_refused(tmp_path, volumes):
    store = BlobStore(tmp_path)
    layer = BlobRef(digest=digest_of(b"layer"), size_bytes=5)
    plain = {"config": {"Volumes": volumes}, "rootfs": {"type": "layers", "diff_ids": [layer.digest]}}
    package = ImagePackage(config=store.add_bytes(json.dumps(plain).encode()), layers=(layer,))
    if not volumes:
        assert read_config(package, store) == plain
        return
    with pytest.raises(ImageInvalid, match="volumes"):
        read_config(package, store)


@pytest.mark.parametrize("name", ["jürgen", "a b", "日本", "back\\slash"])
def test_mount_points_of_any_name_are_found_again(tmp_path, monkeypatch, name):
    place = f"/home/{name}/in"
    written = place.encode().replace(b"\\", b"\\134").replace(b" ", b"\\040")
    line = b"36 35 98:0 / " + written + b" ro,nosuid shared:1 - ext4 /dev/sda rw\n"
    monkeypatch.setattr(private_root.Path, "read_bytes", lambda _self: line)
    assert [found for found, _ in private_root.mounts_below(place)] == [place]


def test_a_bind_that_is_not_found_again_stops_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(private_root, "mount", lambda *words: None)
    monkeypatch.setattr(private_root, "mounts_below", lambda target: [])
    with pytest.raises(OSError, match="cannot be found"):
        private_root.bind(str(tmp_path), str(tmp_path / "target"), writable=False)
