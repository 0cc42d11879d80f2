"""The connection to the local Docker engine, and what its faults become."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import docker
import requests
from docker.constants import MINIMUM_DOCKER_API_VERSION
from docker.errors import DockerException, ImageNotFound

from medeval.errors import EngineFault, RuntimeUnavailable

#: Loading or saving an image of gigabytes is silent for minutes.
_PATIENCE_S = 900
_USUAL_ENGINE = "unix:///var/run/docker.sock"
HINT = "See whether the Docker engine is well (`docker info`), then repeat: nothing is lost."


def connect(timeout_s: float = _PATIENCE_S) -> docker.APIClient:
    """A connection to the engine that the Docker tools of this machine use; raises `RuntimeUnavailable`."""
    try:
        options = docker.utils.kwargs_from_env()
        _check_socket(options.get("base_url", _USUAL_ENGINE))
        # Asked without a version first: the SDK's own way leaves a socket open when nobody answers.
        with contextlib.closing(docker.APIClient(**options, version=MINIMUM_DOCKER_API_VERSION)) as asking:
            version = asking.version(api_version=False)["ApiVersion"]
        return docker.APIClient(**options, version=version, timeout=timeout_s)
    except (DockerException, requests.RequestException) as exc:
        raise RuntimeUnavailable("no Docker engine answers", "Start Docker, or choose another runtime.") from exc


def _check_socket(engine: str) -> None:
    if engine.startswith("unix://") and not Path(engine.removeprefix("unix://")).exists():
        raise RuntimeUnavailable("no Docker engine answers", "Start Docker, or choose another runtime.")


@contextlib.contextmanager
def engine_faults(doing: str) -> Iterator[None]:
    """Turn what the engine or the connection to it raises into `EngineFault`; a missing image stays what it is."""
    try:
        yield
    except ImageNotFound:
        raise
    except (DockerException, requests.RequestException) as exc:
        raise EngineFault(f"the container engine failed to {doing}", HINT) from exc
