"""The ledger of a site: what left, what was kept, what was refused; each entry names the digest of the one before it.

A ledger is lines of canonical JSON, an entry each, and a signed head that says how many there are and what the last is.
It stays at the site; an export of it is for those who oversee the site, such as an ethics board.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from medeval.domain.attestation import Base64
from medeval.domain.base import Value, digest_of
from medeval.domain.ids import DatasetRef, Digest, Text, Title, VersionedRef
from medeval.domain.paired import MAX_MODELS

#: What the first entry names in place of an entry before it.
NOTHING_BEFORE = digest_of(b"medeval ledger v1")
_TIME = "%Y-%m-%dT%H:%M:%SZ"

Seconds = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z$")]
#: A word of a closed list: why something was withheld, failed or was refused.
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z.-]{0,59}$")]


class EntryKind(StrEnum):
    """What happened."""

    BEGUN = "begun"
    REGISTRATION = "registration"
    CARD = "dataset-card"
    JOIN = "join-request"
    RESULT = "result"
    COMPARISON = "comparison"
    FAILURE = "failure"
    WITHHELD = "withheld"
    STOPPED = "stopped"
    RULE = "release-rule"
    REFUSED = "refused"
    RECEIPT = "receipt"
    RECOVERED = "recovered"


#: Kinds of which bytes leave; of a withheld result the reason leaves, of a withheld comparison nothing.
SENT = frozenset(
    {
        EntryKind.REGISTRATION,
        EntryKind.CARD,
        EntryKind.JOIN,
        EntryKind.RESULT,
        EntryKind.COMPARISON,
        EntryKind.FAILURE,
    }
)
#: What the server answered to an entry.
ANSWERS = frozenset({EntryKind.REFUSED, EntryKind.RECEIPT})


class Decider(StrEnum):
    """Who decided: a person at the data owner, or a rule that was agreed on beforehand."""

    DATA_OWNER = "data-owner"
    POLICY = "policy"


class Topic(Value):
    """What an entry is about. `subject` is the digest of it: an execution, a comparison, a card, a key, lost bytes.

    `owners` are the organisations of the models, where the site knows them.
    """

    subject: Digest
    benchmark: VersionedRef | None = None
    models: tuple[VersionedRef, ...] = Field(default=(), max_length=MAX_MODELS)
    dataset: DatasetRef | None = None
    owners: tuple[Title, ...] = Field(default=(), max_length=MAX_MODELS)


class ExactBytes(Value):
    """The very bytes that leave, by digest and length."""

    digest: Digest
    size_bytes: int = Field(ge=1)

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Of these bytes."""
        return cls(digest=digest_of(data), size_bytes=len(data))


class Event(Value):
    """What happened, before it has a place in the ledger.

    `bits` is what it tells at most of the data (`disclosure.bits`). `answers` is the number of the entry that the
    server answered. `note` is the data owner's own text, which never leaves.
    """

    kind: EntryKind
    topic: Topic
    sent: ExactBytes | None = None
    bits: float = Field(default=0.0, ge=0)
    decided_by: Decider
    reason: Code | None = None
    answers: int | None = Field(default=None, ge=0)
    note: Text = ""

    @model_validator(mode="after")
    def _says_what_its_kind_says(self) -> Self:
        if self.sent is None and (self.kind in SENT or self.bits):
            raise ValueError("sent: is missing of something that leaves")
        if self.sent is not None and self.kind not in SENT | {EntryKind.WITHHELD}:
            raise ValueError("sent: is there of something that does not leave")
        if (self.answers is not None) is not (self.kind in ANSWERS):
            raise ValueError("answers: must be there exactly for what the server answered")
        return self


class Entry(Value):
    """One line of the ledger; `time` is by the site's own clock, in UTC."""

    format: Literal["medeval/ledger-entry@1"] = "medeval/ledger-entry@1"
    number: int = Field(ge=0)
    previous: Digest
    time: Seconds
    event: Event

    @model_validator(mode="after")
    def _has_a_time(self) -> Self:
        _ = self.moment
        return self

    @property
    def moment(self) -> datetime:
        """When it was written."""
        return datetime.strptime(self.time, _TIME).replace(tzinfo=UTC)

    def to_line(self) -> bytes:
        """The line of the file, its end included."""
        return self.to_canonical() + b"\n"


class LedgerHead(Value):
    """How many entries there are and the digest of the last; `pending` is that of one which is just being written."""

    format: Literal["medeval/ledger-head@1"] = "medeval/ledger-head@1"
    entries: int = Field(ge=0)
    last: Digest
    pending: Digest | None = None


class SignedHead(Value):
    """A head under the site's key; the first entry of the ledger names that key's fingerprint."""

    head: LedgerHead
    public_key: Base64
    signature: Base64


def entry_after(before: Entry | None, event: Event, now: datetime) -> Entry:
    """The entry of an event, after another or as the first; `now` in any zone."""
    return Entry(
        number=0 if before is None else before.number + 1,
        previous=NOTHING_BEFORE if before is None else before.to_digest(),
        time=now.astimezone(UTC).strftime(_TIME),
        event=event,
    )


def find_repeated(entries: tuple[Entry, ...], event: Event) -> Entry | None:
    """The entry that says the same already: the same bytes once more, the same answer, the same decision as last time.

    Bytes that are sent again because no answer came are one release, however often.
    """
    same = [entry for entry in entries if entry.event.topic.subject == event.topic.subject]
    if event.sent is None and event.answers is None:
        same = same[-1:]
    return next((entry for entry in same if _key(entry.event) == _key(event)), None)


def unanswered(entries: tuple[Entry, ...]) -> frozenset[int]:
    """The numbers of entries whose bytes may have left: the server has not answered."""
    asked = {entry.number for entry in entries if entry.event.sent is not None}
    return frozenset(asked - {entry.event.answers for entry in entries})


def _key(event: Event) -> tuple[object, ...]:
    return (event.kind, event.sent, event.answers, event.reason if event.sent is None else None)
