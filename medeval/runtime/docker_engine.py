"""The `Runtime` of a Docker engine: images run by the engine's ID, never by tag."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound

from medeval.domain.attestation import SandboxRecord
from medeval.domain.package import Cube, ImagePackage
from medeval.errors import EngineFault, NotFound, RuntimeUnavailable
from medeval.runtime.docker_client import connect, engine_faults
from medeval.runtime.docker_images import DockerImages
from medeval.runtime.docker_options import CUBE_LABEL, OWNER_LABEL, TASK_LABEL, host_options
from medeval.runtime.docker_wait import ANSWER_S, answering_within, remove, watch
from medeval.runtime.environment import CUBE, arguments, tail, variables
from medeval.runtime.outlet import outlet_of
from medeval.runtime.output_files import OutputWatch
from medeval.runtime.port import BlobSource, Ending, Probe, RunRequest, RunResult
from medeval.runtime.staging import User, cube_user, lent, readable

#: What cubes are built on; an engine that cannot get it counts as absent.
BASE_IMAGE = "python:3.11-slim-bookworm"
LEVEL = 2

_PULL_S = 30
_TRIAL_S = 30.0
#: What an entrypoint gives that cannot be started (POSIX shells' exit codes).
_NOT_STARTABLE = (126, 127)


class DockerRuntime:
    """Runs images on the local Docker engine. One connection is opened on first use and kept."""

    def __init__(self, user: User | None = None) -> None:
        self._user = user or cube_user()
        self._client: docker.APIClient | None = None
        self._images: DockerImages | None = None

    @property
    def package_kind(self) -> str:
        """`image`."""
        return "image"

    @property
    def client(self) -> docker.APIClient:
        """The connection to the engine; raises `RuntimeUnavailable` when there is none."""
        if self._client is None:
            self._client = connect()
        return self._client

    @property
    def images(self) -> DockerImages:
        """The engine's images."""
        if self._images is None:
            self._images = DockerImages(self.client)
        return self._images

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""
        if self._client is not None:
            self._client.close()
        self._client = self._images = None

    def sandbox(self) -> SandboxRecord:
        """What a statement says of this runtime."""
        with answering_within(self.client, ANSWER_S), engine_faults("tell its version"):
            return SandboxRecord(runtime="docker", version=_plain_word(self.client.version()["Version"]), level=LEVEL)

    def probe(self) -> Probe:
        """Run a trivial container of the base image, sealed like any other; never raises."""
        version, reason = "", ""
        try:
            version = self.sandbox().version
            reason = self._try_base_image()
        except (RuntimeUnavailable, EngineFault) as exc:
            reason = exc.message
        return Probe("docker", version, LEVEL, self.package_kind, works=not reason, reason=reason)

    def _try_base_image(self) -> str:
        """Why the base image does not run, or nothing."""
        if not self._has_base_image():
            return f"the engine cannot get {BASE_IMAGE}"
        with (
            engine_faults("start a container"),
            self._container(
                BASE_IMAGE,
                entrypoint=["python", "-c", "pass"],
                host_config=self.client.create_host_config(network_mode="none"),
            ) as container,
        ):
            self.client.start(container)
            watch(self.client, container, time.monotonic() + _TRIAL_S, lambda: None)
            code = self.client.inspect_container(container)["State"]["ExitCode"]
        return "" if code == 0 else f"a container of {BASE_IMAGE} ended with exit code {code}"

    def _has_base_image(self) -> bool:
        try:
            self.client.inspect_image(BASE_IMAGE)
        except ImageNotFound:
            return self._pull_base_image()
        return True

    def _pull_base_image(self) -> bool:
        repository, _, tag = BASE_IMAGE.partition(":")
        impatient = connect(_PULL_S)
        try:
            impatient.pull(repository, tag=tag)
            impatient.inspect_image(BASE_IMAGE)
        except (DockerException, requests.RequestException):
            return False
        finally:
            impatient.close()
        return True

    def install(self, cube: Cube, blobs: BlobSource) -> None:
        """Load the image unless the engine has it, and make sure that what it has is the package."""
        package = _image(cube)
        if self._find(package) is None:
            self.images.load(package, blobs)

    def _find(self, package: ImagePackage) -> str | None:
        with answering_within(self.client, ANSWER_S), engine_faults("look for an image"):
            return self.images.find(package)

    def build(self, context: Iterator[bytes], dockerfile: str, told: Callable[[str], None]) -> str:
        """Build a tar of a folder, without network; returns the engine's ID of the image."""
        return self.images.build(context, dockerfile, told)

    def save(self, engine_id: str) -> Iterator[bytes]:
        """The engine's archive of an image, a piece at a time."""
        return self.images.save(engine_id)

    def run(self, request: RunRequest) -> RunResult:
        """Run one task in a container of its own, which is gone afterwards."""
        engine_id = self._find(_image(request.cube))
        if engine_id is None:
            raise NotFound("the cube's image is not installed", "Fetch it first: `medeval site run` does.")
        output = request.output.resolve()
        outlet = outlet_of(request.task, output)
        with (
            readable(request.inputs, self._user, output) as inputs,
            lent(output, self._user),
            engine_faults("run a container"),
        ):
            host_config = self.client.create_host_config(**host_options(inputs, outlet, request.limits))
            with self._container(engine_id, **self._options(request), host_config=host_config) as container:
                return self._run_container(container, request)

    def _options(self, request: RunRequest) -> dict[str, Any]:
        return {
            "entrypoint": list(request.cube.manifest.entrypoint),
            "command": arguments(request.task),
            "working_dir": CUBE,
            "environment": variables(request.limits),
            "user": f"{self._user.uid}:{self._user.gid}",
            "labels": {
                OWNER_LABEL: request.owner,
                TASK_LABEL: request.task.value,
                CUBE_LABEL: request.cube.identity,
            },
            "healthcheck": {"test": ["NONE"]},
        }

    @contextlib.contextmanager
    def _container(self, image: str, **options: Any) -> Iterator[str]:
        """A container that is removed whatever happens, with its volumes; an engine that hangs is not waited for."""
        with answering_within(self.client, ANSWER_S):
            container: str = self.client.create_container(image, use_config_proxy=False, **options)["Id"]
            try:
                yield container
            except BaseException:
                with contextlib.suppress(EngineFault, APIError):  # what went wrong first is what is told
                    remove(self.client, container)
                raise
            remove(self.client, container)

    def _run_container(self, container: str, request: RunRequest) -> RunResult:
        started = time.monotonic()
        try:
            self.client.start(container)
        except APIError:
            code = self.client.inspect_container(container)["State"]["ExitCode"]
            if code not in _NOT_STARTABLE:
                raise
            return RunResult(Ending.EXITED, code, 0.0, "the entrypoint cannot be started")
        passed = OutputWatch(request.output, request.limits.output_bytes)
        ending = watch(self.client, container, started + request.limits.time_s, passed)
        state = self.client.inspect_container(container)["State"]
        log = tail(self.client.logs(container, tail=500))
        exit_code = int(state["ExitCode"])
        if ending is Ending.EXITED and passed.is_too_large():
            ending = Ending.OUTPUT_TOO_LARGE
        elif ending is Ending.EXITED and state["OOMKilled"] and exit_code != 0:
            ending = Ending.OUT_OF_MEMORY
        return RunResult(ending, exit_code, time.monotonic() - started, log)

    def image_folder(self) -> Path:
        """Where the engine keeps images and containers."""
        with answering_within(self.client, ANSWER_S), engine_faults("tell where it keeps images"):
            return Path(self.client.info()["DockerRootDir"])

    def reap(self, owner: str) -> int:
        """Remove the containers that a killed agent left; return how many."""
        with answering_within(self.client, ANSWER_S), engine_faults("list containers"):
            left = self.client.containers(all=True, quiet=True, filters={"label": f"{OWNER_LABEL}={owner}"})
            for container in left:
                remove(self.client, container["Id"])
        return len(left)


def _image(cube: Cube) -> ImagePackage:
    if not isinstance(cube.package, ImagePackage):
        raise RuntimeUnavailable(
            "a Docker engine runs images, and this cube is packaged as source",
            "Run it where medeval runs cubes from source (bubblewrap, unshare or process).",
        )
    return cube.package


def _plain_word(text: str) -> str:
    """A version as a statement can carry it: letters, digits and `.+-` alone."""
    kept = "".join(
        character for character in text if character.isascii() and (character.isalnum() or character in ".+-")
    )
    return kept.lstrip(".+-")[:40] or "unknown"
