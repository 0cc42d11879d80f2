"""A benchmark and a site each name the least isolation; the stricter of both holds, and the error says both."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from medeval.domain.attestation import SandboxRecord
from medeval.domain.base import digest_of
from medeval.errors import RuntimeRefused, SpecError
from medeval.site.context import Site
from medeval.site.levels import check_level, check_site_level
from medeval.site.prepare import check_sandbox
from medeval.site.records import Examination, SiteRecord
from tests.sites import make_site
from tests.worlds import make_spec

LEVELS = range(5)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("asked", LEVELS)
@pytest.mark.parametrize("site_least", LEVELS)
@pytest.mark.parametrize("data_class", ["public", "restricted"])
def test_the_stricter_holds(level: int, asked: int, site_least: int, data_class: str) -> None:
    spec = make_spec(sandbox_level=asked, data_class=data_class)
    by_benchmark = max(asked, 1) if data_class == "restricted" else asked
    if level >= by_benchmark and level >= site_least:
        check_level(level, spec, site_least)
        return
    with pytest.raises(RuntimeRefused) as refused:
        check_level(level, spec, site_least)
    assert f"of level {level}; breast@1.0.0 asks for {by_benchmark} or more, this site for {site_least} or more" in (
        refused.value.message
    )
    assert f"Level {max(by_benchmark, site_least)} is" in refused.value.hint


@pytest.mark.parametrize("level", [-1, 5, 1.5, "2", None])
def test_there_are_five_levels(level: object) -> None:
    with pytest.raises(SpecError, match="sandbox_level"):
        make_spec(sandbox_level=level)


def test_a_runtime_below_the_sites_own_least() -> None:
    check_site_level(2, 2)
    with pytest.raises(RuntimeRefused, match="is of level 1; this site asks for 2 or more") as refused:
        check_site_level(1, 2)
    assert "hardened engine" in refused.value.hint


@dataclass
class Told:
    """A runtime that says what it is."""

    record: SandboxRecord

    def sandbox(self) -> SandboxRecord:
        return self.record


def site_of(folder: Path, level: int, min_level: int) -> Site:
    sandbox = SandboxRecord(runtime="docker", version="20.10", level=level)
    site = replace(make_site(folder)[0], make_runtime=lambda: Told(sandbox))  # type: ignore[arg-type,return-value]
    site.store.put_examination(Examination(sandbox=sandbox))
    plain = {"name": "north", "title": "North", "server": "https://results.example.org", "min_level": min_level}
    pinned = {"fingerprint": digest_of(b"key"), "sandbox": sandbox.model_dump(mode="json"), "package_kind": "image"}
    site.store.put_site(SiteRecord.from_plain(plain | pinned))
    return site


def test_nothing_is_prepared_or_run_below_either_level(tmp_path: Path) -> None:
    spec = make_spec(sandbox_level=2)
    check_sandbox(site_of(tmp_path / "a", level=2, min_level=2), spec)
    with pytest.raises(RuntimeRefused, match="asks for 2 or more, this site for 3 or more"):
        check_sandbox(site_of(tmp_path / "b", level=2, min_level=3), spec)
    with pytest.raises(RuntimeRefused, match="asks for 2 or more, this site for 0 or more"):
        check_sandbox(site_of(tmp_path / "c", level=1, min_level=0), spec)


def test_a_record_of_before_asks_for_nothing(tmp_path: Path) -> None:
    """Sites that were set up without a least level have none."""
    plain = site_of(tmp_path, level=1, min_level=4).store.get_site().model_dump(mode="json")
    del plain["min_level"]
    assert SiteRecord.from_plain(plain).min_level == 0
