"""The filter's program, interpreted here instruction by instruction, and the engine's profile beside it."""

import errno
import json
import struct

import pytest

from medeval.errors import RuntimeUnavailable
from medeval.runtime import seccomp

ALLOW, KILL = "allow", "kill"
ARCHES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}


def answer(machine, number, *arguments, arch=None):
    """What the kernel would do with a call: `allow`, `kill`, or the number of an error."""
    data = struct.pack("=IIQ6Q", number, arch or ARCHES[machine][0], 0, *(*arguments, *[0] * (6 - len(arguments))))
    lines = list(struct.iter_unpack("=HBBI", seccomp.program(machine)))
    held = at = 0
    while True:
        code, yes, no, value = lines[at]
        at += 1
        if code == 0x06:
            return {0x7FFF0000: ALLOW, 0x80000000: KILL}.get(value, value & 0xFFFF)
        if code == 0x20:
            held = struct.unpack_from("=I", data, value)[0]
        else:
            tests = {0x15: held == value, 0x25: held > value, 0x35: held >= value, 0x45: bool(held & value)}
            at += yes if tests[code] else no


@pytest.mark.parametrize("machine", ARCHES)
def test_the_allowed_calls_are_those_of_the_table(machine):
    place = ARCHES[machine][1]
    looked_at = set(seccomp._MACHINES[machine][2].values())
    wanted = {numbers[place] for numbers in seccomp.allowed().values()} - {None}
    found = {number for number in range(600) if answer(machine, number) == ALLOW} - looked_at
    assert found == wanted
    assert not wanted & looked_at
    refused = set(range(600)) - wanted - looked_at
    assert {answer(machine, number) for number in refused} == {errno.EPERM}


@pytest.mark.parametrize("machine", ARCHES)
def test_calls_allowed_by_their_arguments(machine):
    numbers = seccomp._MACHINES[machine][2]

    def does(name, *arguments):
        return answer(machine, numbers[name], *arguments)

    assert {family for family in range(64) if does("socket", family, 1, 0) == ALLOW} == {1, 2, 10, 16}
    assert {kind for kind in range(64) if does("socket", 16, 3, kind) == ALLOW} == {0}
    assert {family for family in range(64) if does("socketpair", family) == ALLOW} == {1}
    assert does("clone", 0x3D0F00) == ALLOW, "a thread of a C library"
    for bit in (17, 25, 26, 27, 28, 29, 30):
        assert does("clone", 1 << bit | 17) == errno.EPERM
    assert (does("personality", 0), does("personality", 0xFFFFFFFF)) == (ALLOW, ALLOW)
    assert does("personality", 8) == errno.EPERM
    assert does("clone3") == errno.ENOSYS


def test_calls_of_another_machine():
    """32-bit calls have other numbers; those of x32 have a bit set that no allowed number has."""
    assert answer("x86_64", 1, arch=0x40000003) == KILL
    assert answer("x86_64", 0x40000000 | 1) == errno.EPERM
    with pytest.raises(RuntimeUnavailable, match="riscv64"):
        seccomp.program("riscv64")


def test_the_profile_allows_the_same_calls():
    profile = json.loads(seccomp.profile())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    free = [rule for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" and not rule["args"]]
    assert [set(rule["names"]) for rule in free] == [set(seccomp.allowed())]
    by_argument = {name for rule in profile["syscalls"] if rule not in free for name in rule["names"]}
    assert by_argument == set(seccomp._MACHINES["x86_64"][2])
    assert not by_argument & set(seccomp.allowed())


@pytest.mark.parametrize(
    "name", ["io_uring_setup", "keyctl", "userfaultfd", "bpf", "ptrace", "unshare", "setns", "mount"]
)
def test_what_is_left_out(name):
    assert name not in seccomp.allowed()
