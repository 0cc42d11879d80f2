"""What a task may write of its output folder: all of it, one file in it, or nothing."""

import os
from dataclasses import dataclass
from pathlib import Path

from medeval.domain.package import RESULT_FILES, Task
from medeval.errors import EngineFault
from medeval.runtime.environment import OUT


@dataclass(frozen=True)
class Outlet:
    """The output folder of a run. `writable` is the folder itself, one file in it, or nothing of it."""

    folder: Path
    writable: Path | None

    def mounts(self) -> list[tuple[Path, str, bool]]:
        """Host path, where a cube sees it, and whether it may write there; in the order in which they are made."""
        whole = (self.folder, OUT, self.writable == self.folder)
        if self.writable in (None, self.folder):
            return [whole]
        return [whole, (self.writable, f"{OUT}/{self.writable.name}", True)]


def outlet_of(task: Task, folder: Path) -> Outlet:
    """The outlet of a task into an empty folder; of a task that gives one file, that file is made here, empty."""
    if task not in RESULT_FILES:
        return Outlet(folder, folder)
    name = RESULT_FILES[task]
    if name is None:
        return Outlet(folder, None)
    try:
        os.close(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError as exc:
        raise EngineFault("the output folder of a run is not empty", "Repeat it; nothing is lost.") from exc
    return Outlet(folder, folder / name)
