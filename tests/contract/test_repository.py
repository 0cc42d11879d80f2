"""What the repository must not hold: machine paths, registry hosts, clinical data, torch in a lock."""

import hashlib
import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted([*ROOT.glob("requirements/*.txt"), *ROOT.glob("mlcubes/*/requirements.txt")])
#: Home folders and work folders of one machine; /usr, /tmp and such are everybody's.
MACHINE_PATHS = re.compile(rb"(?<![\w.:>-])/(?:work|farm|root|home/\w+|Users/\w+)/[\w.]")
REGISTRIES = re.compile(
    rb"(?i)\b(?:pypi\.org|pythonhosted\.org|registry-1\.docker\.io|docker\.io|ghcr\.io|quay\.io|deb\.debian\.org"
    rb"|registry\.npmjs\.org|download\.pytorch\.org|index-url|find-links)\b"
)
#: Rules about these words cannot be written without them; a package is called docker.io in Debian.
EXEMPT = {"tests/contract/test_repository.py", "scripts/lock.sh", ".ci/run"}


@pytest.fixture(scope="module")
def tracked() -> dict[str, bytes]:
    """Every file that Git tracks or would, by its path."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    return {name: (ROOT / name).read_bytes() for name in names if name and (ROOT / name).is_file()}


def offenders(tracked: dict[str, bytes], pattern: re.Pattern[bytes]) -> list[str]:
    return [
        f"{name}: {found[0].decode()}"
        for name, data in tracked.items()
        if name not in EXEMPT and (found := pattern.search(data))
    ]


def test_no_path_of_one_machine(tracked):
    assert offenders(tracked, MACHINE_PATHS) == []


def test_no_registry_host(tracked):
    assert offenders(tracked, REGISTRIES) == []


def test_the_rules_find_what_they_look_for():
    assert MACHINE_PATHS.search(b"cd /root/x")
    assert not MACHINE_PATHS.search(b"https://host/work/x")
    assert REGISTRIES.search(b"--index-url x")
    assert REGISTRIES.search(b"https://PyPI.org/simple")


def test_no_copy_of_the_clinical_data(tracked, shared_dir):
    data = [path for path in (shared_dir / "data").rglob("*") if path.is_file() and path.stat().st_size > 300]
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in data}
    assert digests
    copies = [name for name, data in tracked.items() if hashlib.sha256(data).hexdigest() in digests]
    assert copies == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: f"{lock.parent.name}/{lock.name}")
def test_locks_are_plain_hashed_pins_without_torch(lock):
    lines = [line.strip() for line in lock.read_text().splitlines() if line.strip()]
    pins = [line for line in lines if not line.startswith("--hash=sha256:")]
    assert pins
    for pin in pins:
        assert re.fullmatch(r"[a-z0-9.-]+==[^ ]+( ; .+)? \\", pin), pin
    assert not [pin for pin in pins if pin.startswith(("torch==", "nvidia-", "triton=="))]
    assert not [line for line in lines if "://" in line]


@pytest.mark.parametrize("name", ["run", "torch"])
def test_smaller_locks_are_subsets_of_the_test_lock(name):
    def pins(stem: str) -> set[str]:
        text = (ROOT / f"requirements/{stem}.txt").read_text()
        return {line.split(" ")[0] for line in text.splitlines() if "==" in line and not line.startswith(" ")}

    assert pins(name) <= pins("test")


def test_the_test_lock_satisfies_the_project():
    """Whoever adds a dependency runs `make lock`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = (project["optional-dependencies"][name] for name in ("server", "postgres", "dev"))
    wanted = [Requirement(text) for text in (*project["dependencies"], *chain.from_iterable(extras))]
    lines = [line.split(" ")[0] for line in (ROOT / "requirements/test.txt").read_text().splitlines() if "==" in line]
    pinned = [line.partition("==")[::2] for line in lines]
    missing = [
        str(need)
        for need in wanted
        if not any(canonicalize_name(need.name) == name and version in need.specifier for name, version in pinned)
    ]
    assert missing == []
