"""The least isolation under which anything runs here: benchmark and site each ask for one, and the stricter holds."""

from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.levels import LEVELS
from medeval.errors import RuntimeRefused


def check_level(level: int, spec: BenchmarkSpec, site_least: int) -> None:
    """Raise `RuntimeRefused` where a sandbox of this level is weaker than benchmark or site ask for."""
    wanted = max(spec.least_level, site_least)
    if level < wanted:
        raise RuntimeRefused(
            f"the sandbox here is of level {level}; {spec.ref} asks for {spec.least_level} or more, this site for "
            f"{site_least} or more",
            _hint(wanted),
        )


def check_site_level(level: int, site_least: int) -> None:
    """Raise `RuntimeRefused` where a runtime is weaker than the site asks for."""
    if level < site_least:
        raise RuntimeRefused(
            f"the best runtime that works here is of level {level}; this site asks for {site_least} or more",
            f"{_hint(site_least)} Or lower it: --min-level.",
        )


def _hint(wanted: int) -> str:
    return f"Level {wanted} is {LEVELS[wanted]}. Set such a runtime up, then run `medeval site init` again."
