"""Digests of streams and of trees, given as plain values (reading them is the caller's)."""

import hashlib
from collections.abc import Iterable

import rfc8785


def digest_of_chunks(chunks: Iterable[bytes]) -> tuple[str, int]:
    """The sha256 digest and the size in bytes of the concatenated chunks."""
    state, size = hashlib.sha256(), 0
    for chunk in chunks:
        state.update(chunk)
        size += len(chunk)
    return "sha256:" + state.hexdigest(), size


def digest_of_tree(files: dict[str, str]) -> str:
    """The digest of a tree, from the digest of each file by its relative POSIX path."""
    return "sha256:" + hashlib.sha256(rfc8785.dumps(dict(files))).hexdigest()
