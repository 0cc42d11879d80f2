"""Executions of a benchmark: every approved model on every approved dataset."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from medeval.domain.execution import ExecutionSpec, Pinned, PinnedDataset
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import SiteTask
from medeval.domain.permissions import Action
from medeval.server.auth import Principal
from medeval.server.db.models import BenchmarkRow, DatasetRow, ExecutionRow, ModelRow
from medeval.server.services import associations, models, sites


def list_for_site(session: Session, by: Principal, site: str) -> list[SiteTask]:
    """What a site may pull, with the state of each; for its own token and its data owner."""
    by.check(Action.PULL_TASKS)
    row = sites.get_row(session, site)
    sites.check_reaches(by, row)
    return list(_tasks(session, row.id))


def execution_spec(benchmark: BenchmarkRow, model: ModelRow, dataset: DatasetRow) -> ExecutionSpec:
    """What is executed; its digest is the execution's id."""
    return ExecutionSpec(
        benchmark=Pinned(ref=f"{benchmark.name}@{benchmark.version}", digest=benchmark.digest),
        model=Pinned(ref=model.ref, digest=model.digest),
        dataset=PinnedDataset(ref=dataset.ref, digest=dataset.digest),
    )


def _tasks(session: Session, site_id: int) -> Iterator[SiteTask]:
    states = _states(session, site_id)
    benchmarks = select(BenchmarkRow).join(DatasetRow).where(DatasetRow.site_id == site_id).distinct()
    for benchmark in session.scalars(benchmarks.order_by(BenchmarkRow.id)):
        approved = associations.approved_models(session, benchmark)
        for dataset in associations.approved_datasets(session, benchmark):
            if dataset.site_id == site_id:
                for model in approved:
                    yield SiteTask(
                        execution=execution_spec(benchmark, model, dataset),
                        state=states.get((model.id, dataset.id), ExecutionState.PENDING),
                        organisation=model.organisation,
                        model=models.card_of(model),
                    )


def _states(session: Session, site_id: int) -> dict[tuple[int, int], ExecutionState]:
    query = select(ExecutionRow).join(DatasetRow).where(DatasetRow.site_id == site_id)
    return {(row.model_id, row.dataset_id): row.state for row in session.scalars(query)}
