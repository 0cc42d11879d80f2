"""Associations: both parties' consent to use a model or a dataset in a benchmark."""

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from medeval.domain.lifecycle import ASSOCIATION, AssociationState, check_move
from medeval.domain.messages import Association, Decision, NewAssociation
from medeval.domain.permissions import Action
from medeval.domain.policies import Approval
from medeval.errors import Conflict, NotFound
from medeval.server.auth import Principal
from medeval.server.db.models import AssociationRow, BenchmarkRow, DatasetRow, ModelRow
from medeval.server.db.session import save
from medeval.server.services import benchmarks, datasets, models

APPROVED_BY_POLICY = "approved by the participation policy"


def request(session: Session, by: Principal, new: NewAssociation) -> Association:
    """Ask for an association, as the owner of its subject; one that exists is returned as it stands."""
    by.check(Action.ASSOCIATE_MODEL if new.kind == "model" else Action.ASSOCIATE_DATASET)
    benchmark = benchmarks.get_row(session, new.benchmark)
    row = _new_row(session, by, benchmark, new)
    found = session.scalar(select(AssociationRow).where(_same_as(row)))
    if found is not None:
        return to_association(found)
    save(session, row, by.audit(f"request association: {row.state}", f"{new.benchmark} {new.kind} {new.subject}"))
    return to_association(row)


def decide(session: Session, by: Principal, decision: Decision) -> Association:
    """Approve or reject; the same decision again changes nothing."""
    by.check(Action.DECIDE_ASSOCIATION)
    by.check_owns(benchmarks.get_row(session, decision.benchmark).organisation, f"benchmark {decision.benchmark}")
    row = _get_for_update(session, decision)
    if row.state is not decision.state:
        check_move(ASSOCIATION, row.state, decision.state)
        row.state, row.reason = decision.state, decision.reason
        subject = f"{decision.benchmark} {decision.kind} {decision.subject}"
        save(session, row, by.audit(f"decide association: {decision.state}", subject))
    return to_association(row)


def list_all(session: Session, benchmark_ref: str) -> list[Association]:
    """The associations of a benchmark, models first, by subject."""
    benchmark = benchmarks.get_row(session, benchmark_ref)
    rows = session.scalars(select(AssociationRow).where(AssociationRow.benchmark_id == benchmark.id))
    return sorted(map(to_association, rows), key=lambda item: (item.kind != "model", item.subject))


def approved_models(session: Session, benchmark: BenchmarkRow) -> list[ModelRow]:
    """The models approved in a benchmark, by name and version."""
    query = select(ModelRow).join(AssociationRow).where(_approved_in(benchmark))
    return list(session.scalars(query.order_by(ModelRow.name, ModelRow.version)))


def approved_datasets(session: Session, benchmark: BenchmarkRow) -> list[DatasetRow]:
    """The datasets approved in a benchmark, by site and name."""
    query = select(DatasetRow).join(AssociationRow).where(_approved_in(benchmark))
    return sorted(session.scalars(query), key=lambda row: row.ref)


def to_association(row: AssociationRow) -> Association:
    """The message of a row."""
    benchmark = f"{row.benchmark.name}@{row.benchmark.version}"
    if row.model is not None:
        return Association(
            benchmark=benchmark,
            kind="model",
            subject=row.model.ref,
            organisation=row.model.organisation,
            state=row.state,
            reason=row.reason,
        )
    dataset = _dataset_of(row)
    return Association(
        benchmark=benchmark,
        kind="dataset",
        subject=dataset.ref,
        organisation=dataset.site.organisation,
        state=row.state,
        reason=row.reason,
    )


def _new_row(session: Session, by: Principal, benchmark: BenchmarkRow, new: NewAssociation) -> AssociationRow:
    """The row that a request asks for: approved at once where the benchmark's policy says so."""
    policy = benchmarks.spec_of(benchmark).participation
    if new.kind == "model":
        model = models.get_row(session, new.subject)
        by.check_owns(model.organisation, f"model {model.ref}")
        state, reason = _first_state(policy.models)
        return AssociationRow(state=state, reason=reason, benchmark=benchmark, model=model)
    dataset = datasets.get_row(session, new.subject)
    by.check_owns(dataset.site.organisation, f"dataset {dataset.ref}")
    if dataset.benchmark_id != benchmark.id:
        hint = "Prepare the data for this benchmark and register it under another name."
        raise Conflict(f"dataset {dataset.ref} was prepared for another benchmark", hint)
    state, reason = _first_state(policy.datasets)
    return AssociationRow(state=state, reason=reason, benchmark=benchmark, dataset=dataset)


def _first_state(approval: Approval) -> tuple[AssociationState, str]:
    if approval is Approval.AUTOMATIC:
        return AssociationState.APPROVED, APPROVED_BY_POLICY
    return AssociationState.PENDING, ""


def _same_as(row: AssociationRow) -> ColumnElement[bool]:
    subject = (
        AssociationRow.model_id == row.model.id
        if row.model is not None
        else AssociationRow.dataset_id == _dataset_of(row).id
    )
    return (AssociationRow.benchmark_id == row.benchmark.id) & subject


def _approved_in(benchmark: BenchmarkRow) -> ColumnElement[bool]:
    return (AssociationRow.benchmark_id == benchmark.id) & (AssociationRow.state == AssociationState.APPROVED)


def _get_for_update(session: Session, decision: Decision) -> AssociationRow:
    benchmark = benchmarks.get_row(session, decision.benchmark)
    subject = (
        AssociationRow.model_id == models.get_row(session, decision.subject).id
        if decision.kind == "model"
        else AssociationRow.dataset_id == datasets.get_row(session, decision.subject).id
    )
    row = session.scalar(
        select(AssociationRow).where(AssociationRow.benchmark_id == benchmark.id, subject).with_for_update()
    )
    if row is None:
        hint = "Its owner asks first; see `medeval benchmark show` for what is waiting."
        raise NotFound(f"{decision.kind} {decision.subject} was not brought into {decision.benchmark}", hint)
    return row


def _dataset_of(row: AssociationRow) -> DatasetRow:
    """The CHECK constraint makes sure of it: a row without a model has a dataset."""
    if row.dataset is None:
        raise AssertionError("an association without a subject")
    return row.dataset
