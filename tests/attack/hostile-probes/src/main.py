"""Try whatever a hostile model may try; OUT/report.json names each attempt and says what it met.

`parameters.json` says where the host listens and what it hides. Standard library alone. Calls are made such that they
do no harm where a sandbox does not hold: they ask for nothing, or for nobody's address (RFC 5737).
"""

import ctypes
import errno
import json
import os
import platform
import resource
import signal
import socket
import stat
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
PLACE = {"x86_64": 0, "aarch64": 1}.get(platform.machine(), 0)
NEW_NS = {
    "users": 0x10000000,
    "mounts": 0x20000,
    "network": 0x40000000,
    "processes": 0x20000000,
    "host names": 0x4000000,
    "messages": 0x8000000,
    "cgroups": 0x2000000,
}
#: Of each system call its number on x86-64 and arm64 (-1: not there), and arguments that ask for as little as they can.
CALLS: dict[str, tuple[tuple[int, int], tuple[int, ...]]] = {
    "io_uring_setup": ((425, 425), (1, 0)),
    "io_uring_enter": ((426, 426), (-1, 0, 0, 0, 0, 0)),
    "io_uring_register": ((427, 427), (-1, 0, 0, 0)),
    "keyctl": ((250, 219), (0, -3, 0)),
    "add_key": ((248, 217), (0, 0, 0, 0, -3)),
    "request_key": ((249, 218), (0, 0, 0, -3)),
    "userfaultfd": ((323, 282), (1,)),
    "bpf": ((321, 280), (0, 0, 0)),
    "ptrace": ((101, 117), (0, 0, 0, 0)),
    "process_vm_readv": ((310, 270), (1, 0, 0, 0, 0, 0)),
    "process_vm_writev": ((311, 271), (1, 0, 0, 0, 0, 0)),
    "pidfd_getfd": ((438, 438), (-1, 0, 0)),
    "kcmp": ((312, 272), (1, 1, 0, 0, 0)),
    "perf_event_open": ((298, 241), (0, 0, -1, -1, 0)),
    "setns": ((308, 268), (-1, 0)),
    "mount": ((165, 40), (0, 0, 0, 0, 0)),
    "umount": ((166, 39), (0, 0)),
    "pivot_root": ((155, 41), (0, 0)),
    "chroot": ((161, 51), (0,)),
    "open_tree": ((428, 428), (-1, 0, 0)),
    "move_mount": ((429, 429), (-1, 0, -1, 0, 0)),
    "fsopen": ((430, 430), (0, 0)),
    "fsmount": ((432, 432), (-1, 0, 0)),
    "fspick": ((433, 433), (-1, 0, 0)),
    "mount_setattr": ((442, 442), (-1, 0, 0, 0, 0)),
    "open_by_handle_at": ((304, 265), (-1, 0, 0)),
    "fanotify_init": ((300, 262), (0, 0)),
    "kexec_load": ((246, 104), (0, 0, 0, 0)),
    "kexec_file_load": ((320, 294), (-1, -1, 0, 0, 0)),
    "init_module": ((175, 105), (0, 0, 0)),
    "finit_module": ((313, 273), (-1, 0, 0)),
    "delete_module": ((176, 106), (0, 0)),
    "swapon": ((167, 224), (0, 0)),
    "swapoff": ((168, 225), (0,)),
    "reboot": ((169, 142), (0, 0, 0, 0)),
    "settimeofday": ((164, 170), (0, 0)),
    "clock_settime": ((227, 112), (0, 0)),
    "sethostname": ((170, 161), (0, 0)),
    "setdomainname": ((171, 162), (0, 0)),
    "quotactl": ((179, 60), (0, 0, 0, 0)),
    "acct": ((163, 89), (0,)),
    "syslog": ((103, 116), (10, 0, 0)),
    "vhangup": ((153, 58), ()),
    "personality of 32 bits": ((135, 92), (8,)),
    "memfd_secret": ((447, 447), (0,)),
    "iopl": ((172, -1), (3,)),
    "ioperm": ((173, -1), (0, 1, 1)),
    "modify_ldt": ((154, -1), (0, 0, 0)),
    "clone with users": ((56, 220), (0x10000000 | 17, 0, 0, 0, 0)),
    **{f"unshare of {name}": ((272, 97), (flag,)) for name, flag in NEW_NS.items()},
}
#: Families of sockets: number, kind, protocol.
SOCKETS = {
    "raw of IP": (2, 3, 1),
    "raw of IPv6": (10, 3, 58),
    "packet": (17, 3, 768),
    "vsock": (40, 1, 0),
    "bluetooth": (31, 1, 0),
    "CAN": (29, 3, 1),
    "netlink of auditing": (16, 3, 9),
    "netlink of the firewall": (16, 3, 12),
    "netlink of events": (16, 2, 15),
    "netlink of the crypto": (16, 2, 21),
    "kernel crypto": (38, 5, 0),
    "keys of IPsec": (15, 3, 2),
    "TIPC": (30, 1, 0),
    "RDS": (21, 5, 0),
    "NFC": (39, 3, 0),
    "XDP": (44, 3, 0),
    "SMC": (43, 1, 0),
    "X25": (9, 5, 0),
    "Appletalk": (5, 2, 0),
}
WRITES = {
    "the root folder": "/hostile",
    "programs": "/usr/bin/hostile",
    "passwords": "/etc/passwd",
    "the linker's list": "/etc/ld.so.preload",
    "the resolver": "/etc/resolv.conf",
    "devices": "/dev/hostile",
    "core_pattern": "/proc/sys/kernel/core_pattern",
    "modprobe": "/proc/sys/kernel/modprobe",
    "drop_caches": "/proc/sys/vm/drop_caches",
    "ip_forward": "/proc/sys/net/ipv4/ip_forward",
    "sysrq": "/proc/sysrq-trigger",
    "uevent_helper": "/sys/kernel/uevent_helper",
    "binfmt": "/proc/sys/fs/binfmt_misc/register",
    "interrupts": "/proc/irq/0/smp_affinity",
}
READS = {
    "shadow": "/etc/shadow",
    "physical memory": "/dev/mem",
    "kernel memory": "/proc/kcore",
    "kernel log": "/dev/kmsg",
    "kernel messages": "/proc/kmsg",
    "ports": "/dev/port",
    "virtual machines": "/dev/kvm",
    "a tunnel": "/dev/net/tun",
    "FUSE": "/dev/fuse",
    "loop devices": "/dev/loop-control",
    "first disk": "/dev/sda",
    "another disk": "/dev/vda",
    "debugging": "/sys/kernel/debug/tracing/trace",
    "the engine's socket": "/var/run/docker.sock",
    "containerd's socket": "/run/containerd/containerd.sock",
    "podman's socket": "/run/podman/podman.sock",
    "the engine's folder": "/var/lib/docker/containers",
    "service tokens": "/var/run/secrets/kubernetes.io/serviceaccount/token",
    "root's keys": str(Path("/root", ".ssh", "id_rsa")),
    "memory of the first process": "/proc/1/mem",
}
#: What a sandbox answers to what it does not let happen.
REFUSED = {
    *(errno.EPERM, errno.EACCES, errno.EROFS, errno.ENETUNREACH, errno.ENOSYS),
    *(errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT),
}
ABSENT = REFUSED | {errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.ENODEV}
ALONE = REFUSED | {errno.ECONNREFUSED, errno.EADDRNOTAVAIL, errno.EHOSTUNREACH}
IN_PLACE = REFUSED | {errno.EXDEV, errno.EBUSY}
LIMITED = REFUSED | {errno.EINVAL, errno.EAGAIN, errno.EMFILE, errno.ENOSPC, errno.EFBIG, errno.ENOMEM}
Attempt = tuple[str, Callable[[], object], set[int]]


def met(action: Callable[[], object], answers: set[int]) -> dict[str, Any]:
    """Whether an attempt was refused by one of these answers, and what it met."""
    try:
        result = action()
    except socket.gaierror as exc:
        return {"refused": True, "seen": f"no name: {exc.errno}"}
    except TimeoutError:
        return {"refused": False, "seen": "sent, and unanswered"}
    except OSError as exc:
        return {"refused": exc.errno in answers, "seen": errno.errorcode.get(exc.errno or 0, str(exc.errno))}
    except ValueError:
        return {"refused": True, "seen": "no such limit"}
    return {"refused": False, "seen": f"it worked: {result}"[:200]}


def called(numbers: tuple[int, int], arguments: tuple[int, ...]) -> None:
    if LIBC.syscall(*map(ctypes.c_long, (numbers[PLACE], *arguments))) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def connected(family: int, kind: int, address: Any) -> None:
    with socket.socket(family, kind) as stream:
        stream.settimeout(2)
        stream.connect(address)
        stream.send(b"out")


def network(told: dict[str, Any]) -> list[Attempt]:
    """Ways out, to listeners of the host and to nobody."""
    tcp, udp, unix = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.AF_UNIX
    found: list[Attempt] = []
    for host in (*told["hosts"], "192.0.2.1", "169.254.169.254", "172.17.0.1"):
        found.append((f"TCP to {host}", partial(connected, 2, tcp, (host, told["tcp"])), ALONE))
        found.append((f"UDP to {host}", partial(sent, host, told["udp"]), ALONE))
    found += [
        ("TCP over IPv6", partial(connected, 10, tcp, ("::1", told["tcp"])), ALONE),
        ("TCP to nobody over IPv6", partial(connected, 10, tcp, ("2001:db8::1", 53)), ALONE),
        ("DNS by the resolver", partial(socket.getaddrinfo, "example.org", 80), ALONE),
        ("DNS by a packet", partial(connected, 2, udp, ("192.0.2.53", 53)), ALONE),
        ("multicast", partial(sent, "224.0.0.251", 5353), ALONE),
        ("broadcast", partial(sent, "255.255.255.255", 67), ALONE),
        ("an abstract socket of the host", partial(connected, unix, tcp, "\0" + told["abstract"]), ALONE),
        ("a socket file of the host", partial(connected, unix, tcp, told["socket"]), ABSENT),
        ("the engine", partial(connected, unix, tcp, "/var/run/docker.sock"), ABSENT),
        ("the system bus", partial(connected, unix, tcp, "/run/dbus/system_bus_socket"), ABSENT),
    ]
    return found + [(f"socket: {name}", partial(socket.socket, *kind), REFUSED) for name, kind in SOCKETS.items()]


def sent(host: str, port: int) -> None:
    """One packet, and a look whether the kernel took it for undeliverable."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        stream.settimeout(1)
        stream.connect((host, port))
        stream.send(b"out")
        stream.send(b"out")


def files(told: dict[str, Any], source: Path, target: Path) -> list[Attempt]:
    """Reading what is not given, and writing what is not taken."""
    case = source / "cases" / "cases.csv"
    own = Path(__file__)
    found: list[Attempt] = [(f"write {name}", partial(opened, path, True), ABSENT) for name, path in WRITES.items()]
    found += [(f"read {name}", partial(opened, path, False), ABSENT) for name, path in READS.items()]
    found += [(f"read the host's {path}", partial(opened, path, False), ABSENT) for path in told["secrets"]]
    found += [(f"write the host's {path}", partial(opened, f"{path}-new", True), ABSENT) for path in told["secrets"]]
    found += [
        ("write an input", partial(opened, str(case), True), REFUSED),
        ("add an input", partial(opened, f"{source}/cases/new", True), REFUSED),
        ("remove an input", case.unlink, IN_PLACE),
        ("rename an input", lambda: case.rename(source / "cases" / "x"), IN_PLACE),
        ("truncate an input", partial(os.truncate, case, 0), REFUSED),
        ("change an input's mode", partial(case.chmod, 0o777), REFUSED),
        ("change an input's time", partial(os.utime, case, (0, 0)), REFUSED),
        ("change an input's owner", partial(os.chown, case, 0, 0), REFUSED),
        ("mark an input", partial(os.setxattr, case, "user.x", b"x"), REFUSED | {errno.EOPNOTSUPP}),
        ("a second name of an input", lambda: os.link(case, target / "linked"), IN_PLACE),
        ("write the cube", partial(opened, str(own), True), REFUSED),
        ("add to the cube", partial(opened, str(own.with_name("new")), True), REFUSED),
        ("write control groups", partial(any_opened, Path("/sys/fs/cgroup")), ABSENT),
        ("write kernel settings", partial(any_opened, Path("/proc/sys")), ABSENT),
        ("escape by ..", partial(opened, "/in/" + "../" * 20 + told["secrets"][0].lstrip("/"), False), ABSENT),
        ("escape by the first root", partial(opened, "/proc/1/root" + told["secrets"][0], False), ABSENT),
        ("escape by the first folder", partial(opened, "/proc/1/cwd/" + told["secrets"][0], False), ABSENT),
        ("make a device", partial(os.mknod, target / "null", stat.S_IFCHR | 0o600, os.makedev(1, 3)), REFUSED),
        ("make a disk", partial(os.mknod, "/tmp/disk", stat.S_IFBLK | 0o600, os.makedev(8, 0)), REFUSED),  # noqa: S108
    ]
    return found


def opened(path: str, write: bool) -> None:
    """Open, and make nothing but an empty file."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK if write else os.O_RDONLY | os.O_NONBLOCK, 0o600))


def any_opened(folder: Path) -> str:
    """The first file that can be written; raises the refusal of the last one otherwise."""
    refusal = OSError(errno.ENOENT, "nothing is there")
    for path in [path for path in folder.rglob("*") if path.is_file()][:2000]:
        try:
            written_again(path)
        except OSError as exc:
            refusal = exc
        else:
            return str(path)
    raise refusal


def written_again(path: Path) -> None:
    """Some files can be opened by all and written by none, so it writes what stands there."""
    number = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        os.write(number, path.read_bytes()[:4096] or b"0")
    finally:
        os.close(number)


def rights(told: dict[str, Any]) -> list[Attempt]:
    """Becoming somebody else, and passing limits."""
    found: list[Attempt] = [
        ("become root", partial(os.setuid, 0), REFUSED),
        ("become root's group", partial(os.setgid, 0), REFUSED),
        ("join groups", partial(os.setgroups, [0]), REFUSED),
        ("map users", partial(written, "/proc/self/uid_map", "0 0 1"), REFUSED),
        ("be spared from memory's end", partial(written, "/proc/self/oom_score_adj", "-1000"), REFUSED),
        ("be in a hurry", partial(os.setpriority, os.PRIO_PROCESS, 0, -20), REFUSED),
        ("be in real time", partial(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(50)), REFUSED),
        ("gain a right by prctl", partial(controlled, 47, 2, 21), REFUSED),
        ("drop no-new-privileges", partial(controlled, 38, 0, 0), LIMITED),
        ("keep rights", partial(controlled, 28, 1, 0), REFUSED),
        ("more open files", partial(raised, resource.RLIMIT_NOFILE), LIMITED),
        ("larger files", partial(raised, resource.RLIMIT_FSIZE), LIMITED),
        ("core files", partial(raised, resource.RLIMIT_CORE), LIMITED),
        ("more seconds", partial(raised, resource.RLIMIT_CPU), LIMITED),
        ("open ten thousand files", many_open, LIMITED),
        ("fill /tmp", fill_tmp, LIMITED),
    ]
    return found + [(f"signal {pid}", partial(os.kill, pid, 0), REFUSED | {errno.ESRCH}) for pid in told["processes"]]


def written(path: str, text: str) -> None:
    with Path(path).open("w", encoding="ascii") as file:
        file.write(text)


def controlled(option: int, first: int, second: int) -> None:
    if LIBC.prctl(*map(ctypes.c_long, (option, first, second, 0, 0))) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def raised(kind: int) -> None:
    """A hard limit raised, unless there was none."""
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        resource.setrlimit(kind, (hard, hard + 1))


def many_open() -> None:
    held: list[int] = []
    try:
        while len(held) < 10_000:
            held += [os.open("/dev/null", os.O_RDONLY)]
    finally:
        for number in held:
            os.close(number)


def fill_tmp() -> None:
    """Half a gibibyte, if it is let."""
    files = [Path(f"/tmp/fill-{number}") for number in range(512)]  # noqa: S108 the sandbox's own
    try:
        for file in files:
            file.write_bytes(bytes(2**20))
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def kernel() -> list[Attempt]:
    """System calls that no model needs."""
    return [(f"call {name}", partial(called, *call), REFUSED) for name, call in CALLS.items() if call[0][PLACE] >= 0]


def shapes(target: Path) -> None:
    """Outputs that are no plain file, each in a folder of its own."""
    made: dict[str, Callable[[Path], object]] = {
        "link": lambda path: path.symlink_to("/etc/passwd"),
        "way up": lambda path: path.symlink_to("../" * 20 + "etc/passwd"),
        "nowhere": lambda path: path.symlink_to("/nowhere"),
        "pipe": os.mkfifo,
        "socket": lambda path: socket.socket(socket.AF_UNIX).bind(str(path)),
        "second name": two_names,
    }
    for name, make in made.items():
        folder = target / "shapes" / name
        folder.mkdir(parents=True)
        make(folder / "predictions.csv")
    (target / "odd").mkdir()
    raising = target / "odd" / "set-user-id"
    raising.write_bytes(b"\x7fELF")
    for mode in (0o4755, 0o2755, 0o6777):
        try:
            raising.chmod(mode)
        except OSError:
            break


def two_names(path: Path) -> None:
    path.touch()
    path.with_name("second").hardlink_to(path)


def seen() -> dict[str, Any]:
    """Whatever can be read of processes and their variables."""
    texts = []
    for name in ("environ", "cmdline", "mountinfo", "cgroup"):
        for file in Path("/proc").glob(f"[0-9]*/{name}"):
            try:
                texts.append(file.read_bytes().decode("utf-8", "replace"))
            except OSError:
                continue
    shown = sum(entry.name.isdigit() for entry in Path("/proc").iterdir())
    return {"texts": texts, "processes": shown, "interfaces": [name for _, name in socket.if_nameindex()]}


def main() -> None:
    source, target = Path(sys.argv[3]), Path(sys.argv[5])
    told = json.loads((source / "parameters.json").read_text())
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    attempts = [*network(told), *files(told, source, target), *rights(told), *kernel()]
    report = {name: met(action, answers) for name, action, answers in attempts}
    Path("/dev/shm/hostile").write_bytes(b"x")  # noqa: S108 a sandbox has one of its own; the host looks whether it is
    shapes(target)
    (target / "report.json").write_text(json.dumps({"probes": report, "seen": seen()}))


main()
