"""Builds a private read-only root, makes it the only one, and becomes the program that is then to run in it.

A program of its own (standard library alone), started as `private_root.py ROOT COMMAND...` in a mount namespace of its
own; ROOT is JSON. It does by system calls what bubblewrap does where that is installed.
"""

import ctypes
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

# Numbers of linux/mount.h.
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_NOATIME, MS_NODIRATIME, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 1024, 2048, 4096, 16384, 1 << 18, 1 << 21
MNT_DETACH = 2
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
#: What this program answers when it cannot build the root.
NOT_BUILT = 125

libc = ctypes.CDLL(None, use_errno=True)


def main(root: dict[str, Any], command: list[str]) -> int:
    """Build the root and become `command` in it; returns only when that fails."""
    try:
        build_root(root)
        os.execv(command[0], command)  # noqa: S606 no shell is wanted
    except OSError as exc:
        sys.stderr.write(f"{exc.strerror}\n")
    return NOT_BUILT


def build_root(root: dict[str, Any]) -> None:
    """Build the tree of `root` in an empty folder and make it the only one: the host's is then out of reach."""
    base = root["at"]
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")
    # Private folders first: an environment may itself lie under /tmp.
    for path, size, files in root["tmpfs"]:
        make_folder(base + path)
        mount(
            "tmpfs", base + path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, f"mode=1777,size={size},nr_inodes={files}"
        )
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
        if not Path(target).exists():  # in a folder that is mounted read-only it cannot be made, and is there
            Path(target).touch()
    mount(source, target, None, MS_BIND | MS_REC)
    below = mounts_below(target)
    if not below:  # a bind that is not found again would stay writable
        raise OSError(f"{target} was mounted and cannot be found")
    for place, flags in below:
        device = 0 if source.startswith("/dev/") else MS_NODEV
        mount("none", place, None, MS_REMOUNT | MS_BIND | MS_NOSUID | device | flags | (0 if writable else MS_RDONLY))


def mounts_below(target: str) -> list[tuple[str, int]]:
    """Mount points at and below `target`, each with the flags that a remount must keep (proc_pid_mountinfo(5))."""
    found = []
    for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
        fields = line.split(b" ")
        # Bytes, since names may be in any encoding; the kernel writes blanks and the like as octal escapes.
        place = os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda escape: bytes([int(escape[1], 8)]), fields[4]))
        if place == target or place.startswith(target + "/"):
            flags = 0
            for option in fields[5].decode("ascii", "replace").split(","):
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
    words = [os.fsencode(text) if text is not None else None for text in (source, target, kind, data)]
    check(libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]), "mount")


def sethostname(name: bytes) -> None:
    """The system call of that name."""
    check(libc.sethostname(name, len(name)), "sethostname")


def check(result: int, call: str) -> None:
    """Raise the OSError of a call that failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
