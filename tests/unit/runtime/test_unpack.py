"""Archives of others: nothing lands outside the target, nothing but files and folders lands in it."""

import io
import tarfile
from pathlib import Path

import pytest

from medeval.errors import ImageInvalid
from medeval.runtime.unpack import untar


def tar_of(path: Path, *members: tuple[str, bytes, str]) -> Path:
    """An archive of (name, type, content or link target)."""
    with tarfile.open(path, "w") as tar:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.uid = kind, 0o4777, 12345
            if kind == tarfile.REGTYPE:
                info.size = len(content)
            else:
                info.linkname = content
            tar.addfile(info, io.BytesIO(content.encode()))
    return path


def test_files_and_folders_arrive_with_plain_modes(tmp_path):
    archive = tar_of(tmp_path / "a.tar", ("src", tarfile.DIRTYPE, ""), ("src/main.py", tarfile.REGTYPE, "pass"))
    untar(archive, tmp_path / "out")
    main = tmp_path / "out" / "src" / "main.py"
    assert main.read_text() == "pass"
    assert main.stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/etc/out", "a//b", "./a", "a\\..\\b", "a\nb", ""])
def test_names_that_lead_elsewhere(tmp_path, name):
    archive = tar_of(tmp_path / "a.tar", (name, tarfile.REGTYPE, "x"))
    with pytest.raises(ImageInvalid):
        untar(archive, tmp_path / "out")
    assert list((tmp_path / "out").rglob("*")) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_special_files(tmp_path, kind):
    archive = tar_of(tmp_path / "a.tar", ("file", tarfile.REGTYPE, "x"), ("other", kind, "file"))
    with pytest.raises(ImageInvalid, match="link or a special file"):
        untar(archive, tmp_path / "out")


def test_a_name_that_stands_twice(tmp_path):
    archive = tar_of(tmp_path / "a.tar", ("file", tarfile.REGTYPE, "x"), ("file", tarfile.REGTYPE, "y"))
    with pytest.raises(ImageInvalid, match="damaged"):
        untar(archive, tmp_path / "out")


def test_a_file_that_is_also_a_folder(tmp_path):
    archive = tar_of(tmp_path / "a.tar", ("file", tarfile.REGTYPE, "x"), ("file/below", tarfile.REGTYPE, "y"))
    with pytest.raises(ImageInvalid, match="damaged"):
        untar(archive, tmp_path / "out")


@pytest.mark.parametrize("data", [b"", b"no tar at all", bytes(100)])
def test_what_is_no_archive(tmp_path, data):
    (tmp_path / "a.tar").write_bytes(data)
    with pytest.raises(ImageInvalid):
        untar(tmp_path / "a.tar", tmp_path / "out")


def test_an_archive_that_breaks_off(tmp_path):
    archive = tar_of(tmp_path / "a.tar", ("file", tarfile.REGTYPE, "x" * 5000))
    archive.write_bytes(archive.read_bytes()[:2000])
    with pytest.raises(ImageInvalid):
        untar(archive, tmp_path / "out")
