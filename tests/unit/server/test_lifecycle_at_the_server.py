"""Whatever is asked in whatever order, states move along the tables of the domain and along nothing else."""

from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given, settings
from sqlalchemy import func, select

from medeval.domain.attestation import WithholdReason
from medeval.domain.failures import FailureCode
from medeval.domain.lifecycle import ASSOCIATION, EXECUTION, AssociationState, ExecutionState, can_move
from medeval.domain.messages import Acceptance, Decision, NewAssociation, StatementSubmission
from medeval.domain.permissions import Role
from medeval.errors import Conflict
from medeval.server.auth import Principal
from medeval.server.db.migrate import migrate
from medeval.server.db.models import AuditRow, LogRow, StatementRow
from medeval.server.db.session import open_database
from medeval.server.services import associations, benchmarks, datasets, models, sites, statements, tasks
from medeval.server.services.blobs import BlobShelf
from medeval.signing import keys
from medeval.signing.log import head_of
from tests import strategies
from tests.worlds import SiteSide, blob_of, make_card, make_spec, new_site, no_result, result_statement

AT = datetime(2026, 1, 1, tzinfo=UTC)
FRESH = count(1)


def someone(role, site=None):
    return Principal(holder="someone", organisation="Somewhere", role=role, at=AT, site=site)


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """A database and a shelf with the blobs that specs and cards name."""
    folder = tmp_path_factory.mktemp("lifecycle")
    database = open_database(f"sqlite:///{folder / 'x.sqlite'}")
    migrate(database)
    shelf = BlobShelf(folder / "blobs", max_bytes=1000)
    spec = make_spec()
    for data in (b"preparator", b"evaluator", b"rehearsal", b"model", b"weights"):
        turn = shelf.begin(blob_of(data).digest, 0, len(data))
        turn.write(data)
        turn.finish()
    with database.write() as session:
        benchmarks.publish(session, someone(Role.COMMITTEE), shelf, spec)
    yield database, shelf, spec
    database.close()


def entered(session, shelf, spec):
    """A fresh model that waits in the benchmark."""
    card = make_card(f"model-{next(FRESH)}")
    models.submit(session, someone(Role.MODEL_OWNER), shelf, card)
    new = NewAssociation(benchmark=spec.ref, kind="model", subject=card.ref)
    return card, associations.request(session, someone(Role.MODEL_OWNER), new)


@settings(max_examples=40)
@given(walk=strategies.association_walks)
def test_associations(ground, walk):
    database, shelf, spec = ground
    with database.write() as session:
        card, association = entered(session, shelf, spec)
        state = association.state
        assert state is AssociationState.PENDING
        for target in walk:
            if target is AssociationState.PENDING:
                continue
            decision = Decision(benchmark=spec.ref, kind="model", subject=card.ref, state=target)
            before = session.scalar(select(func.count(AuditRow.id)))
            state_after = associations.decide(session, someone(Role.COMMITTEE), decision).state
            recorded = session.scalar(select(func.count(AuditRow.id))) - before
            assert state_after is target
            assert recorded == (state is not target), "one event for a change, none for none"
            assert state is target or can_move(ASSOCIATION, state, target)
            state = state_after


@settings(max_examples=40)
@given(walk=strategies.execution_walks)
def test_executions(ground, walk):
    database, shelf, spec = ground
    private, name = keys.new_private_key(), f"site-{next(FRESH)}"
    side = SiteSide(name, private, None, None, "")
    owner, upload = someone(Role.DATA_OWNER), someone(Role.SITE, name)
    with database.write() as session:
        registered = sites.register(session, owner, new_site(name, private))
        acceptance = Acceptance(fingerprint=registered.site.fingerprint)
        sites.accept(session, someone(Role.OPERATOR), name, acceptance)
        dataset = datasets.register(session, upload, side.dataset_card(spec)).card
        associations.request(session, owner, NewAssociation(benchmark=spec.ref, kind="dataset", subject=dataset.ref))
        model, _ = entered(session, shelf, spec)
        for kind, subject in (("model", model.ref), ("dataset", dataset.ref)):
            decision = Decision.from_plain(
                {"benchmark": spec.ref, "kind": kind, "subject": subject, "state": "approved"}
            )
            associations.decide(session, someone(Role.COMMITTEE), decision)
        task = next(item for item in tasks.list_for_site(session, upload, name) if item.model == model)
    state = ExecutionState.PENDING
    for step, target in enumerate(walk):
        if target is not ExecutionState.PENDING:
            state = _step(database, side, upload, task, spec, state, target, step)
    with database.read() as session:
        found = tasks.list_for_site(session, owner, name)
        assert next(item.state for item in found if item.model == model) is state
        log = session.scalars(select(LogRow)).one()
        entries = session.scalars(select(StatementRow.envelope_digest).order_by(StatementRow.log_index)).all()
        assert (log.size, log.head) == (len(entries), head_of(list(entries)))


def _step(database, side, upload, task, spec, state, target, step):
    """Send a statement that was never sent before; it is taken if and only if the table has the step."""
    failures = list(FailureCode)
    statement = {
        ExecutionState.RELEASED: lambda: _released(task, spec, step),
        ExecutionState.WITHHELD: lambda: no_result(task, list(WithholdReason)[step % len(WithholdReason)]),
        ExecutionState.FAILED: lambda: no_result(task, failures[step % len(failures)]),
    }[target]()
    submission = StatementSubmission(envelope=side.seal(statement))
    with database.read() as session:
        query = select(StatementRow.state).where(StatementRow.envelope_digest == submission.envelope.to_digest())
        known = session.scalar(query)
    if known is None and not can_move(EXECUTION, state, target):
        with pytest.raises(Conflict), database.write() as session:
            statements.submit(session, upload, submission)
        return state
    with database.write() as session:
        assert statements.submit(session, upload, submission).state is target
    return state if known is not None else target


def _released(task, spec, step):
    statement = result_statement(task, spec)
    provenance = statement.predicate.provenance.model_copy(update={"medeval": f"0.1.{step}"})
    return statement.model_copy(update={"predicate": statement.predicate.model_copy(update={"provenance": provenance})})
