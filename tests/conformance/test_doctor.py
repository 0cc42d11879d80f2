"""The doctor finds what holds in each real runtime, and in an engine that ignores its options what does not."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medeval.errors import RuntimeRefused
from medeval.packaging.store import BlobStore
from medeval.runtime import docker_engine
from medeval.runtime.choose import runtime_by_name
from medeval.site.doctor import CONTROLS, Finding, examine
from tests.conformance.conftest import SEALED

Examine = Callable[[str], tuple[Finding, ...]]
#: What bubblewrap has no option for.
BEYOND = {"bubblewrap": {"inodes"}}


@pytest.fixture
def examined(tmp_path: Path) -> Examine:
    def run(name: str) -> tuple[Finding, ...]:
        (tmp_path / "place").mkdir()
        runtime = runtime_by_name(name, tmp_path / "cache")
        return examine(
            runtime,
            BlobStore(tmp_path / "blobs"),
            tmp_path / "place",
            f"doctor-{secrets.token_hex(4)}",
            lambda *_: None,
        )

    return run


@pytest.mark.parametrize("name", SEALED)
def test_every_control_is_observed_to_hold(examined: Examine, name: str) -> None:
    found = {finding.control: finding for finding in examined(name)}
    assert list(found) == list(CONTROLS)
    assert {control for control, finding in found.items() if not finding.held} == BEYOND.get(name, set())
    assert not any(finding.is_missing for finding in found.values())
    assert int(found["fork"].observed.removeprefix("refused after ")) < 40, "the limit of processes is 40"
    assert all(bool(finding.fix) is not finding.held for finding in found.values())


@pytest.mark.docker
def test_an_engine_that_ignores_its_options_is_found(examined: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The container is real, and as open as an engine's defaults leave it to a user who is not root."""
    sealed = docker_engine.host_options
    ignored = ("pids_limit", "mem_limit", "memswap_limit", "security_opt", "cap_drop", "read_only", "tmpfs")

    def careless(*arguments: Any) -> dict[str, Any]:
        return {name: value for name, value in sealed(*arguments).items() if name not in ignored}

    monkeypatch.setattr(docker_engine, "host_options", careless)
    missing = {finding.control: finding for finding in examined("docker") if finding.is_missing}
    assert missing.keys() >= {"fork", "memory", "vsock", "io-uring", "capabilities", "no-new-privileges", "inodes"}
    assert "cgroup" in missing["memory"].fix
    assert "seccomp" in missing["vsock"].fix
    # What other options hold still holds.
    assert not missing.keys() & {"tcp", "udp", "interfaces", "write-inputs", "disk", "time", "link"}


def test_a_plain_process_is_not_examined(examined: Examine) -> None:
    """Every attempt would meet the host itself."""
    with pytest.raises(RuntimeRefused, match="seals nothing"):
        examined("process")
