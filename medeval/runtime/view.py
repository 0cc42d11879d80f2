"""What an embedded sandbox shows of the host: an interpreter, its libraries, one cube, its inputs, its output."""

import os
import site
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from medeval.runtime.environment import CUBE, IN
from medeval.runtime.outlet import Outlet

#: Where a dynamic linker finds what Python and wheels link against.
_SYSTEM_LIBRARIES = ("/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32")
_LINKER_CACHE = "/etc/ld.so.cache"
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
#: Folders that belong to the system as a whole: of these only libraries and the interpreter itself are shown.
_SYSTEM_PREFIXES = frozenset({"/", "/usr"})
TMP_BYTES = 64 * 1024 * 1024
#: Files in it: an empty one takes a kibibyte of the kernel's memory too.
TMP_FILES = 16 * 1024


@dataclass(frozen=True)
class Bind:
    """A host path and where it is seen."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class View:
    """A whole root: binds in the order in which they are made, symbolic links of the system, devices."""

    binds: tuple[Bind, ...]
    links: tuple[tuple[str, str], ...]
    devices: tuple[str, ...] = _DEVICES


def view_of(cube: Path, inputs: Mapping[str, Path], outlet: Outlet) -> View:
    """The root in which a cube runs."""
    own = [Bind(cube, CUBE), *(Bind(path, f"{IN}/{name}") for name, path in inputs.items())]
    out = [Bind(*mount) for mount in outlet.mounts()]
    return View(binds=(*_system(), *_interpreter(), *own, *out), links=_system_links())


def _system() -> list[Bind]:
    found = [Path(path) for path in (*_SYSTEM_LIBRARIES, _LINKER_CACHE)]
    return [Bind(path, str(path)) for path in found if path.exists() and not path.is_symlink()]


def _system_links() -> tuple[tuple[str, str], ...]:
    """`/lib` -> `usr/lib` and its like, where the system has merged them."""
    links = [Path(path) for path in _SYSTEM_LIBRARIES if Path(path).is_symlink()]
    return tuple((str(path), str(path.readlink())) for path in links)


def _interpreter() -> list[Bind]:
    """This interpreter, its environment, and the base that an environment rests on, each under every name it has."""
    wanted = {Path(sys.prefix), Path(sys.base_prefix), *_packages(), *_executables()}
    names = {name for path in wanted for name in (path, path.resolve()) if path.exists()}
    shown: list[Path] = []
    for path in sorted(names):
        if str(path) not in _SYSTEM_PREFIXES and not any(path.is_relative_to(above) for above in _covered(shown)):
            shown.append(path)
    return [Bind(path.resolve(), str(path)) for path in shown]


def _covered(shown: list[Path]) -> list[Path]:
    return [*shown, *(Path(path) for path in _SYSTEM_LIBRARIES)]


def _packages() -> list[Path]:
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return [Path(path) for path in (*site.getsitepackages(), *user)]


def _executables() -> list[Path]:
    """The names through which the links of an environment's `python` lead."""
    chain = [Path(sys.executable)]
    while chain[-1].is_symlink():
        chain.append(Path(os.path.normpath(chain[-1].parent / chain[-1].readlink())))
    return chain
