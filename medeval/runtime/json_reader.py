"""Reads one JSON file that a cube wrote, in a process that can do little else.

A program of its own (standard library alone), started as `json_reader.py PLAN` with the opened file as standard input.
It answers on standard output: the document in one form, or the rule that it breaks with exit code `REFUSED`. Whatever
the file does to a parser, it happens here: under limits of memory and CPU time, with no file that can be opened or
written, and as nobody where the agent is root. Any other exit code, or none in time, is a document that is refused.
"""

import contextlib
import json
import os
import resource
import sys
from typing import Any

#: What this program answers when the document breaks a rule, which it then names.
REFUSED = 3


def main(plan: dict[str, Any]) -> int:
    """Read, and write what was read."""
    sys.path.insert(0, plan["packages"])
    # The parser is loaded before the limits are set: afterwards no file can be opened.
    from medeval.domain import strict_json  # noqa: PLC0415
    from medeval.errors import MedevalError  # noqa: PLC0415

    give_up_rights(plan["user"], plan["limits"])
    data = sys.stdin.buffer.read(plan["most_bytes"] + 1)
    try:
        plain = strict_json.loads(data, most_items=plan["most_items"])
    except MedevalError as exc:
        return say(exc.message.encode("ascii", "replace"), REFUSED)
    return say(json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii"), 0)


def give_up_rights(user: list[int] | None, limits: dict[str, int]) -> None:
    """Become nobody, where this process may, and set limits with no way back."""
    if user is not None:
        with contextlib.suppress(PermissionError):
            os.setgroups([])
            os.setresgid(user[1], user[1], user[1])
            os.setresuid(user[0], user[0], user[0])
    for name, most in limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (value, value))


def say(answer: bytes, code: int) -> int:
    """Write all of an answer; returns the exit code that goes with it."""
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    return code


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
