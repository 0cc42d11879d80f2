"""A cube's folder to a package: an image built by the engine, or the tar of its source."""

from collections.abc import Callable
from pathlib import Path

from medeval.domain.package import Cube, ImagePackage, MLCubeManifest, SourcePackage
from medeval.errors import NotFound, RuntimeUnavailable, SpecError
from medeval.packaging.archive import tar_folder
from medeval.packaging.context import staged
from medeval.packaging.image_split import split_archive
from medeval.packaging.manifest import load_manifest
from medeval.packaging.progress import Progress, silent
from medeval.packaging.store import BlobStore
from medeval.packaging.wheels import fetch_wheels
from medeval.runtime.port import ImageMaker, Runtime


def build_cube(folder: Path, runtime: Runtime, store: BlobStore, progress: Progress = silent) -> Cube:
    """Package a cube for a runtime of its kind; afterwards the store holds every blob of the package.

    Raises `SpecError` for a malformed folder, `BuildFailed` when wheels or image cannot be made.
    """
    manifest = load_manifest(folder)
    if runtime.package_kind == "source":
        progress(manifest.name, "pack")
        return Cube(manifest=manifest, package=_pack_source(folder, manifest, store))
    if not isinstance(runtime, ImageMaker):
        raise RuntimeUnavailable("this runtime cannot build images", "Build where a Docker engine runs.")
    engine_id = _build_image(folder, manifest, runtime, store, progress)
    return Cube(manifest=manifest, package=_package_image(engine_id, manifest, runtime, store, progress))


def _pack_source(folder: Path, manifest: MLCubeManifest, store: BlobStore) -> SourcePackage:
    """The deterministic tar of folder and lock: the lock is one of the folder's files."""
    with staged(folder, manifest) as context:
        return SourcePackage(archive=store.add_chunks(tar_folder(context)))


def _build_image(
    folder: Path, manifest: MLCubeManifest, maker: ImageMaker, store: BlobStore, progress: Progress
) -> str:
    if not (folder / manifest.dockerfile).is_file():
        raise SpecError(f"there is no {manifest.dockerfile} in the folder", "Write one, or correct `dockerfile`.")
    progress(manifest.name, "fetch wheels")
    wheels = fetch_wheels(folder, manifest, store.root / "wheels")
    progress(manifest.name, "build")
    with staged(folder, manifest, wheels) as context:
        return maker.build(tar_folder(context), manifest.dockerfile, _steps_told(manifest.name, progress))


def _steps_told(name: str, progress: Progress) -> Callable[[str], None]:
    """Of all that a build prints, tell its steps: `Step 3/14 : COPY src /cube/src`."""

    def told(line: str) -> None:
        if line.startswith("Step "):
            progress(name, f"build {line.split()[1]}")

    return told


def _package_image(
    engine_id: str, manifest: MLCubeManifest, maker: ImageMaker, store: BlobStore, progress: Progress
) -> ImagePackage:
    """The package of an image. Saving takes long, so what became of an ID is remembered beside the blobs."""
    record = store.root / "images" / f"{engine_id.removeprefix('sha256:')}.json"
    known = _find_package(record, store)
    if known is not None:
        return known
    progress(manifest.name, "save layers")
    package = split_archive(maker.save(engine_id), store)
    record.parent.mkdir(parents=True, exist_ok=True)
    part = record.with_suffix(".part")
    part.write_bytes(package.to_canonical())
    part.replace(record)
    return package


def _find_package(record: Path, store: BlobStore) -> ImagePackage | None:
    try:
        package = ImagePackage.from_json(record.read_bytes(), refuse=NotFound)
    except (FileNotFoundError, NotFound):
        return None
    return package if all(store.find(blob) is not None for blob in package.blobs) else None
