"""What this machine offers besides Python: one question per need, asked by the tests and after the demo.

Each `find_` function returns None when the need is met, else why not and what to do about it.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import docker
import docker.errors

BASE_IMAGE = "python:3.11-slim-bookworm"
ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_docker_gap() -> str | None:
    """An engine that answers, and has the base image or can pull it."""
    try:
        client = docker.from_env(timeout=60)
    except docker.errors.DockerException:
        return "no container engine answers: start Docker, or set DOCKER_HOST"
    try:
        client.images.get(BASE_IMAGE)
    except docker.errors.ImageNotFound:
        return _find_pull_gap(client)
    finally:
        client.close()
    return None


def _find_pull_gap(client: docker.DockerClient) -> str | None:
    try:
        client.images.pull(*BASE_IMAGE.split(":"))
    except docker.errors.DockerException:
        return f"the engine has no {BASE_IMAGE} and cannot pull it: make base-image"
    return None


def find_bubblewrap_gap() -> str | None:
    """A bwrap that may make namespaces."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return "bwrap is not installed"
    command = [bwrap, "--unshare-all", "--ro-bind", "/", "/", "--remount-ro", "/", "--", "true"]
    ended = subprocess.run(command, capture_output=True, check=False, timeout=30)
    return None if ended.returncode == 0 else "bwrap may not make namespaces here"


def find_unshare_gap() -> str | None:
    """An unshare that may make namespaces, in a user namespace where this is not root."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return "unshare is not installed"
    become_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = [unshare, "--mount", "--net", "--pid", "--fork", *become_root, "--", "true"]
    ended = subprocess.run(command, capture_output=True, check=False, timeout=30)
    return None if ended.returncode == 0 else "unshare may not make namespaces here"


def find_chromium() -> str | None:
    """The path of a Chromium."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def find_chromium_gap() -> str | None:
    """A Chromium on the path."""
    return None if find_chromium() else "no Chromium on the path"


def find_postgres_programs() -> Path | None:
    """The folder of initdb and pg_ctl; Debian keeps them off the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin_: bin_.parent.name.zfill(3), reverse=True)
    on_path = shutil.which("initdb")
    candidates = [*debian, *([Path(on_path).resolve().parent] if on_path else [])]
    return next(
        (folder for folder in candidates if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None
    )


def find_postgres_gap() -> str | None:
    """PostgreSQL's server programs and its driver."""
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed: make test"
    return None if find_postgres_programs() else "PostgreSQL's server programs (initdb, pg_ctl) are not installed"


def find_shared() -> Path | None:
    """The folder of clinical data and reference tables: MEDEVAL_SHARED, or `shared` beside the checkout."""
    folder = Path(os.environ.get("MEDEVAL_SHARED", ROOT.parent / "shared"))
    return folder if (folder / "data").is_dir() and (folder / "reference").is_dir() else None


def find_shared_gap() -> str | None:
    """The clinical data and reference tables."""
    return None if find_shared() else "the data and reference tables are not beside the checkout (../shared)"


def find_torch_gap() -> str | None:
    """An installed torch."""
    return None if importlib.util.find_spec("torch") else "torch is not installed: make test"


GAPS: dict[str, Callable[[], str | None]] = {
    "docker": find_docker_gap,
    "bubblewrap": find_bubblewrap_gap,
    "unshare": find_unshare_gap,
    "chromium": find_chromium_gap,
    "postgres": find_postgres_gap,
    "shared": find_shared_gap,
    "torch": find_torch_gap,
}


def main(names: list[str]) -> int:
    """Print which of these needs the machine does not meet."""
    gaps = {name: gap for name in names or GAPS if (gap := GAPS[name]())}
    for name, gap in gaps.items():
        print(f"not used: {name} ({gap})")
    if not gaps:
        print(f"nothing was missing: {', '.join(names or GAPS)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
