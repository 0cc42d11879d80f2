"""Nothing runs in a sandbox that was not seen to hold, and statements say what was seen."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from medeval.domain.attestation import SandboxRecord
from medeval.errors import RuntimeRefused
from medeval.site.context import Site
from medeval.site.doctor import CONTROLS, Finding
from medeval.site.examined import check_examined, examination_of
from tests.sites import SANDBOX, make_site


@dataclass
class Told:
    """A runtime that says what it is."""

    record: SandboxRecord

    def sandbox(self) -> SandboxRecord:
        return self.record


def site_under(folder: Path, record: SandboxRecord = SANDBOX) -> Site:
    return replace(make_site(folder)[0], make_runtime=lambda: Told(record))  # type: ignore[arg-type,return-value]


def findings(*broken: str, required: bool = True) -> tuple[Finding, ...]:
    return tuple(
        Finding(control=name, what=what, held=name not in broken, observed="EPERM", fix="", required=required)
        for name, (what, _) in CONTROLS.items()
    )


def test_what_held_is_what_a_statement_says(tmp_path: Path) -> None:
    site = site_under(tmp_path)
    site.store.put_examination(examination_of(SANDBOX, findings("inodes", required=False)))
    assert check_examined(site).observed == tuple(name for name in CONTROLS if name != "inodes")


def test_what_was_never_examined_runs_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeRefused, match="was not examined") as refused:
        check_examined(site_under(tmp_path))
    assert "medeval site doctor" in refused.value.hint


def test_another_version_must_be_examined_anew(tmp_path: Path) -> None:
    site = site_under(tmp_path)
    older = SANDBOX.model_copy(update={"version": "19.03"})
    site.store.put_examination(examination_of(older, findings()))
    with pytest.raises(RuntimeRefused, match="as it is now, was not examined"):
        check_examined(site)


def test_a_control_that_does_not_hold_is_named(tmp_path: Path) -> None:
    site = site_under(tmp_path)
    site.store.put_examination(examination_of(SANDBOX, findings("vsock", "memory")))
    with pytest.raises(RuntimeRefused, match="does not hold: vsock, memory"):
        check_examined(site)


def test_a_plain_process_is_taken_as_it_is(tmp_path: Path) -> None:
    process = SandboxRecord(runtime="process", version="3.11", level=0)
    assert check_examined(site_under(tmp_path, process)) == process
