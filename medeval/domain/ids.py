"""Names, versions, digests and references: how things are addressed.

A name is what people type (`heart-disease`, `cleveland`); a reference adds a version (`heart-disease@1.0.0`) or a site
(`cleveland/heart`); a digest is what machines compare.
"""

import re
from typing import Annotated

from pydantic import StringConstraints

from medeval.errors import UsageError

NAME_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
VERSION_PATTERN = r"^(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){1,2}$"
DIGEST_PATTERN = r"^sha256:[0-9a-f]{64}$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Version = Annotated[str, StringConstraints(pattern=VERSION_PATTERN)]
Digest = Annotated[str, StringConstraints(pattern=DIGEST_PATTERN)]
TITLE_PATTERN = r"^[^\x00-\x1f<>]+$"
TITLE_LENGTH = 120
Title = Annotated[str, StringConstraints(min_length=1, max_length=TITLE_LENGTH, pattern=TITLE_PATTERN)]
Text = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f]*$")]

VersionedRef = Annotated[str, StringConstraints(pattern=NAME_PATTERN[:-1] + "@" + VERSION_PATTERN[1:])]
DatasetRef = Annotated[str, StringConstraints(pattern=NAME_PATTERN[:-1] + "/" + NAME_PATTERN[1:])]


def check_name(text: str) -> str:
    """The name, if it is one; raises `UsageError`."""
    if not re.fullmatch(NAME_PATTERN, text):
        raise UsageError(f"{text[:80]!r} is no name", "Use small letters, digits and hyphens, such as heart-disease.")
    return text


def check_title(text: str) -> str:
    """The title, if it is one; raises `UsageError`."""
    if not re.fullmatch(TITLE_PATTERN, text) or len(text) > TITLE_LENGTH:
        hint = f"Use 1 to {TITLE_LENGTH} characters, without < and >."
        raise UsageError(f"{text[:80]!r} cannot be a title", hint)
    return text


def split_ref(text: str) -> tuple[str, str | None]:
    """`name@version` or `name` as (name, version or None)."""
    name, at, version = text.partition("@")
    if not re.fullmatch(NAME_PATTERN, name) or (at and not re.fullmatch(VERSION_PATTERN, version)):
        raise UsageError(f"{text[:80]!r} is no reference", "Write NAME or NAME@VERSION, such as heart-disease@1.0.0.")
    return name, version or None


def version_key(version: str) -> tuple[int, ...]:
    """A key that sorts versions by number: 1.10 after 1.9."""
    return tuple(int(part) for part in version.split("."))
