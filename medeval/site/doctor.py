"""`medeval site doctor`: what the sandbox of this site was observed to hold, under the very options that jobs get.

A cube of ours tries what no cube may do. A control counts as held only where the attempt was refused, or ended, in the
way that the control is there for; limits that an engine takes and does not keep are found here.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from medeval.domain.base import Value
from medeval.domain.controls import Control
from medeval.domain.package import RESULT_FILES, Cube, Limits, Task
from medeval.errors import EngineFault, RunFailed, RuntimeRefused
from medeval.packaging.build import build_cube
from medeval.packaging.progress import Progress
from medeval.packaging.store import BlobStore
from medeval.runtime.environment import LOG_TAIL_BYTES
from medeval.runtime.json_output import read_json
from medeval.runtime.output_files import check_plain_tree
from medeval.runtime.port import Ending, RunRequest, RunResult, Runtime

_HINT = "Run it again; if that does not help, reinstall medeval or choose another runtime."
_CUBE = Path(__file__).parent / "doctor_cube"
_MEBIBYTE = 2**20
#: Small enough to be reached in a second or two.
_LIMITS = Limits(time_s=30, memory_bytes=128 * _MEBIBYTE, output_bytes=4 * _MEBIBYTE, cpus=1, pids=40)
_DEAF_S = 2
#: Within so many seconds after its time is up a run must have ended.
_GRACE_S = 15
_MOST_REPORT_BYTES = 64 * 1024

_NETWORK = "Do not run medeval's containers with an engine whose plug-ins or defaults give them a network."
_FILTER = "Use an engine that applies the seccomp profile given with a run, on a kernel with CONFIG_SECCOMP_FILTER."
_READ_ONLY = "Use an engine that honours read-only roots and mounts."
_RIGHTS = "Use an engine that drops all capabilities and sets no-new-privileges."
_CGROUP = "Give the engine cgroups that it may use (rootless podman needs cgroup v2 with delegated controllers)."
_OUTPUT = "Keep the work folder on a local file system, and medeval up to date."
_BOUNDED = "Use an engine that honours the size and the number of files of a tmpfs."

#: What is tried, in words, and what to do where it does not hold.
CONTROLS: Mapping[Control, tuple[str, str]] = {
    Control.TCP: ("no TCP connection", _NETWORK),
    Control.UDP: ("no UDP packet, so no DNS", _NETWORK),
    Control.INTERFACES: ("no network interface but lo", _NETWORK),
    Control.VSOCK: ("no AF_VSOCK to the hypervisor", _FILTER),
    Control.RAW_SOCKET: ("no raw socket", _FILTER),
    Control.IO_URING: ("no io_uring", _FILTER),
    Control.KEYCTL: ("no kernel keyring", _FILTER),
    Control.USERFAULTFD: ("no userfaultfd", _FILTER),
    Control.BPF: ("no BPF", _FILTER),
    Control.PTRACE: ("no ptrace", _FILTER),
    Control.PERF: ("no performance counters", _FILTER),
    Control.USER_NAMESPACE: ("no user namespace of its own", _FILTER),
    Control.MOUNT: ("no mount", _FILTER),
    Control.SYSTEM_CALL_FILTER: ("a system call filter is on", _FILTER),
    Control.MKNOD: ("no device is made", _RIGHTS),
    Control.SETUID: ("it cannot become root", _RIGHTS),
    Control.CAPABILITIES: ("no capability is left", _RIGHTS),
    Control.NO_NEW_PRIVILEGES: ("none can be gained", _RIGHTS),
    Control.WRITE_ROOT: ("the root folder is read-only", _READ_ONLY),
    Control.WRITE_INPUTS: ("inputs are read-only", _READ_ONLY),
    Control.WRITE_CUBE: ("the cube is read-only", _READ_ONLY),
    Control.WRITE_KERNEL: ("kernel settings are read-only", _READ_ONLY),
    Control.ONE_FILE: ("a result is one file, and nothing beside it", _READ_ONLY),
    Control.FILL_TMP: ("temporary files are bounded in bytes", _BOUNDED),
    Control.INODES: ("temporary files are bounded in number", _BOUNDED),
    Control.FORK: ("processes are counted", _CGROUP),
    Control.MEMORY: ("memory is bounded", _CGROUP),
    Control.DISK: ("output is bounded", _OUTPUT),
    Control.SPARSE: ("a sparse output is bounded", _OUTPUT),
    Control.LOG: ("of its log a tail is kept", _OUTPUT),
    Control.TIME: ("its time ends, though it ignores SIGTERM", "Restart the engine: it does not end containers."),
    Control.LINK: ("an output that is a link is refused", _OUTPUT),
    Control.PIPE: ("an output that is a pipe is refused", _OUTPUT),
    Control.NAME: ("an output with two names is refused", _OUTPUT),
}


#: What a runtime has no means for; told, but no reason to refuse it. bwrap has no option for the files of a tmpfs: the
#: kernel then lets it have as many as half of the pages of memory (tmpfs(5), nr_inodes).
_BEYOND: Mapping[str, frozenset[Control]] = {"bubblewrap": frozenset([Control.INODES])}


class Finding(Value):
    """One control: whether it held, what was seen, and what to do where it did not."""

    control: str
    what: str
    held: bool
    observed: str
    fix: str
    required: bool = True

    @property
    def is_missing(self) -> bool:
        """Whether it does not hold, and must."""
        return self.required and not self.held


class _Seen(Value):
    """What the probe wrote of one control."""

    held: bool
    observed: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ,]{1,60}$")]


class _Report(Value):
    """What the probe wrote."""

    seen: dict[Control, _Seen]


@dataclass(frozen=True)
class _Bench:
    """The cube of ours, installed, and where its runs may write."""

    runtime: Runtime
    cube: Cube
    place: Path
    owner: str

    def run(self, do: str, limits: Limits = _LIMITS, task: Task = Task.INFER) -> tuple[RunResult, Path]:
        """Run one attempt in folders of its own; returns how it ended, and its output folder."""
        folder = self.place / do
        (folder / "cases").mkdir(parents=True)
        (folder / "cases" / "cases.csv").write_text("case_id\na\n")
        (folder / "parameters.json").write_text(json.dumps({"do": do}))
        (folder / "out").mkdir()
        inputs = {"cases": folder / "cases", "parameters.json": folder / "parameters.json"}
        request = RunRequest(self.cube, task, inputs, folder / "out", limits, self.owner)
        return self.runtime.run(request), folder / "out"

    def report(self, do: str, task: Task = Task.INFER) -> dict[Control, _Seen]:
        """What an attempt wrote itself, which is trusted no more than a model; raises `EngineFault` or `RunFailed`."""
        result, output = self.run(do, task=task)
        if result.exit_code:
            raise EngineFault(f"the doctor's own program ended with exit code {result.exit_code}", _HINT)
        data = read_json(output / (RESULT_FILES.get(task) or "report.json"), _MOST_REPORT_BYTES)
        return _Report.from_json(data, refuse=RunFailed).seen


def examine(runtime: Runtime, store: BlobStore, place: Path, owner: str, report: Progress) -> tuple[Finding, ...]:
    """Try every control in the sandbox; `place` is an empty folder, `store` keeps the cube's package.

    `owner` labels its runs; what a killed doctor of that label left is ended first.

    Raises `RuntimeRefused` for a plain process, where attempts would meet the host itself; `RuntimeUnavailable`,
    `BuildFailed` or `EngineFault` where nothing can be tried.
    """
    if not runtime.sandbox().level:
        raise RuntimeRefused(
            "a plain process seals nothing, so there is nothing to examine",
            "Start Docker or install bubblewrap, then run `medeval site init` again.",
        )
    runtime.reap(owner)
    report("doctor", "build the probe")
    cube = build_cube(_CUBE, runtime, store)
    runtime.install(cube, store)
    bench = _Bench(runtime, cube, place, owner)
    found = {control: _finding(control, False, "it was not tried") for control in CONTROLS}
    for do, look in _LOOKS.items():
        report("doctor", do)
        found.update((Control(finding.control), finding) for finding in look(bench))
        shutil.rmtree(place / do, ignore_errors=True)
    beyond = _BEYOND.get(runtime.sandbox().runtime, frozenset())
    return tuple(found[name].model_copy(update={"required": name not in beyond}) for name in CONTROLS)


def _reported(do: str, task: Task = Task.INFER) -> Callable[[_Bench], Iterator[Finding]]:
    def look(bench: _Bench) -> Iterator[Finding]:
        for control, seen in bench.report(do, task).items():
            yield _finding(control, seen.held, seen.observed)

    return look


def _memory(bench: _Bench) -> Iterator[Finding]:
    result, _ = bench.run("memory")
    yield _finding(Control.MEMORY, result.ending is Ending.OUT_OF_MEMORY, _words(result))


def _disk(bench: _Bench) -> Iterator[Finding]:
    result, _ = bench.run("disk")
    yield _finding(Control.DISK, result.ending is Ending.OUTPUT_TOO_LARGE, _words(result))


def _log(bench: _Bench) -> Iterator[Finding]:
    result, _ = bench.run("spam")
    size = len(result.log.encode())
    held = result.ending is Ending.EXITED and not result.exit_code and size <= LOG_TAIL_BYTES
    yield _finding(Control.LOG, held, f"{size} bytes kept of 32 MiB")


def _time(bench: _Bench) -> Iterator[Finding]:
    result, _ = bench.run("deaf", _LIMITS.model_copy(update={"time_s": _DEAF_S}))
    held = result.ending is Ending.TIMED_OUT and result.seconds < _DEAF_S + _GRACE_S
    yield _finding(Control.TIME, held, f"{_words(result)} after {result.seconds:.0f} s of {_DEAF_S}")


def _outputs(bench: _Bench) -> Iterator[Finding]:
    _, output = bench.run("odd")
    for control in (Control.LINK, Control.PIPE, Control.NAME):
        yield _finding(control, *_refused(output / control))


def _refused(folder: Path) -> tuple[bool, str]:
    try:
        check_plain_tree(folder)
    except RunFailed as exc:
        return True, exc.message
    return False, "it was taken" if any(folder.iterdir()) else "it was not there"


#: What is run, and how it is read.
_LOOKS: Mapping[str, Callable[[_Bench], Iterator[Finding]]] = {
    "attempts": _reported("attempts"),
    "beside": _reported("beside", Task.EVALUATE),
    "fork": _reported("fork"),
    "sparse": _reported("sparse"),
    "memory": _memory,
    "disk": _disk,
    "spam": _log,
    "deaf": _time,
    "odd": _outputs,
}


def _finding(control: Control, held: bool, observed: str) -> Finding:
    what, fix = CONTROLS[control]
    return Finding(control=control, what=what, held=held, observed=observed, fix="" if held else fix)


def _words(result: RunResult) -> str:
    return f"exit code {result.exit_code}" if result.ending is Ending.EXITED else result.ending.value
