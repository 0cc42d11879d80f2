"""The first process of an embedded sandbox: seals it, starts the cube in it, and takes everything down at the end.

A program of its own (standard library alone), started as `launch.py PLAN` with a JSON plan. Once the sandbox is sealed
it says so on the status pipe. It holds a lifeline, the read end of a pipe whose other end only the agent has: when the
agent dies or lets go, the lifeline ends and so does this process. In a namespace it is process 1, so the kernel then
kills all that it started; without one it kills them itself.
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

# Numbers of linux/mount.h and linux/prctl.h.
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_NOATIME, MS_NODIRATIME, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 1024, 2048, 4096, 16384, 1 << 18, 1 << 21
MNT_DETACH = 2
PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 24, 36, 38
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
OPTION_FLAGS = {
    "ro": MS_RDONLY,
    "nosuid": MS_NOSUID,
    "nodev": MS_NODEV,
    "noexec": MS_NOEXEC,
    "noatime": MS_NOATIME,
    "nodiratime": MS_NODIRATIME,
    "relatime": MS_RELATIME,
}
#: What a shell answers when a program cannot be started.
NOT_STARTABLE = 127
#: What this program answers when it cannot build the sandbox; the status pipe then ends without a word.
NOT_SEALED = 125

libc = ctypes.CDLL(None, use_errno=True)


def main(plan: dict[str, Any]) -> int:
    """Seal, start, wait; returns the cube's exit code."""
    try:
        if plan["root"] is not None:
            build_root(plan["root"])
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
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, file.read_text().split())
        except OSError:
            continue
    return found


# --- a private read-only root ------------------------------------------------------------------------------------


def build_root(root: dict[str, Any]) -> None:
    """Build the tree of `root` in an empty folder and make it the only one: the host's is then out of reach."""
    base = root["at"]
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")
    # Private folders first: an environment may itself lie under /tmp.
    for path, size in root["tmpfs"]:
        make_folder(base + path)
        mount("tmpfs", base + path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, f"mode=1777,size={size}")
    for path, target in root["links"]:
        place = Path(base + path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
    for source, path, writable in root["binds"]:
        bind(source, base + path, writable=writable)
    make_folder(base + "/proc")
    mount("proc", base + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("none", base, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    enter(base)
    sethostname(b"cube")


def bind(source: str, target: str, *, writable: bool) -> None:
    """Show `source` at `target`; read-only with all that is mounted below it, unless `writable`."""
    if Path(source).is_dir():
        make_folder(target)
    else:
        make_folder(str(Path(target).parent))
        Path(target).touch()
    mount(source, target, None, MS_BIND | MS_REC)
    for place, flags in mounts_below(target):
        device = 0 if source.startswith("/dev/") else MS_NODEV
        mount("none", place, None, MS_REMOUNT | MS_BIND | MS_NOSUID | device | flags | (0 if writable else MS_RDONLY))


def mounts_below(target: str) -> list[tuple[str, int]]:
    """Mount points at and below `target`, each with the flags that a remount must keep (proc_pid_mountinfo(5))."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        place = fields[4].encode().decode("unicode_escape")
        if place == target or place.startswith(target + "/"):
            flags = 0
            for option in fields[5].split(","):
                flags |= OPTION_FLAGS.get(option, 0)
            found.append((place, flags))
    return found


def make_folder(path: str) -> None:
    """A folder that anyone may enter, whatever the umask."""
    Path(path).mkdir(mode=0o755, parents=True, exist_ok=True)


def enter(base: str) -> None:
    """Make `base` the root and let go of the old one (pivot_root(2), "pivot_root(".", ".")")."""
    os.chdir(base)
    check(libc.syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    check(libc.umount2(b".", MNT_DETACH), "umount2")
    os.chdir("/")


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """The system call of that name; see its manual page."""
    words = [text.encode() if text is not None else None for text in (source, target, kind, data)]
    check(libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]), "mount")


def sethostname(name: bytes) -> None:
    """The system call of that name."""
    check(libc.sethostname(name, len(name)), "sethostname")


def prctl(option: int, value: int) -> None:
    """The system call of that name."""
    check(libc.prctl(option, value, 0, 0, 0), "prctl")


def check(result: int, call: str) -> None:
    """Raise the OSError of a call that failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(json.loads(sys.argv[1])))
