"""The sentences that stand above any number: what the evidence says, and no more than that."""

from collections import Counter
from dataclasses import dataclass

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import Estimate, NotEstimable, Reason
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import Leaderboard, LeaderboardRow
from medeval.report import reading, versus
from medeval.report.reading import Names
from medeval.report.words import better_words

Valued = tuple[LeaderboardRow, Estimate]

#: Models that a sentence of its own says fall behind; the rest stand in the table of comparisons.
_MOST_BEHIND = 2


@dataclass(frozen=True)
class Finding:
    """A sentence, and what it rests on."""

    head: str
    text: str


def findings_of(board: Leaderboard) -> list[Finding]:
    """What can be said of this board: winner or none, who falls behind, the spread over sites, what is missing."""
    names = reading.names_of(board)
    metric = reading.metric_of(board)
    valued = [(row, mean) for row in board.rows if (mean := reading.find_mean(row.pooled, metric))]
    found = [_order(board, names, valued), *_behind(board, names)]
    candidates = [row for row, _ in valued] or list(board.rows)
    optional = [
        _spread(board, names, candidates[0]) if candidates else None,
        _outside(board, names),
        _partly_estimable(board, names),
        _thin(board, names),
    ]
    found += [finding for finding in optional if finding]
    if board.executions and sum(board.executions.values()):
        found.append(_completeness(board))
    return found


# --- order ------------------------------------------------------------------------------------------------------


def _order(board: Leaderboard, names: Names, valued: list[Valued]) -> Finding:
    if not valued:
        return _nothing(board, names)
    if len(valued) == 1:
        head = f"One model has a pooled estimate: {names[valued[0][0]]}."
        return Finding(head, f"{_mean_words(board, valued[0][1])} There is nothing to compare it with.")
    first = [(row, mean) for row, mean in valued if row.rank and row.rank.tier == 1]
    return _tiers(board, names, valued, first) if first else _untested(board, names, valued)


def _tiers(board: Leaderboard, names: Names, valued: list[Valued], first: list[Valued]) -> Finding:
    """By tiers: one model alone in the first, or no clear winner among several."""
    leader, basis = names[first[0][0]], versus.basis_words(board)
    because = f" ({basis})" if basis else ""
    if len(first) == 1:
        others = [names[row] for row, _ in valued[1:]]
        verb = "is" if len(others) == 1 else "are"
        return Finding(
            f"{leader} is ahead by {_word(board)}.",
            f"{reading.listing(others)} {verb} shown to be worse{because}. {_mean_words(board, first[0][1])}"
            + _coverage(board, names, valued),
        )
    one = names[first[1][0]] if len(first) == 2 else f"None of the other {reading.spelled(len(first) - 1)}"
    differs = "is not shown to differ" if len(first) == 2 else "is shown to differ"
    text = f"{one} {differs} from {leader}{because}. That is no proof that they are alike."
    head = f"No clear winner among {reading.spelled(len(first))} models."
    return Finding(head, text + _coverage(board, names, valued))


def _untested(board: Leaderboard, names: Names, valued: list[Valued]) -> Finding:
    """Where models could not be told apart by a test, the order is named, and what it is not."""
    metric, best = reading.metric_of(board), valued[0][1]
    tied = [names[other] for other, mean in valued if mean.value == best.value]
    verb = "stands" if len(tied) == 1 else "stand"
    head = f"{reading.listing(tied)} {verb} first by {_word(board)}; no paired test was made."
    text = f"{_mean_words(board, best)} {better_words(metric).capitalize()}. {_overlaps(names, valued)}"
    return Finding(head, text + _coverage(board, names, valued))


def _word(board: Leaderboard) -> str:
    return f"mean {reading.word_of(reading.metric_of(board))}"


def _mean_words(board: Leaderboard, mean: Estimate) -> str:
    metric = reading.metric_of(board)
    value = f"{reading.number(mean.value, metric)} ({reading.ci_words(board)} {reading.interval(mean, metric)})"
    return f"Its mean {reading.word_of(metric)} over sites is {value}."


def _nothing(board: Leaderboard, names: Names) -> Finding:
    metric = reading.metric_of(board)
    estimates = [reading.get_pooled(row.pooled, metric).estimate for row in board.rows]
    reasons = {estimate.reason for estimate in estimates if isinstance(estimate, NotEstimable)}
    if not reasons or reasons == {Reason.NO_RESULTS}:
        return Finding("No result yet.", "No site has released a result for a model of this benchmark.")
    if Reason.FEW_SITES in reasons:
        return Finding("Too few sites to pool.", _sites_instead(board, names))
    return Finding("No pooled estimate to show.", f"Why: {reading.listing(sorted(reasons))}.")


def _sites_instead(board: Leaderboard, names: Names) -> str:
    """What single sites reached, of the first model that has any."""
    metric = reading.metric_of(board)
    told = "The estimates of single sites are shown, not pooled."
    for row in board.rows:
        if values := reading.site_values(row, metric):
            figures = [f"{reading.figure(found, metric)} at {names.sites[place]}" for place, _, found in values]
            return (
                f"{told} {names[row]}: {reading.word_of(metric)} {reading.listing(figures)}, {reading.ci_words(board)}."
            )
    return told


def _overlaps(names: Names, valued: list[Valued]) -> str:
    """Which intervals the first one overlaps; that is a look at a picture, not a test, and it says so."""
    best = valued[0][1]
    overlaps = [names[row] for row, other in valued[1:] if other.low <= best.high and best.low <= other.high]
    apart = [names[row] for row, other in valued[1:] if not (other.low <= best.high and best.low <= other.high)]
    parts = []
    if overlaps:
        parts.append(f"overlaps that of {reading.listing(overlaps)}")
    if apart:
        parts.append(f"lies apart from that of {reading.listing(apart)}")
    return f"Its interval {' and '.join(parts)}. Neither is a test on the same cases, so this order is no verdict."


def _coverage(board: Leaderboard, names: Names, valued: list[Valued]) -> str:
    """A warning where models were pooled over different sites."""
    short = [
        f"{names[row]} ({row.sites} of {len(board.columns)})" for row, _ in valued if row.sites < len(board.columns)
    ]
    return f" Not every model has every site: {reading.listing(short)}." if short else ""


# --- who falls behind -------------------------------------------------------------------------------------------


def _behind(board: Leaderboard, names: Names) -> list[Finding]:
    """A sentence for each comparison that found a difference, up to two."""
    found = [item for item in board.comparisons if versus.is_shown(item, board)]
    told = []
    for item in found[:_MOST_BEHIND]:
        worse, better = versus.worse_and_better(item, board)
        told.append(
            Finding(f"{names.models[worse]} is worse than {names.models[better]}.", versus.gap_sentence(item, board))
        )
    return told


# --- sites ------------------------------------------------------------------------------------------------------


def _spread(board: Leaderboard, names: Names, row: LeaderboardRow) -> Finding | None:
    """Where the first model is lowest and highest, and how much of that is more than chance."""
    metric = reading.metric_of(board)
    values = sorted(reading.site_values(row, metric), key=lambda item: item[2].value)
    if len(values) < 2 or values[0][2].value == values[-1][2].value:
        return None
    (low_place, _, low), (high_place, _, high) = values[0], values[-1]
    pooled = reading.get_pooled(row.pooled, metric)
    differs = pooled.heterogeneity is not None and pooled.heterogeneity.low > 0
    text = (
        f"{names[row]}: {reading.word_of(metric)} {reading.figure(low, metric)} at {names.sites[low_place]} and "
        f"{reading.figure(high, metric)} at {names.sites[high_place]}, {reading.ci_words(board)}. "
    )
    head = f"{names[row]} is lowest at {names.sites[low_place]} and highest at {names.sites[high_place]}."
    return Finding("Performance differs between sites." if differs else head, text + _more_than_chance(board, row))


def _more_than_chance(board: Leaderboard, row: LeaderboardRow) -> str:
    metric = reading.metric_of(board)
    pooled = reading.get_pooled(row.pooled, metric)
    if pooled.heterogeneity is None:
        return "How much of this spread is chance cannot be said from so few sites."
    i2 = f"I² is {reading.percent(pooled.heterogeneity.i2)}"
    if pooled.prediction:
        found = pooled.prediction
        reach = reading.between(found.low, found.high, metric)
        return f"{i2}; a new site is expected at {reach} ({reading.prediction_words(found, board)})."
    if pooled.heterogeneity.low > 0:
        return f"{i2}: do not expect the mean at a new site."
    return f"{i2}, from {reading.count(pooled.sites, 'site')}: how much of this spread is chance is uncertain."


def _outside(board: Leaderboard, names: Names) -> Finding | None:
    """A warning where adding counts gives a value that no site has: the cases of sites are compared with each other."""
    metric = reading.metric_of(board)
    outside = []
    for row in board.rows:
        value = reading.get_pooled(row.pooled, metric).all_cases
        if isinstance(value, Estimate) and _lies_outside(row, value, metric):
            outside.append((names[row], value))
    if not outside:
        return None
    models = reading.listing([name for name, _ in outside])
    figures = reading.listing([reading.figure(value, metric) for _, value in outside])
    return Finding(
        f"Over all cases, {models} lies outside the range of its own sites.",
        f"{figures}, {reading.ci_words(board)}. Sites that differ in how common positive cases are, or in how high "
        "scores run, can make the value over all cases better or worse than every site alone: read the sites first.",
    )


def _lies_outside(row: LeaderboardRow, value: Estimate, metric: Metric) -> bool:
    values = [found.value for _, _, found in reading.site_values(row, metric)]
    return len(values) > 1 and not min(values) <= value.value <= max(values)


def _partly_estimable(board: Leaderboard, names: Names) -> Finding | None:
    """Sites that released a result which does not give this metric: flagged, never dropped unseen."""
    metric = reading.metric_of(board)
    short = [(names[row], n, row.sites) for row in board.rows if (n := reading.not_estimable_count(row, metric)) > 0]
    if not short:
        return None
    told = reading.listing([f"{name} at {n} of {sites}" for name, n, sites in short])
    cells = [reading.why_missing(cell, metric) for _, _, cell in reading.results_of(board)]
    reasons = [reason for reason, _ in Counter(found[1] for found in cells if found).most_common()]
    why = f" Why: {reading.listing(reasons)}." if reasons else ""
    return Finding(
        f"{reading.heading_of(metric)} cannot be estimated at every site.",
        f"Not estimable: {told} sites with a result. Means hold the other sites alone.{why}",
    )


def _thin(board: Leaderboard, names: Names) -> Finding | None:
    """Models whose evidence falls short, and by what."""
    flagged = [(names[row], row.flags) for row in board.rows if row.flags]
    if not flagged:
        return None
    told = [f"{name}: {reading.listing([str(flag) for flag in flags])}" for name, flags in flagged[:3]]
    more = [f"{len(flagged) - 3} more"] if len(flagged) > 3 else []
    verb = "rests" if len(flagged) == 1 else "rest"
    subject = flagged[0][0] if len(flagged) == 1 else f"{reading.spelled(len(flagged))} models"
    return Finding(f"{subject[0].upper()}{subject[1:]} {verb} on thin evidence.", f"{'; '.join([*told, *more])}.")


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
