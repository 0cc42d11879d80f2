"""How figures, names and states read: one wording for terminal and page. No figure goes without its interval."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import AnyCounts, AnyEstimate, CaseCounts, Estimate, NotShown, PredictionInterval, Reason
from medeval.domain.families.base import parse_metric
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import (
    Cell,
    CellResult,
    GroupResult,
    Leaderboard,
    LeaderboardRow,
    MetricEstimates,
    PooledMetric,
    SiteColumn,
)
from medeval.report.words import label_of, word_for

#: Below this many cases in one class (in all, where there are no two classes) a site's estimate is marked.
FEW = 10
#: From this many sites on there is a prediction interval.
PREDICTION_FROM = 5

STATE_WORDS = {
    ExecutionState.RELEASED: "released",
    ExecutionState.WITHHELD: "withheld",
    ExecutionState.FAILED: "failed",
    ExecutionState.PENDING: "pending",
}
_OF_SURVIVAL = frozenset({"harrell_c", "uno_c", "auc", "ibs"})
#: Reasons of disclosure control: the sites keep it.
WITHHELD = (Reason.INSUFFICIENT, Reason.SUPPRESSED)
_NOT_FOR_THIS_VIEWER = (Reason.HIDDEN, Reason.ONE_SITE)


@dataclass(frozen=True)
class Names:
    """How the models and sites of a board are called: short where that is unique."""

    models: dict[str, str]
    sites: tuple[str, ...]

    def __getitem__(self, row: LeaderboardRow) -> str:
        return self.models[row.model]


def names_of(board: Leaderboard) -> Names:
    """Models without version where no other version is there; sites without data set where they have one alone."""
    short = Counter(row.model.partition("@")[0] for row in board.rows)
    models = {row.model: row.model if short[row.model.partition("@")[0]] > 1 else row.model.partition("@")[0]
              for row in board.rows}  # fmt: skip
    titles = Counter(column.site_title for column in board.columns)
    return Names(models, tuple(_site_name(column, titles) for column in board.columns))


def _site_name(column: SiteColumn, titles: Counter[str]) -> str:
    return column.site_title if titles[column.site_title] == 1 else f"{column.site_title}: {column.title}"


# --- metrics ----------------------------------------------------------------------------------------------------


def metric_of(board: Leaderboard, name: str | None = None) -> Metric:
    """A metric of the board; without a name the primary one."""
    wanted = name or board.primary_metric
    return next(metric for metric in board.metrics if metric.name == wanted)


def other_metrics(board: Leaderboard) -> list[Metric]:
    """All metrics but the primary one."""
    return [metric for metric in board.metrics if metric.name != board.primary_metric]


def word_of(metric: Metric) -> str:
    """`AUROC`, `accuracy`, `NSD at 2 mm, anterior`."""
    return label_of(metric.name)


def heading_of(metric: Metric) -> str:
    """The word with a capital, and the unit where figures have one."""
    word, unit = word_of(metric), word_for(metric.name).unit
    return word[0].upper() + word[1:] + (f" ({unit})" if unit else "")


def class_words(board: Leaderboard) -> str:
    """What the cases of the counted class are called: `events` where time matters, else `positive`."""
    survival = any(parse_metric(metric.name).base in _OF_SURVIVAL for metric in board.metrics)
    return "events" if survival else "positive"


def has_classes(board: Leaderboard) -> bool:
    """Whether any count of this board tells two classes apart."""
    counted = [row.counts.positives for row in board.rows if isinstance(row.counts, CaseCounts)]
    return any(n is not None for n in [*counted, *(cell.positives for _, _, cell in results_of(board))])


# --- estimates --------------------------------------------------------------------------------------------------


def get_estimate(estimates: Sequence[MetricEstimates], metric: Metric) -> AnyEstimate:
    """A site's estimate of a metric; a cell holds one for each metric of its board."""
    return next(item.estimate for item in estimates if item.metric == metric.name)


def find_value(estimates: Sequence[MetricEstimates], metric: Metric) -> Estimate | None:
    """A site's estimate of a metric, unless it is not estimable."""
    estimate = get_estimate(estimates, metric)
    return estimate if isinstance(estimate, Estimate) else None


def get_pooled(pooled: Sequence[PooledMetric], metric: Metric) -> PooledMetric:
    """A metric over sites; a row holds one for each metric of its board."""
    return next(item for item in pooled if item.metric == metric.name)


def find_mean(pooled: Sequence[PooledMetric], metric: Metric) -> Estimate | None:
    """The headline, where there is one: the mean of the random-effects meta-analysis."""
    estimate = get_pooled(pooled, metric).estimate
    return estimate if isinstance(estimate, Estimate) else None


def site_values(row: LeaderboardRow, metric: Metric) -> list[tuple[int, CellResult, Estimate]]:
    """(column, cell, estimate) of each site that has one."""
    found = []
    for place, cell in enumerate(row.cells):
        if isinstance(cell, CellResult) and (estimate := find_value(cell.estimates, metric)):
            found.append((place, cell, estimate))
    return found


def not_pooled_words(pooled: PooledMetric) -> tuple[str, str]:
    """(word, reason) where the headline is missing: `not pooled`, `2 sites are too few`."""
    estimate = pooled.estimate
    if isinstance(estimate, Estimate):
        return "", ""
    if estimate.reason is Reason.FEW_SITES:
        return "not pooled", f"{count(pooled.sites, 'site')} {'is' if pooled.sites == 1 else 'are'} too few"
    if estimate.reason in _NOT_FOR_THIS_VIEWER:
        return "not shown", str(estimate.reason)
    if estimate.reason is Reason.NO_RESULTS:
        return "none", str(estimate.reason)
    return state_of(estimate.reason)


# --- figures ----------------------------------------------------------------------------------------------------


def number(value: float, metric: Metric) -> str:
    """A value with the decimals that the spec asks for."""
    return written(value, metric.decimals)


def written(value: float, decimals: int) -> str:
    """A value with so many decimals; what rounds to nothing has no sign."""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def between(low: float, high: float, metric: Metric, joint: str = " to ") -> str:
    """`0.71 to 0.93`; a short joint gives way where a sign would be misread."""
    return f"{number(low, metric)}{' to ' if low < 0 or high < 0 else joint}{number(high, metric)}"


def interval(estimate: Estimate, metric: Metric, joint: str = " to ") -> str:
    """The confidence interval: `0.71 to 0.93`."""
    return between(estimate.low, estimate.high, metric, joint)


def figure(estimate: Estimate, metric: Metric) -> str:
    """`0.85 (0.71 to 0.93)`."""
    return f"{number(estimate.value, metric)} ({interval(estimate, metric)})"


def figure_or_reason(estimate: AnyEstimate, metric: Metric) -> str:
    """A figure, or why there is none."""
    return figure(estimate, metric) if isinstance(estimate, Estimate) else str(estimate.reason)


def brief(pooled: PooledMetric, metric: Metric) -> str:
    """The headline, or the word for why there is none."""
    mean = pooled.estimate
    return figure(mean, metric) if isinstance(mean, Estimate) else not_pooled_words(pooled)[0]


def ci_words(board: Leaderboard) -> str:
    """`95% CI`."""
    return f"{level_words(board)} CI"


def level_words(board: Leaderboard) -> str:
    """`95%`."""
    return f"{board.confidence_level * 100:g}%"


def p_words(p: float) -> str:
    """`p = 0.02`, `p < 0.001`."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.01 else f"p = {p:.2f}"


def percent(share: float) -> str:
    """`68%`."""
    return f"{100 * share:.0f}%"


# --- spread over sites ------------------------------------------------------------------------------------------


def spread_words(pooled: PooledMetric, metric: Metric) -> tuple[str, str]:
    """(interval, what it is): the prediction interval from five sites on, else the range of the sites."""
    k = f"k = {pooled.sites}"
    i2 = f"I² {percent(pooled.heterogeneity.i2)}, " if pooled.heterogeneity else ""
    if pooled.prediction:
        found = pooled.prediction
        about = "prediction interval, approximate; " if found.approximate else "prediction interval; "
        return between(found.low, found.high, metric), about + i2 + k
    if pooled.lowest is None or pooled.highest is None:
        return ("not shown" if pooled.sites else "none"), i2 + k
    if not isinstance(pooled.estimate, Estimate):
        return _few_words(pooled.lowest, pooled.highest, metric, pooled.sites), f"shown, not pooled; {k}"
    return between(pooled.lowest, pooled.highest, metric), f"range; {i2}{k}"


def _few_words(low: float, high: float, metric: Metric, sites: int) -> str:
    if sites == 1:
        return number(low, metric)
    return f"{number(low, metric)} {'and' if sites == 2 else 'to'} {number(high, metric)}"


def group_words(group: GroupResult, metric: Metric) -> str:
    """How sites differ in a subgroup, or why no site shows it; and at how many sites it is withheld."""
    pooled = get_pooled(group.pooled, metric)
    words = ", ".join(spread_words(pooled, metric))
    if not isinstance(pooled.estimate, Estimate) and pooled.estimate.reason in WITHHELD:
        words = str(pooled.estimate.reason)
    return f"{words}; withheld at {count(group.withheld, 'site')}" if group.withheld else words


def prediction_words(found: PredictionInterval, board: Leaderboard) -> str:
    """`95% prediction interval, approximate`."""
    return f"{level_words(board)} prediction interval" + (", approximate" if found.approximate else "")


def heterogeneity_words(pooled: PooledMetric, board: Leaderboard) -> str:
    """`I² = 68%; tau² = 0.18 (95% CI 0.02 to 1.20) on the scale of the analysis; k = 4`; nothing where not analysed."""
    found = pooled.heterogeneity
    if found is None:
        return ""
    tau2 = (
        f"tau² = {found.tau2:.2g} ({ci_words(board)} {found.low:.2g} to {found.high:.2g}) on the scale of the analysis"
    )
    return f"I² = {percent(found.i2)}; {tau2}; k = {pooled.sites}"


def rank_words(row: LeaderboardRow) -> str:
    """`1 to 3`; `not ranked` without a rank."""
    return f"{row.rank.low} to {row.rank.high}" if row.rank else "not ranked"


# --- states -----------------------------------------------------------------------------------------------------


def is_few(cell: CellResult) -> bool:
    """Whether one of two classes, or the site, holds fewer cases than an estimate can rest on well."""
    fewest = cell.cases if cell.positives is None else min(cell.positives, cell.cases - cell.positives)
    return fewest < FEW


def few_words(board: Leaderboard) -> str:
    """What the mark of few cases says."""
    return f"fewer than {FEW} cases in one class" if has_classes(board) else f"fewer than {FEW} cases"


def why_missing(cell: Cell, metric: Metric) -> tuple[str, str] | None:
    """(state, reason) of a cell without an estimate, such as ("failed", "the model passed its time limit")."""
    if isinstance(cell, NotShown):
        return cell.kind, cell.reason
    estimate = get_estimate(cell.estimates, metric)
    return None if isinstance(estimate, Estimate) else state_of(estimate.reason)


def state_of(reason: Reason) -> tuple[str, str]:
    """(state, reason) of a value that is not there: too few, suppressed, or not estimable."""
    if reason is Reason.INSUFFICIENT:
        return "too few", str(reason)
    return ("suppressed" if reason is Reason.SUPPRESSED else "not estimable"), str(reason)


def missing_counts(row: LeaderboardRow) -> list[tuple[str, int]]:
    """How many cells of a row are failed, withheld, pending, in this order; hidden ones do not tell."""
    kinds = Counter(cell.kind for cell in row.cells)
    return [(kind, kinds[kind]) for kind in ("failed", "withheld", "pending") if kinds[kind]]


def not_estimable_count(row: LeaderboardRow, metric: Metric) -> int:
    """At how many sites that released a result the metric cannot be estimated."""
    pooled = get_pooled(row.pooled, metric)
    if not isinstance(pooled.estimate, Estimate) and pooled.estimate.reason is not Reason.FEW_SITES:
        return 0
    return row.sites - pooled.sites


def execution_words(board: Leaderboard) -> str:
    """`12 executions: 9 released, 1 withheld, 1 failed, 1 pending`."""
    total = sum(board.executions.values())
    parts = [f"{board.executions[state]} {word}" for state, word in STATE_WORDS.items() if board.executions.get(state)]
    return f"{count(total, 'execution')}: {', '.join(parts)}" if parts else "no executions"


def results_of(board: Leaderboard) -> list[tuple[LeaderboardRow, int, CellResult]]:
    """(row, column, cell) of every result that the viewer sees."""
    return [
        (row, place, cell) for row in board.rows for place, cell in enumerate(row.cells) if isinstance(cell, CellResult)
    ]


def from_source_words(board: Leaderboard) -> str:
    """A sentence when results came from source folders, else nothing."""
    results = results_of(board)
    sourced = sum(cell.from_source for _, _, cell in results)
    if not sourced:
        return ""
    which = "All results" if sourced == len(results) else f"{sourced} of {len(results)} results"
    return (
        f"{which} ran from source folders in the embedded sandbox, not from container images: the digest is that of "
        "folder and lock file, and the interpreter and its libraries were those of the machine."
    )


# --- counts and lists -------------------------------------------------------------------------------------------


def count(n: int, noun: str) -> str:
    """`1 site`, `2 sites`."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


_SMALL_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def spelled(n: int) -> str:
    """`four`, `12`: small numbers as words."""
    return _SMALL_NUMBERS[n] if n < len(_SMALL_NUMBERS) else str(n)


def listing(items: Sequence[str], most: int = 4) -> str:
    """`a, b and c`; beyond `most`, `a, b, c and 5 more`."""
    shown = [*items] if len(items) <= most else [*items[: most - 1], f"{len(items) - most + 1} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def pooled_count(counts: AnyCounts, what: Literal["cases", "positives"]) -> str:
    """A pooled count, or the word for why there is none."""
    if isinstance(counts, CaseCounts):
        return str(counts.cases if what == "cases" else counts.positives)
    if counts.reason in WITHHELD:
        return state_of(counts.reason)[0]
    return "none" if counts.reason is Reason.NO_RESULTS else "not shown"


def cell_counts(cell: CellResult) -> str:
    """`89 / 182`: positive cases and cases; cases alone where there are no two classes."""
    return f"{cell.cases}" if cell.positives is None else f"{cell.positives} / {cell.cases}"


def counts_heading(board: Leaderboard) -> str:
    """The heading above `cell_counts`."""
    return f"{class_words(board).capitalize()} / cases" if has_classes(board) else "Cases"
