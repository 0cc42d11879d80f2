"""What a cube sees of its surroundings, the same in every runtime: folders, command line, environment."""

from medeval.domain.package import Limits, Task

IN = "/in"
OUT = "/out"
CUBE = "/cube"

#: How much of what a cube printed is kept.
LOG_TAIL_BYTES = 8 * 1024


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


def tail(log: bytes) -> str:
    """The last of what was printed, as text."""
    return log[-LOG_TAIL_BYTES:].decode("utf-8", "replace")
