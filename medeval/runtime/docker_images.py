"""Images of a Docker engine: found, loaded, built and saved by ID; no tag is ever set, moved or read."""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound

from medeval.domain.package import ImagePackage
from medeval.errors import BuildFailed, ImageInvalid
from medeval.runtime.docker_client import engine_faults
from medeval.runtime.image_archive import archive_chunks, is_same_image, known_ids, read_config
from medeval.runtime.port import BlobSource

_SAVE_CHUNK_BYTES = 2 * 1024 * 1024
_MOST_ERROR_LINES = 12


class DockerImages:
    """The images of one engine. Which ID holds which package is remembered, since an ID never changes its image."""

    def __init__(self, client: docker.APIClient) -> None:
        self._client = client
        self._ids: dict[ImagePackage, str] = {}

    def find(self, package: ImagePackage) -> str | None:
        """The ID under which the engine holds a package, or None."""
        if package not in self._ids:
            found = self._find_same(package, None, known_ids(package))
            if found is None:
                return None
            self._ids[package] = found
        return self._ids[package]

    def load(self, package: ImagePackage, blobs: BlobSource) -> None:
        """Bring a package into the engine; raises `ImageInvalid` when what arrives there is not the package."""
        config = read_config(package, blobs)
        with engine_faults("load an image"):
            reported = self._load(package, blobs)
        engine_id = self._find_same(package, config, (*known_ids(package), *reported))
        if engine_id is None:
            raise ImageInvalid("the engine made another image of the package", "Build and submit the cube again.")
        self._ids[package] = engine_id

    def build(self, context: Iterator[bytes], dockerfile: str, told: Callable[[str], None]) -> str:
        """Build a tar of a folder, without network, into an image without a name; returns the engine's ID."""
        with engine_faults("build an image"), _dockerfile_faults():
            lines = self._client.build(
                # The engine takes any stream of a tar; the SDK asks for a file and passes it on.
                fileobj=context,
                custom_context=True,
                dockerfile=dockerfile,
                network_mode="none",
                rm=True,
                forcerm=True,
                pull=False,
                decode=True,
            )
            return _built_id(lines, told)

    def save(self, engine_id: str) -> Iterator[bytes]:
        """The archive that the engine makes of an image (`docker save`), a piece at a time."""
        with engine_faults("save an image"):
            yield from self._client.get_image(engine_id, chunk_size=_SAVE_CHUNK_BYTES)

    def _find_same(
        self, package: ImagePackage, config: dict[str, Any] | None, candidates: tuple[str, ...]
    ) -> str | None:
        for candidate in candidates:
            with engine_faults("inspect an image"), contextlib.suppress(ImageNotFound):
                if is_same_image(package, config, self._client.inspect_image(candidate)):
                    return candidate
        return None

    def _load(self, package: ImagePackage, blobs: BlobSource) -> list[str]:
        """Load the archive; returns the IDs that the engine reports."""
        lines = list(self._client.load_image(archive_chunks(package, blobs), quiet=True))
        if any("error" in line for line in lines):
            raise ImageInvalid("the engine refused the image", "Build and submit the cube again.")
        text = "".join(line.get("stream", "") for line in lines)
        return [word for word in text.split() if word.startswith("sha256:")]


@contextlib.contextmanager
def _dockerfile_faults() -> Iterator[None]:
    """An engine that refuses a build outright says what is wrong with the Dockerfile."""
    try:
        yield
    except APIError as exc:
        if not exc.is_client_error():
            raise
        raise BuildFailed(f"the image could not be built:\n{exc.explanation}", "Correct the Dockerfile.") from exc


def _built_id(lines: Iterator[dict[str, Any]], told: Callable[[str], None]) -> str:
    printed: list[str] = []
    engine_id = ""
    for line in lines:
        if text := str(line.get("stream", "")).strip():
            printed.append(text)
            told(text)
        if "error" in line:
            log = "\n".join([*printed[-_MOST_ERROR_LINES:], str(line["error"]).strip()])
            raise BuildFailed(f"the image could not be built:\n{log}", "Correct the Dockerfile or the requirements.")
        engine_id = line.get("aux", {}).get("ID", engine_id)
    if not engine_id:
        raise BuildFailed(f"the engine named no image: {json.dumps(printed[-1:])}", "Build it once more.")
    return engine_id
