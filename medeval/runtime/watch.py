"""Watch a sandbox from outside: its end, its time, its memory, its output, and the tail of what it prints."""

import os
import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from medeval.domain.package import Limits
from medeval.runtime.environment import LOG_TAIL_BYTES
from medeval.runtime.launch import children_of
from medeval.runtime.output_files import size_bytes
from medeval.runtime.port import Ending

_TICK_S = 0.025
_OUTPUT_TICK_S = 0.5
_PIPE_BYTES = 65536


@dataclass
class Watch:
    """One run under observation, from the process that the agent started down to all that came of it."""

    pid: int
    log: IO[bytes]
    output: Path
    limits: Limits
    tail: bytes = b""
    _deadline: float = field(init=False)
    _next_output_look: float = field(init=False)

    def __post_init__(self) -> None:
        self._deadline = time.monotonic() + self.limits.time_s
        self._next_output_look = time.monotonic() + _OUTPUT_TICK_S
        os.set_blocking(self.log.fileno(), False)

    def until_end(self) -> Ending:
        """Wait until the process ends or passes a limit; ending it is then the caller's."""
        with selectors.DefaultSelector() as selector, _pidfd(self.pid) as ended:
            selector.register(ended, selectors.EVENT_READ)
            selector.register(self.log, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select(_TICK_S)}
                if self.log.fileno() in ready and self._take() == b"":
                    selector.unregister(self.log)
                if ended in ready:
                    return Ending.EXITED
                passed = self._passed_limit()
                if passed is not None:
                    return passed

    def drain(self) -> None:
        """Take what is left of the log once the sandbox has ended."""
        while self._take():
            continue

    def _take(self) -> bytes | None:
        """What was printed meanwhile: None when nothing was, nothing at all at the end of the log."""
        try:
            printed = os.read(self.log.fileno(), _PIPE_BYTES)
        except BlockingIOError:
            return None
        self.tail = (self.tail + printed)[-LOG_TAIL_BYTES:]
        return printed

    def _passed_limit(self) -> Ending | None:
        now = time.monotonic()
        if now >= self._deadline:
            return Ending.TIMED_OUT
        if memory_bytes(self.pid, self.limits.memory_bytes) > self.limits.memory_bytes:
            return Ending.OUT_OF_MEMORY
        if now >= self._next_output_look:
            self._next_output_look = now + _OUTPUT_TICK_S
            if size_bytes(self.output) > self.limits.output_bytes:
                return Ending.OUTPUT_TOO_LARGE
        return None


def memory_bytes(pid: int, interesting_bytes: int) -> int:
    """Memory that a process and its descendants hold of their own, in bytes.

    Pages that a fork shares are counted once for each process, which is quick; only when that sum passes
    `interesting_bytes` is each page divided among those who share it, which is slow and exact.
    """
    pids = list(_tree(pid))
    quick = sum(_sum_of_fields(Path(f"/proc/{one}/status"), ("RssAnon:", "RssShmem:")) for one in pids)
    if quick <= interesting_bytes:
        return quick
    exact = (_sum_of_fields(Path(f"/proc/{one}/smaps_rollup"), ("Pss_Anon:", "Pss_Shmem:")) for one in pids)
    # A kernel that shows no shares to this process: the quick sum has to do.
    return sum(exact) or quick


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for child in children_of(pid):
        yield from _tree(child)


def _sum_of_fields(file: Path, names: tuple[str, ...]) -> int:
    """The sum of lines such as `RssAnon:   120 kB`, in bytes; 0 for a process that is gone."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(names))


@contextmanager
def _pidfd(pid: int) -> Iterator[int]:
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
