"""The first process of an embedded sandbox: starts the cube in it, and takes everything down at the end.

A program of its own (standard library alone), started as `launch.py PLAN` with a JSON plan, in a sandbox that is sealed
already, which it says on the status pipe. It holds a lifeline, the read end of a pipe whose other end only the agent
has: when the agent dies or lets go, the lifeline ends and so does this process. In a namespace it is process 1, so the
kernel then kills all that it started; without one it kills them itself.
"""

import ctypes
import json
import os
import resource
import select
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

# Numbers of linux/prctl.h.
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 22, 24, 36, 38
SECCOMP_MODE_FILTER = 2
#: What a shell answers when a program cannot be started.
NOT_STARTABLE = 127
#: What this program answers where the cube's folder is not seen; the status pipe then ends without a word.
NOT_SEALED = 125

libc = ctypes.CDLL(None, use_errno=True)


def main(plan: dict[str, Any]) -> int:
    """Start, wait; returns the cube's exit code."""
    try:
        os.chdir(plan["folder"])
    except OSError as exc:
        sys.stderr.write(f"{exc.strerror}\n")
        return NOT_SEALED
    os.write(plan["status"], b"sealed")
    os.close(plan["status"])
    if os.getpid() != 1:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    child = os.fork()
    if child == 0:
        start(plan)
    # Nobody in the sandbox may trace the process that can end it.
    prctl(PR_SET_DUMPABLE, 0)
    code = wait(child, plan["lifeline"])
    if os.getpid() != 1:
        kill_all_below(os.getpid())
    return code


# --- the child: limits, then no rights, then the cube ------------------------------------------------------------


def start(plan: dict[str, Any]) -> NoReturn:
    """Become the cube."""
    try:
        os.close(plan["lifeline"])
        os.setsid()
        set_limits(plan["limits"], plan["cpus"])
        drop_rights(plan["user"])
        if plan["filter"]:
            filter_calls(bytes.fromhex(plan["filter"]))
        os.execvpe(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606 no shell is wanted
    except (OSError, ValueError) as exc:
        sys.stderr.write(f"the entrypoint cannot be started: {exc}\n")
        sys.stderr.flush()
    os._exit(NOT_STARTABLE)


def set_limits(limits: dict[str, int], cpus: int) -> None:
    """Resource limits by name, none above what this process has; and `cpus` of the CPUs that it may use."""
    for name, wanted in limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (value, value))
    allowed = sorted(os.sched_getaffinity(0))
    # Runs beside each other begin at different CPUs.
    first = os.getppid() % len(allowed) if cpus < len(allowed) else 0
    os.sched_setaffinity(0, (allowed + allowed)[first : first + cpus] or allowed)


def drop_rights(user: list[int] | None) -> None:
    """Give up user, groups and every capability, with no way back."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if user is None:
        return
    last_capability = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last_capability + 1):
        # Refused where this process lacks the right: then there is nothing to drop.
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    uid, gid = user
    if uid != os.getuid():
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)


class FilterProgram(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def filter_calls(program: bytes) -> None:
    """From here on this process, and all that it starts, may make the system calls that the program allows."""
    instructions = FilterProgram(len(program) // 8, program)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(instructions), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


# --- process 1 ---------------------------------------------------------------------------------------------------


def wait(child: int, lifeline: int) -> int:
    """The exit code of `child`; ends the process at once when the lifeline does."""
    ended = os.pidfd_open(child)
    while True:
        ready, _, _ = select.select([lifeline, ended], [], [], 1.0)
        if ended in ready:
            _, status = os.waitpid(child, 0)
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if lifeline in ready:
            if os.getpid() != 1:
                kill_all_below(os.getpid())
            os._exit(128 + signal.SIGKILL)
        bury(child)


def bury(child: int) -> None:
    """Take the exit status of orphans, so that they do not stay as zombies; the cube's own is left for `wait`."""
    while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
        if ended.si_pid == child:
            return
        os.waitpid(ended.si_pid, 0)


def kill_all_below(root: int) -> None:
    """Kill every descendant; this process adopts orphans, so none can slip away."""
    while children := children_of(root):
        for pid in children:
            kill_all_in(pid)
        for pid in children:
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                continue


def kill_all_in(pid: int) -> None:
    """Kill a process and then what it had started."""
    below = children_of(pid)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    for child in below:
        kill_all_in(child)


def children_of(pid: int) -> list[int]:
    """The children of every thread of a process."""
    found: list[int] = []
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:  # it has ended
        return found
    for thread in threads:
        try:
            found += map(int, (thread / "children").read_text().split())
        except OSError:
            continue
    return found


def prctl(option: int, value: int) -> None:
    """The system call of that name; see its manual page."""
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl: {os.strerror(number)}")


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(json.loads(sys.argv[1])))
