"""Do what parameters.json asks (`do` and its arguments) and report it in OUT/report.json."""

import ctypes
import errno
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def attempt(action):
    try:
        return {"worked": True, "value": action()}
    except (OSError, ValueError) as exc:
        return {"worked": False, "value": type(exc).__name__}


def look(parameters, source, target):
    """What can be seen and touched from inside."""
    return {
        "reads_input": attempt((source / "cases" / "cases.csv").read_text),
        "writes_input": attempt(lambda: (source / "cases" / "new").write_text("x")),
        "changes_input": attempt(lambda: (source / "cases" / "cases.csv").write_text("x")),
        "writes": {path: attempt(lambda path=path: Path(path).write_text("x")) for path in parameters["writes"]},
        "writes_cube": attempt(lambda: Path(__file__).with_name("new").write_text("x")),
        "writes_tmp": attempt(lambda: Path(tempfile.gettempdir(), "new").write_text("x")),
        "reads": {path: attempt(lambda path=path: len(Path(path).read_bytes())) for path in parameters["reads"]},
        "lists": {
            path: attempt(lambda path=path: [entry.name for entry in Path(path).iterdir()])
            for path in parameters["lists"]
        },
        "connects": attempt(lambda: socket.create_connection(tuple(parameters["connect"]), 2).close()),
        "connects_abstract": attempt(lambda: connect_abstract(parameters["abstract"])),
        "environment": sorted(os.environ),
        "uid": os.getuid(),
        "gid": os.getgid(),
        "groups": os.getgroups(),
        "capabilities": capabilities(),
        "no_new_privileges": status("NoNewPrivs"),
        "processes": [int(entry.name) for entry in Path("/proc").glob("[0-9]*")],
        "interfaces": [name for _, name in socket.if_nameindex()],
        "cpu_s": resource.getrlimit(resource.RLIMIT_CPU),
        "core_bytes": resource.getrlimit(resource.RLIMIT_CORE),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE),
        "hostname": socket.gethostname(),
    }


def connect_abstract(name):
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect("\0" + name)


def status(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(field + ":"))


def capabilities():
    return {field: status(field) for field in ("CapEff", "CapPrm", "CapBnd", "CapAmb")}


def call(parameters, source, target):
    """Make system calls by number; each report is the error's name, or `worked`."""
    libc = ctypes.CDLL(None, use_errno=True)
    return {
        name: errno.errorcode[ctypes.get_errno()] if libc.syscall(*map(ctypes.c_long, numbers)) < 0 else "worked"
        for name, numbers in parameters["calls"].items()
    }


def leave(parameters, source, target):
    """Exit with a code."""
    sys.stdout.write(parameters.get("say", "") + "\n")
    sys.exit(parameters["code"])


def die(parameters, source, target):
    os.kill(os.getpid(), signal.SIGKILL)


def grow(parameters, source, target):
    """Take memory, a little at a time."""
    return len([b"x" * 1024 * 1024 for _ in range(parameters["mebibytes"])])


def breed(parameters, source, target):
    """Let children take the memory."""
    code = f"held = [b'x' * 2**20 for _ in range({parameters['mebibytes']})]; import time; time.sleep(60)"
    for _ in range(parameters["children"]):
        subprocess.Popen([sys.executable, "-c", code])
    _, status = os.wait()
    sys.exit(9 if status else 0)


def linger(parameters, source, target):
    """Start a child in a session of its own that outlives everything, then stay, or go at once."""
    child = [sys.executable, "-c", "import time; time.sleep(600)", parameters["mark"]]
    subprocess.Popen(child, start_new_session=True)
    (target / "report.json").write_text("{}")
    if parameters["stay"]:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    return {}


def flood(parameters, source, target):
    """Write too much, into one file or many."""
    size, files = parameters["bytes"], parameters["files"]
    for number in range(files):
        with (target / f"part-{number}").open("wb") as file:
            for _ in range(size // files // 65536 + 1):
                file.write(bytes(65536))
    if parameters["stay"]:
        time.sleep(600)


def link(parameters, source, target):
    """Write a link where a file is expected."""
    (target / "predictions.csv").symlink_to(parameters["to"])


def beside(parameters, source, target):
    """Try to write anything but the one file that a task gives."""
    own = target / RESULTS.get(parameters["task"], "nothing.json")
    tries = {
        "another file": lambda: (target / "more.json").write_text("x"),
        "a folder": (target / "folder").mkdir,
        "a link": lambda: (target / "link").symlink_to("/etc/passwd"),
        "a pipe": lambda: os.mkfifo(target / "pipe"),
        "a file moved here": lambda: moved(target),
        "the file gone": own.unlink,
        "the file renamed": lambda: own.rename(target / "renamed.json"),
        "a second name": lambda: os.link(own, target / "second.json"),
        "a second name in /tmp": lambda: os.link(own, Path(tempfile.gettempdir(), "second.json")),
    }
    return sorted(name for name, action in tries.items() if attempt(action)["worked"])


def moved(target):
    other = Path(tempfile.gettempdir(), "other")
    other.write_text("x")
    other.rename(target / "other")


#: The one file of a task that gives one.
RESULTS = {"statistics": "statistics.json", "evaluate": "result.json", "compare": "comparison.json"}
ACTIONS = {action.__name__: action for action in (look, call, leave, die, grow, breed, linger, flood, link, beside)}


def main(arguments):
    task, _, source, _, target = arguments
    parameters = json.loads(Path(source, "parameters.json").read_text())
    report = ACTIONS[parameters["do"]](parameters, Path(source), Path(target))
    if task == "sanity_check":
        sys.exit(9 if report else 0)
    Path(target, RESULTS.get(task, "report.json")).write_text(json.dumps({"task": task, "report": report}))


main(sys.argv[1:])
