"""The leaderboard of a benchmark, from plain values: pooled estimates, the site x model matrix, the order of rows.

The server gathers `LeaderboardFacts`; nothing here reads a database.
"""

from collections import Counter
from dataclasses import dataclass, field

from medeval.domain.attestation import Provenance, SandboxRecord
from medeval.domain.benchmark import BenchmarkSpec, Metric
from medeval.domain.estimate import (
    AnyEstimate,
    CaseCounts,
    Estimate,
    EvidenceFlag,
    NotEstimable,
    NotShown,
    Reason,
)
from medeval.domain.families.base import parse_metric
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import (
    Cell,
    CellResult,
    Leaderboard,
    LeaderboardRow,
    PooledMetric,
    Rank,
    SiteColumn,
)
from medeval.domain.paired import SiteComparison
from medeval.domain.plan import Plan
from medeval.domain.result import Evaluation
from medeval.stats.board_groups import group_results
from medeval.stats.board_ranks import Contest, compare_models, rank_models, ranks_of
from medeval.stats.curves import score_bins
from medeval.stats.estimates import count_positives, estimates_of
from medeval.stats.evidence import Reached, precision_of, shortfalls
from medeval.stats.meta import PREDICTION_FROM
from medeval.stats.pooling import BySite, merge_evaluations, not_pooled, pooled_metrics
from medeval.stats.words import PENDING, hidden_words, reason_words

#: Metrics that compare cases in pairs.
PAIRED = frozenset({"auroc", "harrell_c", "uno_c", "auc", "macro_auroc"})


@dataclass(frozen=True)
class Released:
    """A released result: what was evaluated, what ran it, and the digest of the signed envelope, by which it goes."""

    evaluation: Evaluation = field(compare=False)
    provenance: Provenance = field(compare=False)
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

    `executions` holds at most one entry per model and dataset; a missing one is pending. `comparisons` holds the latest
    one of each dataset. `show_cells` and `show_pooled` say what this viewer may see. Facts of equal digests are equal,
    so a board can be kept by its facts.
    """

    spec: BenchmarkSpec = field(compare=False)
    digest: str
    models: tuple[ModelFacts, ...]
    sites: tuple[SiteFacts, ...]
    executions: tuple[ExecutionFacts, ...]
    comparisons: tuple[SiteComparison, ...] = field(default=(), compare=False)
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
    contest = contest_of(facts)
    ranking = rank_models(contest)
    compared, missing = compare_models(contest, ranking)
    ranks = ranks_of(ranking)
    rows = [_row(facts, model, ranks.get(model.ref)) for model in facts.models]
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
        estimand=estimand(spec.analysis),
        tier_basis=ranking.basis or "",
        columns=tuple(
            SiteColumn(dataset=site.dataset, title=site.title, site_title=site.site_title) for site in facts.sites
        ),
        rows=tuple(sorted(rows, key=lambda row: _order(row, primary))),
        comparisons=compared,
        not_compared=missing,
        executions=_count_states(facts),
        log_size=facts.log_size,
        log_head=facts.log_head,
    )


def estimand(plan: Plan) -> str:
    """What the headline is, in words, and what stands beside it."""
    paired = parse_metric(plan.primary_metric).base in PAIRED
    pairs = "pairs of cases" if paired else "cases"
    across = ", which also compares cases of different sites" if paired else ""
    return (
        "The headline is the mean over sites of a random-effects meta-analysis: what a site of this kind can expect on "
        f"average. It is there from {plan.min_sites} sites on; the prediction interval, from {PREDICTION_FROM} sites "
        "on, says where the true value of a new site is expected. Beside it stand, each under its own name, the mean "
        f"within sites, which weighs each site by its {pairs}, and the value over all cases, from the added "
        f"counts{across}."
    )


def contest_of(facts: LeaderboardFacts) -> Contest:
    """Who competes, as far as this viewer may see: nothing where pooled values are not shown."""
    sites = {site.dataset for site in facts.sites} if facts.show_pooled else set()
    models = {model.ref for model in facts.models}
    evaluations: dict[str, dict[str, Evaluation]] = {site: {} for site in sites}
    for item in facts.executions:
        if item.released is not None and item.dataset in sites and item.model in models:
            evaluations[item.dataset][item.model] = item.released.evaluation
    comparisons = {item.comparison.dataset.ref: item for item in facts.comparisons}
    return Contest(facts.spec, evaluations, {site: comparisons[site] for site in sites & comparisons.keys()})


def _row(facts: LeaderboardFacts, model: ModelFacts, rank: Rank | None) -> LeaderboardRow:
    found = facts.executions_of(model)
    released = {item.dataset: item.released.evaluation for item in found if item.released is not None}
    reason = _why_not_shown(facts, len(released))
    pooled = None if reason else merge_evaluations(list(released.values()))
    metrics = _pooled(facts, released, reason)
    return LeaderboardRow(
        model=model.ref,
        organisation=model.organisation,
        summary=model.summary,
        sites=len(released),
        counts=_counts(facts.spec, pooled, reason),
        pooled=metrics,
        flags=_flags(facts.spec, pooled, metrics),
        rank=rank,
        groups=() if reason else group_results(facts.spec, released, show_sites=facts.show_cells),
        bins=score_bins(pooled, facts.spec.analysis) if pooled else None,
        cells=tuple(_cell(facts, item) for item in found),
    )


def _why_not_shown(facts: LeaderboardFacts, sites: int) -> Reason | None:
    """Why nothing pooled is shown: there is nothing, or it is one site's own result, which the viewer may not see."""
    if not facts.show_pooled:
        return Reason.HIDDEN
    if sites == 0:
        return Reason.NO_RESULTS
    return Reason.ONE_SITE if sites == 1 and not facts.show_cells else None


def _counts(spec: BenchmarkSpec, pooled: Evaluation | None, reason: Reason | None) -> CaseCounts | NotEstimable:
    if pooled is None:
        return NotEstimable(reason=reason or Reason.NO_RESULTS)
    return CaseCounts(cases=pooled.cases, positives=count_positives(pooled, spec.analysis))


def _pooled(facts: LeaderboardFacts, released: BySite, reason: Reason | None) -> tuple[PooledMetric, ...]:
    names = [metric.name for metric in facts.spec.metrics]
    if reason:
        return tuple(not_pooled(name, reason) for name in names)
    return pooled_metrics(released, names, facts.spec.analysis, show_sites=facts.show_cells)


def _flags(
    spec: BenchmarkSpec, pooled: Evaluation | None, metrics: tuple[PooledMetric, ...]
) -> tuple[EvidenceFlag, ...]:
    """What is missing of the evidence behind the primary metric."""
    if pooled is None:
        return ()
    positives = count_positives(pooled, spec.analysis)
    negatives = None if positives is None else pooled.cases - positives
    estimate = next(item.estimate for item in metrics if item.metric == spec.analysis.primary_metric)
    return shortfalls(positives, negatives, _reached(estimate, spec.analysis))


def _reached(estimate: AnyEstimate, plan: Plan) -> Reached | None:
    kind = precision_of(plan.primary_metric)
    if kind is None or not isinstance(estimate, Estimate):
        return None
    return Reached(estimate.low, estimate.high, plan.confidence_level, kind)


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
        positives=count_positives(evaluation, spec.analysis),
        estimates=estimates_of(evaluation, spec.metrics, spec.analysis),
        sandbox=f"{sandbox.runtime} {sandbox.version}, level {sandbox.level}{_observed_words(sandbox)}",
        envelope=released.envelope,
        from_source=any(cube.kind == "source" for cube in cubes),
    )


def _observed_words(sandbox: SandboxRecord) -> str:
    return f", {len(sandbox.observed)} controls observed" if sandbox.observed else ""


def _count_states(facts: LeaderboardFacts) -> dict[ExecutionState, int]:
    """Pairs of an approved model and an approved dataset by state; a pair without an execution is pending."""
    counted = Counter(item.state for model in facts.models for item in facts.executions_of(model))
    return {state: counted[state] for state in ExecutionState}


def _order(row: LeaderboardRow, primary: Metric) -> tuple[int, int, float, str]:
    """By tier, then by the primary metric in its direction, rows without a headline last, then by name."""
    pooled = next(item for item in row.pooled if item.metric == primary.name)
    shown = pooled.estimate if isinstance(pooled.estimate, Estimate) else pooled.within
    tier = row.rank.tier if row.rank else len(row.cells) + 1_000
    if not isinstance(shown, Estimate):
        return 2, tier, 0.0, row.model
    return int(shown is pooled.within), tier, primary.badness(shown.value), row.model
