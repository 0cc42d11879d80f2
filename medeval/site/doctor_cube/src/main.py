"""Inside a sandbox: try what no cube may do, and write what came of it to OUT/report.json (evaluate: OUT/result.json).

`parameters.json` in the input folder says what (`do`). Standard library alone. Where a sandbox does not hold, nothing
here harms the host: addresses are nobody's (RFC 5737), calls ask for as little as they can, and all of it is bounded.
"""

import ctypes
import errno
import json
import os
import platform
import signal
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

Report = dict[str, dict[str, object]]

#: An address that belongs to nobody.
NOBODY = ("192.0.2.1", 53)
#: What a sandbox answers to what it does not let happen; anything else was not its doing.
REFUSED = {
    *(errno.EPERM, errno.EACCES, errno.EROFS, errno.ENETUNREACH, errno.ENOSYS),
    *(errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT),
}
#: What answers who would put another file in the place of one that is mounted.
IN_PLACE = REFUSED | {errno.EXDEV, errno.EBUSY}
#: What a bounded place answers when it is full.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM}
MEBIBYTE = 2**20
#: System calls by number (x86-64, arm64) with arguments that ask for as little as they can.
CALLS: dict[str, tuple[tuple[int, int], tuple[int, ...]]] = {
    "io-uring": ((425, 425), (1, 0)),
    "keyctl": ((250, 219), (0, -3, 0)),
    "userfaultfd": ((323, 282), (0,)),
    "bpf": ((321, 280), (0, 0, 0)),
    "ptrace": ((101, 117), (0, 0, 0, 0)),
    "user-namespace": ((272, 97), (0x10000000,)),
    "mount": ((165, 40), (0, 0, 0, 0, 0)),
    "perf": ((298, 241), (0, 0, -1, -1, 0)),
}


def tried(action: Callable[[], object], answers: set[int] = REFUSED) -> dict[str, object]:
    """Whether an action was refused by one of the answers, and what was seen."""
    try:
        action()
    except TimeoutError:
        return {"held": False, "observed": "it went out, and nobody answered"}
    except OSError as exc:
        return {"held": exc.errno in answers, "observed": errno.errorcode.get(exc.errno or 0, "an unknown error")}
    return {"held": False, "observed": "it worked"}


def attempts(source: Path, target: Path) -> Report:
    """Everything that is tried in one run."""
    found = {
        "tcp": tried(lambda: socket.create_connection(NOBODY, 2).close()),
        "udp": tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", NOBODY)),
        "vsock": tried(lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()),
        "raw-socket": tried(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()),
        "interfaces": told(held={name for _, name in socket.if_nameindex()} <= {"lo"}, otherwise="more than lo"),
        "write-root": first_that_worked([f"{place}/medeval-doctor" for place in ("", "/usr", "/etc", "/dev")]),
        "write-inputs": first_that_worked([f"{source}/cases/new", f"{source}/cases/cases.csv"]),
        "write-cube": tried(lambda: open_to_write(str(Path(__file__).with_name("new")))),
        "write-kernel": tried(lambda: open_to_write("/proc/sys/kernel/core_pattern")),
        "mknod": tried(lambda: os.mknod(target / "null", stat.S_IFCHR | 0o600, os.makedev(1, 3))),
        "setuid": tried(lambda: os.setuid(0)) if os.getuid() else told(held=False, otherwise="it is root"),
        "capabilities": told(held=not capabilities(), otherwise="some are left"),
        "no-new-privileges": told(held=status("NoNewPrivs") == "1", otherwise="it may gain privileges", seen="set"),
        "system-call-filter": told(held=status("Seccomp") == "2", otherwise="there is none", seen="set"),
        "fill-tmp": tried(fill_tmp, FULL),
        "inodes": tried(many_files, FULL),
    }
    return {**found, **{name: called(name) for name in CALLS}}


def beside(source: Path, target: Path) -> Report:
    """Write beside the one file of a result, or put another in its place."""
    elsewhere = Path(tempfile.gettempdir(), "other.json")
    elsewhere.write_text("{}")
    seen = [
        tried(lambda: open_to_write(str(target / "more.json")), IN_PLACE),
        tried((target / "folder").mkdir, IN_PLACE),
        tried(lambda: elsewhere.rename(target / "result.json"), IN_PLACE),
        tried(lambda: (target / "result.json").rename(target / "renamed.json"), IN_PLACE),
    ]
    return {"one-file": next((one for one in seen if not one["held"]), seen[0])}


def told(*, held: bool, otherwise: str, seen: str = "none") -> dict[str, object]:
    """What was seen without trying anything."""
    return {"held": held, "observed": seen if held else otherwise}


def first_that_worked(paths: list[str]) -> dict[str, object]:
    """The first place that can be written, or the first of all."""
    seen = [tried(partial(open_to_write, path)) for path in paths]
    return next((one for one in seen if not one["held"]), seen[0])


def capabilities() -> int:
    """Every capability that is left, in any set."""
    return int(status("CapEff"), 16) | int(status("CapPrm"), 16) | int(status("CapBnd"), 16)


def open_to_write(path: str) -> None:
    """Open for writing, and write nothing."""
    is_new = not Path(path).exists()
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    if is_new:
        Path(path).unlink()


def called(name: str) -> dict[str, object]:
    """Make a system call by its number."""
    numbers, arguments = CALLS[name]
    number = dict(zip(("x86_64", "aarch64"), numbers, strict=True)).get(platform.machine())
    if number is None:
        return {"held": False, "observed": "this processor is not known here"}
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(*map(ctypes.c_long, (number, *arguments))) >= 0:
        return {"held": False, "observed": "it worked"}
    code = ctypes.get_errno()
    return {"held": code in REFUSED, "observed": errno.errorcode.get(code, "an unknown error")}


def status(field: str) -> str:
    """A field of this process's status, or 0."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next((line.split()[1] for line in lines if line.startswith(field + ":")), "0")


def fill_tmp() -> None:
    """Write half a gibibyte in many files, if it is let."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(512):
            Path(folder, str(number)).write_bytes(bytes(MEBIBYTE))


def many_files() -> None:
    """Make thirty thousand files, if it is let."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(30_000):
            Path(folder, str(number)).touch()


def fork(source: Path, target: Path) -> Report:
    """Start processes until that is refused."""
    children: list[int] = []
    try:
        for _ in range(200):
            child = os.fork()
            if child == 0:
                time.sleep(30)
                os._exit(0)
            children.append(child)
    except OSError:
        return {"fork": {"held": True, "observed": f"refused after {len(children)}"}}
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
    return {"fork": told(held=False, otherwise="200 processes were started")}


def memory(source: Path, target: Path) -> Report:
    """Take memory, a little at a time."""
    held = [b"x" * MEBIBYTE for _ in range(512)]
    return {"memory": told(held=False, otherwise=f"{len(held)} MiB were given")}


def disk(source: Path, target: Path) -> Report:
    """Write too much, into many files."""
    for number in range(16):
        (target / f"part-{number}").write_bytes(bytes(MEBIBYTE))
    return {}


def sparse(source: Path, target: Path) -> Report:
    """Make a file that is large and holds nothing."""
    with (target / "sparse").open("wb") as file:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        found = tried(lambda: file.truncate(2**40), FULL)
    return {"sparse": found}


def spam(source: Path, target: Path) -> Report:
    """Print much more than anyone reads."""
    for _ in range(32):
        sys.stdout.write("x" * MEBIBYTE + "\n")
    return {}


def deaf(source: Path, target: Path) -> Report:
    """Hear no request to end, and start a child that would outlive this."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
    time.sleep(600)
    return {}


def odd(source: Path, target: Path) -> Report:
    """Leave what is no plain file, each in a folder of its own."""
    for name in ("link", "pipe", "name"):
        (target / name).mkdir()
    (target / "link" / "out").symlink_to("/etc/passwd")
    os.mkfifo(target / "pipe" / "out")
    (target / "name" / "one").write_text("x")
    os.link(target / "name" / "one", target / "name" / "other")
    return {}


ACTIONS = {action.__name__: action for action in (attempts, beside, fork, memory, disk, sparse, spam, deaf, odd)}


def main(arguments: list[str]) -> None:
    """Do what the parameters ask."""
    task, _, source, _, target = arguments
    asked = json.loads(Path(source, "parameters.json").read_text())["do"]
    report = ACTIONS[asked](Path(source), Path(target))
    Path(target, "result.json" if task == "evaluate" else "report.json").write_text(json.dumps({"seen": report}))


if __name__ == "__main__":
    main(sys.argv[1:])
