"""One agent per site folder at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medeval.errors import SiteBusy


@contextmanager
def hold(root: Path) -> Iterator[None]:
    """Hold the site's lock; raises `SiteBusy`. The kernel drops the lock with the process, however it ends."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (root / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            hint = "Wait for it to end, or stop it."
            raise SiteBusy("another medeval process works in this site's folder", hint) from exc
        yield
