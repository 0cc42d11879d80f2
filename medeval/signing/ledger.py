"""Whether a ledger is what was written into it; pure, so that an export is verified anywhere.

The head is signed before an entry is written (naming it as pending) and again afterwards. So a process that dies in
between leaves one of three things: nothing of the entry, its beginning, or all of it; and any other difference between
file and head was made by somebody else.
"""

import base64
from dataclasses import dataclass
from functools import lru_cache

from medeval.domain.base import digest_of
from medeval.domain.ledger import NOTHING_BEFORE, Entry, EntryKind, LedgerHead, SignedHead
from medeval.errors import LedgerBroken, SignatureInvalid
from medeval.signing import keys
from medeval.signing.dsse import pre_authentication_encoding

HINT = (
    "Nothing was sent. Find out who changed the site's folder; restore ledger.jsonl and ledger.head from its backup;"
    " `medeval site ledger verify` looks again."
)
_HEAD_TYPE = "application/vnd.medeval.ledger-head+json"


@dataclass(frozen=True)
class Ledger:
    """A ledger that holds. `torn_bytes` follow the last whole entry: the beginning of one that was never finished."""

    entries: tuple[Entry, ...]
    head: LedgerHead
    fingerprint: str
    whole_bytes: int
    torn_bytes: int

    @property
    def last(self) -> Entry | None:
        """The last entry."""
        return self.entries[-1] if self.entries else None

    @property
    def is_settled(self) -> bool:
        """Whether the head says of the file exactly what it holds."""
        return self.head.pending is None


def sign_head(head: LedgerHead, private_key: bytes) -> SignedHead:
    """Sign a head, in such a way that the signature stands for nothing else."""
    signature = keys.sign(private_key, _signed_bytes(head))
    public = keys.public_key_of(private_key)
    return SignedHead(
        head=head, public_key=base64.b64encode(public).decode(), signature=base64.b64encode(signature).decode()
    )


def check_ledger(data: bytes, signed: SignedHead) -> Ledger:
    """Hold the lines of a ledger against its head; raises `LedgerBroken` naming the first entry that is wrong."""
    fingerprint = _check_signature(signed)
    *lines, rest = data.split(b"\n")
    entries = read_chain(lines)
    _check_end(entries, rest, signed.head)
    if entries and entries[0].event.topic.subject != fingerprint:
        raise LedgerBroken("entry 0 of the ledger names another key than the one that signed its head", HINT)
    return Ledger(entries, signed.head, fingerprint, len(data) - len(rest), len(rest))


def check_export(data: bytes) -> Ledger:
    """Verify an exported ledger: its lines, then its signed head as the last; raises `LedgerBroken`."""
    lines, _, last = data.removesuffix(b"\n").rpartition(b"\n")
    try:
        return check_ledger(lines + b"\n" if lines else b"", read_head(last))
    except LedgerBroken as exc:
        hint = "Ask the site to export it again, and to type `medeval site ledger verify`: its own may hold."
        raise LedgerBroken(exc.message, hint) from exc


def read_head(data: bytes) -> SignedHead:
    """A signed head, whose signature is still to be checked; raises `LedgerBroken`."""
    try:
        return SignedHead.from_json(data, refuse=LedgerBroken)
    except LedgerBroken as exc:
        raise LedgerBroken("the signed head of the ledger, its end, cannot be read", HINT) from exc


def read_chain(lines: list[bytes]) -> tuple[Entry, ...]:
    """The entries, each after the other; raises `LedgerBroken` naming the first that is wrong."""
    entries: list[Entry] = []
    previous = NOTHING_BEFORE
    for number, line in enumerate(lines):
        entry = _read_entry(number, line)
        _check_place(entry, number, previous)
        entries.append(entry)
        previous = digest_of(line)
    return tuple(entries)


@lru_cache(maxsize=2**16)
def _read_entry(number: int, line: bytes) -> Entry:
    """An entry whose line is its canonical form: another form of the same content was not written by a site.

    Remembered, since a ledger is verified before each line that is added to it.
    """
    try:
        entry = Entry.from_json(line, refuse=LedgerBroken)
    except LedgerBroken as exc:
        raise LedgerBroken(f"entry {number} of the ledger cannot be read", HINT) from exc
    if entry.to_canonical() != line:
        raise LedgerBroken(f"entry {number} of the ledger was rewritten", HINT)
    return entry


def _check_place(entry: Entry, number: int, previous: str) -> None:
    if entry.number != number:
        raise LedgerBroken(f"entry {number} of the ledger is missing: entry {entry.number} stands there", HINT)
    if entry.previous != previous:
        what = f"entry {number - 1} of the ledger was changed, or" if number else "in the ledger"
        raise LedgerBroken(f"{what} entry {number} does not follow what stands before it", HINT)
    if (number == 0) is not (entry.event.kind is EntryKind.BEGUN):
        raise LedgerBroken(f"entry {number} of the ledger is not of the kind that stands there", HINT)


def _check_end(entries: tuple[Entry, ...], rest: bytes, head: LedgerHead) -> None:
    """The file ends where the head says, or after the one entry that the head names as pending."""
    if len(entries) < head.entries:
        raise LedgerBroken(f"entry {len(entries)} of the ledger and what follows are missing at its end", HINT)
    if _digest_at(entries, head.entries - 1) != head.last:
        raise LedgerBroken(f"entry {max(head.entries - 1, 0)} of the ledger is not the one that was signed", HINT)
    more = len(entries) - head.entries
    if more and (more > 1 or _digest_at(entries, head.entries) != head.pending or rest):
        raise LedgerBroken(f"entry {head.entries} of the ledger was added by somebody else", HINT)
    if rest and head.pending is None:
        raise LedgerBroken(f"entry {head.entries} of the ledger is torn, and none was being written", HINT)


def _digest_at(entries: tuple[Entry, ...], place: int) -> str:
    return entries[place].to_digest() if place >= 0 else NOTHING_BEFORE


def _check_signature(signed: SignedHead) -> str:
    """The fingerprint of the key that signed a head."""
    try:
        public = keys.read_public_key(signed.public_key)
        keys.check_signature(public, base64.b64decode(signed.signature, validate=True), _signed_bytes(signed.head))
    except (SignatureInvalid, ValueError) as exc:
        raise LedgerBroken("the signature of the ledger's head does not hold", HINT) from exc
    return keys.fingerprint(public)


def _signed_bytes(head: LedgerHead) -> bytes:
    return pre_authentication_encoding(_HEAD_TYPE, head.to_canonical())
