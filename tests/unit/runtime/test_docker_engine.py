"""The Docker runtime against an engine that behaves as the one at hand does not: newer, poorer, or faulty."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from medeval.domain.package import Cube, CubeKind, ImagePackage, Limits, MLCubeManifest, Task
from medeval.errors import BuildFailed, EngineFault, ImageInvalid, NotFound
from medeval.packaging.store import BlobStore
from medeval.runtime.docker_engine import BASE_IMAGE, DockerRuntime
from medeval.runtime.image_archive import oci_manifest
from medeval.runtime.port import RunRequest


class Engine:
    """An engine of a few words: what it holds by ID, what `load` makes of an archive, and what was asked of it."""

    def __init__(self) -> None:
        self.version = "29.1.0~rc.2+dfsg"
        self.images: dict[str, dict[str, Any]] = {}
        self.loaded: dict[str, dict[str, Any]] = {}
        self.streams: dict[str, list[dict[str, Any]]] = {"/images/load": [{"stream": ""}], "/build": []}
        self.fault: int | None = None
        self.asked: list[str] = []

    def answer(self, method: str, path: str) -> tuple[int, list[Any]]:
        self.asked.append(f"{method} {path}")
        if path == "/version":
            return 200, [{"Version": self.version, "ApiVersion": "1.44"}]
        if self.fault:
            return self.fault, [{"message": "a fault"}]
        if path == "/images/load":
            self.images |= self.loaded
        if path in self.streams:
            return 200, self.streams[path]
        if found := re.fullmatch(r"/images/(.+)/json", path):
            image = self.images.get(found[1])
            return (200, [image]) if image else (404, [{"message": f"No such image: {found[1]}"}])
        return 404, [{"message": "not here"}]


@pytest.fixture
def engine(monkeypatch):
    engine = Engine()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.drain()
            path = re.sub(r"^/v[0-9.]+", "", self.path.partition("?")[0])
            status, lines = engine.answer(self.command, path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for line in lines:
                data = json.dumps(line).encode() + b"\n"
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")

        def drain(self) -> None:
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    self.rfile.read(size + 2)
                self.rfile.readline()
            self.rfile.read(int(self.headers.get("Content-Length", 0)))

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 names of http.server

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_address[1]}")
    yield engine
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def runtime(engine):
    runtime = DockerRuntime()
    yield runtime
    runtime.close()


@pytest.fixture
def store(tmp_path):
    return BlobStore(tmp_path / "blobs")


@pytest.fixture
def package(store) -> ImagePackage:
    layer = store.add_bytes(b"a layer")
    config = {"config": {"Env": ["A=1"]}, "rootfs": {"diff_ids": [layer.digest]}}
    return ImagePackage(config=store.add_bytes(json.dumps(config).encode()), layers=(layer,))


@pytest.fixture
def cube(package) -> Cube:
    manifest = MLCubeManifest(
        format="medeval/mlcube@1",
        name="cube",
        version="1.0.0",
        kind=CubeKind.MODEL,
        summary="a cube",
        tasks=(Task.INFER,),
    )
    return Cube(manifest=manifest, package=package)


def held(package: ImagePackage, env: str = "A=1") -> dict[str, Any]:
    """What an engine reports of an image with the package's layers."""
    return {"RootFS": {"Layers": [layer.digest for layer in package.layers]}, "Config": {"Env": [env]}}


class NoBlobs:
    def path(self, blob):
        pytest.fail("a blob was asked for")


def test_an_engine_that_names_images_by_a_digest_of_its_own(engine, runtime, store, cube, package):
    own = "sha256:" + "e" * 64
    engine.streams["/images/load"] = [{"stream": "Loaded image ID: "}, {"stream": f"{own}\n"}]
    engine.loaded = {own: held(package)}
    runtime.install(cube, store)
    assert runtime.images.find(package) == own
    runtime.install(cube, NoBlobs())


def test_an_engine_that_names_images_by_their_manifest_needs_no_second_load(engine, runtime, cube, package, store):
    own = store.add_bytes(oci_manifest(package)).digest
    engine.images = {own: held(package)}
    runtime.install(cube, NoBlobs())
    assert runtime.images.find(package) == own


@pytest.mark.parametrize("env", ["A=2", "LD_PRELOAD=/x"])
def test_an_image_that_starts_otherwise_is_not_the_package(engine, runtime, store, cube, package, env):
    own = "sha256:" + "e" * 64
    engine.streams["/images/load"] = [{"stream": f"Loaded image ID: {own}\n"}]
    engine.loaded = {own: held(package, env)}
    with pytest.raises(ImageInvalid, match="another image"):
        runtime.install(cube, store)


def test_an_engine_that_loads_nothing(engine, runtime, store, cube):
    with pytest.raises(ImageInvalid, match="another image"):
        runtime.install(cube, store)


def test_an_engine_that_refuses_the_archive(engine, runtime, store, cube):
    engine.streams["/images/load"] = [{"error": "invalid diffID", "errorDetail": {"message": "invalid diffID"}}]
    with pytest.raises(ImageInvalid, match="refused"):
        runtime.install(cube, store)


def test_a_bad_config_never_reaches_the_engine(engine, runtime, store, cube, package):
    other = package.model_copy(update={"layers": (*package.layers, store.add_bytes(b"one more"))})
    with pytest.raises(ImageInvalid):
        runtime.install(cube.model_copy(update={"package": other}), store)
    assert not any("load" in asked for asked in engine.asked)


def test_an_engine_without_the_base_image_that_cannot_pull_it_counts_as_absent(engine, runtime):
    probe = runtime.probe()
    assert (probe.works, probe.reason) == (False, f"the engine cannot get {BASE_IMAGE}")
    assert probe.version == "29.1.0rc.2+dfsg"
    assert any("/images/create" in asked for asked in engine.asked)


def test_an_engine_with_the_image_that_cannot_start_it(engine, runtime):
    engine.images = {BASE_IMAGE: {"Id": "sha256:" + "b" * 64}}
    probe = runtime.probe()
    assert (probe.works, probe.reason) == (False, "the container engine failed to start a container")


def test_a_faulty_engine_is_an_engine_fault(engine, runtime, store, cube, tmp_path):
    engine.fault = 500
    for attempt in (
        lambda: runtime.install(cube, store),
        lambda: runtime.reap("owner"),
        lambda: runtime.run(RunRequest(cube, Task.INFER, {}, tmp_path, Limits(), "owner")),
    ):
        with pytest.raises(EngineFault) as caught:
            attempt()
        assert str(tmp_path) not in caught.value.message


def test_an_input_that_is_gone(engine, runtime, cube, package, tmp_path):
    engine.images = {package.identity: held(package)}
    request = RunRequest(cube, Task.INFER, {"cases": tmp_path / "gone"}, tmp_path, Limits(), "owner")
    with pytest.raises(EngineFault, match="input cases") as caught:
        runtime.run(request)
    assert str(tmp_path) not in caught.value.message


def test_what_is_not_installed(engine, runtime, cube, tmp_path):
    with pytest.raises(NotFound):
        runtime.run(RunRequest(cube, Task.INFER, {}, tmp_path, Limits(), "owner"))


def test_a_build_that_names_no_image(engine, runtime):
    engine.streams["/build"] = [{"stream": "Step 1/1 : FROM x\n"}, {"stream": "done\n"}]
    said: list[str] = []
    with pytest.raises(BuildFailed, match="named no image"):
        runtime.build(iter([bytes(1024)]), "Dockerfile", said.append)
    assert said == ["Step 1/1 : FROM x", "done"]
