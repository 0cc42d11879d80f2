"""Archives of old and new engines give the same package; what does not fit together is refused."""

import gzip
import io
import json
import tarfile

import pytest

from medeval.domain.base import digest_of
from medeval.errors import BuildFailed
from medeval.packaging.image_split import split_archive

BASE, OWN = b"base layer " * 500, b"own layer"
CONFIG = json.dumps({"config": {}, "rootfs": {"diff_ids": [digest_of(BASE), digest_of(OWN)]}}).encode()


def archive(*members: tuple[str, bytes | str]) -> list[bytes]:
    """The chunks of a tar; a member whose content is text is a symbolic link to it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    data = stream.getvalue()
    return [data[start : start + 700] for start in range(0, len(data), 700)]


def manifest(config: str, *layers: str) -> tuple[str, bytes]:
    return "manifest.json", json.dumps([{"Config": config, "RepoTags": None, "Layers": list(layers)}]).encode()


def by_folders() -> list[bytes]:
    """As engines up to 24 write it."""
    return archive(
        ("aa/VERSION", b"1.0"),
        ("aa/layer.tar", BASE),
        ("bb/layer.tar", OWN),
        ("cc.json", CONFIG),
        manifest("cc.json", "aa/layer.tar", "bb/layer.tar"),
    )


def by_layout(pack) -> list[bytes]:
    """As an OCI layout, which newer engines write; layers may be compressed."""
    return archive(
        ("oci-layout", b"{}"),
        ("blobs/sha256/aa", pack(BASE)),
        ("blobs/sha256/bb", OWN),
        ("blobs/sha256/cc", CONFIG),
        manifest("blobs/sha256/cc", "blobs/sha256/aa", "blobs/sha256/bb"),
    )


@pytest.mark.parametrize("chunks", [by_folders(), by_layout(bytes), by_layout(gzip.compress)])
def test_config_and_layers_by_their_digests(store, chunks):
    package = split_archive(iter(chunks), store)
    assert package.identity == digest_of(CONFIG)
    assert [store.path(layer).read_bytes() for layer in package.layers] == [BASE, OWN]


def test_a_layer_that_stands_twice_is_a_link(store):
    config = json.dumps({"rootfs": {"diff_ids": [digest_of(BASE), digest_of(BASE)]}}).encode()
    chunks = archive(
        ("aa/layer.tar", BASE),
        ("bb/layer.tar", "../aa/layer.tar"),
        ("cc.json", config),
        manifest("cc.json", "aa/layer.tar", "bb/layer.tar"),
    )
    package = split_archive(iter(chunks), store)
    assert package.layers[0] == package.layers[1]
    assert len(package.blobs) == 2


@pytest.mark.parametrize(
    "chunks",
    [
        [],
        [b"no archive" * 100],
        archive(("a", b"x")),
        archive(("cc.json", CONFIG), ("manifest.json", b"{")),
        archive(("cc.json", CONFIG), ("manifest.json", b"[]")),
        archive(("cc.json", CONFIG), manifest("cc.json", "aa/layer.tar")),
        archive(("aa", BASE), ("cc.json", CONFIG), manifest("cc.json", "aa", "aa")),
        archive(("aa", "elsewhere"), ("cc.json", CONFIG), manifest("cc.json", "aa", "aa")),
        by_folders()[:8],
    ],
)
def test_what_does_not_fit_together(store, chunks):
    with pytest.raises(BuildFailed):
        split_archive(iter(chunks), store)
