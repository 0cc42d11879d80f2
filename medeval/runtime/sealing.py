"""Three ways to start `launch.py` around a cube: bubblewrap, unshare, and a plain process.

Each turns what a cube may see and use into one command line. What they share: the agent holds one end of a lifeline,
and a sandbox whose lifeline ends is gone with all its processes. So a killed agent leaves nothing behind.
"""

import json
import math
import os
import platform
import shutil
import site
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from medeval.domain.package import Limits
from medeval.errors import RuntimeUnavailable
from medeval.runtime import launch, private_root, seccomp
from medeval.runtime.environment import MOST_FILES, most_cpu_s, variables
from medeval.runtime.program import run_program
from medeval.runtime.staging import User
from medeval.runtime.view import TMP_BYTES, TMP_FILES, View

LAUNCHER = str(Path(launch.__file__))
ROOT_BUILDER = str(Path(private_root.__file__))
_INSIDE_LAUNCHER = "/launch.py"
#: Python without site packages, user settings or environment: quick, and only itself.
_PYTHON = (sys.executable, "-I", "-S")
_LINKS = (("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "/proc/self/fd/0"), ("/dev/stdout", "/proc/self/fd/1"))
_TMPFS = ("/tmp", "/dev/shm")  # noqa: S108 the sandbox's own
_VERSION_S = 10


@dataclass(frozen=True)
class Start:
    """What is started: a command in a folder, its limits, whom it runs as, and the pipes to the agent."""

    command: list[str]
    folder: str
    home: str
    limits: Limits
    user: User
    lifeline: int
    status: int

    def plan(self, user: User | None, *, sealed: bool = True) -> str:
        """The plan of `launch.py`; `sealed` also filters system calls."""
        return json.dumps(
            {
                "folder": self.folder,
                "command": [_program(self.command[0]), *self.command[1:]],
                "environment": _environment(self.limits, self.home),
                "limits": _resource_limits(self.limits),
                "cpus": math.ceil(self.limits.cpus),
                "user": [user.uid, user.gid] if user else None,
                "filter": seccomp.program().hex() if sealed else "",
                "lifeline": self.lifeline,
                "status": self.status,
            }
        )


class Sealing(Protocol):
    """One way to seal a run."""

    name: str
    level: int
    #: Whether the cube sees folders of its own names (`/in`), or those of the host.
    has_own_root: bool

    def version(self) -> str:
        """The version of what seals; raises `RuntimeUnavailable` where it is not installed."""

    def command(self, view: View, start: Start, scratch: Path) -> list[str]:
        """The command line; `scratch` is an empty folder for its use."""


class Bubblewrap:
    """Namespaces by bubblewrap; its root is made read-only again, since it is writable by default."""

    name = "bubblewrap"
    level = 1
    has_own_root = True

    def version(self) -> str:
        """Of bwrap."""
        return _version_of("bwrap")

    def command(self, view: View, start: Start, scratch: Path) -> list[str]:
        """Root keeps the few capabilities that giving up its user takes; everyone else has none at all."""
        as_root = os.geteuid() == 0
        command = [_find("bwrap"), "--die-with-parent", "--new-session", "--as-pid-1"]
        command += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        command += ["--hostname", "cube", "--cap-drop", "ALL"]
        if as_root:
            command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
        else:
            command += ["--unshare-user"]
        command += [word for words in self._root(view) for word in words]
        plan = start.plan(start.user if as_root else None)
        return [*command, "--", *_PYTHON, _INSIDE_LAUNCHER, plan]

    def _root(self, view: View) -> list[list[str]]:
        links = [["--symlink", target, path] for path, target in (*view.links, *_LINKS)]
        binds = [["--bind" if bind.writable else "--ro-bind", str(bind.source), bind.target] for bind in view.binds]
        devices = [["--dev-bind", device, device] for device in view.devices]
        private = [["--perms", "1777", "--size", str(TMP_BYTES), "--tmpfs", path] for path in _TMPFS]
        launcher = [["--ro-bind", LAUNCHER, _INSIDE_LAUNCHER]]
        # Folders above a bind would be closed to everyone but root.
        folders = [["--dir", folder] for folder in _folders_above([bind.target for bind in view.binds])]
        # Private folders first: an environment may itself lie under /tmp.
        return [*private, *folders, *links, *binds, *devices, *launcher, ["--proc", "/proc"], ["--remount-ro", "/"]]


class Unshare:
    """Namespaces by util-linux; `private_root.py` builds what bubblewrap would."""

    name = "unshare"
    level = 1
    has_own_root = True

    def version(self) -> str:
        """Of util-linux."""
        return _version_of("unshare")

    def command(self, view: View, start: Start, scratch: Path) -> list[str]:
        """Who is not root becomes root of a user namespace first; in it every capability is given up again."""
        command = [
            _find("unshare"),
            "--mount",
            "--net",
            "--pid",
            "--ipc",
            "--uts",
            "--cgroup",
            "--fork",
            "--kill-child",
        ]
        as_root = os.geteuid() == 0
        if not as_root:
            command += ["--user", "--map-root-user"]
        root = {
            "at": str(scratch),
            "links": [*view.links, *_LINKS],
            "binds": [
                *((str(bind.source), bind.target, bind.writable) for bind in view.binds),
                *((device, device, True) for device in view.devices),
                (LAUNCHER, _INSIDE_LAUNCHER, False),
            ],
            "tmpfs": [(path, TMP_BYTES, TMP_FILES) for path in _TMPFS],
        }
        plan = start.plan(start.user if as_root else User(0, 0))
        return [*command, "--", *_PYTHON, ROOT_BUILDER, json.dumps(root), *_PYTHON, _INSIDE_LAUNCHER, plan]


class PlainProcess:
    """No isolation at all: for data that anyone may see. Time, memory and output are limited all the same."""

    name = "process"
    level = 0
    has_own_root = False

    def version(self) -> str:
        """Of Python."""
        return platform.python_version()

    def command(self, view: View, start: Start, scratch: Path) -> list[str]:
        """The launcher alone."""
        return [*_PYTHON, LAUNCHER, start.plan(None, sealed=False)]


def _folders_above(targets: list[str]) -> list[str]:
    above = {str(parent) for target in targets for parent in Path(target).parents}
    return sorted(above - {"/"})


def _find(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise RuntimeUnavailable(f"{program} is not installed", "Install it, or choose another runtime.")
    return found


def _version_of(program: str) -> str:
    """The last word that `--version` prints: `bubblewrap 0.8.0`, `unshare from util-linux 2.38.1`."""
    words = run_program([_find(program), "--version"], timeout_s=_VERSION_S).output.split()
    return words[-1] if words else "unknown"


def _program(word: str) -> str:
    """`python` means the interpreter that runs medeval: a source package brings none of its own."""
    return sys.executable if word in {"python", "python3"} else word


def _environment(limits: Limits, home: str) -> dict[str, str]:
    path = os.pathsep.join((str(Path(sys.prefix, "bin")), "/usr/bin", "/bin"))
    own = {"HOME": home, "TMPDIR": home, "PATH": path, "LANG": "C.UTF-8", "PYTHONNOUSERSITE": "1"}
    # With another home, an installation for one user alone is found only where it is named.
    packages = {"PYTHONPATH": site.getusersitepackages()} if site.ENABLE_USER_SITE else {}
    return {**variables(limits), **own, **packages}


def _resource_limits(limits: Limits) -> dict[str, int]:
    return {
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": MOST_FILES,
        # One byte over the limit is enough to see that a single file passed it.
        "RLIMIT_FSIZE": limits.output_bytes + 1,
        "RLIMIT_NPROC": limits.pids,
        "RLIMIT_CPU": most_cpu_s(limits),
        # Memory is watched; this only stops what grows faster than anyone can look. Address space is no measure of
        # memory: numerical libraries reserve far more than they use.
        "RLIMIT_DATA": 2 * limits.memory_bytes + 256 * 1024**2,
    }
