"""Statements: verified against the site's accepted key and the benchmark, then appended to the hash-linked log."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from medeval.disclosure.check import check_result
from medeval.domain.attestation import (
    ComparisonStatement,
    Envelope,
    NoResultStatement,
    ResultStatement,
    executions_of,
)
from medeval.domain.execution import ExecutionSpec
from medeval.domain.lifecycle import EXECUTION, ExecutionState, check_move
from medeval.domain.messages import StatementReceipt, StatementSubmission
from medeval.domain.permissions import Action
from medeval.errors import Conflict, NotFound
from medeval.server.auth import Principal
from medeval.server.db.models import (
    BenchmarkRow,
    ComparisonRow,
    DatasetRow,
    ExecutionRow,
    LogRow,
    ModelRow,
    SiteRow,
    StatementRow,
)
from medeval.server.db.session import save
from medeval.server.services import associations, benchmarks, comparisons, datasets, models
from medeval.server.services.sites import own_site
from medeval.server.services.tasks import execution_spec
from medeval.server.services.verification import check_covers, check_provenance, check_sandbox, verify
from medeval.signing import log


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
    if isinstance(statement, ComparisonStatement):
        return _append(session, by, head, comparisons.take(session, site, statement.predicate), submission.envelope)
    (execution,) = executions_of(statement)
    parties = _get_parties(session, site, execution)
    if isinstance(statement, ResultStatement):
        spec = benchmarks.spec_of(parties.benchmark)
        card = datasets.card_of(parties.dataset)
        check_result(statement.predicate.result, spec, spec.disclosure.stricter(card.policy))
        check_covers(statement.predicate.result.evaluation, card, spec)
        check_sandbox(statement.predicate.provenance.sandbox, spec)
        check_provenance(statement.predicate.provenance, spec, models.card_of(parties.model))
    row = _moved(session, parties, execution, statement)
    return _append(session, by, head, row, submission.envelope)


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


def _moved(
    session: Session, parties: _Parties, execution: ExecutionSpec, statement: ResultStatement | NoResultStatement
) -> ExecutionRow:
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
    session: Session, by: Principal, head: LogRow, subject: ExecutionRow | ComparisonRow, envelope: Envelope
) -> StatementReceipt:
    digest = envelope.to_digest()
    execution = subject if isinstance(subject, ExecutionRow) else None
    row = StatementRow(
        log_index=head.size,
        log_head=log.next_head(head.head, digest),
        envelope_digest=digest,
        envelope=envelope.to_canonical().decode(),
        state=execution.state if execution else ExecutionState.RELEASED,
        execution=execution,
        comparison=subject if isinstance(subject, ComparisonRow) else None,
    )
    head.size, head.head = head.size + 1, row.log_head
    what = "statement" if execution else "comparison"
    save(session, row, by.audit(f"submit {what}: {row.state}", subject.digest))
    return _receipt(row)


def _receipt(row: StatementRow) -> StatementReceipt:
    subject = row.execution or row.comparison
    if subject is None:
        raise AssertionError("an entry of the log without a subject")
    return StatementReceipt(execution=subject.digest, state=row.state, log_index=row.log_index, log_head=row.log_head)
