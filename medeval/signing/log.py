"""A hash-linked log: each entry's head covers the entry and the head before it, so that none can be changed unseen."""

import rfc8785

from medeval.domain.base import digest_of

#: The head of an empty log.
EMPTY_HEAD = digest_of(b"medeval log v1")


def next_head(head: str, entry_digest: str) -> str:
    """The head after appending the entry of that digest."""
    return digest_of(rfc8785.dumps({"previous": head, "entry": entry_digest}))


def head_of(entry_digests: list[str]) -> str:
    """The head of a log with these entries, in order."""
    head = EMPTY_HEAD
    for entry in entry_digests:
        head = next_head(head, entry)
    return head
