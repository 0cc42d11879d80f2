"""Images travel: removed from the engine, fetched through a line that breaks, run by the same config digest.

Every site of a test shares one engine, where each image is present from its build on: only an image that this test
built itself, unlike any other, is removed.
"""

import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import docker
import pytest

from medeval.domain.package import ImagePackage, ModelCard
from medeval.errors import DigestMismatch
from tests.cutting_proxy import Cuts, cutting_proxy
from tests.federation import BENCHMARK, HOSTILE, Federation, Site, check_failed

pytestmark = [pytest.mark.docker, pytest.mark.heavy]

MIB = 1024 * 1024
NONCE_BYTES = 24 * MIB


@dataclass
class Built:
    """A model whose image no other test has."""

    card: ModelCard
    package: ImagePackage
    upload: Cuts


def tags(client: docker.APIClient) -> dict[str, str]:
    """Every tag of the engine, and what it names."""
    return {tag: image["Id"] for image in client.images() for tag in image["RepoTags"] or () if tag != "<none>:<none>"}


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.APIClient]:
    client = docker.APIClient()
    yield client
    client.close()


@pytest.fixture(scope="module")
def built(
    federation: Federation, engine: docker.APIClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    """Submitted over a line that breaks in the middle of the layer of its own."""
    folder = tmp_path_factory.mktemp("unique") / "cube"
    shutil.copytree(HOSTILE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "src" / "nonce.bin").write_bytes(secrets.token_bytes(NONCE_BYTES))
    owner = Site(federation, federation.home("model-owner")).copy(folder.parent / "owner")
    name, shelf = federation.new_name("unique"), federation.server.data_dir / "blobs"

    def has_arrived() -> bool:
        """What was carried is written, too."""
        return any(path.stat().st_size > 15 * MIB for path in shelf.rglob("*.part"))

    cuts = Cuts(up=[18 * MIB], ready=has_arrived)
    before = tags(engine)
    with cutting_proxy(("127.0.0.1", federation.server.port), cuts) as port:
        owner.speak_to(f"http://127.0.0.1:{port}")
        words = ("model", "submit", folder, "--benchmark", BENCHMARK, "--name", name, "--runtime", "docker")
        owner.told(*words)
    assert tags(engine) == before
    federation.approve(federation.spec().ref, "model", f"{name}@1.0.0")
    card = federation.model(name)
    assert isinstance(card.cube.package, ImagePackage)
    yield Built(card, card.cube.package, cuts)
    shutil.rmtree(folder.parent)
    if any(card.cube.identity == image["Id"] for image in engine.images(all=True)):
        engine.remove_image(card.cube.identity, force=True)


@pytest.fixture
def removed(built: Built, engine: docker.APIClient) -> Callable[[], bool]:
    """The image is gone; says whether it is there again."""

    def is_there() -> bool:
        return any(image["Id"] == built.card.cube.identity for image in engine.images(all=True))

    if is_there():
        engine.remove_image(built.card.cube.identity)
    assert not is_there()
    return is_there


def test_an_upload_that_was_cut_went_on_where_it_stopped(built: Built) -> None:
    assert built.upload.made == 1
    own = max(layer.size_bytes for layer in built.package.layers if layer.size_bytes < 2 * NONCE_BYTES)
    assert own > NONCE_BYTES
    sent = built.upload.carried["up"]
    # A try that begins before the server has seen the last one end is refused, and what it sent by then is in vain.
    assert own < sent < own + 12 * MIB, "the base image, or what had arrived, was sent again"


def test_an_image_is_fetched_over_a_line_that_breaks(
    built: Built, removed: Callable[[], bool], site: Site, engine: docker.APIClient
) -> None:
    total = sum(blob.size_bytes for blob in built.package.blobs)
    cuts, before = Cuts(down=[40 * MIB, 3 * MIB]), tags(engine)
    site.allow(built.card)
    with cutting_proxy(("127.0.0.1", site.federation.server.port), cuts) as port:
        site.speak_to(f"http://127.0.0.1:{port}")
        assert site.told("site", "run")["evaluated"] == 1
    assert cuts.made == 2
    assert total < cuts.carried["down"] < total + 4 * MIB, "what had arrived was fetched again"
    assert removed(), "it ran by another digest than that of its config"
    assert tags(engine) == before, "a tag moved"
    site.speak_to(site.federation.server.address)
    site.told("result", "release", built.card.name)
    stated = site.files(built.card).task().model.cube.identity
    assert stated == built.package.config.digest
    assert site.federation.cell(built.card)["kind"] == "result"


def test_a_fetch_that_was_given_up_is_taken_up_by_the_next_run(
    federation: Federation, built: Built, removed: Callable[[], bool], site: Site
) -> None:
    card = federation.enter_like(built.card)
    site.allow(card)
    cuts = Cuts(down=[40 * MIB, *[100] * 40])
    with cutting_proxy(("127.0.0.1", federation.server.port), cuts) as port:
        site.speak_to(f"http://127.0.0.1:{port}")
        assert site.run("site", "run").returncode != 0
    came = sum(path.stat().st_size for path in (site.store.cache / "blobs" / "sha256").rglob("*") if path.is_file())
    assert came > 30 * MIB
    assert not removed()
    total, rest = sum(blob.size_bytes for blob in built.package.blobs), Cuts()
    with cutting_proxy(("127.0.0.1", federation.server.port), rest) as port:
        site.speak_to(f"http://127.0.0.1:{port}")
        assert site.told("site", "run")["evaluated"] == 1
    assert rest.carried["down"] < total - came + 4 * MIB
    assert removed()


def test_a_layer_that_was_damaged_in_the_cache_never_runs(
    federation: Federation, built: Built, removed: Callable[[], bool], site: Site, engine: docker.APIClient
) -> None:
    """The blobs are here, the image is not, and one bit is another."""
    first, second = federation.enter_like(built.card), federation.enter_like(built.card)
    assert site.execute(first)["evaluated"] == 1
    layer = built.package.layers[-1].digest.removeprefix("sha256:")
    file = site.store.cache / "blobs" / "sha256" / layer[:2] / layer
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    engine.remove_image(built.card.cube.identity)
    site.allow(second)
    check_failed(site.run("site", "run"), DigestMismatch, "has other bytes", "Run the same command again")
    assert not removed()
    assert site.told("site", "run")["evaluated"] == 1
    assert removed()
