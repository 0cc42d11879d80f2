"""Remove a tree that a cube may have made hard to remove: nested deeper than Python follows, or closed to its owner."""

import shutil
from pathlib import Path

from medeval.errors import SiteStateError
from medeval.runtime.program import run_program

_PATIENCE_S = 600


def remove_tree(folder: Path) -> None:
    """Remove `folder` with all that is in it, if it is there; raises `SiteStateError` when that cannot be done."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except (OSError, RecursionError):
        # The system's own tools neither recurse nor stop at long paths.
        run_program(["chmod", "-R", "u+rwX", "--", str(folder)], timeout_s=_PATIENCE_S)
        run_program(["rm", "-rf", "--", str(folder)], timeout_s=_PATIENCE_S)
    if folder.exists():
        raise SiteStateError("a working folder of the site cannot be removed", "Remove the folder `work` by hand.")
