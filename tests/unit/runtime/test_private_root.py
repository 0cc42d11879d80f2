"""The parts of the root builder that can be seen without a namespace."""

from pathlib import Path

import pytest

from medeval.runtime import private_root


def test_mounts_below_a_place_keep_their_flags():
    found = dict(private_root.mounts_below("/proc"))
    assert "/proc" in found
    assert "/" not in found
    assert dict(private_root.mounts_below("/pro")) == {}
    line = next(line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines() if " /proc " in line)
    assert bool(found["/proc"] & private_root.MS_NOSUID) == ("nosuid" in line[5].split(","))


def test_a_failed_call_is_an_error_with_its_name():
    with pytest.raises(OSError, match="mount"):
        private_root.mount("none", "/no/such/place", "tmpfs", 0)


def test_without_a_root_no_program_is_started(monkeypatch, capsys):
    def fail(root: dict[str, object]) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(private_root, "build_root", fail)
    assert private_root.main({}, ["/bin/false"]) == private_root.NOT_BUILT
    assert capsys.readouterr().err == "Operation not permitted\n"
