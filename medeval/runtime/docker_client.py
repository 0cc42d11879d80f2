"""The connection to the local Docker engine, and what its faults become."""

import contextlib
from collections.abc import Iterator

import docker
import requests
from docker.errors import DockerException, ImageNotFound

from medeval.errors import EngineFault, RuntimeUnavailable

#: Loading or saving an image of gigabytes is silent for minutes.
_PATIENCE_S = 900
HINT = "See whether the Docker engine is well (`docker info`), then repeat: nothing is lost."


def connect(timeout_s: float = _PATIENCE_S) -> docker.APIClient:
    """A connection to the engine that the Docker tools of this machine use; raises `RuntimeUnavailable`."""
    try:
        return docker.APIClient(**docker.utils.kwargs_from_env(), version="auto", timeout=timeout_s)
    except DockerException as exc:
        raise RuntimeUnavailable("no Docker engine answers", "Start Docker, or choose another runtime.") from exc


@contextlib.contextmanager
def engine_faults(doing: str) -> Iterator[None]:
    """Turn what the engine or the connection to it raises into `EngineFault`; a missing image stays what it is."""
    try:
        yield
    except ImageNotFound:
        raise
    except (DockerException, requests.RequestException) as exc:
        raise EngineFault(f"the container engine failed to {doing}", HINT) from exc
