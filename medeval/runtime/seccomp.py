"""Which system calls a cube may make: an allow-list, as an engine's profile and as a filter of our own.

A profile replaces the engine's default one, so it names everything that is allowed. What is not in `syscalls.json`
(each name with its numbers on x86_64 and aarch64) is refused with EPERM. Left out on purpose, beside what needs a
capability anyway: `io_uring_*`, `keyctl` and its kin, `userfaultfd`, `bpf`, `ptrace`, `process_vm_*`,
`perf_event_open`, `memfd_secret`, everything that makes or enters a namespace, everything that mounts.

Four calls are allowed by their arguments: sockets of UNIX and IP families and of route netlink alone (so no AF_VSOCK,
which reaches a hypervisor although there is no network), `clone` without a new namespace, `personality` as it is.
`clone3`, whose arguments no filter can read, does not exist here (ENOSYS): C libraries then fall back to `clone`.
"""

import errno
import json
import platform
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any

from medeval.errors import RuntimeUnavailable

_TABLE = Path(__file__).with_name("syscalls.json")
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_NETLINK_ROUTE = 0
#: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET of linux/sched.h.
_NEW_NAMESPACES = 0x7E020000
_SAME_PERSONALITY = 0xFFFFFFFF


@lru_cache
def allowed() -> dict[str, tuple[int | None, int | None]]:
    """Every call allowed whatever its arguments, with its number on x86_64 and on aarch64 (None: not there)."""
    return {name: (x86, arm) for name, (x86, arm) in json.loads(_TABLE.read_text("ascii")).items()}


# --- the profile of an engine ------------------------------------------------------------------------------------


@lru_cache
def profile() -> str:
    """The profile as JSON text, as a Docker engine's API takes it (`seccomp=...`)."""
    rules = [_allow(list(allowed())), *map(_socket, (_AF_UNIX, _AF_INET, _AF_INET6))]
    rules += [
        _allow(["socket"], _equals(0, _AF_NETLINK), _equals(2, _NETLINK_ROUTE)),
        _allow(["socketpair"], _equals(0, _AF_UNIX)),
        _allow(["personality"], _equals(0, 0)),
        _allow(["personality"], _equals(0, _SAME_PERSONALITY)),
        _allow(["clone"], {"index": 0, "value": _NEW_NAMESPACES, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}),
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS},
    ]
    plain = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "archMap": [
            {"architecture": name, "subArchitectures": []} for name in ("SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64")
        ],
        "syscalls": rules,
    }
    return json.dumps(plain, separators=(",", ":"))


def _socket(family: int) -> dict[str, Any]:
    return _allow(["socket"], _equals(0, family))


def _allow(names: list[str], *arguments: dict[str, Any]) -> dict[str, Any]:
    return {"names": names, "action": "SCMP_ACT_ALLOW", "args": list(arguments)}


def _equals(index: int, value: int) -> dict[str, Any]:
    return {"index": index, "value": value, "op": "SCMP_CMP_EQ"}


# --- the filter of a sandbox of our own --------------------------------------------------------------------------

#: Of each machine: AUDIT_ARCH of linux/audit.h, the place in the table, the numbers of the calls looked at closely.
_MACHINES = {
    "x86_64": (0xC000003E, 0, {"socket": 41, "socketpair": 53, "clone": 56, "personality": 135, "clone3": 435}),
    "aarch64": (0xC00000B7, 1, {"socket": 198, "socketpair": 199, "clone": 220, "personality": 92, "clone3": 435}),
}
# Instructions of linux/bpf_common.h and answers of linux/seccomp.h.
_LOAD, _EQUAL, _GREATER, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
#: Where `struct seccomp_data` holds the call's number, the machine, and the low halves of the arguments.
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16

Instruction = tuple[int, int, int, int]


def program(machine: str | None = None) -> bytes:
    """The filter as classic BPF, for `prctl(PR_SET_SECCOMP)`; raises `RuntimeUnavailable` for another machine."""
    machine = machine or platform.machine()
    if machine not in _MACHINES:
        hint = "Run cubes in a Docker engine, which brings filters of its own."
        raise RuntimeUnavailable(f"there is no system call filter for {machine} machines", hint)
    arch, place, special = _MACHINES[machine]
    lines = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, arch), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    for name, number in special.items():
        lines += _closely(number, _LOOKS[name])
    for low, high in _ranges(
        sorted(numbers[place] or 0 for numbers in allowed().values() if numbers[place] is not None)
    ):
        lines += [(_GREATER, 3, 0, high), (_AT_LEAST, 0, 1, low), (_RETURN, 0, 0, _ALLOW), _refused()]
    return b"".join(struct.pack("=HBBI", *line) for line in [*lines, _refused()])


def _refused(number: int = errno.EPERM) -> Instruction:
    return (_RETURN, 0, 0, _REFUSE | number)


def _closely(number: int, look: list[Instruction]) -> list[Instruction]:
    """What happens to one call; any other goes on behind it."""
    return [(_EQUAL, 0, len(look), number), *look]


def _one_of(*values: int) -> list[Instruction]:
    """Allow a first argument that is one of these."""
    tests = [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [(_LOAD, 0, 0, _ARGUMENTS), *tests, _refused(), (_RETURN, 0, 0, _ALLOW)]


_LOOKS: dict[str, list[Instruction]] = {
    "socket": [
        (_LOAD, 0, 0, _ARGUMENTS),
        (_EQUAL, 6, 0, _AF_UNIX),
        (_EQUAL, 5, 0, _AF_INET),
        (_EQUAL, 4, 0, _AF_INET6),
        (_EQUAL, 0, 2, _AF_NETLINK),
        (_LOAD, 0, 0, _ARGUMENTS + 16),
        (_EQUAL, 1, 0, _NETLINK_ROUTE),
        _refused(),
        (_RETURN, 0, 0, _ALLOW),
    ],
    "socketpair": _one_of(_AF_UNIX),
    "clone": [(_LOAD, 0, 0, _ARGUMENTS), (_ANY_BIT, 1, 0, _NEW_NAMESPACES), (_RETURN, 0, 0, _ALLOW), _refused()],
    "personality": _one_of(0, _SAME_PERSONALITY),
    "clone3": [_refused(errno.ENOSYS)],
}


def _ranges(numbers: list[int]) -> list[tuple[int, int]]:
    """Sorted numbers as runs without a gap: first and last of each."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
