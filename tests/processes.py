"""`medeval` as real processes: commands in homes of their own, and a results server."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEDEVAL = [sys.executable, "-m", "medeval.cli"]


def run_medeval(home: Path, *words: str | Path, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; look at `returncode`, `stdout` and `stderr`."""
    command = [*MEDEVAL, "--home", str(home), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)


@contextmanager
def serving(data_dir: Path, *options: str, port: int = 0) -> Iterator[str]:
    """A results server in a process of its own; gives its address, and stops it as an operator would."""
    command = [*MEDEVAL, "server", "start", "--data-dir", str(data_dir), "--port", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("Results server on http"), line
            yield line.split()[3].rstrip(",")
        finally:
            process.terminate()
            process.wait(timeout=30)
