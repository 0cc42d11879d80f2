"""Folders to packages, and wheels that are fetched outside the build."""

import hashlib
import secrets
import zipfile
from pathlib import Path

import pytest

from medeval.domain.package import ImagePackage, SourcePackage
from medeval.errors import BuildFailed, MissingExtra, RuntimeUnavailable, SpecError
from medeval.packaging import wheels
from medeval.packaging.build import build_cube
from medeval.packaging.manifest import load_manifest
from medeval.packaging.wheels import fetch_wheels
from medeval.runtime.choose import runtime_by_name
from medeval.runtime.docker_engine import BASE_IMAGE

SOURCE = "bubblewrap"


def wheel(folder: Path, name: str) -> Path:
    """A small wheel (PEP 427) of one module."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "VALUE = 42\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder of wheels in place of any index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    return tmp_path / "index"


def require(folder: Path, path: Path, *, local: bool = False) -> None:
    """Name a wheel in the folder's requirements."""
    name = path.name.partition("-")[0]
    digest = "" if local else f" --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    (folder / ("requirements-local.txt" if local else "requirements.txt")).write_text(f"{name}==1.0{digest}\n")
    manifest = folder / "mlcube.yaml"
    if "requirements:" not in manifest.read_text():
        manifest.write_text(manifest.read_text() + "requirements: requirements.txt\n")


# --- source packages --------------------------------------------------------------------------------------------


def test_a_source_package_is_the_same_wherever_it_is_packed(folder, store, tmp_path):
    runtime = runtime_by_name(SOURCE, tmp_path)
    first = build_cube(folder, runtime, store)
    (folder / ".hidden").write_text("no part of it")
    (folder / "src" / "main.py").touch()
    assert isinstance(first.package, SourcePackage)
    assert build_cube(folder, runtime, store) == first
    assert store.path(first.package.archive).stat().st_size == first.package.archive.size_bytes


def test_a_changed_lock_is_another_identity(folder, store, tmp_path):
    (folder / "requirements.txt").write_text("a==1\n")
    runtime = runtime_by_name(SOURCE, tmp_path)
    first = build_cube(folder, runtime, store)
    (folder / "requirements.txt").write_text("a==2\n")
    assert build_cube(folder, runtime, store).identity != first.identity


# --- wheels -----------------------------------------------------------------------------------------------------


def test_no_requirements_no_wheels(folder, tmp_path):
    assert fetch_wheels(folder, load_manifest(folder), tmp_path / "cache") is None


def test_wheels_are_fetched_once_for_each_lock(folder, index, tmp_path):
    require(folder, wheel(index, "alpha"))
    require(folder, wheel(index, "beta"), local=True)
    found = fetch_wheels(folder, load_manifest(folder), tmp_path / "cache")
    assert {path.name.partition("-")[0] for path in found.iterdir()} == {"alpha", "beta"}
    for path in index.iterdir():
        path.unlink()
    assert fetch_wheels(folder, load_manifest(folder), tmp_path / "cache") == found


def test_a_wheel_of_other_bytes_is_refused_and_nothing_is_kept(folder, index, tmp_path):
    path = wheel(index, "alpha")
    require(folder, path)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(BuildFailed, match=r"requirements\.txt"):
        fetch_wheels(folder, load_manifest(folder), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_line_without_a_hash_is_refused(folder, index, tmp_path):
    require(folder, wheel(index, "alpha"))
    (folder / "requirements.txt").write_text("alpha==1.0\n")
    with pytest.raises(BuildFailed):
        fetch_wheels(folder, load_manifest(folder), tmp_path / "cache")


def test_an_environment_without_pip_is_told_how_to_get_it(folder, index, tmp_path, monkeypatch):
    require(folder, wheel(index, "alpha"))
    monkeypatch.setattr(wheels.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="pip"):
        fetch_wheels(folder, load_manifest(folder), tmp_path / "cache")


# --- images -----------------------------------------------------------------------------------------------------


@pytest.fixture
def engine(tmp_path):
    """A Docker runtime."""
    runtime = runtime_by_name("docker", tmp_path)
    yield runtime
    runtime.close()


@pytest.fixture
def unlike_any(folder, engine):
    """The folder, changed so that its image is nobody else's; whatever was built from it is removed."""
    nonce = secrets.token_hex(8)
    (folder / "src" / "nonce.txt").write_text(nonce)
    (folder / "Dockerfile").write_text(f"FROM {BASE_IMAGE}\nLABEL medeval.test={nonce}\nCOPY src /cube/src\n")
    yield folder
    while left := engine.client.images(filters={"label": f"medeval.test={nonce}"}, quiet=True):
        engine.client.remove_image(left[0], force=True)


@pytest.mark.docker
def test_an_image_is_built_without_network_from_wheels_that_are_no_part_of_it(unlike_any, store, index, engine):
    require(unlike_any, wheel(index, "alpha"))
    (unlike_any / "Dockerfile").write_text(
        (unlike_any / "Dockerfile").read_text().replace("COPY src /cube/src\n", "") + "COPY wheels /wheels\n"
        "COPY requirements.txt /\n"
        "RUN python -m pip install --no-index -f /wheels --require-hashes --target=/packages -r /requirements.txt\n"
        f"FROM {BASE_IMAGE}\n"
        "COPY --from=0 /packages /packages\n"
        "COPY src /cube/src\n"
        "RUN test ! -e /wheels && test ! -e /sys/class/net/eth0 && PYTHONPATH=/packages python -c 'import alpha'\n"
    )
    cube = build_cube(unlike_any, engine, store)
    assert isinstance(cube.package, ImagePackage)
    inspected = engine.client.inspect_image(cube.identity)
    engine.client.remove_image(cube.identity, force=True)
    assert inspected["RepoTags"] == []
    assert [layer.digest for layer in cube.package.layers] == inspected["RootFS"]["Layers"]


@pytest.mark.docker
def test_a_build_that_fails_says_with_which_words(unlike_any, store, engine):
    with (unlike_any / "Dockerfile").open("a") as file:
        file.write("RUN echo these are the words; exit 3\n")
    with pytest.raises(BuildFailed, match="these are the words"):
        build_cube(unlike_any, engine, store)


@pytest.mark.docker
def test_a_dockerfile_that_cannot_be_read(unlike_any, store, engine):
    (unlike_any / "Dockerfile").write_text("NONSENSE here\n")
    with pytest.raises(BuildFailed, match=r"(?i)nonsense"):
        build_cube(unlike_any, engine, store)


@pytest.mark.docker
def test_a_missing_dockerfile(folder, store, engine):
    (folder / "Dockerfile").unlink()
    with pytest.raises(SpecError, match="Dockerfile"):
        build_cube(folder, engine, store)


def test_a_runtime_of_images_that_builds_none(folder, store):
    class Runs:
        package_kind = "image"

    with pytest.raises(RuntimeUnavailable):
        build_cube(folder, Runs(), store)


@pytest.mark.docker
def test_a_store_that_lost_a_layer_saves_again(unlike_any, store, engine):
    first = build_cube(unlike_any, engine, store)
    store.location(first.package.layers[-1]).unlink()
    said: list[str] = []
    assert build_cube(unlike_any, engine, store, lambda _, step: said.append(step)) == first
    assert "save layers" in said
    assert store.find(first.package.layers[-1]) is not None
