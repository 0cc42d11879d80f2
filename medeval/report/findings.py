"""The sentences that stand above any number: what the evidence says, and no more than that."""

from dataclasses import dataclass

from medeval.domain.benchmark import Direction, Metric
from medeval.domain.estimate import Estimate, NotEstimable, Reason
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import Leaderboard, LeaderboardRow
from medeval.report import reading
from medeval.report.reading import Names

Valued = tuple[LeaderboardRow, Estimate]


@dataclass(frozen=True)
class Finding:
    """A sentence, and what it rests on."""

    head: str
    text: str


def findings_of(board: Leaderboard) -> list[Finding]:
    """What can be said of this board: its order, the spread over sites, what is missing."""
    names = reading.names_of(board)
    metric = reading.metric_of(board)
    valued = [(row, value) for row in board.rows if (value := reading.find_value(row.pooled, metric))]
    found = [_order(board, names, valued)]
    if valued and (spread := _spread(board, names, valued[0][0])):
        found.append(spread)
    if outside := _outside(board, names, valued):
        found.append(outside)
    if board.executions and sum(board.executions.values()):
        found.append(_completeness(board))
    return found


def _order(board: Leaderboard, names: Names, valued: list[Valued]) -> Finding:
    metric, level = reading.metric_of(board), reading.ci_words(board)
    if not valued:
        return _nothing(board)
    row, best = valued[0]
    value = f"Pooled {reading.word_of(metric)} {reading.number(best.value, metric)} ({level} "
    value += f"{reading.interval(best, metric)}). "
    if len(valued) == 1:
        return Finding(
            f"One model has a pooled estimate: {names[row]}.", value + "There is nothing to compare it with."
        )
    tied = [names[other] for other, estimate in valued if estimate.value == best.value]
    rank = "highest" if metric.direction is Direction.HIGHER else "lowest"
    verb = "has" if len(tied) == 1 else "have"
    head = f"{reading.listing(tied)} {verb} the {rank} pooled {reading.word_of(metric)}; no paired test was made."
    return Finding(head, value + _comparison(names, valued) + _coverage(board, names, valued))


def _nothing(board: Leaderboard) -> Finding:
    estimates = [reading.get_estimate(row.pooled, reading.metric_of(board)) for row in board.rows]
    reasons = {estimate.reason for estimate in estimates if isinstance(estimate, NotEstimable)}
    if not reasons or reasons == {Reason.NO_RESULTS}:
        return Finding("No result yet.", "No site has released a result for a model of this benchmark.")
    return Finding("No pooled estimate to show.", f"Why: {reading.listing(sorted(reasons))}.")


def _comparison(names: Names, valued: list[Valued]) -> str:
    """Which intervals the first one overlaps; that is a look at a picture, not a test, and it says so."""
    best = valued[0][1]
    overlaps = [names[row] for row, other in valued[1:] if other.low <= best.high and best.low <= other.high]
    apart = [names[row] for row, other in valued[1:] if not (other.low <= best.high and best.low <= other.high)]
    parts = []
    if overlaps:
        parts.append(f"overlaps that of {reading.listing(overlaps)}")
    if apart:
        parts.append(f"lies apart from that of {reading.listing(apart)}")
    return f"Its interval {' and '.join(parts)}. Neither is a test on the same cases, so this order is no verdict. "


def _coverage(board: Leaderboard, names: Names, valued: list[Valued]) -> str:
    """A warning where models were pooled over different sites."""
    short = [
        f"{names[row]} ({row.sites} of {len(board.columns)})" for row, _ in valued if row.sites < len(board.columns)
    ]
    if not short:
        return ""
    return f"Not every model has every site: {reading.listing(short)}."


def _spread(board: Leaderboard, names: Names, row: LeaderboardRow) -> Finding | None:
    metric = reading.metric_of(board)
    values = sorted(reading.site_values(row, metric), key=lambda item: item[2].value)
    if len(values) < 2 or values[0][2].value == values[-1][2].value:
        return None
    (low_place, _, low), (high_place, _, high) = values[0], values[-1]
    lowest, highest = names.sites[low_place], names.sites[high_place]
    return Finding(
        f"{names[row]} is lowest at {lowest} and highest at {highest}.",
        f"{reading.heading_of(metric)} {reading.figure(low, metric)} and {reading.figure(high, metric)}, "
        f"{reading.ci_words(board)}. How much of this spread is chance was not analysed.",
    )


def _outside(board: Leaderboard, names: Names, valued: list[Valued]) -> Finding | None:
    """A warning where adding counts gives a value that no site has: the cases of sites are compared with each other."""
    metric = reading.metric_of(board)
    outside = [(names[row], pooled) for row, pooled in valued if _lies_outside(row, pooled, metric)]
    if not outside:
        return None
    models = reading.listing([name for name, _ in outside])
    figures = reading.listing([reading.figure(pooled, metric) for _, pooled in outside])
    return Finding(
        f"The pooled value of {models} lies outside the range of its own sites.",
        f"{figures}, {reading.ci_words(board)}. Sites that differ in how common positive cases are, or in "
        "how high scores run, can make the sum of counts better or worse than every site alone: read the sites first.",
    )


def _lies_outside(row: LeaderboardRow, pooled: Estimate, metric: Metric) -> bool:
    values = [found.value for _, _, found in reading.site_values(row, metric)]
    return bool(values) and not min(values) <= pooled.value <= max(values)


def _completeness(board: Leaderboard) -> Finding:
    total = sum(board.executions.values())
    released = board.executions.get(ExecutionState.RELEASED, 0)
    if released == total:
        return Finding(
            f"All {reading.count(total, 'execution')} gave a result."
            if total > 1
            else "The one execution has a result.",
            "Nothing was withheld and nothing failed.",
        )
    words = {
        ExecutionState.WITHHELD: "withheld by the data owner",
        ExecutionState.FAILED: "failed",
        ExecutionState.PENDING: "without a statement yet",
    }
    parts = [f"{board.executions[state]} {word}" for state, word in words.items() if board.executions.get(state)]
    return Finding(
        f"{released} of {total} executions gave a result.",
        f"{reading.listing(parts)}. Pooled estimates hold the released ones alone; nothing was filled in.",
    )
