"""The leaderboard of a benchmark, from plain values: pooled estimates, the site x model matrix, the order of rows.

The server gathers `LeaderboardFacts`; nothing here reads a database. Pooling adds counts (`stats.pooling`).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from medeval.domain.attestation import Provenance
from medeval.domain.benchmark import BenchmarkSpec, Direction, Metric, MetricName
from medeval.domain.estimate import AnyEstimate, CaseCounts, Estimate, NotEstimable, NotShown, Reason
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import (
    Cell,
    CellResult,
    Leaderboard,
    LeaderboardRow,
    MetricEstimates,
    SiteColumn,
)
from medeval.domain.result import Evaluation
from medeval.stats.estimates import count_positives, estimates_of
from medeval.stats.pooling import merge_evaluations
from medeval.stats.words import PENDING, hidden_words, reason_words


@dataclass(frozen=True)
class Released:
    """A released result: what was evaluated, what ran it, and the digest of the signed envelope."""

    evaluation: Evaluation
    provenance: Provenance
    envelope: str


@dataclass(frozen=True)
class ExecutionFacts:
    """What the server knows of a model (`name@version`) on a dataset (`site/name`).

    `released` goes with state RELEASED alone; `reason` is the failure code or the reason to withhold.
    """

    model: str
    dataset: str
    state: ExecutionState
    released: Released | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.released is not None) != (self.state is ExecutionState.RELEASED):
            raise ValueError("a released execution has a result, and no other has")


@dataclass(frozen=True)
class ModelFacts:
    """An approved model: `name@version`, who submitted it, its one-line summary."""

    ref: str
    organisation: str
    summary: str


@dataclass(frozen=True)
class SiteFacts:
    """An approved dataset: `site/name`, its title, the title of its site."""

    dataset: str
    title: str
    site_title: str


@dataclass(frozen=True)
class LeaderboardFacts:
    """All that a leaderboard is made of.

    `executions` holds at most one entry per model and dataset; a missing one is pending. `show_cells` and
    `show_pooled` say what this viewer may see.
    """

    spec: BenchmarkSpec
    digest: str
    models: tuple[ModelFacts, ...]
    sites: tuple[SiteFacts, ...]
    executions: tuple[ExecutionFacts, ...]
    log_size: int = 0
    log_head: str | None = None
    show_cells: bool = True
    show_pooled: bool = True

    def executions_of(self, model: ModelFacts) -> tuple[ExecutionFacts, ...]:
        """What is known of a model at each site, in the order of `sites`."""
        known = {item.dataset: item for item in self.executions if item.model == model.ref}
        return tuple(
            known.get(site.dataset) or ExecutionFacts(model.ref, site.dataset, ExecutionState.PENDING)
            for site in self.sites
        )


def build(facts: LeaderboardFacts) -> Leaderboard:
    """The leaderboard that this viewer sees."""
    spec = facts.spec
    rows = [_row(facts, model) for model in facts.models]
    primary = spec.metric(spec.analysis.primary_metric)
    return Leaderboard(
        benchmark=spec.ref,
        benchmark_digest=facts.digest,
        title=spec.title,
        question=spec.question,
        data_label=spec.data_label,
        policy=spec.disclosure.name,
        primary_metric=primary.name,
        metrics=spec.metrics,
        confidence_level=spec.analysis.confidence_level,
        estimand=estimand(primary.name),
        columns=tuple(
            SiteColumn(dataset=site.dataset, title=site.title, site_title=site.site_title) for site in facts.sites
        ),
        rows=tuple(sorted(rows, key=lambda row: _order(row, primary))),
        executions=_count_states(facts),
        log_size=facts.log_size,
        log_head=facts.log_head,
    )


def estimand(primary: MetricName) -> str:
    """What a pooled value is, in words."""
    pairs = (
        " A positive case is compared with the negative cases of every site, not of its own alone."
        if primary is MetricName.AUROC
        else ""
    )
    return (
        "The counts of all sites that released a result are added, and the estimate is taken from the sum: every case "
        f"weighs the same, so a large site weighs more than a small one.{pairs} The interval is that of these cases "
        "taken as one sample: it says nothing about how a new site would differ."
    )


def _row(facts: LeaderboardFacts, model: ModelFacts) -> LeaderboardRow:
    found = facts.executions_of(model)
    released = [item.released.evaluation for item in found if item.released is not None]
    pooled = merge_evaluations(released) if released else None
    return LeaderboardRow(
        model=model.ref,
        organisation=model.organisation,
        summary=model.summary,
        sites=len(released),
        counts=_counts(facts, pooled, len(released)),
        pooled=_pooled_estimates(facts, pooled, len(released)),
        cells=tuple(_cell(facts, item) for item in found),
    )


def _why_not_shown(facts: LeaderboardFacts, sites: int) -> Reason | None:
    """Why nothing pooled is shown: there is nothing, or it is one site's own result, which the viewer may not see."""
    if not facts.show_pooled:
        return Reason.HIDDEN
    if sites == 0:
        return Reason.NO_RESULTS
    return Reason.ONE_SITE if sites == 1 and not facts.show_cells else None


def _counts(facts: LeaderboardFacts, pooled: Evaluation | None, sites: int) -> CaseCounts | NotEstimable:
    reason = _why_not_shown(facts, sites)
    if pooled is None or reason is not None:
        return NotEstimable(reason=reason or Reason.NO_RESULTS)
    return CaseCounts(cases=pooled.cases, positives=count_positives(pooled))


def _pooled_estimates(facts: LeaderboardFacts, pooled: Evaluation | None, sites: int) -> tuple[MetricEstimates, ...]:
    metrics, reason = facts.spec.metrics, _why_not_shown(facts, sites)
    if pooled is None or reason is not None:
        return _none_of(metrics, reason or Reason.NO_RESULTS)
    return estimates_of(pooled, metrics, facts.spec.analysis.confidence_level)


def _none_of(metrics: Iterable[Metric], reason: Reason) -> tuple[MetricEstimates, ...]:
    return tuple(MetricEstimates(metric=metric.name, estimate=NotEstimable(reason=reason)) for metric in metrics)


def _cell(facts: LeaderboardFacts, execution: ExecutionFacts) -> Cell:
    if not facts.show_cells:
        return NotShown(kind="hidden", reason=hidden_words(facts.spec.visibility.per_site))
    if execution.released is not None:
        return _result_cell(facts.spec, execution.released)
    if execution.state is ExecutionState.FAILED:
        return NotShown(kind="failed", reason=reason_words(execution.reason))
    if execution.state is ExecutionState.WITHHELD:
        return NotShown(kind="withheld", reason=reason_words(execution.reason))
    return NotShown(kind="pending", reason=PENDING)


def _result_cell(spec: BenchmarkSpec, released: Released) -> CellResult:
    provenance, evaluation = released.provenance, released.evaluation
    sandbox = provenance.sandbox
    cubes = (provenance.preparator, provenance.model, provenance.evaluator)
    return CellResult(
        cases=evaluation.cases,
        positives=count_positives(evaluation),
        estimates=estimates_of(evaluation, spec.metrics, spec.analysis.confidence_level),
        sandbox=f"{sandbox.runtime} {sandbox.version}, level {sandbox.level}",
        envelope=released.envelope,
        from_source=any(cube.kind == "source" for cube in cubes),
    )


def _count_states(facts: LeaderboardFacts) -> dict[ExecutionState, int]:
    """Pairs of an approved model and an approved dataset by state; a pair without an execution is pending."""
    counted = Counter(item.state for model in facts.models for item in facts.executions_of(model))
    return {state: counted[state] for state in ExecutionState}


def _order(row: LeaderboardRow, primary: Metric) -> tuple[bool, float, str]:
    """By the primary metric in its direction, rows without a value last, then by name."""
    estimate = find_estimate(row.pooled, primary.name)
    if not isinstance(estimate, Estimate):
        return True, 0.0, row.model
    return False, -estimate.value if primary.direction is Direction.HIGHER else estimate.value, row.model


def find_estimate(estimates: Iterable[MetricEstimates], name: MetricName) -> AnyEstimate | None:
    """The estimate of a metric, if it is among them."""
    return next((item.estimate for item in estimates if item.metric is name), None)
