"""The table of models in a terminal: mean with interval, spread, rank, sites; then the other metrics and estimands."""

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import AnyEstimate, Estimate, Reason
from medeval.domain.messages import Leaderboard, LeaderboardRow
from medeval.report import methods, reading, tiers, versus
from medeval.report.pen import Pen, pad
from medeval.report.terminal_table import Column, blocks, cut, table_lines, width_of
from medeval.report.words import meaning_of

_SHORTEST_NAME = 10
_LONGEST_NAME = 24
_LONGEST_PAIR = 34


def board_lines(board: Leaderboard, pen: Pen) -> list[str]:
    """One line for each model, by tier; counts, I² and rank give way where room is short, an interval never."""
    metric = reading.metric_of(board)
    kept = [_mean(board, metric, pen), _spread(board, metric), _sites(board, metric, pen)]
    # in the order in which they are given up, last first; each with its place
    spare = [(2, _i2(board, metric)), (3, _ranks(board)), (5, _cases(board)), (6, _positives(board))]
    spare = [item for item in spare if item[1]]
    columns = _placed(kept, spare)
    while spare and width_of(columns) > pen.width - _SHORTEST_NAME - 2:
        spare.pop()
        columns = _placed(kept, spare)
    if width_of(columns) > pen.width - _SHORTEST_NAME - 2:
        columns = [columns[0], columns[2]]
    below = []
    if width_of(columns) > pen.width - _SHORTEST_NAME - 2:
        columns, below = columns[:1], columns[1:]
    lines = table_lines(_with_names(board, columns, pen), pen, _titles(board, pen))
    lines += ["", *table_lines(_with_names(board, below, pen), pen)] if below else []
    told = f"{reading.heading_of(metric)}: random-effects mean over sites. {meaning_of(metric)}"
    lines += ["", *pen.paragraph(told)]
    for head, text in methods.spread_notes(board):
        lines += pen.paragraph(f"{head} {text}")
    return lines


def _placed(kept: list[Column], spare: list[tuple[int, Column | None]]) -> list[Column]:
    """Mean and spread, then I² and rank, then sites, then counts."""
    inner = [column for place, column in spare if place < 4 and column]
    outer = [column for place, column in spare if place > 4 and column]
    return [kept[0], kept[1], *inner, kept[2], *outer]


def _with_names(board: Leaderboard, columns: list[Column], pen: Pen) -> list[Column]:
    """Models before other columns; names are shortened to the room that is left."""
    names, room = reading.names_of(board), pen.width - width_of(columns) - 2
    most = max(_SHORTEST_NAME, min(_LONGEST_NAME, room))
    return [Column("Model", [pen.fit(names[row], most) for row in board.rows]), *columns]


def _titles(board: Leaderboard, pen: Pen) -> dict[int, list[str]]:
    """The title of a tier before its first model."""
    if not tiers.is_ranked(board):
        return {}
    titles, last = {}, -1
    for place, row in enumerate(board.rows):
        if (number := tiers.number_of(row)) != last:
            title, about = tiers.title_words(board, number)
            titles[place] = [pen.paint(line, "bold") for line in pen.paragraph(f"{title}  {about}")]
            last = number
    return titles


# --- columns ----------------------------------------------------------------------------------------------------


def _mean(board: Leaderboard, metric: Metric, pen: Pen) -> Column:
    """Value and interval side by side, or why there is none."""
    heading = pen.clean(reading.heading_of(metric))
    pooled = [reading.get_pooled(row.pooled, metric) for row in board.rows]
    values = [
        reading.number(item.estimate.value, metric) if isinstance(item.estimate, Estimate) else "" for item in pooled
    ]
    width = max(len(text) for text in [heading, *values]) + 2
    texts = [
        pad(value, width) + reading.interval(item.estimate, metric)
        if isinstance(item.estimate, Estimate)
        else reading.not_pooled_words(item)[0]
        for item, value in zip(pooled, values, strict=True)
    ]
    return Column(pad(heading, width) + reading.ci_words(board), texts)


def _spread(board: Leaderboard, metric: Metric) -> Column:
    """Prediction interval or range; where both stand in one column, a range says so."""
    pooled = [reading.get_pooled(row.pooled, metric) for row in board.rows]
    predicted = [item.prediction is not None for item in pooled]
    texts = [reading.spread_words(item, metric)[0] for item in pooled]
    if all(predicted):
        return Column("Prediction", texts)
    if not any(predicted):
        return Column("Range", texts)
    marked = [
        text if mine or not text[-1:].isdigit() else f"r {text}" for text, mine in zip(texts, predicted, strict=True)
    ]
    return Column("Prediction (r: range)", marked)


def _i2(board: Leaderboard, metric: Metric) -> Column | None:
    found = [reading.get_pooled(row.pooled, metric).heterogeneity for row in board.rows]
    texts = [reading.percent(item.i2) if item else "none" for item in found]
    return Column("I2", texts, right=True) if any(found) else None


def _ranks(board: Leaderboard) -> Column | None:
    if not tiers.is_ranked(board):
        return None
    return Column("Rank", [f"{row.rank.low}-{row.rank.high}" if row.rank else "none" for row in board.rows])


def _sites(board: Leaderboard, metric: Metric, pen: Pen) -> Column:
    """`3 of 4 ✕ 1`."""
    return Column("Sites", [_site_words(board, row, metric, pen) for row in board.rows])


def _site_words(board: Leaderboard, row: LeaderboardRow, metric: Metric, pen: Pen) -> str:
    missing = reading.missing_counts(row)
    if n := reading.not_estimable_count(row, metric):
        missing.append(("not estimable", n))
    return f"{row.sites} of {len(board.columns)}" + "".join(f" {pen.mark(kind)} {n}" for kind, n in missing)


def _cases(board: Leaderboard) -> Column:
    return Column("Cases", [reading.pooled_count(row.counts, "cases") for row in board.rows], right=True)


def _positives(board: Leaderboard) -> Column | None:
    if not reading.has_classes(board):
        return None
    head = reading.class_words(board).capitalize()
    return Column(head, [reading.pooled_count(row.counts, "positives") for row in board.rows], right=True)


# --- tables below it --------------------------------------------------------------------------------------------


def versus_lines(board: Leaderboard, pen: Pen) -> list[str]:
    """Every comparison on the same cases; nothing where there is none."""
    missing = versus.not_compared_words(board)
    told = pen.paragraph(f"Not compared: {missing}") if missing else []
    if not board.comparisons:
        return told
    names, items = reading.names_of(board).models, board.comparisons
    figures = [
        Column(f"Difference ({reading.ci_words(board)})", [versus.difference_words(item, board) for item in items]),
        Column("Adjusted p", [reading.p_words(item.p_adjusted) for item in items]),
        Column("Sites", [str(item.sites) for item in items], right=True),
    ]
    room = min(_LONGEST_PAIR, max(20, pen.width - width_of(figures) - 2))
    half = (room - len(" less ")) // 2
    pairs = [
        f"{pen.fit(names.get(item.first, item.first), half)} less {pen.fit(names.get(item.second, item.second), half)}"
        for item in items
    ]
    metrics = {reading.heading_of(versus.metric_of(item, board)) for item in items}
    title = f"Model against model, on the same cases: {reading.listing(sorted(metrics))}"
    lines = [pen.paint(line, "bold") for line in pen.paragraph(title)]
    return [*lines, *blocks(Column("Models", pairs), figures, pen), "", *pen.paragraph(versus.READ), *told]


def estimand_lines(board: Leaderboard, pen: Pen) -> list[str]:
    """The two other estimands of the primary metric, each under its own name; nothing where neither has a value."""
    metric = reading.metric_of(board)
    pooled = [reading.get_pooled(row.pooled, metric) for row in board.rows]
    if not any(isinstance(item.within, Estimate) or isinstance(item.all_cases, Estimate) for item in pooled):
        return []
    columns = [
        Column(methods.within_words(metric), [_or_state(item.within, metric) for item in pooled]),
        Column("Over all cases", [_or_state(item.all_cases, metric) for item in pooled]),
    ]
    head = f"{reading.heading_of(metric)} as other estimands ({reading.ci_words(board)}): not the mean over sites"
    blocks = [table_lines(_with_names(board, group, pen), pen) for group in cut(columns, _room(pen))]
    return [*(pen.paint(line, "bold") for line in pen.paragraph(head)), *(line for block in blocks for line in block)]


def other_blocks(board: Leaderboard, pen: Pen) -> list[list[str]]:
    """The means of the other metrics, each with its interval, in as many tables as the width asks for."""
    columns = [
        Column(
            pen.clean(reading.heading_of(metric)),
            [reading.brief(reading.get_pooled(row.pooled, metric), metric) for row in board.rows],
        )
        for metric in reading.other_metrics(board)
        if any(reading.find_mean(row.pooled, metric) for row in board.rows)
    ]
    return [table_lines(_with_names(board, group, pen), pen) for group in cut(columns, _room(pen))]


def _or_state(estimate: AnyEstimate, metric: Metric) -> str:
    """A figure, or the state; a reason would not fit, and stands on the page."""
    if isinstance(estimate, Estimate):
        return reading.figure(estimate, metric)
    return "not shown" if estimate.reason in (Reason.HIDDEN, Reason.ONE_SITE) else reading.state_of(estimate.reason)[0]


def _room(pen: Pen) -> int:
    return pen.width - _SHORTEST_NAME - 3
