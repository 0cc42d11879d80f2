"""Statements: verified against the site's accepted key and the benchmark, then appended to the hash-linked log."""

import base64
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from medeval.disclosure.check import check_result, classes_of
from medeval.domain.attestation import (
    CubeRecord,
    Envelope,
    NoResultStatement,
    Provenance,
    ResultPredicate,
    ResultStatement,
    SandboxRecord,
    Statement,
    read_statement,
)
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.dataset import DatasetCard, DatasetStatistics
from medeval.domain.execution import ExecutionSpec
from medeval.domain.lifecycle import EXECUTION, ExecutionState, check_move
from medeval.domain.messages import StatementReceipt, StatementSubmission
from medeval.domain.package import ModelCard
from medeval.domain.permissions import Action
from medeval.domain.policies import DataClass
from medeval.domain.result import Evaluation
from medeval.errors import Conflict, Forbidden, NotFound, ResultRefused, SignatureInvalid
from medeval.server.auth import Principal
from medeval.server.db.models import (
    BenchmarkRow,
    DatasetRow,
    ExecutionRow,
    LogRow,
    ModelRow,
    SiteRow,
    StatementRow,
)
from medeval.server.db.session import save
from medeval.server.services import associations, benchmarks, datasets, models
from medeval.server.services.sites import own_site
from medeval.server.services.tasks import execution_spec
from medeval.signing import dsse, keys, log

_SEND_AS_SIGNED = "Nothing was recorded. Send the statement as `medeval result release` makes it."


@dataclass(frozen=True)
class _Parties:
    """The rows that an execution names, all of them approved."""

    benchmark: BenchmarkRow
    model: ModelRow
    dataset: DatasetRow


def submit(session: Session, by: Principal, submission: StatementSubmission) -> StatementReceipt:
    """Verify a statement and append it; the same envelope again gives the same receipt.

    Raises `Forbidden`, `SignatureInvalid`, `ResultRefused` (or `TooFewCases`), `NotFound` or `Conflict`.
    """
    by.check(Action.SUBMIT_STATEMENT)
    site = own_site(session, by)
    statement = verify(site, submission.envelope)
    head = _lock_log(session)
    before = session.scalar(select(StatementRow).where(StatementRow.envelope_digest == submission.envelope.to_digest()))
    if before is not None:
        return _receipt(before)
    execution = execution_of(statement)
    parties = _get_parties(session, site, execution)
    if isinstance(statement, ResultStatement):
        spec = benchmarks.spec_of(parties.benchmark)
        check_result(statement.predicate.result, spec)
        check_covers(statement.predicate.result.evaluation, datasets.card_of(parties.dataset), spec)
        check_sandbox(statement.predicate.provenance.sandbox, spec)
        check_provenance(statement.predicate.provenance, spec, models.card_of(parties.model))
    row = _moved(session, parties, execution, statement)
    return _append(session, by, head, row, submission.envelope)


def verify(site: SiteRow, envelope: Envelope) -> Statement:
    """The statement in an envelope that the site's accepted key signed, in canonical form, about its own subject."""
    if not site.accepted:
        hint = f"Ask the operator to accept the key of site {site.name} by its fingerprint {site.fingerprint}."
        raise Forbidden(f"the key of site {site.name} is not accepted yet", hint)
    if envelope.signatures[0].keyid != site.fingerprint:
        hint = f"Sign with the key whose fingerprint is {site.fingerprint}."
        raise SignatureInvalid("signatures[0].keyid: is not the fingerprint of the site's accepted key", hint)
    payload = dsse.unseal(envelope, keys.read_public_key(site.public_key))
    statement = read_statement(payload)
    if statement.to_canonical() != payload:
        raise ResultRefused("payload: must be canonical JSON (RFC 8785)", _SEND_AS_SIGNED)
    if "sha256:" + statement.subject[0].digest.sha256 != execution_of(statement).to_digest():
        raise ResultRefused("subject[0].digest: is not that of the predicate's execution", _SEND_AS_SIGNED)
    return statement


def execution_of(statement: Statement) -> ExecutionSpec:
    """The execution that a statement speaks of."""
    if isinstance(statement, ResultStatement):
        return statement.predicate.result.execution
    return statement.predicate.execution


def result_in(document: str) -> ResultPredicate:
    """The released result in the envelope of an entry of the log, which was verified before it was appended."""
    statement = read_statement(base64.b64decode(Envelope.model_validate_json(document).payload))
    if not isinstance(statement, ResultStatement):
        raise AssertionError("an entry in state released without a result")
    return statement.predicate


def check_covers(evaluation: Evaluation, card: DatasetCard, spec: BenchmarkSpec) -> None:
    """Raise `ResultRefused` unless the evaluation covers the cases of the dataset's card, in all and per class."""
    if DatasetStatistics(cases=evaluation.cases, per_class=classes_of(evaluation, spec)) != card.statistics:
        hint = "Evaluate the whole dataset that was registered."
        raise ResultRefused("evaluation.cases: must be those of the dataset's card, in all and per class", hint)


def check_sandbox(sandbox: SandboxRecord, spec: BenchmarkSpec) -> None:
    """Raise `ResultRefused` for a result without isolation on data that are not public."""
    if sandbox.level == 0 and spec.data_class is not DataClass.PUBLIC:
        hint = "Run it where Docker or bubblewrap works."
        raise ResultRefused("provenance.sandbox.level: must be 1 or more for data that are not public", hint)


def check_provenance(provenance: Provenance, spec: BenchmarkSpec, card: ModelCard) -> None:
    """Raise `ResultRefused`, naming the field, unless what ran is what the spec and the card pin."""
    pinned = (
        ("model", provenance.model, CubeRecord.of(card.cube)),
        ("weights", provenance.weights, card.weights.digest if card.weights else None),
        ("evaluator", provenance.evaluator, CubeRecord.of(spec.evaluator.cube)),
        ("preparator", provenance.preparator, CubeRecord.of(spec.preparator.cube)),
    )
    for field, stated, expected in pinned:
        if stated != expected:
            hint = "Run the execution again with the cubes that the benchmark and the model card pin."
            raise ResultRefused(f"provenance.{field}: is not what the benchmark and the model card pin", hint)


def _lock_log(session: Session) -> LogRow:
    """The log's head, locked to the end of the transaction, so that appends come one after another."""
    return session.scalars(select(LogRow).with_for_update()).one()


def _get_parties(session: Session, site: SiteRow, execution: ExecutionSpec) -> _Parties:
    """The rows of an execution of this site; raises `NotFound`, or `Conflict` when one is not approved (any more)."""
    benchmark = session.scalar(select(BenchmarkRow).where(BenchmarkRow.digest == execution.benchmark.digest))
    model = session.scalar(select(ModelRow).where(ModelRow.digest == execution.model.digest))
    dataset = session.scalar(select(DatasetRow).where(DatasetRow.digest == execution.dataset.digest))
    hint = "Pull the site's tasks again, and run what they name."
    if benchmark is None or model is None or dataset is None or dataset.site_id != site.id:
        raise NotFound("execution: is none of this site's tasks", hint)
    if execution_spec(benchmark, model, dataset) != execution:
        raise NotFound("execution: its names do not go with its digests", hint)
    if model not in associations.approved_models(session, benchmark):
        raise Conflict(f"model {model.ref} is not approved in the benchmark", "Ask the benchmark's committee.")
    if dataset not in associations.approved_datasets(session, benchmark):
        raise Conflict(f"dataset {dataset.ref} is not approved in the benchmark", "Ask the benchmark's committee.")
    return _Parties(benchmark, model, dataset)


def _moved(session: Session, parties: _Parties, execution: ExecutionSpec, statement: Statement) -> ExecutionRow:
    """The execution in the state that the statement gives it, if its lifecycle allows."""
    digest = execution.to_digest()
    row = session.scalar(select(ExecutionRow).where(ExecutionRow.digest == digest))
    target, reason = _outcome(statement)
    check_move(EXECUTION, row.state if row else ExecutionState.PENDING, target)
    if row is None:
        return ExecutionRow(
            digest=digest,
            benchmark=parties.benchmark,
            model=parties.model,
            dataset=parties.dataset,
            state=target,
            reason=reason,
        )
    row.state, row.reason = target, reason
    return row


def _outcome(statement: ResultStatement | NoResultStatement) -> tuple[ExecutionState, str]:
    if isinstance(statement, ResultStatement):
        return ExecutionState.RELEASED, ""
    return ExecutionState(statement.predicate.outcome), statement.predicate.reason.value


def _append(
    session: Session, by: Principal, head: LogRow, execution: ExecutionRow, envelope: Envelope
) -> StatementReceipt:
    digest = envelope.to_digest()
    row = StatementRow(
        log_index=head.size,
        log_head=log.next_head(head.head, digest),
        envelope_digest=digest,
        envelope=envelope.to_canonical().decode(),
        state=execution.state,
        execution=execution,
    )
    head.size, head.head = head.size + 1, row.log_head
    save(session, row, by.audit(f"submit statement: {execution.state}", execution.digest))
    return _receipt(row)


def _receipt(row: StatementRow) -> StatementReceipt:
    return StatementReceipt(
        execution=row.execution.digest, state=row.state, log_index=row.log_index, log_head=row.log_head
    )
