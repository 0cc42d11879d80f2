"""Model against model in words: differences on the same cases, adjusted for how many were looked at."""

from medeval.domain.benchmark import Metric
from medeval.domain.messages import Leaderboard, PooledComparison, WhyNotCompared
from medeval.report import reading

#: How to read a table of comparisons.
READ = (
    "First model less second, on the same cases within sites, pooled over the sites that hold both. The p-value is "
    "adjusted (Holm) for all comparisons by its metric. A difference that is not shown is no proof that there is none."
)


def is_shown(item: PooledComparison, board: Leaderboard) -> bool:
    """Whether a difference is shown at the board's level, after adjustment."""
    return item.p_adjusted < 1 - board.confidence_level


def metric_of(item: PooledComparison, board: Leaderboard) -> Metric:
    """The metric that was compared."""
    return reading.metric_of(board, item.metric)


def difference_words(item: PooledComparison, board: Leaderboard) -> str:
    """`-0.19 (-0.26 to -0.11)`."""
    metric = metric_of(item, board)
    return f"{reading.number(item.difference, metric)} ({reading.between(item.low, item.high, metric)})"


def verdict_words(item: PooledComparison, board: Leaderboard) -> str:
    """`a difference is shown`, `not shown to differ`."""
    return "a difference is shown" if is_shown(item, board) else "not shown to differ"


def worse_and_better(item: PooledComparison, board: Leaderboard) -> tuple[str, str]:
    """The refs of both models, the worse one first: by the metric's direction, towards a target by their means."""
    metric = metric_of(item, board)
    badness = {}
    for row in board.rows:
        mean = reading.find_mean(row.pooled, metric)
        badness[row.model] = metric.badness(mean.value) if mean else None
    first, second = badness.get(item.first), badness.get(item.second)
    if metric.direction == "target" and first is not None and second is not None:
        worse = first > second
    else:
        worse = metric.badness(item.difference) > 0 if metric.direction != "target" else item.difference > 0
    return (item.first, item.second) if worse else (item.second, item.first)


def gap_sentence(item: PooledComparison, board: Leaderboard) -> str:
    """The gap of the worse model: `0.19 lower AUROC (95% CI 0.11 to 0.26), paired on ..., adjusted p = 0.02.`."""
    metric = metric_of(item, board)
    worse, _ = worse_and_better(item, board)
    turned = item.difference if worse == item.first else -item.difference
    low, high = sorted(abs(x) for x in (item.low, item.high))
    way = "lower" if turned < 0 else "higher"
    gap = f"{reading.number(abs(item.difference), metric)} {way} {reading.word_of(metric)}"
    # both ends lie on one side of 0, or no difference would be shown; else the signed interval stands
    reach = (
        reading.between(low, high, metric) if item.low * item.high > 0 else reading.between(item.low, item.high, metric)
    )
    sites = reading.count(item.sites, "site")
    p = f"adjusted {reading.p_words(item.p_adjusted)}"
    return f"{gap} ({reading.ci_words(board)} {reach}), paired on the same cases at {sites}, {p}."


def not_compared_words(board: Leaderboard) -> str:
    """Pairs that are not compared by the primary metric, by reason: `a and b (2 sites): too few sites ...`."""
    told = (_missing_words(board, reason) for reason in WhyNotCompared)
    return " ".join(words for words in told if words)


def _missing_words(board: Leaderboard, reason: WhyNotCompared) -> str:
    names, few = reading.names_of(board).models, reason is WhyNotCompared.TOO_FEW_SITES
    pairs = [
        f"{names.get(item.first, item.first)} and {names.get(item.second, item.second)}"
        + (f" ({reading.count(item.sites, 'site')})" if few else "")
        for item in board.not_compared
        if item.metric == board.primary_metric and item.reason is reason
    ]
    return f"{reading.listing(pairs, most=8)}: {_why_not(board, reason)}." if pairs else ""


def _why_not(board: Leaderboard, reason: WhyNotCompared) -> str:
    match reason:
        case WhyNotCompared.TOO_FEW_SITES:
            return "too few sites have compared them on the same cases"
        case WhyNotCompared.NO_RESULT:
            return "a model without a released result cannot be compared"
        case WhyNotCompared.NO_PAIRED_COMPARISON:
            metric = reading.metric_of(board, board.primary_metric)
            return f"models are not compared case by case by {reading.word_of(metric)}"


def basis_words(board: Leaderboard) -> str:
    """What tiers rest on: `differences on the same cases, adjusted for 4 comparisons`; nothing if nothing is told."""
    family = [item for item in board.comparisons if item.metric == board.primary_metric]
    adjusted = f"adjusted for {reading.count(len(family), 'comparison')}" if family else ""
    return ", ".join(words for words in (board.tier_basis, adjusted) if words)
