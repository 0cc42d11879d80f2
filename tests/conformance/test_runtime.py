"""One suite for every runtime: what the port's docstrings promise, seen from inside a cube and from the host."""

import json
import os
import platform
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from medeval.domain.package import RESULT_FILES, Cube, ImagePackage, Limits, SourcePackage, Task
from medeval.errors import (
    DigestMismatch,
    EngineFault,
    ImageInvalid,
    NotFound,
    RuntimeUnavailable,
    UsageError,
    WroteNothing,
)
from medeval.packaging.build import build_cube
from medeval.packaging.store import BlobStore
from medeval.runtime.choose import runtime_by_name
from medeval.runtime.environment import MOST_FILES
from medeval.runtime.json_output import read_json
from medeval.runtime.port import Ending
from medeval.runtime.staging import NOBODY
from tests.conformance.conftest import DOCKER, LIMITS, OWNER, SEALED, new_probe_cube

MEBIBYTE = 1024**2

sealed = pytest.mark.parametrize("rig", SEALED, indirect=True, scope="module")
docker_alone = pytest.mark.parametrize("rig", [DOCKER], indirect=True, scope="module")


class NoBlobs:
    """A source of blobs that must not be asked."""

    def path(self, blob):
        pytest.fail("a blob was asked for")


def processes_with(mark: str) -> list[int]:
    """Processes of this machine whose command line holds a mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in command.split(b"\0"):
            found.append(int(folder.name))
    return found


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


# --- what a task gets and gives ---------------------------------------------------------------------------------


def test_it_works_here(rig):
    probe = rig.runtime.probe()
    record = rig.runtime.sandbox()
    assert (probe.works, probe.reason, probe.name) == (True, "", rig.name)
    assert (record.runtime, record.version, record.level) == (probe.name, probe.version, probe.level)
    assert probe.level == {"docker": 2, "bubblewrap": 1, "unshare": 1, "process": 0}[rig.name]


def test_inputs_are_read_and_output_belongs_to_the_caller(rig):
    outcome = rig.run("look", writes=[], reads=[], lists=[], connect=["127.0.0.1", 9], abstract="nobody")
    assert outcome.result.ending is Ending.EXITED
    assert outcome.result.exit_code == 0
    assert outcome.report["reads_input"] == {"worked": True, "value": "case_id,age\na,1\n"}
    report = (outcome.output / "report.json").stat()
    assert (report.st_uid, report.st_gid) == (os.geteuid(), os.getegid())
    assert outcome.output.stat().st_uid == os.geteuid()


@pytest.mark.parametrize("code", [0, 1, 24, 125, 137])
def test_the_exit_code_passes_through(rig, code):
    outcome = rig.run("leave", code=code, say="said before it left")
    assert (outcome.result.ending, outcome.result.exit_code) == (Ending.EXITED, code)
    assert outcome.result.log.strip() == "said before it left"


def test_death_by_a_signal_is_an_exit_code(rig):
    result = rig.run("die").result
    assert (result.ending, result.exit_code) == (Ending.EXITED, 128 + signal.SIGKILL)


def test_only_the_tail_of_the_log_is_kept(rig):
    log = rig.run("leave", code=0, say="x" * 50_000 + "end").result.log
    assert len(log) <= 8 * 1024
    assert log.rstrip().endswith("xend")


def test_the_log_is_plain_text(rig):
    log = rig.run("leave", code=0, say="\x1b[2J\x1b[31mred\x07\u202e\r100%").result.log
    assert log == "red??\n100%"


def test_inputs_that_only_the_agent_can_read(rig):
    request = rig.request("look", writes=[], reads=[], lists=[], connect=["127.0.0.1", 9], abstract="nobody")
    make_private(request.output.parent)
    assert rig.outcome(request).report["reads_input"]["worked"]


def test_an_input_that_holds_the_output_is_refused(rig):
    request = rig.request("look")
    inputs = {**request.inputs, "data": request.output.parent}
    with pytest.raises(UsageError, match="input data"):
        rig.runtime.run(type(request)(request.cube, request.task, inputs, request.output, LIMITS, OWNER))


def test_an_entrypoint_that_cannot_be_started(rig):
    manifest = rig.cube.manifest.model_copy(update={"entrypoint": ("no-such-program",)})
    request = rig.request("look")
    cube = rig.cube.model_copy(update={"manifest": manifest})
    result = rig.runtime.run(type(request)(cube, request.task, request.inputs, request.output, LIMITS, OWNER))
    assert (result.ending, result.exit_code) == (Ending.EXITED, 127)


# --- the walls --------------------------------------------------------------------------------------------------


def test_the_input_stays_as_it_is(rig):
    request = rig.request("look", writes=[], reads=[], lists=[], connect=["127.0.0.1", 9], abstract="nobody")
    report = rig.outcome(request).report
    assert (request.inputs["cases"] / "cases.csv").read_text() == "case_id,age\na,1\n"
    assert [path.name for path in request.inputs["cases"].iterdir()] == ["cases.csv"]
    if rig.is_sealed:
        assert not report["writes_input"]["worked"]
        assert not report["changes_input"]["worked"]


@sealed
def test_nothing_but_output_and_tmp_can_be_written(rig):
    places = ["/new", "/cube/new", "/in/new", "/dev/new", "/usr/lib/new", "/etc/new", "/proc/sys/kernel/core_pattern"]
    report = rig.look(writes=places)
    assert {path for path, tried in report["writes"].items() if tried["worked"]} == set()
    assert not report["writes_cube"]["worked"]
    assert report["writes_tmp"]["worked"]


@pytest.mark.parametrize("task", [Task.STATISTICS, Task.EVALUATE, Task.COMPARE])
def test_a_result_is_one_file_written_in_place(rig, task):
    outcome = rig.run("beside", asked=task, task=task)
    assert outcome.result.exit_code == 0, outcome.result.log
    if rig.is_sealed:
        assert outcome.report == []
        (file,) = outcome.output.iterdir()
        assert file.name == RESULT_FILES[task]
        assert (file.stat().st_uid, file.stat().st_nlink) == (os.geteuid(), 1)
    assert read_json(outcome.output / RESULT_FILES[task], MEBIBYTE)


@sealed
def test_a_sanity_check_writes_nothing(rig):
    outcome = rig.run("beside", asked=Task.SANITY_CHECK, task=Task.SANITY_CHECK)
    assert (outcome.result.exit_code, list(outcome.output.iterdir())) == (0, [])


@sealed
def test_a_result_that_a_cube_does_not_write_is_an_empty_file(rig):
    request = rig.request("leave", asked=Task.EVALUATE, code=0)
    assert rig.runtime.run(request).exit_code == 0
    with pytest.raises(WroteNothing, match="empty"):
        read_json(request.output / "result.json", MEBIBYTE)


def test_the_output_folder_of_a_result_must_be_empty(rig):
    request = rig.request("leave", asked=Task.EVALUATE, code=0)
    (request.output / "result.json").write_text("of another run")
    with pytest.raises(EngineFault, match="not empty"):
        rig.runtime.run(request)


@sealed
def test_files_of_the_host_cannot_be_read(rig, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    secret.chmod(0o644)
    reads = [str(secret), "/etc/shadow", str(Path(__file__))]
    # The engine's first process in a container has nothing that the cube has not; ours holds the plan of the run.
    reads += [] if rig.name == "docker" else ["/proc/1/environ", "/proc/1/mem", "/proc/1/root/etc/hostname"]
    report = rig.look(reads=reads, lists=[str(Path.home()), str(tmp_path)])
    assert {path for path, tried in report["reads"].items() if tried["worked"]} == set()
    shown = {path: set(tried["value"]) for path, tried in report["lists"].items() if tried["worked"]}
    # Of a home that holds the interpreter the way to it may show, and nothing beside it.
    home, prefix = Path.home(), Path(sys.base_prefix)
    beside = {entry.name for entry in home.iterdir() if not prefix.is_relative_to(entry)}
    assert not shown.pop(str(home), set()) & beside
    assert not shown.pop(str(tmp_path), set())


@sealed
def test_a_link_in_the_input_does_not_lead_out(rig, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    request = rig.request(
        "look", writes=[], reads=["/in/cases/way-out"], lists=[], connect=["127.0.0.1", 9], abstract="nobody"
    )
    (request.inputs["cases"] / "way-out").symlink_to(secret)
    assert not rig.outcome(request).report["reads"]["/in/cases/way-out"]["worked"]


@sealed
def test_there_is_no_network(rig):
    name = f"medeval-{secrets.token_hex(4)}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind("\0" + name)
        abstract.listen()
        report = rig.look(connect=["127.0.0.1", server.getsockname()[1]], abstract=name)
    assert not report["connects"]["worked"]
    assert not report["connects_abstract"]["worked"]
    assert report["interfaces"] == ["lo"]


@sealed
def test_no_right_is_left(rig, as_root):
    report = rig.look()
    assert set(report["capabilities"].values()) == {"0" * 16}
    assert report["no_new_privileges"] == "1"
    if as_root:
        assert (report["uid"], report["gid"]) == (NOBODY, NOBODY)
        assert set(report["groups"]) <= {NOBODY}
    assert len(report["processes"]) <= 3
    assert report["hostname"] != socket.gethostname()


#: Of each system call, its number on x86_64 and arguments that would make it work, or fail in another way than EPERM.
FORBIDDEN = {
    "vsock": (41, 40, 1, 0),
    "packet": (41, 17, 3, 0),
    "bluetooth": (41, 31, 1, 0),
    "netlink of auditing": (41, 16, 3, 9),
    "socketpair of vsock": (53, 40, 1, 0, 0),
    "io_uring_setup": (425, 1, 0),
    "io_uring_enter": (426, -1, 0, 0, 0, 0),
    "io_uring_register": (427, -1, 0, 0, 0),
    "keyctl": (250, 0, -3, 0),
    "add_key": (248, 0, 0, 0, 0, -3),
    "request_key": (249, 0, 0, 0, -3),
    "userfaultfd": (323, 1),
    "bpf": (321, 0, 0, 0),
    "ptrace": (101, 0, 0, 0, 0),
    "process_vm_readv": (310, 1, 0, 0, 0, 0, 0),
    "perf_event_open": (298, 0, 0, -1, -1, 0),
    "unshare of users": (272, 0x10000000),
    "unshare of mounts": (272, 0x20000),
    "clone with users": (56, 0x10000000 | 17, 0, 0, 0, 0),
    "setns": (308, -1, 0),
    "mount": (165, 0, 0, 0, 0, 0),
    "open_tree": (428, -1, 0, 0),
    "fsopen": (430, 0, 0),
    "pivot_root": (155, 0, 0),
    "chroot": (161, 0),
    "open_by_handle_at": (304, -1, 0, 0),
    "kexec_load": (246, 0, 0, 0, 0),
    "init_module": (175, 0, 0, 0),
    "personality of 32 bits": (135, 8),
    "modify_ldt": (154, 0, 0, 0),
    "memfd_secret": (447, 0),
}
ANSWERED = {"getpid": (39,), "clone3": (435, 0, 0), "of tomorrow": (900,)}


@sealed
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86_64")
def test_system_calls_beyond_computing_are_refused(rig):
    found = rig.run("call", calls={**FORBIDDEN, **ANSWERED}).report
    answers = {name: found.pop(name) for name in ANSWERED}
    assert answers.pop("of tomorrow") in {"EPERM", "ENOSYS"}
    assert answers == {"getpid": "worked", "clone3": "ENOSYS"}, "a C library goes back to clone after ENOSYS"
    assert found == dict.fromkeys(FORBIDDEN, "EPERM")


@sealed
def test_no_core_is_written_and_few_files_are_open(rig):
    report = rig.look()
    assert (report["core_bytes"], report["files"]) == ([0, 0], [MOST_FILES] * 2)


def test_the_environment_of_the_agent_stays_outside(rig, monkeypatch):
    monkeypatch.setenv("MEDEVAL_SECRET", "a token")
    environment = rig.look()["environment"]
    assert "MEDEVAL_SECRET" not in environment
    assert {"HOME", "OMP_NUM_THREADS", "JOBLIB_MULTIPROCESSING"} <= set(environment)


# --- limits -----------------------------------------------------------------------------------------------------


def limits(**changes) -> Limits:
    return LIMITS.model_copy(update=changes)


@pytest.mark.parametrize("stays", [True, False])
def test_nothing_outlives_a_run(rig, stays):
    mark = secrets.token_hex(8)
    outcome = rig.run("linger", limits(time_s=2 if stays else 30), mark=mark, stay=stays)
    assert outcome.result.ending is (Ending.TIMED_OUT if stays else Ending.EXITED)
    assert outcome.report is not None or stays
    assert processes_with(mark) == []


def test_memory_of_the_cube(rig):
    result = rig.run("grow", limits(memory_bytes=64 * MEBIBYTE), mebibytes=400).result
    assert result.ending is Ending.OUT_OF_MEMORY


def test_memory_of_its_children_counts(rig):
    result = rig.run("breed", limits(memory_bytes=128 * MEBIBYTE), mebibytes=80, children=3).result
    assert result.ending is Ending.OUT_OF_MEMORY


def test_memory_below_the_limit_is_granted(rig):
    outcome = rig.run("grow", limits(memory_bytes=256 * MEBIBYTE), mebibytes=120)
    assert (outcome.result.ending, outcome.report) == (Ending.EXITED, 120)


@pytest.mark.parametrize("files", [1, 16])
def test_too_much_output(rig, files):
    result = rig.run("flood", limits(output_bytes=MEBIBYTE), bytes=8 * MEBIBYTE, files=files, stay=False).result
    assert result.ending is Ending.OUTPUT_TOO_LARGE


def test_too_much_output_ends_a_run_early(rig):
    request = rig.request("flood", limits(output_bytes=MEBIBYTE), bytes=8 * MEBIBYTE, files=16, stay=True)
    assert rig.outcome(request).result.ending is Ending.OUTPUT_TOO_LARGE


def test_time_of_the_cpu_is_limited_whoever_watches(rig):
    assert rig.look()["cpu_s"] == [LIMITS.time_s + 60] * 2


# --- install ----------------------------------------------------------------------------------------------------


def test_what_is_installed_asks_for_no_blob(rig):
    rig.runtime.install(rig.cube, NoBlobs())
    assert rig.run("leave", code=0).result.exit_code == 0


def test_a_relative_cache(rig, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runtime = runtime_by_name(rig.name, Path("cache"))
    runtime.install(rig.cube, rig.store)
    assert runtime.run(rig.request("leave", code=3)).exit_code == 3


def test_what_is_not_installed_is_not_found(rig):
    request = rig.request("look")
    cube = with_digest(rig.cube, "sha256:" + "0" * 64)
    with pytest.raises(NotFound):
        rig.runtime.run(type(request)(cube, request.task, request.inputs, request.output, LIMITS, OWNER))


def test_other_bytes_than_the_digest_says_are_refused(rig):
    class Forged:
        """A careless source: it gives the right package whatever is asked for."""

        def path(self, blob):
            package = rig.cube.package
            return rig.store.path(package.config if isinstance(package, ImagePackage) else package.archive)

    with pytest.raises((ImageInvalid, DigestMismatch)):
        rig.runtime.install(with_digest(rig.cube, "sha256:" + "1" * 64), Forged())


def with_digest(cube: Cube, digest: str) -> Cube:
    """The cube under another identity."""
    if isinstance(cube.package, ImagePackage):
        config = cube.package.config.model_copy(update={"digest": digest})
        package = cube.package.model_copy(update={"config": config})
    else:
        archive = cube.package.archive.model_copy(update={"digest": digest})
        package = cube.package.model_copy(update={"archive": archive})
    return cube.model_copy(update={"package": package})


def test_a_package_of_the_other_kind_is_refused(rig):
    blob = rig.store.add_bytes(b"")
    other = SourcePackage(archive=blob) if rig.name == "docker" else ImagePackage(config=blob, layers=(blob,))
    cube = rig.cube.model_copy(update={"package": other})
    with pytest.raises(RuntimeUnavailable):
        rig.runtime.install(cube, rig.store)


# --- a killed agent ---------------------------------------------------------------------------------------------

AGENT = """
import json, sys
from pathlib import Path
from medeval.domain.package import Cube, Limits, Task
from medeval.runtime.choose import runtime_by_name
from medeval.runtime.port import RunRequest
name, cache, cube, place, owner = sys.argv[1:]
place = Path(place)
inputs = {"cases": place / "cases", "parameters.json": place / "parameters.json"}
runtime = runtime_by_name(name, Path(cache))
request = RunRequest(Cube.from_json(Path(cube).read_bytes()), Task.INFER, inputs, place / "out", Limits(), owner)
runtime.run(request)
"""


def test_a_killed_agent_leaves_nothing_behind(rig, tmp_path, as_root):
    mark, owner = secrets.token_hex(8), f"killed-{secrets.token_hex(4)}"
    place = rig.request("linger", mark=mark, stay=True).output.parent
    (tmp_path / "cube.json").write_bytes(rig.cube.to_canonical())
    make_private(place)
    (tmp_path / "system").mkdir()
    arguments = [rig.name, str(rig.cache), str(tmp_path / "cube.json"), str(place), owner]
    environment = os.environ | {"TMPDIR": str(tmp_path / "system")}
    agent = subprocess.Popen([sys.executable, "-c", AGENT, *arguments], env=environment)
    try:
        assert eventually(lambda: len(processes_with(mark)) == 1)
        copies = set(place.iterdir()) - {place / name for name in ("cases", "parameters.json", "out")}
        assert copies or (not as_root and rig.is_sealed)
        assert {copy.stat().st_mode & 0o777 for copy in copies} <= {0o700}
    finally:
        agent.kill()
        agent.wait()
    reaped = rig.runtime.reap(owner)
    assert reaped == (1 if rig.name == "docker" else 0)
    assert eventually(lambda: processes_with(mark) == [])
    assert rig.runtime.reap(owner) == 0
    assert list((tmp_path / "system").iterdir()) == [], "what was copied lies beside the output"


def make_private(place: Path) -> None:
    """As a site keeps its data: whoever else is to read them is given a copy."""
    (place / "cases").chmod(0o700)
    (place / "cases" / "cases.csv").chmod(0o600)
    (place / "parameters.json").chmod(0o600)


# --- an agent that is not root ------------------------------------------------------------------------------------

#: Everything is imported first: the interpreter of root may be closed to others.
NOT_ROOT = """
import encodings.ascii, encodings.idna, os, sys
from pathlib import Path
import medeval.runtime.docker_engine
from medeval.domain.package import Cube, Limits, Task
from medeval.runtime.choose import runtime_by_name
from medeval.runtime.port import RunRequest
from medeval.runtime.staging import cube_user
name, cache, cube, place, uid, gid, group = sys.argv[1:]
place, cube = Path(place), Cube.from_json(Path(cube).read_bytes())
os.umask(0o077)
os.setgroups([int(group)])
os.setresgid(*[int(gid)] * 3)
os.setresuid(*[int(uid)] * 3)
assert (cube_user().uid, cube_user().gid) == (int(uid), int(gid))
inputs = {"cases": place / "cases", "parameters.json": place / "parameters.json"}
request = RunRequest(cube, Task.EVALUATE, inputs, place / "out", Limits(time_s=30), "not-root")
result = runtime_by_name(name, Path(cache)).run(request)
assert result.exit_code == 0, result
print((place / "out" / "result.json").read_text())
"""
ENGINE_SOCKET = Path("/var/run/docker.sock")


@docker_alone
@pytest.mark.skipif(os.geteuid() != 0, reason="the whole suite runs as another user than root then")
def test_a_cube_of_an_agent_that_is_not_root_runs_as_that_agent(rig, tmp_path):
    """Its files are for this user alone, and are read where they lie; what the cube writes is this user's."""
    uid, gid = 4711, 4712
    (tmp_path / "cube.json").write_bytes(rig.cube.to_canonical())
    asked = {"writes": [], "reads": [], "lists": [], "connect": ["127.0.0.1", 9], "abstract": "nobody"}
    with tempfile.TemporaryDirectory() as place:
        made = rig.request("look", **asked).output.parent
        shutil.copytree(made, place, dirs_exist_ok=True)
        make_private(Path(place))
        for path in (Path(place), *Path(place).rglob("*")):
            os.chown(path, uid, gid)
        arguments = [rig.name, str(rig.cache), str(tmp_path / "cube.json"), place]
        numbers = [uid, gid, ENGINE_SOCKET.stat().st_gid]
        agent = subprocess.run(
            [sys.executable, "-c", NOT_ROOT, *arguments, *map(str, numbers)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert agent.returncode == 0, agent.stderr
        report = json.loads(agent.stdout)["report"]
        written = Path(place, "out", "result.json").stat()
    assert (report["uid"], report["gid"], report["reads_input"]["worked"]) == (uid, gid, True)
    assert set(report["groups"]) <= {gid}, "the engine's group, which is as good as root, stays outside"
    assert set(report["capabilities"].values()) == {"0" * 16}
    assert (written.st_uid, written.st_gid, written.st_mode & 0o777) == (uid, gid, 0o600)


# --- Docker alone -----------------------------------------------------------------------------------------------


@docker_alone
def test_a_removed_image_comes_back_by_its_id_and_no_tag_moves(rig, tmp_path):
    client = rig.runtime.client
    name = f"medeval-test-{secrets.token_hex(4)}"
    client.tag("python:3.11-slim-bookworm", name, "latest")
    before = {tag: image["Id"] for image in client.images() for tag in image["RepoTags"] or ()}
    client.remove_image(rig.cube.identity, force=True)
    fresh = type(rig.runtime)()
    with pytest.raises(NotFound):
        fresh.run(rig.request("leave", code=0))
    fresh.install(rig.cube, rig.store)
    after = {tag: image["Id"] for image in client.images() for tag in image["RepoTags"] or ()}
    client.remove_image(f"{name}:latest")
    assert after == before
    assert client.inspect_image(rig.cube.identity)["RepoTags"] == []
    assert rig.run("leave", code=3).result.exit_code == 3


@docker_alone
def test_layers_other_than_the_config_names_are_refused(rig):
    package = rig.cube.package
    swapped = package.model_copy(update={"layers": package.layers[::-1]})
    with pytest.raises(ImageInvalid):
        rig.runtime.install(rig.cube.model_copy(update={"package": swapped}), rig.store)


@docker_alone
def test_a_layer_of_other_bytes_is_refused_by_the_engine(rig, tmp_path):
    """The config is true to its digest; a layer is not what its digest says."""

    class OneForged(BlobStore):
        def path(self, blob):
            path = super().path(blob)
            if blob != rig.cube.package.layers[-1]:
                return path
            data = bytearray(path.read_bytes())
            data[600] ^= 1
            (tmp_path / "layer").write_bytes(data)
            return tmp_path / "layer"

    rig.runtime.client.remove_image(rig.cube.identity, force=True)
    fresh = type(rig.runtime)()
    with pytest.raises(ImageInvalid):
        fresh.install(rig.cube, OneForged(rig.store.root))
    fresh.install(rig.cube, rig.store)


@docker_alone
def test_a_second_build_of_the_same_folder_is_the_same_image(rig, tmp_path):
    folder, said = new_probe_cube(tmp_path / "probe-cube"), []
    first = build_cube(folder, rig.runtime, rig.store)
    again = build_cube(folder, rig.runtime, rig.store, lambda _, step: said.append(step))
    rig.runtime.client.remove_image(first.identity)
    assert again == first
    assert "build 3/3" in said
    assert "save layers" not in said


@docker_alone
def test_the_base_layer_is_one_blob_for_every_cube(rig):
    base = rig.runtime.client.inspect_image("python:3.11-slim-bookworm")["RootFS"]["Layers"]
    assert [layer.digest for layer in rig.cube.package.layers[: len(base)]] == base
