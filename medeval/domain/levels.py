"""Levels of isolation: how much stands between what runs at a site and the site itself."""

from typing import Annotated

from pydantic import Field

#: What each level is, from no isolation to a kernel of its own.
LEVELS = (
    "no isolation",
    "namespaces",
    "a hardened engine with a system call filter of our own",
    "a hardened engine without root, or with user namespaces",
    "a kernel of its own (gVisor, Kata)",
)

Level = Annotated[int, Field(ge=0, le=len(LEVELS) - 1)]
