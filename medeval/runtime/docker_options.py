"""How a container is sealed: every option of a run in one place."""

import os
from pathlib import Path
from typing import Any

from docker.types import LogConfig, Mount, Ulimit

from medeval.domain.package import Limits
from medeval.runtime.environment import IN, MOST_FILES, most_cpu_s
from medeval.runtime.outlet import Outlet
from medeval.runtime.seccomp import profile
from medeval.runtime.view import TMP_BYTES, TMP_FILES

OWNER_LABEL = "medeval.owner"
TASK_LABEL = "medeval.task"
CUBE_LABEL = "medeval.cube"


def host_options(inputs: dict[str, Path], outlet: Outlet, limits: Limits) -> dict[str, Any]:
    """The host-config options of a sealed run: no network, no capability, nothing writable but its outlet and /tmp."""
    return {
        "network_mode": "none",
        "ipc_mode": "private",
        "init": True,
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", f"seccomp={profile()}"],
        "tmpfs": {"/tmp": f"rw,noexec,nosuid,nodev,size={TMP_BYTES},nr_inodes={TMP_FILES}"},  # noqa: S108 the container's own
        "mounts": _mounts(inputs, outlet),
        "log_config": LogConfig(type="local", config={"max-size": "1m", "max-file": "1", "compress": "false"}),
        **_limits(limits),
    }


def _limits(limits: Limits) -> dict[str, Any]:
    return {
        "pids_limit": limits.pids,
        "mem_limit": limits.memory_bytes,
        "memswap_limit": limits.memory_bytes,  # equal to memory: no swap
        "nano_cpus": int(_cpus(limits) * 1e9),
        "ulimits": [
            # One byte over the limit is enough to see that a single file passed it.
            _ulimit("fsize", limits.output_bytes + 1),
            _ulimit("core", 0),
            _ulimit("nofile", MOST_FILES),
            # Ends a container that goes on computing after its agent was killed.
            _ulimit("cpu", most_cpu_s(limits)),
        ],
    }


def _ulimit(name: str, most: int) -> Ulimit:
    return Ulimit(name=name, soft=most, hard=most)


def _cpus(limits: Limits) -> float:
    # The engine refuses less than a hundredth of a CPU, and more CPUs than there are.
    return max(0.01, min(limits.cpus, float(os.cpu_count() or 1)))


def _mounts(inputs: dict[str, Path], outlet: Outlet) -> list[Mount]:
    # Mounts, not binds: a bind whose source is missing makes the engine create a folder on the host.
    read = [Mount(f"{IN}/{name}", str(path), type="bind", read_only=True) for name, path in inputs.items()]
    write = [Mount(to, str(path), type="bind", read_only=not writable) for path, to, writable in outlet.mounts()]
    return [*read, *write]
