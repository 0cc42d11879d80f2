"""Equal folders give equal bytes; what was packed is what is unpacked."""

import os
import shutil
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medeval.errors import SpecError
from medeval.packaging.archive import tar_folder, untar

NAME = st.text("abcXYZ0_-", min_size=1, max_size=12)
TREES = st.dictionaries(st.lists(NAME, min_size=1, max_size=3).map("/".join), st.binary(max_size=2000), max_size=6)


def tar_bytes(folder) -> bytes:
    return b"".join(tar_folder(folder))


def test_who_packs_when_and_in_which_order_does_not_matter(folder, tmp_path):
    first = tar_bytes(folder)
    copy = tmp_path / "copy"
    for path in sorted(folder.rglob("*"), reverse=True):
        target = copy / path.relative_to(folder)
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o777)
            os.utime(target, (1, 1))
    assert tar_bytes(copy) == first


def test_every_change_of_name_or_content_shows(folder):
    seen = {tar_bytes(folder)}
    (folder / "src" / "main.py").write_text("pass  \n")
    seen.add(tar_bytes(folder))
    (folder / "src" / "main.py").rename(folder / "src" / "Main.py")
    seen.add(tar_bytes(folder))
    (folder / "src" / "empty").mkdir()
    seen.add(tar_bytes(folder))
    assert len(seen) == 4


def test_members_have_no_owner_time_or_own_mode(folder, tmp_path):
    (tmp_path / "a.tar").write_bytes(tar_bytes(folder))
    with tarfile.open(tmp_path / "a.tar") as tar:
        members = tar.getmembers()
    assert {(member.uid, member.gid, member.mtime, member.uname) for member in members} == {(0, 0, 0, "")}
    assert {member.mode for member in members if member.isfile()} == {0o644}


def test_links_are_not_packed(folder):
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(SpecError, match="link"):
        tar_bytes(folder)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(tree=TREES)
def test_there_and_back(tmp_path_factory, tree):
    root = tmp_path_factory.mktemp("tree")
    source, written = root / "source", {}
    source.mkdir()
    for name, data in tree.items():
        path = source / name
        if any(part.is_file() for part in path.parents) or path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        written[name] = data
    (root / "a.tar").write_bytes(tar_bytes(source))
    untar(root / "a.tar", root / "target")
    found = {
        path.relative_to(root / "target").as_posix(): path.read_bytes()
        for path in (root / "target").rglob("*")
        if path.is_file()
    }
    assert found == written
    assert tar_bytes(root / "target") == (root / "a.tar").read_bytes()


def test_a_name_longer_than_a_tar_header_holds(tmp_path):
    deep = tmp_path / "folder" / "/".join(["d" * 50] * 4)
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    (tmp_path / "a.tar").write_bytes(tar_bytes(tmp_path / "folder"))
    untar(tmp_path / "a.tar", tmp_path / "out")
    assert (tmp_path / "out" / deep.relative_to(tmp_path / "folder") / "file").read_text() == "x"
