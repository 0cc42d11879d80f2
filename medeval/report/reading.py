"""How figures, names and states read: one wording for terminal and page. No figure goes without its interval."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from medeval.domain.benchmark import Metric, MetricName
from medeval.domain.estimate import AnyCounts, AnyEstimate, CaseCounts, Estimate, NotShown, Reason
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import Cell, CellResult, Leaderboard, LeaderboardRow, MetricEstimates, SiteColumn

#: Below this many cases in one class a site's estimate is marked (dagger, open square).
FEW = 10

METRIC_WORDS = {MetricName.ACCURACY: "accuracy", MetricName.PRECISION: "precision", MetricName.AUROC: "AUROC"}
METRIC_MEANING = {
    MetricName.ACCURACY: "Accuracy: the share of right decisions at the benchmark's threshold.",
    MetricName.PRECISION: "Precision: the share of positive cases among those called positive.",
    MetricName.AUROC: "Area under the ROC curve (AUROC): 0.5 is chance, 1 is perfect.",
}

STATE_WORDS = {
    ExecutionState.RELEASED: "released",
    ExecutionState.WITHHELD: "withheld",
    ExecutionState.FAILED: "failed",
    ExecutionState.PENDING: "pending",
}


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


def metric_of(board: Leaderboard, name: MetricName | None = None) -> Metric:
    """A metric of the board; without a name the primary one."""
    wanted = name or board.primary_metric
    return next(metric for metric in board.metrics if metric.name is wanted)


def other_metrics(board: Leaderboard) -> list[Metric]:
    """All metrics but the primary one."""
    return [metric for metric in board.metrics if metric.name is not board.primary_metric]


def word_of(metric: Metric) -> str:
    """`AUROC`, `accuracy`."""
    return METRIC_WORDS[metric.name]


def heading_of(metric: Metric) -> str:
    """The word with a capital."""
    return word_of(metric)[0].upper() + word_of(metric)[1:]


def get_estimate(estimates: Sequence[MetricEstimates], metric: Metric) -> AnyEstimate:
    """The estimate of a metric; a board holds one for each of its metrics."""
    return next(item.estimate for item in estimates if item.metric is metric.name)


def find_value(estimates: Sequence[MetricEstimates], metric: Metric) -> Estimate | None:
    """The estimate of a metric, unless it is not estimable."""
    estimate = get_estimate(estimates, metric)
    return estimate if isinstance(estimate, Estimate) else None


def site_values(row: LeaderboardRow, metric: Metric) -> list[tuple[int, CellResult, Estimate]]:
    """(column, cell, estimate) of each site that has one."""
    found = []
    for place, cell in enumerate(row.cells):
        if isinstance(cell, CellResult) and (estimate := find_value(cell.estimates, metric)):
            found.append((place, cell, estimate))
    return found


def number(value: float, metric: Metric) -> str:
    """A value with the decimals that the spec asks for."""
    return f"{value:.{metric.decimals}f}"


def interval(estimate: Estimate, metric: Metric, between: str = " to ") -> str:
    """`0.71 to 0.93`."""
    return f"{number(estimate.low, metric)}{between}{number(estimate.high, metric)}"


def figure(estimate: Estimate, metric: Metric) -> str:
    """`0.85 (0.71 to 0.93)`."""
    return f"{number(estimate.value, metric)} ({interval(estimate, metric)})"


def ci_words(board: Leaderboard) -> str:
    """`95% CI`."""
    return f"{board.confidence_level * 100:g}% CI"


def is_few(cell: CellResult) -> bool:
    """Whether one of the two classes holds fewer cases than an estimate can rest on well."""
    return min(cell.positives, cell.cases - cell.positives) < FEW


def why_missing(cell: Cell, metric: Metric) -> tuple[str, str] | None:
    """(state, reason) of a cell without an estimate, such as ("failed", "the model passed its time limit")."""
    if isinstance(cell, NotShown):
        return cell.kind, cell.reason
    estimate = get_estimate(cell.estimates, metric)
    return None if isinstance(estimate, Estimate) else ("not estimable", estimate.reason)


def missing_counts(row: LeaderboardRow) -> list[tuple[str, int]]:
    """How many cells of a row are failed, withheld, pending, in this order; hidden ones do not tell."""
    kinds = Counter(cell.kind for cell in row.cells)
    return [(kind, kinds[kind]) for kind in ("failed", "withheld", "pending") if kinds[kind]]


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


def count(n: int, noun: str) -> str:
    """`1 site`, `2 sites`."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def listing(items: Sequence[str], most: int = 4) -> str:
    """`a, b and c`; beyond `most`, `a, b, c and 5 more`."""
    shown = [*items] if len(items) <= most else [*items[: most - 1], f"{len(items) - most + 1} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def pooled_count(counts: AnyCounts, what: Literal["cases", "positives"]) -> str:
    """A pooled count, or the word for why there is none."""
    if isinstance(counts, CaseCounts):
        return str(counts.cases if what == "cases" else counts.positives)
    return "none" if counts.reason is Reason.NO_RESULTS else "not shown"
