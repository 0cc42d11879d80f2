"""Where surface distances are computed: by numpy, or through torch where a GPU is at hand."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from medeval.errors import MissingExtra
from medeval.metrics import surfaces
from medeval.metrics.surface_elements import Mask, Reals
from medeval.metrics.surfaces import Spacing

#: From each voxel of the first mask the distance to the nearest of the second (`surfaces.nearest`).
Nearest: TypeAlias = Callable[[Mask, Mask, Spacing], Reals]

AUTO, NUMPY = "auto", "numpy"
#: What the drivers of NVIDIA (on Linux, on WSL) and of AMD put there. Torch takes seconds to load: not without these.
_GPU_FILES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")


@dataclass(frozen=True)
class VolumeSettings:
    """`device`: `auto` (a GPU if torch finds one, else numpy), `numpy`, or what torch calls it: `cpu`, `cuda:1`."""

    device: str = AUTO


def nearest_on(settings: VolumeSettings) -> Nearest:
    """The search for the nearest voxel; torch is loaded only here. Raises `MissingExtra` for a device without torch."""
    if settings.device == NUMPY:
        return surfaces.nearest
    if settings.device != AUTO:
        return _through_torch(_load(), settings.device)
    if not any(Path(file).exists() for file in _GPU_FILES):
        return surfaces.nearest
    try:
        found = _load()
    except MissingExtra:
        return surfaces.nearest
    return _through_torch(found, "cuda") if found.torch.cuda.is_available() else surfaces.nearest


def _load() -> Any:
    try:
        return import_module("medeval.metrics.volumes_torch")
    except ImportError as exc:
        raise MissingExtra("torch is not installed", "Install medeval[torch], or use the device numpy.") from exc


def _through_torch(module: Any, device: str) -> Nearest:
    found: Nearest = partial(module.nearest, device=device)
    return found
