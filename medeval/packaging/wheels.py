"""The wheels that an image is built from, downloaded outside it: the build itself has no network.

Two files beside a manifest say what an image installs: `requirements` (every line pinned and hashed, the whole
closure), and optionally `requirements-local.txt` (pinned without hashes: a wheel that each machine has from a place of
its own, such as torch for its processor). Wheels are kept by the digest of both files.
"""

import hashlib
import importlib.util
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from medeval.domain.package import MLCubeManifest
from medeval.errors import BuildFailed, MissingExtra
from medeval.runtime.program import run_program

LOCAL_REQUIREMENTS = "requirements-local.txt"

#: The Python of the base image, whatever Python runs medeval.
PYTHON_VERSION = "3.11"
#: Debian 12, the base image's system, has glibc 2.36 (PEP 600).
_GLIBC_MINORS = range(36, 16, -1)
_TIMEOUT_S = 1800


def fetch_wheels(folder: Path, manifest: MLCubeManifest, cache: Path) -> Path | None:
    """The folder of wheels that a cube's requirements name, or None when it has none; downloaded at most once.

    Raises `BuildFailed` with pip's last words, `MissingExtra` without pip.
    """
    files = _requirement_files(folder, manifest)
    if not files:
        return None
    target = cache / _key(files)
    if not target.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="incoming-") as scratch:
            wheels = Path(scratch, "wheels")
            for file in files:
                _download(file, wheels)
            _keep(wheels, target)
    return target


def _requirement_files(folder: Path, manifest: MLCubeManifest) -> list[Path]:
    if manifest.requirements is None:
        return []
    hashed = folder / manifest.requirements
    local = hashed.parent / LOCAL_REQUIREMENTS
    return [hashed, local] if local.is_file() else [hashed]


def _key(files: list[Path]) -> str:
    state = hashlib.sha256(f"{PYTHON_VERSION} {platform.machine()}".encode())
    for file in files:
        state.update(b"\0" + file.name.encode() + b"\0" + file.read_bytes())
    return state.hexdigest()


def _download(file: Path, target: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        raise MissingExtra("pip is not installed beside medeval", f"Install it: {sys.executable} -m ensurepip")
    hashes = [] if file.name == LOCAL_REQUIREMENTS else ["--require-hashes"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", *hashes, *_platform_options(), "--dest", str(target), "-r", str(file)]
    ended = run_program(command, timeout_s=_TIMEOUT_S)
    if ended.exit_code != 0:
        words = "\n".join(ended.output.strip().splitlines()[-6:])
        hint = f"Pin and hash every line of {file.name} for CPython {PYTHON_VERSION}, then try again."
        raise BuildFailed(f"pip could not download what {file.name} names:\n{words}", hint)


def _platform_options() -> list[str]:
    machine = platform.machine()
    tags = [f"manylinux_2_{minor}_{machine}" for minor in _GLIBC_MINORS]
    tags += [f"{old}_{machine}" for old in ("manylinux2014", "manylinux2010", "manylinux1", "linux")]
    options = ["--python-version", PYTHON_VERSION, "--implementation", "cp"]
    return options + [option for tag in tags for option in ("--platform", tag)]


def _keep(wheels: Path, target: Path) -> None:
    """Put a finished download in its place; another process may have been quicker."""
    wheels.mkdir(exist_ok=True)
    if not target.exists():
        shutil.move(wheels, target)
