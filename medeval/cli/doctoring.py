"""What `medeval site doctor` and `site init` look at, and how a finding is shown."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medeval.packaging.progress import Progress
    from medeval.runtime.port import Runtime
    from medeval.site.doctor import Finding
    from medeval.site.records import Examination


class Part(StrEnum):
    """What the doctor looks at."""

    SANDBOX = "sandbox"
    MACHINE = "machine"
    SERVER = "server"


def look(part: Part, home: Path, runtime: str) -> tuple[Finding, ...]:
    """What is found of one part; `runtime` is a name or `auto`."""
    match part:
        case Part.SANDBOX:
            return _sandbox(home, runtime)
        case Part.MACHINE:
            return _machine(home, runtime)
        case Part.SERVER:
            return _server(home)


def estimated(home: Path, model: str) -> tuple[Finding, ...]:
    """How long a waiting model may take on each dataset; nothing of it is kept or sent."""
    from medeval.cli.context import opened_site
    from medeval.cli.progress import steps
    from medeval.site.estimate import estimate

    with opened_site(home, "agent") as site, steps("Estimating") as report:
        return estimate(site, model, report)


def held(chosen: Runtime, home: Path, report: Progress) -> Examination:
    """What the runtime of a new site was seen to hold; raises `RuntimeRefused` where a required control does not."""
    from medeval.errors import RuntimeRefused
    from medeval.site.examined import examination_of

    found = examination_of(chosen.sandbox(), _examined(chosen, home, report))
    if found.missing:
        hint = "`medeval site doctor --only sandbox` says what to do; or choose another with --runtime."
        raise RuntimeRefused(f"the sandbox does not hold: {', '.join(found.missing)}", hint)
    return found


def row(finding: Finding) -> dict[str, Any]:
    """A line of the table: a mark, what is meant to hold, what was seen, what to do."""
    from medeval.cli.terminal import can_unicode

    done, failed, attention = "✓✕!" if can_unicode(sys.stdout) else ("[ok]", "[x]", "[!!]")
    mark = done if finding.held else failed if finding.required else attention
    return {"": mark, **finding.model_dump(include={"what", "observed", "fix", "control"})}


def _sandbox(home: Path, runtime: str) -> tuple[Finding, ...]:
    """The site's own runtime, or before there is a site the one that it would take; a site keeps what was seen."""
    from medeval.cli.progress import steps
    from medeval.cli.runtimes import pick
    from medeval.site.build import site_store
    from medeval.site.examined import examination_of
    from medeval.site.lock import hold

    store = site_store(home)
    known = store.find_site()
    name = known.sandbox.runtime if known and runtime == "auto" else runtime
    with steps("Examining") as report, hold(store.root, "agent"):
        chosen, probe = pick(name, store.cache)
        found = _examined(chosen, home, report)
        if known and known.sandbox.runtime == probe.name:
            store.put_examination(examination_of(chosen.sandbox(), found))
    return found


def _examined(chosen: Runtime, home: Path, report: Progress) -> tuple[Finding, ...]:
    """Under the agent's lock, so that nothing else of this home runs by the doctor's label."""
    from medeval.cli.context import get_cache
    from medeval.site.doctor import examine

    owner = "doctor-" + hashlib.sha256(str(home).encode()).hexdigest()[:16]
    with tempfile.TemporaryDirectory(prefix="medeval-doctor-") as place:
        return examine(chosen, get_cache(home), Path(place), owner, report)


def _machine(home: Path, runtime: str) -> tuple[Finding, ...]:
    """Room is looked at where the runtime at hand keeps things: the site's, the one that is named, or an engine."""
    from medeval.runtime.choose import runtime_by_name
    from medeval.site.build import site_store
    from medeval.site.doctor_machine import check_engine_room, check_gpu, check_room, to_come_bytes

    store = site_store(home)
    known, to_come = store.find_site(), to_come_bytes(store)
    name = runtime if runtime != "auto" else known.sandbox.runtime if known else "docker"
    is_chosen = known is not None or runtime != "auto"
    engine = check_engine_room(runtime_by_name(name, store.cache), to_come, is_chosen=is_chosen)
    return (check_room(_existing(home), to_come), *engine, check_gpu())


def _server(home: Path) -> tuple[Finding, ...]:
    """The server that is logged in to; its packages are asked for by whatever token there is."""
    from medeval.cli.context import get_any_blobs, get_api, greet_server
    from medeval.site.doctor_server import check_packages, check_server

    found = check_server(lambda: greet_server(home))
    if not found[0].held:
        return found
    return (*found, check_packages(get_api(home), get_any_blobs(home)))


def _existing(folder: Path) -> Path:
    return next(place for place in (folder.resolve(), *folder.resolve().parents) if place.exists())
