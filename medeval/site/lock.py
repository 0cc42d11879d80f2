"""Locks of a site's folder: `agent` for what runs containers, `review` for what people decide meanwhile.

A round of an agent can take hours; the data owner can release or withhold results in the meantime. What only reads
takes no lock, since every file is written whole; but for the ledger, to which lines are added under a lock of its own,
for a moment each.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from medeval.errors import SiteBusy

Work: TypeAlias = Literal["agent", "review", "ledger"]


@contextmanager
def hold(root: Path, work: Work) -> Iterator[None]:
    """Hold one lock; raises `SiteBusy`, but waits for that of the ledger. The kernel drops it with the process."""
    without_waiting = 0 if work == "ledger" else fcntl.LOCK_NB
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (root / f"{work}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | without_waiting)
        except BlockingIOError as exc:
            hint = "Wait for it to end, or stop it."
            raise SiteBusy("another medeval process does this kind of work in this site's folder", hint) from exc
        yield
