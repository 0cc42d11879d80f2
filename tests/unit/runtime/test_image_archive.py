"""The archive that is given to `docker load`: no tags, both layouts, every byte from its blob."""

import io
import json
import tarfile

import pytest

from medeval.domain.base import digest_of
from medeval.domain.package import BlobRef, ImagePackage
from medeval.errors import ImageInvalid
from medeval.packaging.store import BlobStore
from medeval.runtime.image_archive import archive_chunks, is_same_image, known_ids, oci_manifest, read_config


@pytest.fixture
def store(tmp_path):
    return BlobStore(tmp_path)


def package_of(store: BlobStore, layers: list[bytes], config: dict | bytes | None = None) -> ImagePackage:
    blobs = tuple(store.add_bytes(layer) for layer in layers)
    if config is None:
        config = {"config": {"Env": ["A=1"]}, "rootfs": {"diff_ids": [blob.digest for blob in blobs]}}
    data = config if isinstance(config, bytes) else json.dumps(config).encode()
    return ImagePackage(config=store.add_bytes(data), layers=blobs)


def unpacked(package: ImagePackage, store: BlobStore) -> dict[str, bytes]:
    stream = io.BytesIO(b"".join(archive_chunks(package, store)))
    with tarfile.open(fileobj=stream) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_the_docker_manifest_names_config_and_layers_and_no_tag(store):
    package = package_of(store, [b"one" * 1000, b"two"])
    files = unpacked(package, store)
    [entry] = json.loads(files["manifest.json"])
    assert entry["RepoTags"] is None
    assert digest_of(files[entry["Config"]]) == package.config.digest
    assert [files[name] for name in entry["Layers"]] == [b"one" * 1000, b"two"]
    assert "repositories" not in files


def test_the_oci_layout_leads_to_the_same_bytes(store):
    package = package_of(store, [b"one", b"two"])
    files = unpacked(package, store)
    [entry] = json.loads(files["index.json"])["manifests"]
    manifest = json.loads(files["blobs/sha256/" + entry["digest"].removeprefix("sha256:")])
    assert "annotations" not in entry
    assert manifest["config"]["digest"] == package.config.digest
    assert [layer["digest"] for layer in manifest["layers"]] == [layer.digest for layer in package.layers]
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}


def test_an_engine_knows_a_package_by_config_or_manifest(store):
    package = package_of(store, [b"one"])
    assert known_ids(package) == (package.config.digest, digest_of(oci_manifest(package)))


def test_a_layer_that_stands_twice_is_sent_once(store):
    package = package_of(store, [b"one", b"two", b"one"])
    files = unpacked(package, store)
    [entry] = json.loads(files["manifest.json"])
    assert [files[name] for name in entry["Layers"]] == [b"one", b"two", b"one"]
    assert sum(1 for name in files if files[name] == b"one") == 1


@pytest.mark.parametrize(
    "config",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"rootfs": []}',
        b'{"rootfs": {"diff_ids": []}}',
        b'{"rootfs": {"diff_ids": ["sha256:00"]}}',
    ],
)
def test_a_config_that_does_not_name_the_layers(store, config):
    with pytest.raises(ImageInvalid):
        read_config(package_of(store, [b"one"], config), store)


def test_a_config_of_gigabytes_is_not_read():
    blob = BlobRef(digest="sha256:" + "0" * 64, size_bytes=10**10)
    with pytest.raises(ImageInvalid, match="too large"):
        read_config(ImagePackage(config=blob, layers=(blob,)), BlobStore("nowhere"))


def test_a_layer_that_lost_its_end(store):
    package = package_of(store, [b"one"])
    longer = package.layers[0].model_copy(update={"size_bytes": 4})

    class Short:
        def path(self, blob):
            return store.path(package.layers[0] if blob == longer else blob)

    with pytest.raises(ImageInvalid, match="size"):
        list(archive_chunks(package.model_copy(update={"layers": (longer,)}), Short()))


@pytest.mark.parametrize(
    ("inspected", "same"),
    [
        ({}, True),
        ({"Config": {"Env": ["A=1"], "Cmd": None, "Labels": {}}}, True),
        ({"Config": {"Env": ["A=2"]}}, False),
        ({"Config": {"Env": ["A=1"], "Entrypoint": ["/other"]}}, False),
        ({"Config": {"Env": ["A=1"], "User": "0"}}, False),
        ({"RootFS": {"Layers": []}}, False),
        ({"RootFS": {}}, False),
    ],
)
def test_what_the_engine_made_is_compared(store, inspected, same):
    package = package_of(store, [b"one"])
    config = read_config(package, store)
    found = {"Config": {"Env": ["A=1"]}, "RootFS": {"Layers": [package.layers[0].digest]}, **inspected}
    assert is_same_image(package, config, found) is same
