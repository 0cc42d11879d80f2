"""Paired comparisons: held against the results that the site released, and the latest one of each dataset."""

from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from medeval.disclosure.paired import check_comparison
from medeval.domain.attestation import ComparisonPredicate, CubeRecord
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.execution import ExecutionSpec
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.paired import SiteComparison
from medeval.domain.result import Evaluation
from medeval.errors import Conflict, NotFound, ResultRefused
from medeval.server.db.models import BenchmarkRow, ComparisonRow, ExecutionRow, SiteRow, StatementRow
from medeval.server.services import associations, benchmarks, datasets
from medeval.server.services.verification import check_sandbox, comparison_in, result_in
from medeval.stats.paired import check_agrees


def take(session: Session, site: SiteRow, predicate: ComparisonPredicate) -> ComparisonRow:
    """A row for a comparison that keeps the policy and agrees with the released results of all its models.

    Raises `NotFound`, `Conflict`, `ResultRefused` or `TooFewCases`. The same models are compared once.
    """
    comparison, executions = predicate.result.comparison, predicate.result.comparison.executions
    rows = [_get_released(session, site, execution) for execution in executions]
    benchmark, dataset = rows[0].benchmark, rows[0].dataset
    if dataset not in associations.approved_datasets(session, benchmark):
        raise Conflict(f"dataset {dataset.ref} is not approved in the benchmark", "Ask the benchmark's committee.")
    digest = comparison.to_digest()
    if session.scalar(select(ComparisonRow.id).where(ComparisonRow.digest == digest)) is not None:
        hint = "A comparison is released once; `medeval site run` makes the next when one more model is released."
        raise Conflict("these models have been compared on this dataset before", hint)
    spec = benchmarks.spec_of(benchmark)
    policy = spec.disclosure.stricter(datasets.card_of(dataset).policy)
    check_comparison(predicate.result, spec, policy)
    _check_provenance(predicate, spec)
    check_agrees(predicate.result, spec, _evaluations_of(session, rows), policy.round_to)
    return ComparisonRow(digest=digest, benchmark=benchmark, dataset=dataset)


def list_latest(session: Session, benchmark: BenchmarkRow) -> tuple[SiteComparison, ...]:
    """The latest comparison of each dataset in a benchmark, by dataset."""
    query = (
        select(StatementRow)
        .join(ComparisonRow)
        .where(ComparisonRow.benchmark_id == benchmark.id)
        .order_by(StatementRow.log_index)
    )
    found = [_result_in(row.envelope) for row in session.scalars(query)]
    latest = {item.comparison.dataset.ref: item for item in found}
    return tuple(latest[dataset] for dataset in sorted(latest))


@lru_cache(maxsize=256)
def _result_in(envelope: str) -> SiteComparison:
    return comparison_in(envelope).result


def _get_released(session: Session, site: SiteRow, execution: ExecutionSpec) -> ExecutionRow:
    """The row of an execution of this site; raises `NotFound`, or `Conflict` unless its result is released."""
    row = session.scalar(select(ExecutionRow).where(ExecutionRow.digest == execution.to_digest()))
    hint = "Compare models of which this site released results, on the dataset that they are of."
    if row is None or row.dataset.site_id != site.id:
        raise NotFound(f"comparison.models: {execution.model.ref} has no result of this dataset", hint)
    if row.state is not ExecutionState.RELEASED:
        raise Conflict(f"comparison.models: the result of {execution.model.ref} is {row.state}", hint)
    return row


def _evaluations_of(session: Session, rows: list[ExecutionRow]) -> dict[str, Evaluation]:
    return {row.model.ref: _evaluation_of(session, row) for row in rows}


def _evaluation_of(session: Session, row: ExecutionRow) -> Evaluation:
    """The evaluation that was released of an execution."""
    query = select(StatementRow.envelope).where(
        StatementRow.execution_id == row.id, StatementRow.state == ExecutionState.RELEASED
    )
    return result_in(session.scalars(query).one()).result.evaluation


def _check_provenance(predicate: ComparisonPredicate, spec: BenchmarkSpec) -> None:
    check_sandbox(predicate.provenance.sandbox, spec)
    if predicate.provenance.evaluator != CubeRecord.of(spec.evaluator.cube):
        hint = "Compare with the evaluator that the benchmark pins."
        raise ResultRefused("provenance.evaluator: is not what the benchmark pins", hint)
