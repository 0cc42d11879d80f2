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

#: A site that has less room than a few images take will soon fail.
_ROOM_BYTES = 10 * 2**30


class Part(StrEnum):
    """What the doctor looks at."""

    SANDBOX = "sandbox"
    MACHINE = "machine"
    SERVER = "server"


def look(part: Part, home: Path, runtime: str) -> tuple[Finding, ...]:
    """What is found of one part; `runtime` is a name or `auto`."""
    from medeval.site.doctor import check_machine, check_server

    match part:
        case Part.SANDBOX:
            return _sandbox(home, runtime)
        case Part.MACHINE:
            return (check_machine(_existing(home), _ROOM_BYTES),)
        case Part.SERVER:
            from medeval.cli.context import get_login, open_api

            return (check_server(lambda: open_api(get_login(home).server, None).about()),)


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


def _existing(folder: Path) -> Path:
    return next(place for place in (folder.resolve(), *folder.resolve().parents) if place.exists())
