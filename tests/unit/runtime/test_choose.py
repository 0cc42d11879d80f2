"""The strongest runtime that works is chosen; a plain process never sees restricted data."""

import pytest

from medeval.domain.policies import DataClass
from medeval.errors import RuntimeRefused, RuntimeUnavailable, UsageError
from medeval.runtime import choose
from medeval.runtime.choose import choose_runtime, runtime_by_name
from medeval.runtime.port import Probe

LEVELS = {"docker": 2, "bubblewrap": 1, "unshare": 1, "process": 0}


class Probed:
    """A runtime that can do nothing but be probed."""

    def __init__(self, name: str, works: bool) -> None:
        self.name, self.works = name, works

    def probe(self) -> Probe:
        reason = "" if self.works else f"no {self.name} here"
        return Probe(self.name, "1.0", LEVELS[self.name], "source", self.works, reason)


@pytest.fixture
def machine(monkeypatch):
    """Makes a machine on which only these runtimes work."""

    def make(*working: str) -> None:
        made = {name: lambda _, name=name: Probed(name, name in working) for name in LEVELS}
        monkeypatch.setattr(choose, "RUNTIMES", made)

    return make


@pytest.mark.parametrize("best", range(4))
def test_the_best_that_works(machine, tmp_path, best):
    names = list(LEVELS)
    machine(*names[best:])
    runtime, probes = choose_runtime(DataClass.PUBLIC, cache=tmp_path)
    assert runtime.name == names[best]
    assert [(probe.name, probe.works) for probe in probes] == [
        (name, name == names[best]) for name in names[: best + 1]
    ]


def test_a_plain_process_is_refused_for_restricted_data(machine, tmp_path):
    machine("process")
    with pytest.raises(RuntimeRefused):
        choose_runtime(DataClass.RESTRICTED, cache=tmp_path)
    with pytest.raises(RuntimeRefused):
        choose_runtime(DataClass.RESTRICTED, cache=tmp_path, prefer="process")


def test_restricted_data_runs_in_namespaces(machine, tmp_path):
    machine("unshare", "process")
    assert choose_runtime(DataClass.RESTRICTED, cache=tmp_path)[0].name == "unshare"


def test_what_is_preferred_or_nothing(machine, tmp_path):
    machine("docker", "process")
    assert choose_runtime(DataClass.PUBLIC, cache=tmp_path, prefer="process")[0].name == "process"
    with pytest.raises(RuntimeUnavailable, match="no unshare here"):
        choose_runtime(DataClass.PUBLIC, cache=tmp_path, prefer="unshare")


def test_every_reason_is_told_when_nothing_works(machine, tmp_path):
    machine()
    with pytest.raises(RuntimeUnavailable) as caught:
        choose_runtime(DataClass.PUBLIC, cache=tmp_path)
    assert all(f"no {name} here" in caught.value.message for name in LEVELS)


def test_an_unknown_name(tmp_path):
    with pytest.raises(UsageError, match="podman"):
        runtime_by_name("podman", tmp_path)


def test_an_engine_that_does_not_answer_is_absent(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    probe = runtime_by_name("docker", tmp_path).probe()
    assert (probe.works, probe.reason) == (False, "no Docker engine answers")


@pytest.mark.parametrize("name", ["bubblewrap", "unshare"])
def test_a_program_that_is_not_installed(tmp_path, monkeypatch, name):
    monkeypatch.setenv("PATH", str(tmp_path))
    probe = runtime_by_name(name, tmp_path).probe()
    assert not probe.works
    assert "is not installed" in probe.reason


@pytest.mark.parametrize("name", ["bubblewrap", "unshare"])
def test_a_program_that_cannot_seal_gives_its_own_reason(tmp_path, monkeypatch, name):
    program = tmp_path / {"bubblewrap": "bwrap"}.get(name, name)
    program.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo tool 9.9 && exit 0\necho no namespaces today >&2\nexit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    probe = runtime_by_name(name, tmp_path).probe()
    assert (probe.version, probe.works, probe.reason) == ("9.9", False, "no namespaces today")
