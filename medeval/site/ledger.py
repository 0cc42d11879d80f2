"""The ledger of this site: a line is added before anything leaves, and none is ever changed.

Writing is in steps that a crash may part: the signed head names the entry as pending, the line is added, the head takes
it in; only then do bytes leave. What a crash left is put in order by the next that writes, under the ledger's lock.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from medeval.domain.base import digest_of
from medeval.domain.ledger import (
    NOTHING_BEFORE,
    Decider,
    Entry,
    EntryKind,
    Event,
    LedgerHead,
    Topic,
    entry_after,
    find_repeated,
)
from medeval.domain.messages import StatementSubmission
from medeval.errors import LedgerBroken, SiteStateError
from medeval.signing import keys
from medeval.signing.ledger import HINT, Ledger, check_ledger, read_head, sign_head
from medeval.site.comparison_files import list_comparisons
from medeval.site.lock import hold
from medeval.site.store import SiteStore, StatedFiles, write

_UNFINISHED = "unfinished-entry"


def utc_now() -> datetime:
    """The site's clock."""
    return datetime.now(UTC)


class SiteLedger:
    """The ledger in a site's folder. Every method raises `LedgerBroken` where what is there does not hold."""

    def __init__(self, store: SiteStore, clock: Callable[[], datetime] = utc_now) -> None:
        self._store = store
        self._clock = clock

    def read(self) -> Ledger | None:
        """What is there, verified; None where nothing was begun and nothing has left."""
        with hold(self._store.root, "ledger"):
            return self._read()

    def verify(self) -> Ledger | None:
        """As `read`, and held against what the server is known to have of this site; nothing is written."""
        found = self.read()
        if found is not None:
            self._check_answered(found)
        return found

    def check(self) -> None:
        """As `verify`, for whoever is about to go on: begins it where nothing was sent, ends what a crash began."""
        with hold(self._store.root, "ledger"):
            settled = self._settled()
        self._check_answered(settled)

    def append(self, event: Event) -> Entry:
        """Add an entry and make sure that it is on the disk; one that says the same already is returned instead.

        The first of a site begins the ledger.
        """
        with hold(self._store.root, "ledger"):
            ledger = self._settled()
            return find_repeated(ledger.entries, event) or self._write(ledger, event)

    def exported(self) -> bytes:
        """The whole ledger as a file that is verified without this site: its lines, then its signed head."""
        with hold(self._store.root, "ledger"):
            ledger = self._settled()
            return self._store.ledger_file.read_bytes()[: ledger.whole_bytes] + _get_head(self._store) + b"\n"

    def _read(self) -> Ledger | None:
        lines, head = self._store.ledger_file, self._store.ledger_head_file
        if not lines.exists() and not head.exists():
            self._check_untouched()
            return None
        if not head.exists():
            raise LedgerBroken("the signed head of the ledger is missing", HINT)
        ledger = check_ledger(_read_bytes(lines), read_head(_get_head(self._store)))
        if ledger.fingerprint != self._fingerprint():
            raise LedgerBroken("the ledger is that of another site's key", HINT)
        return ledger

    def _settled(self) -> Ledger:
        """The ledger with head and file in agreement: begun where there is none, the rest of a crash cut off."""
        ledger = self._read()
        if ledger is not None and ledger.entries and ledger.is_settled:
            return ledger
        if ledger is None or not ledger.entries:
            self._begin(ledger)
        else:
            self._recover(ledger)
        return self._get()

    def _get(self) -> Ledger:
        ledger = self._read()
        if ledger is None:
            raise LedgerBroken("the ledger was removed while it was written", HINT)
        return ledger

    def _begin(self, unfinished: Ledger | None) -> None:
        """Write the first entry; of one that a crash interrupted nothing is kept."""
        fingerprint = self._fingerprint()
        empty = Ledger((), LedgerHead(entries=0, last=NOTHING_BEFORE), fingerprint, 0, 0)
        self._cut(unfinished or empty)
        topic = Topic(subject=fingerprint)
        self._write(empty, Event(kind=EntryKind.BEGUN, topic=topic, decided_by=Decider.DATA_OWNER))

    def _recover(self, ledger: Ledger) -> None:
        """Take in a whole pending entry, of which nothing has left; cut off the beginning of one, and say so."""
        torn = self._cut(ledger)
        self._put_head(ledger.entries, None)
        if torn:
            topic = Topic(subject=digest_of(torn))
            event = Event(kind=EntryKind.RECOVERED, topic=topic, decided_by=Decider.POLICY, reason=_UNFINISHED)
            self._write(ledger, event)

    def _cut(self, ledger: Ledger) -> bytes:
        """Remove what follows the last whole entry; returns it."""
        if not ledger.torn_bytes:
            return b""
        with self._store.ledger_file.open("r+b") as file:
            file.seek(ledger.whole_bytes)
            torn = file.read()
            file.truncate(ledger.whole_bytes)
            os.fsync(file.fileno())
        return torn

    def _write(self, ledger: Ledger, event: Event) -> Entry:
        entry = entry_after(ledger.last, event, self._clock())
        self._put_head(ledger.entries, entry.to_digest())
        _add_line(self._store.ledger_file, entry.to_line())
        self._put_head((*ledger.entries, entry), None)
        return entry

    def _put_head(self, entries: tuple[Entry, ...], pending: str | None) -> None:
        last = entries[-1].to_digest() if entries else NOTHING_BEFORE
        head = LedgerHead(entries=len(entries), last=last, pending=pending)
        write(self._store.ledger_head_file, sign_head(head, self._key()).to_canonical())
        _sync_folder(self._store.root)

    def _check_answered(self, ledger: Ledger) -> None:
        recorded = {entry.event.sent.digest for entry in ledger.entries if entry.event.sent}
        if not set(_answered(self._store)) <= recorded:
            raise LedgerBroken("the ledger lacks a statement that the server has answered: it is an older copy", HINT)

    def _check_untouched(self) -> None:
        """A site that never sent anything may begin a ledger; one that did has lost it."""
        if _has_sent(self._store):
            raise LedgerBroken("the ledger is missing at a site that has sent something", HINT)

    def _key(self) -> bytes:
        try:
            return self._store.key_file.read_bytes()
        except OSError as exc:
            raise SiteStateError("the site's private key cannot be read", "Restore it from the site's backup.") from exc

    def _fingerprint(self) -> str:
        return keys.fingerprint(keys.public_key_of(self._key()))


def _add_line(path: Path, line: bytes) -> None:
    """Add to the end of the file, which is this user's alone, and wait for the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """A name that a crash could take back would be a step that never was."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as exc:
        raise SiteStateError(f"{path.name} cannot be read", "Check who owns the site's folder.") from exc


def _get_head(store: SiteStore) -> bytes:
    return _read_bytes(store.ledger_head_file)


def _stated(store: SiteStore) -> Iterator[StatedFiles]:
    yield from store.list_executions()
    yield from list_comparisons(store)


def _answered(store: SiteStore) -> Iterator[str]:
    """The digests of the messages that the server has answered, by what is kept with the results."""
    for files in _stated(store):
        signed = files.signed()
        if signed is not None and not signed.is_waiting:
            yield StatementSubmission(envelope=signed.envelope).to_digest()


def _has_sent(store: SiteStore) -> bool:
    signed = any(files.signed() for files in _stated(store))
    return signed or any(record.joined for record in store.list_datasets())
