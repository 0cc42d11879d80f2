"""An image archive for `docker load`, written by us from blobs: no tags, so none can move.

The archive is at once a docker archive (docker image spec v1.2: `manifest.json`) and an OCI image layout (OCI image
spec v1.1: `oci-layout`, `index.json`), so that engines with either kind of store read it. The OCI manifest is a
function of config and layers alone; an engine that names images by their manifest gives each a known ID too.
"""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medeval.domain import strict_json
from medeval.domain.base import digest_of
from medeval.domain.package import BlobRef, ImagePackage
from medeval.errors import ImageInvalid
from medeval.runtime.port import BlobSource

MOST_CONFIG_BYTES = 4 * 1024 * 1024
_CHUNK = 1024 * 1024
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_HINT = "Ask the owner of the cube to build and submit it again."

#: The fields of an image config that decide how a container starts; engines report them under `Config`.
_START_FIELDS = ("Entrypoint", "Cmd", "WorkingDir", "User", "Labels")


def oci_manifest(package: ImagePackage) -> bytes:
    """The OCI manifest of a package, the same bytes on every machine."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST_TYPE,
        "config": _descriptor(_CONFIG_TYPE, package.config),
        "layers": [_descriptor(_LAYER_TYPE, layer) for layer in package.layers],
    }
    return _to_json(manifest)


def known_ids(package: ImagePackage) -> tuple[str, str]:
    """The IDs under which an engine may hold the package: its config's digest, or its manifest's."""
    return package.identity, digest_of(oci_manifest(package))


def read_config(package: ImagePackage, blobs: BlobSource) -> dict[str, Any]:
    """The image config; raises `ImageInvalid` unless its diff ids are the digests of the package's layers."""
    if package.config.size_bytes > MOST_CONFIG_BYTES:
        raise ImageInvalid("the image's config is too large", _HINT)
    data = blobs.path(package.config).read_bytes()
    if digest_of(data) != package.config.digest:
        raise ImageInvalid("the image's config does not have its digest", _HINT)
    config = strict_json.loads(data, refuse=ImageInvalid)
    if not isinstance(config, dict) or not isinstance(config.get("rootfs"), dict):
        raise ImageInvalid("the image's config has no rootfs", _HINT)
    if config["rootfs"].get("diff_ids") != [layer.digest for layer in package.layers]:
        raise ImageInvalid("the image's config names other layers than the package", _HINT)
    if (config.get("config") or {}).get("Volumes"):
        hint = "Leave VOLUME out of its Dockerfile: what a cube writes goes to its output folder."
        raise ImageInvalid("the image declares volumes, which no limit would hold", hint)
    return config


def is_same_image(package: ImagePackage, config: dict[str, Any] | None, inspected: dict[str, Any]) -> bool:
    """Whether what the engine reports is the package: the same layers and, when `config` is given, the same start."""
    if inspected.get("RootFS", {}).get("Layers") != [layer.digest for layer in package.layers]:
        return False
    if config is None:
        return True
    wanted, found = config.get("config") or {}, inspected.get("Config") or {}
    same_env = set(wanted.get("Env") or ()) == set(found.get("Env") or ())
    return same_env and all((wanted.get(name) or None) == (found.get(name) or None) for name in _START_FIELDS)


def archive_chunks(package: ImagePackage, blobs: BlobSource) -> Iterator[bytes]:
    """The archive, a piece at a time; layers are read from their blobs and never held in memory."""
    manifest = oci_manifest(package)
    yield from _member("oci-layout", _to_json({"imageLayoutVersion": "1.0.0"}))
    yield from _member("index.json", _to_json(_index(manifest)))
    yield from _member("manifest.json", _to_json(_docker_manifest(package)))
    yield from _member(_blob_name(digest_of(manifest)), manifest)
    for blob in package.blobs:
        yield from _file_member(_blob_name(blob.digest), blobs.path(blob), blob.size_bytes)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _index(manifest: bytes) -> dict[str, Any]:
    entry = {"mediaType": _MANIFEST_TYPE, "digest": digest_of(manifest), "size": len(manifest)}
    return {"schemaVersion": 2, "manifests": [entry]}


def _docker_manifest(package: ImagePackage) -> list[dict[str, Any]]:
    layers = [_blob_name(layer.digest) for layer in package.layers]
    return [{"Config": _blob_name(package.config.digest), "RepoTags": None, "Layers": layers}]


def _descriptor(media_type: str, blob: BlobRef) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": blob.digest, "size": blob.size_bytes}


def _blob_name(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _to_json(plain: Any) -> bytes:
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()


def _header(name: str, size_bytes: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size_bytes, 0o644
    # GNU format carries sizes above 8 GiB without an extended header.
    return info.tobuf(tarfile.GNU_FORMAT)


def _padding(size_bytes: int) -> bytes:
    return bytes(-size_bytes % tarfile.BLOCKSIZE)


def _member(name: str, data: bytes) -> Iterator[bytes]:
    yield _header(name, len(data)) + data + _padding(len(data))


def _file_member(name: str, path: Path, size_bytes: int) -> Iterator[bytes]:
    yield _header(name, size_bytes)
    left = size_bytes
    with path.open("rb") as stream:
        while left and (chunk := stream.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk
        if left or stream.read(1):
            raise ImageInvalid("a layer does not have its size", _HINT)
    yield _padding(size_bytes)
