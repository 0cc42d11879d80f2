"""What a cube sees of its surroundings, and what is kept of its words, the same in every runtime."""

import math
import re

from medeval.domain.package import Limits, Task

IN = "/in"
OUT = "/out"
CUBE = "/cube"

#: How much of what a cube printed is kept.
LOG_TAIL_BYTES = 8 * 1024
#: Files that one process of a cube may hold open.
MOST_FILES = 4096
#: Control sequences of terminals (ECMA-48, 5.4): colours, and moves of the cursor.
_CONTROL_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def arguments(task: Task, input_folder: str = IN, output_folder: str = OUT) -> list[str]:
    """What follows the entrypoint on a cube's command line."""
    return [task.value, "--input", input_folder, "--output", output_folder]


def variables(limits: Limits) -> dict[str, str]:
    """The environment of a cube: a home that exists, and as many threads as it has CPUs.

    joblib would open semaphores under /dev/shm that a sealed run does not give; it then warns, unless told.
    """
    threads = str(max(1, int(limits.cpus)))
    pools = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {
        "HOME": "/tmp",  # noqa: S108 the sandbox's own
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "JOBLIB_MULTIPROCESSING": "0",
        **dict.fromkeys(pools, threads),
    }


def most_cpu_s(limits: Limits) -> int:
    """Seconds of CPU time that no process of a cube can need before its time is up."""
    return math.ceil(limits.time_s * limits.cpus) + 60


def tail(log: bytes) -> str:
    """The last of what was printed, as plain text.

    Nothing in it moves a cursor, recolours a terminal or turns the direction of reading: such a character becomes `?`.
    """
    text = _CONTROL_SEQUENCE.sub("", log[-LOG_TAIL_BYTES:].decode("utf-8", "replace"))
    return "\n".join("".join(map(_plain, line)) for line in text.splitlines())


def _plain(character: str) -> str:
    return character if character.isprintable() or character == "\t" else "?"
