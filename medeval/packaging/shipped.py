"""The cubes and benchmarks that come with medeval: inside an installed wheel, beside the package in a checkout."""

from pathlib import Path

import medeval
from medeval.errors import NotFound


def shipped(kind: str, name: str) -> Path:
    """The folder of a cube (`mlcubes`) or a benchmark (`benchmarks`) that comes with medeval; raises `NotFound`."""
    package = Path(medeval.__file__).parent
    for root in (package / "shipped", package.parent):
        if (root / kind / name).is_dir():
            return root / kind / name
    raise NotFound(f"{name} does not come with this installation", "Install medeval from its wheel or a checkout.")
