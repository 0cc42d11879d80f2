"""Room for what is still to come, and graphics processors as a machine shows them."""

from pathlib import Path

import pytest

from medeval.errors import RuntimeUnavailable
from medeval.packaging.store import BlobStore
from medeval.runtime.choose import runtime_by_name
from medeval.site.doctor_machine import ROOM_BYTES, check_engine_room, check_gpu, check_room, to_come_bytes
from tests.sites import add_execution, make_site
from tests.worlds import make_card


class Keeps:
    """A runtime whose images lie in a folder that it names."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def image_folder(self) -> Path:
        if self.folder is None:
            raise RuntimeUnavailable("no Docker engine answers", "Start Docker.")
        return self.folder


def test_packages_of_waiting_executions_are_still_to_come(tmp_path: Path) -> None:
    site, _ = make_site(tmp_path)
    add_execution(site, "done")
    for cube in (b"preparator", b"evaluator"):
        BlobStore(site.store.cache / "blobs").add_bytes(cube)
    assert to_come_bytes(site.store) == 0
    add_execution(site, "waits", evaluated=False)
    card = make_card("waits")
    assert card.weights is not None
    sizes = {blob.digest: blob.size_bytes for blob in (*card.cube.package.blobs, card.weights)}
    assert to_come_bytes(site.store) == sum(sizes.values()) > 0
    BlobStore(site.store.cache / "blobs").add_bytes(b"weights")
    assert to_come_bytes(site.store) == sum(sizes.values()) - card.weights.size_bytes


def test_what_is_to_come_counts(tmp_path: Path) -> None:
    finding = check_room(tmp_path, 2**60)
    assert not finding.held
    assert f"of {(ROOM_BYTES + 2**60) / 2**30:.1f} needed" in finding.observed
    assert finding.is_missing


@pytest.mark.docker
def test_the_room_of_a_real_engine(tmp_path: Path) -> None:
    (finding,) = check_engine_room(runtime_by_name("docker", tmp_path), 0, is_chosen=True)
    assert finding.control == "engine-room"
    assert "GiB are free" in finding.observed or not finding.required


def test_an_engine_elsewhere_and_one_that_is_absent(tmp_path: Path) -> None:
    (elsewhere,) = check_engine_room(Keeps(tmp_path / "not-here"), 0, is_chosen=True)  # type: ignore[arg-type]
    assert (elsewhere.held, elsewhere.required) == (False, False)
    (absent,) = check_engine_room(Keeps(None), 0, is_chosen=True)  # type: ignore[arg-type]
    assert (absent.is_missing, absent.fix) == (True, "Start Docker.")
    assert check_engine_room(Keeps(None), 0, is_chosen=False) == ()  # type: ignore[arg-type]
    assert check_engine_room(runtime_by_name("unshare", tmp_path), 0, is_chosen=True) == ()


@pytest.mark.parametrize(
    ("nodes", "script", "seen"),
    [
        ((), "echo A card", "none"),
        (("nvidia0", "nvidia1", "nvidiactl"), "echo A card; echo A card", "2: A card; models do not get them"),
        (("nvidia0",), "exit 9", "1: their driver does not answer; models do not get them"),
    ],
)
def test_graphics_processors_are_told_and_refuse_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nodes: tuple[str, ...], script: str, seen: str
) -> None:
    for name in nodes:
        (tmp_path / name).touch()
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    finding = check_gpu(tmp_path)
    assert (finding.observed, finding.held, finding.is_missing) == (seen, True, False)
