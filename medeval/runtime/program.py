"""Run a program of this machine to its end and take what it printed."""

import subprocess
from dataclasses import dataclass

from medeval.errors import EngineFault


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code, and what it printed on both streams."""

    exit_code: int
    output: str


def run_program(command: list[str], *, timeout_s: float) -> Ended:
    """Run `command`; raises `EngineFault` when it cannot be started or takes longer than `timeout_s`."""
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
        )
    except OSError as exc:
        raise EngineFault(f"{command[0]} cannot be started", "See whether it is installed.") from exc
    except subprocess.TimeoutExpired as exc:
        raise EngineFault(f"{command[0]} took longer than {timeout_s:g} s", "Try again.") from exc
    return Ended(ended.returncode, ended.stdout.decode("utf-8", "replace"))
