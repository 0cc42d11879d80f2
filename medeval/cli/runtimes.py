"""Pick a runtime of this machine and say which, and why not the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from medeval.runtime.port import Probe, Runtime


def pick(name: str, cache: Path) -> tuple[Runtime, Probe]:
    """The runtime of that name, or with `auto` the best that passes a probe run; says on stderr what did not."""
    from medeval.domain.policies import DataClass
    from medeval.runtime.choose import choose_runtime

    # Which data may be seen is decided per benchmark, by the site: here only public data is at stake.
    runtime, probes = choose_runtime(DataClass.PUBLIC, prefer=None if name == "auto" else name, cache=cache)
    for probe in probes:
        if not probe.works:
            typer.echo(f"  {probe.name}: not used, because {probe.reason}", err=True)
    return runtime, next(probe for probe in probes if probe.works)


def weaker_than(name: str) -> list[str]:
    """The runtimes that are not tried where this one works."""
    from medeval.runtime.choose import RUNTIMES

    names = list(RUNTIMES)
    return names[names.index(name) + 1 :]
