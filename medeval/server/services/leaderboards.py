"""Leaderboards: gather what the server knows, as far as this viewer may see it; `stats.leaderboard` does the rest."""

from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import BenchmarkItem, Leaderboard
from medeval.domain.permissions import Role, can_see
from medeval.domain.policies import Audience
from medeval.errors import Forbidden
from medeval.server.auth import Principal
from medeval.server.db.models import BenchmarkRow, DatasetRow, ExecutionRow, LogRow, ModelRow, StatementRow
from medeval.server.services import associations, benchmarks, comparisons, datasets, models
from medeval.server.services.verification import result_in
from medeval.stats.leaderboard import ExecutionFacts, LeaderboardFacts, ModelFacts, Released, SiteFacts, build

#: A board takes seconds where many models and sites are pooled, and changes with the log alone.
_board = lru_cache(maxsize=64)(build)


def get(session: Session, viewer: Principal | None, ref: str) -> Leaderboard:
    """The leaderboard as this viewer (None: not logged in) may see it; raises `Forbidden` or `NotFound`."""
    benchmark = benchmarks.get_row(session, ref)
    spec = benchmarks.spec_of(benchmark)
    if not _sees(session, viewer, benchmark, spec.visibility.pooled):
        who = spec.visibility.pooled
        raise Forbidden(f"this leaderboard is shown to {who} alone", "Log in with a token that belongs to them.")
    log = session.scalars(select(LogRow)).one()
    facts = LeaderboardFacts(
        spec=spec,
        digest=benchmark.digest,
        models=tuple(_model_facts(row) for row in associations.approved_models(session, benchmark)),
        sites=tuple(_site_facts(row) for row in associations.approved_datasets(session, benchmark)),
        executions=_executions(session, benchmark),
        comparisons=comparisons.list_latest(session, benchmark),
        log_size=log.size,
        log_head=log.head if log.size else None,
        show_cells=_sees(session, viewer, benchmark, spec.visibility.per_site),
    )
    return _board(facts)


def list_shown_to_everyone(session: Session) -> list[BenchmarkItem]:
    """The benchmarks whose leaderboard needs no token."""
    items = benchmarks.list_all(session)
    return [item for item in items if item.spec.visibility.pooled is Audience.EVERYONE]


def _sees(session: Session, viewer: Principal | None, benchmark: BenchmarkRow, audience: Audience) -> bool:
    role = viewer.role if viewer is not None else None
    if can_see(audience, role, takes_part=False):
        return True
    return viewer is not None and can_see(audience, role, takes_part=_takes_part(session, viewer, benchmark))


def _takes_part(session: Session, viewer: Principal, benchmark: BenchmarkRow) -> bool:
    """Whether a model of the viewer's organisation, or a dataset of its site, is approved in the benchmark."""
    if viewer.role is Role.MODEL_OWNER:
        approved = associations.approved_models(session, benchmark)
        return any(row.organisation == viewer.organisation for row in approved)
    sites = [row.site for row in associations.approved_datasets(session, benchmark)]
    if viewer.role is Role.SITE:
        return any(site.name == viewer.site for site in sites)
    return any(site.organisation == viewer.organisation for site in sites)


def _model_facts(row: ModelRow) -> ModelFacts:
    return ModelFacts(ref=row.ref, organisation=row.organisation, summary=models.card_of(row).summary)


def _site_facts(row: DatasetRow) -> SiteFacts:
    return SiteFacts(dataset=row.ref, title=datasets.card_of(row).title, site_title=row.site.title)


def _executions(session: Session, benchmark: BenchmarkRow) -> tuple[ExecutionFacts, ...]:
    query = select(ExecutionRow).where(ExecutionRow.benchmark_id == benchmark.id)
    released = _released(session, benchmark)
    return tuple(
        ExecutionFacts(
            model=row.model.ref,
            dataset=row.dataset.ref,
            state=row.state,
            released=released.get(row.id),
            reason=row.reason,
        )
        for row in session.scalars(query)
    )


def _released(session: Session, benchmark: BenchmarkRow) -> dict[int, Released]:
    """The released results by the execution's row."""
    query = (
        select(StatementRow)
        .join(ExecutionRow)
        .where(ExecutionRow.benchmark_id == benchmark.id, StatementRow.state == ExecutionState.RELEASED)
    )
    return {
        row.execution_id: _released_in(row.envelope_digest, row.envelope)
        for row in session.scalars(query)
        if row.execution_id is not None
    }


@lru_cache(maxsize=1024)
def _released_in(digest: str, envelope: str) -> Released:
    predicate = result_in(envelope)
    return Released(evaluation=predicate.result.evaluation, provenance=predicate.provenance, envelope=digest)
