"""What the ledger says of what leaves, read from the very values that leave, so that it cannot say anything else."""

import base64
from dataclasses import dataclass

from medeval.disclosure.bits import card_bits, no_result_bits, paired_bits, result_bits
from medeval.domain.attestation import (
    ComparisonStatement,
    Envelope,
    NoResultStatement,
    Outcome,
    ResultStatement,
    Statement,
    read_statement,
)
from medeval.domain.base import Value
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.dataset import DatasetCard
from medeval.domain.execution import ExecutionSpec
from medeval.domain.ids import Text, Title
from medeval.domain.ledger import Decider, Entry, EntryKind, Event, ExactBytes, Topic
from medeval.domain.messages import NewAssociation, NewSite
from medeval.domain.paired import ComparisonSpec
from medeval.domain.policies import DisclosurePolicy
from medeval.signing import keys


class Decided(Value):
    """What the ledger keeps of a decision beside what leaves: who took it, whose models it is about, a note."""

    by: Decider = Decider.DATA_OWNER
    owners: tuple[Title, ...] = ()
    note: Text = ""


@dataclass(frozen=True)
class Terms:
    """Under which rules something leaves: how much it can tell depends on them."""

    spec: BenchmarkSpec
    own: DisclosurePolicy

    @property
    def policy(self) -> DisclosurePolicy:
        """The policy in force: of the committee's and the site's own the stricter of each rule."""
        return self.spec.disclosure.stricter(self.own)


def of_registration(new: NewSite, body: bytes) -> Event:
    """A site's name, title and public key; its subject is the key's fingerprint."""
    topic = Topic(subject=keys.fingerprint(keys.read_public_key(new.public_key)))
    return Event(kind=EntryKind.REGISTRATION, topic=topic, sent=ExactBytes.of(body), decided_by=Decider.DATA_OWNER)


def of_card(card: DatasetCard, terms: Terms, body: bytes) -> Event:
    """A dataset's card: its counts tell something of the data."""
    return Event(
        kind=EntryKind.CARD,
        topic=Topic(subject=card.to_digest(), benchmark=terms.spec.ref, dataset=card.ref),
        sent=ExactBytes.of(body),
        bits=card_bits(card.statistics, terms.policy),
        decided_by=Decider.DATA_OWNER,
    )


def of_join(request: NewAssociation, body: bytes) -> Event:
    """The wish to take part, by names alone."""
    return Event(
        kind=EntryKind.JOIN,
        topic=Topic(subject=request.to_digest(), benchmark=request.benchmark, dataset=request.subject),
        sent=ExactBytes.of(body),
        decided_by=Decider.DATA_OWNER,
    )


def of_envelope(envelope: Envelope, decided: Decided, terms: Terms, body: bytes) -> Event:
    """A signed statement: kind, references and bits are those of its own payload."""
    statement = read_statement(base64.b64decode(envelope.payload))
    return Event(
        kind=_kind(statement),
        topic=_topic(statement, decided),
        sent=ExactBytes.of(body),
        bits=_bits(statement, terms),
        decided_by=decided.by,
        reason=statement.predicate.reason.value if isinstance(statement, NoResultStatement) else None,
        note=decided.note,
    )


def of_answer(asked: Entry, refusal: str | None) -> Event:
    """What the server answered: the code of its refusal, or a receipt."""
    return Event(
        kind=EntryKind.RECEIPT if refusal is None else EntryKind.REFUSED,
        topic=asked.event.topic,
        decided_by=Decider.POLICY,
        reason=refusal,
        answers=asked.number,
    )


def of_kept(kind: EntryKind, topic: Topic, reason: str, decided: Decided) -> Event:
    """What stays here: withheld by a person, or stopped by the rules of disclosure control."""
    return Event(kind=kind, topic=topic, decided_by=decided.by, reason=str(reason), note=decided.note)


def topic_of_execution(execution: ExecutionSpec, owners: tuple[str, ...]) -> Topic:
    """An execution, whose digest is its id everywhere."""
    return Topic(
        subject=execution.to_digest(),
        benchmark=execution.benchmark.ref,
        models=(execution.model.ref,),
        dataset=execution.dataset.ref,
        owners=owners,
    )


def topic_of_comparison(comparison: ComparisonSpec, owners: tuple[str, ...]) -> Topic:
    """A comparison of several models."""
    return Topic(
        subject=comparison.to_digest(),
        benchmark=comparison.benchmark.ref,
        models=tuple(model.ref for model in comparison.models),
        dataset=comparison.dataset.ref,
        owners=owners,
    )


def _kind(statement: Statement) -> EntryKind:
    match statement:
        case ResultStatement():
            return EntryKind.RESULT
        case ComparisonStatement():
            return EntryKind.COMPARISON
        case _:
            failed = statement.predicate.outcome is Outcome.FAILED
            return EntryKind.FAILURE if failed else EntryKind.WITHHELD


def _topic(statement: Statement, decided: Decided) -> Topic:
    match statement:
        case ResultStatement():
            return topic_of_execution(statement.predicate.result.execution, decided.owners)
        case ComparisonStatement():
            return topic_of_comparison(statement.predicate.result.comparison, decided.owners)
        case _:
            return topic_of_execution(statement.predicate.execution, decided.owners)


def _bits(statement: Statement, terms: Terms) -> float:
    match statement:
        case ResultStatement():
            return result_bits(statement.predicate.result.evaluation, terms.spec.analysis, terms.policy)
        case ComparisonStatement():
            return paired_bits(statement.predicate.result.paired, terms.policy)
        case _:
            return no_result_bits(statement.predicate.outcome)
