"""Inputs that a cube can read, and where their copies lie."""

import tempfile

import pytest

from medeval.errors import EngineFault, UsageError
from medeval.runtime import staging
from medeval.runtime.staging import NOBODY, User, readable, scratch_beside

OTHER = User(NOBODY, NOBODY)


@pytest.fixture(autouse=True)
def no_system_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))


@pytest.fixture
def output(tmp_path):
    (tmp_path / "work" / "out").mkdir(parents=True)
    return tmp_path / "work" / "out"


def test_scratch_is_private_beside_its_folder_and_gone_afterwards(output):
    with scratch_beside(output) as scratch:
        assert scratch.parent == output.parent
        assert scratch.stat().st_mode & 0o777 == 0o700
        (scratch / "copy").write_text("of a patient")
    assert list(output.parent.iterdir()) == [output]


def test_a_private_input_is_copied_beside_the_output(tmp_path, output, monkeypatch):
    given = []
    # Only root can give a file away.
    monkeypatch.setattr(staging, "give", lambda path, uid, gid: given.append((path, uid, gid)))
    tmp_path.chmod(0o755)
    (tmp_path / "labels.csv").write_text("a,1")
    (tmp_path / "labels.csv").chmod(0o600)
    with readable({"labels.csv": tmp_path / "labels.csv"}, OTHER, output) as paths:
        copy = paths["labels.csv"]
        assert copy.read_text() == "a,1"
        assert copy.parent.parent == output.parent
        assert copy.parent.stat().st_mode & 0o777 == 0o700
        assert given == [(copy, NOBODY, NOBODY)]
    assert list(output.parent.iterdir()) == [output]


def test_an_input_that_anyone_can_read_is_used_where_it_lies(tmp_path, output):
    (tmp_path / "cases").mkdir(mode=0o755)
    with readable({"cases": tmp_path / "cases"}, OTHER, output) as paths:
        assert paths == {"cases": tmp_path / "cases"}
        assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize("name", ["work", "."])
def test_an_input_that_holds_the_output_is_refused(tmp_path, output, name):
    with pytest.raises(UsageError, match="input data") as caught, readable({"data": tmp_path / name}, OTHER, output):
        pytest.fail("it was given")
    assert str(tmp_path) not in caught.value.message


def test_an_input_that_is_gone(tmp_path, output):
    with pytest.raises(EngineFault, match="input cases"), readable({"cases": tmp_path / "gone"}, OTHER, output):
        pytest.fail("it was given")
