"""Choose the runtime of this machine: the best that passes a probe run, never a weaker one than the data asks for."""

from collections.abc import Callable
from pathlib import Path

from medeval.domain.policies import DataClass
from medeval.errors import RuntimeRefused, RuntimeUnavailable, UsageError
from medeval.runtime.embedded import EmbeddedRuntime
from medeval.runtime.port import Probe, Runtime
from medeval.runtime.sealing import Bubblewrap, PlainProcess, Unshare


def _docker(cache: Path) -> Runtime:
    # The SDK takes a third of a second to import; who runs cubes from source never needs it.
    from medeval.runtime.docker_engine import DockerRuntime  # noqa: PLC0415

    return DockerRuntime()


#: From the strongest to the weakest.
RUNTIMES: dict[str, Callable[[Path], Runtime]] = {
    "docker": _docker,
    "bubblewrap": lambda cache: EmbeddedRuntime(Bubblewrap(), cache),
    "unshare": lambda cache: EmbeddedRuntime(Unshare(), cache),
    "process": lambda cache: EmbeddedRuntime(PlainProcess(), cache),
}


def runtime_by_name(name: str, cache: Path) -> Runtime:
    """The runtime of that name, not probed; `cache` keeps unpacked source packages."""
    if name not in RUNTIMES:
        raise UsageError(f"there is no runtime {name[:40]!r}", f"Choose one of {', '.join(RUNTIMES)}.")
    return RUNTIMES[name](cache)


def choose_runtime(data_class: DataClass, *, cache: Path, prefer: str | None = None) -> tuple[Runtime, list[Probe]]:
    """The best runtime that passes a probe run, with the probes made until then (the last one is its own).

    With `prefer`, that one or none. Raises `RuntimeRefused` when only a plain process works and the data is not public,
    `RuntimeUnavailable` with every reason when nothing works.
    """
    probes: list[Probe] = []
    for name in [prefer] if prefer else list(RUNTIMES):
        runtime = runtime_by_name(name, cache)
        probe = runtime.probe()
        probes.append(probe)
        if probe.works:
            check_strong_enough(probe.level, data_class)
            return runtime, probes
    reasons = "; ".join(f"{probe.name}: {probe.reason}" for probe in probes)
    raise RuntimeUnavailable(f"no runtime works here ({reasons})", "Start Docker, or install bubblewrap.")


def check_strong_enough(level: int, data_class: DataClass) -> None:
    """Raise `RuntimeRefused` when a runtime without isolation (level 0) would see data that is not public."""
    if level == 0 and data_class is not DataClass.PUBLIC:
        raise RuntimeRefused(
            "a plain process may only see data that is declared public",
            "Start Docker or install bubblewrap; a site then runs `medeval site init` again.",
        )
