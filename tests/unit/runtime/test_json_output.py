"""JSON of cubes is parsed by a process that can do nothing else; whatever becomes of it, the document is refused."""

import json
import os
from pathlib import Path

import pytest

from medeval.errors import OutputTooLarge, ResultRefused, RunFailed, WroteNothing
from medeval.runtime import json_output, json_reader
from medeval.runtime.json_output import read_json
from medeval.runtime.staging import NOBODY

MOST_BYTES = 2 * 2**20
#: What stands in for the reader when it is taken over: it sets its limits as always, and then does this.
TAKEN_OVER = """
import json, os, resource, sys, time
from pathlib import Path
sys.path.insert(0, {folder!r})
import json_reader
plan = json.loads(sys.argv[1])
import socket
json_reader.give_up_rights(plan["user"], plan["limits"])
{acts}
"""
SEES = """
def tried(action):
    try:
        action()
    except (OSError, MemoryError) as exc:
        return type(exc).__name__
    return "worked"
print(json.dumps({
    "reads": tried(lambda: os.open("/etc/hostname", os.O_RDONLY)),
    "writes": tried(lambda: os.open("/tmp/new", os.O_WRONLY | os.O_CREAT)),
    "connects": tried(lambda: socket.socket()),
    "forks": tried(lambda: os.fork() or os._exit(0)),
    "memory": tried(lambda: bytes(512 * 2**20)),
    "environment": dict(os.environ), "arguments": sorted(plan), "uid": os.getuid(), "groups": os.getgroups(),
}), end="")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "result.json"


@pytest.fixture
def taken_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def take(acts: str) -> None:
        folder = str(Path(json_reader.__file__).parent)
        (tmp_path / "reader.py").write_text(TAKEN_OVER.format(folder=folder, acts=acts))
        monkeypatch.setattr(json_output, "_READER", str(tmp_path / "reader.py"))

    return take


def test_a_document_comes_back_in_one_form(file):
    file.write_text('{ "b": [1, 2.50, -0.0, "\u00e9"],\n "a": {"z": null, "y": true} }')
    assert read_json(file, MOST_BYTES) == b'{"a":{"y":true,"z":null},"b":[1,2.5,-0.0,"\\u00e9"]}'


def test_the_largest_honest_documents_are_read(file):
    numbers = [number / 3 for number in range(120_000)]
    file.write_text(json.dumps(numbers))
    assert file.stat().st_size > MOST_BYTES * 0.8
    assert json.loads(read_json(file, MOST_BYTES)) == numbers


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b'{"a": 1, "a": 2}', "a key stands twice"),
        (b"[NaN]", "NaN is not a number"),
        (b"[" * MOST_BYTES, "nested deeper"),
        (b"[" + b"[]," * 200_000 + b"[]]", "more than 200000 items"),
        (b"9" * 1_000_000, "more than 32 characters"),
        (b"{} {}", "Extra data"),
        (b"\xff\xfe", "not UTF-8"),
        (b"%YAML 1.2\n---\na: &a [x]\nb: [*a, *a]\n", "at character 0"),
    ],
)
def test_what_is_not_strict_json_is_refused_by_its_rule(file, text, rule):
    file.write_bytes(text)
    with pytest.raises(ResultRefused, match=rule) as refused:
        read_json(file, MOST_BYTES, refuse=ResultRefused)
    assert refused.value.hint


@pytest.mark.parametrize("kind", ["nothing", "empty", "large", "link", "second name", "pipe", "folder"])
def test_only_a_plain_file_of_one_name_is_opened(file, tmp_path, kind):
    other = tmp_path / "other"
    other.write_text("{}")
    refusal: type[Exception] = RunFailed
    match kind:
        case "nothing":
            refusal = WroteNothing
        case "empty":
            refusal = WroteNothing
            file.touch()
        case "large":
            refusal = OutputTooLarge
            file.write_bytes(b" " * (MOST_BYTES + 1))
        case "link":
            file.symlink_to(other)
        case "second name":
            file.hardlink_to(other)
        case "pipe":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
    with pytest.raises(refusal):
        read_json(file, MOST_BYTES)


def test_the_reader_can_open_write_reach_and_start_nothing(file, taken_over):
    taken_over(SEES)
    file.write_text("{}")
    seen = json.loads(read_json(file, MOST_BYTES))
    assert {seen[name] for name in ("reads", "writes", "connects")} == {"OSError"}
    assert seen["memory"] == "MemoryError"
    assert seen["environment"].keys() <= {"LC_CTYPE"}
    assert seen["forks"] == "BlockingIOError"
    if os.geteuid() == 0:
        assert (seen["uid"], seen["groups"]) == (NOBODY, [])


@pytest.mark.parametrize(
    "acts",
    [
        "os.abort()",
        "os.kill(os.getpid(), 9)",
        "[0] * 2**40",
        "os.close(1); time.sleep(600)",
        "time.sleep(600)",
        "while True: os.write(1, bytes(65536))",
        "sys.exit(1)",
    ],
    ids=["crashes", "is killed", "takes memory", "closes and stays", "sleeps", "writes on and on", "gives up"],
)
def test_whatever_becomes_of_the_reader_the_document_is_refused(file, taken_over, monkeypatch, acts):
    monkeypatch.setattr(json_output, "_PATIENCE_S", 1.0)
    taken_over(acts)
    file.write_text("{}")
    with pytest.raises(ResultRefused, match="within the limits"):
        read_json(file, MOST_BYTES, refuse=ResultRefused)


def test_time_of_the_cpu_is_bounded(file, taken_over, monkeypatch):
    monkeypatch.setitem(json_output._LIMITS, "RLIMIT_CPU", 1)
    taken_over("while True: pass")
    file.write_text("{}")
    with pytest.raises(RunFailed, match="within the limits"):
        read_json(file, MOST_BYTES)


def test_what_a_reader_says_that_is_no_rule_is_not_repeated(file, taken_over):
    taken_over("print('patient 7 </script>\\x1b[2J', end=''); sys.exit(json_reader.REFUSED)")
    file.write_text("{}")
    with pytest.raises(RunFailed, match="within the limits") as refused:
        read_json(file, MOST_BYTES)
    assert "patient" not in refused.value.message
