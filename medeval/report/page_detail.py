"""The details of one model: forest plot, mean without each site, calibration plot, decision curve."""

from medeval.domain.estimate import CaseCounts, Estimate
from medeval.domain.messages import Leaderboard, LeaderboardRow
from medeval.report import calibration, decision, figures, forest, reading
from medeval.report.page_groups import find_subgroups
from medeval.report.risk_bins import benefits, risk_points, shown_lines
from medeval.report.view import Detail, Drawing, Table


def find_detail(board: Leaderboard, place: int) -> Detail | None:
    """The details of the model in that row; None where no site's result is shown and nothing else is there."""
    plot = _forest(board, place)
    drawings = tuple(item for item in (_calibration(board, place), _decision(board, place)) if item)
    groups = find_subgroups(board, place)
    if not (plot or drawings or groups):
        return None
    return Detail(
        forest=plot,
        left_out=_left_out(board, place),
        drawings=drawings,
        groups=groups,
    )


def _forest(board: Leaderboard, place: int) -> Drawing | None:
    row, metric = board.rows[place], reading.metric_of(board)
    if not reading.site_values(row, metric):
        return None
    names = reading.names_of(board)
    ident = f"fp{place}"
    wide = forest.picture(board, row, ident=ident).to_html("wide")
    svg = wide + forest.picture(board, row, ident=ident, narrow=True).to_html("narrow")
    pooled = reading.get_pooled(row.pooled, metric)
    heads = ("Site", reading.counts_heading(board), f"{reading.heading_of(metric)} ({reading.ci_words(board)})")
    rows = [(name, *_site(row, i, board)) for i, name in enumerate(names.sites)]
    counts = _counts(row.counts) if isinstance(row.counts, CaseCounts) else reading.pooled_count(row.counts, "cases")
    rows.append(("Mean (random effects)", counts, figures.plain(figures.mean_figure(pooled, metric))))
    reach, about = reading.spread_words(pooled, metric)
    rows.append(("Between sites", f"k = {pooled.sites}", f"{reach}, {about}"))
    table = Table(f"cap-fp-{place}", f"{reading.heading_of(metric)} of {names[row]} by site", "", heads, tuple(rows))
    return Drawing(svg, f"Forest plot of {names[row]}.", _forest_caption(board, row), table)


def _site(row: LeaderboardRow, place: int, board: Leaderboard) -> tuple[str, str]:
    cell, metric = row.cells[place], reading.metric_of(board)
    counts = reading.cell_counts(cell) if cell.kind == "result" else "not told"
    return counts, figures.plain(figures.cell_figure(cell, metric))


def _counts(counts: CaseCounts) -> str:
    return f"{counts.cases}" if counts.positives is None else f"{counts.positives} / {counts.cases}"


def _forest_caption(board: Leaderboard, row: LeaderboardRow) -> str:
    pooled = reading.get_pooled(row.pooled, reading.metric_of(board))
    words = f"Squares are sites, sized by cases; an open square: {reading.few_words(board)}. "
    if isinstance(pooled.estimate, Estimate):
        words += f"The diamond spans the {reading.ci_words(board)} of the mean over sites. "
    if pooled.prediction:
        words += "The band is where a new site of this kind is expected. "
    words += "An arrow means that the interval goes on."
    spread = reading.heterogeneity_words(pooled, board)
    return f"{words} {spread}." if spread else words


def _left_out(board: Leaderboard, place: int) -> Table | None:
    """The mean without each site in turn."""
    row, metric = board.rows[place], reading.metric_of(board)
    pooled, names = reading.get_pooled(row.pooled, metric), reading.names_of(board)
    if not pooled.left_out:
        return None
    titles = {column.dataset: name for column, name in zip(board.columns, names.sites, strict=True)}
    rows = [
        (titles.get(item.dataset, item.dataset), reading.figure_or_reason(item.estimate, metric))
        for item in pooled.left_out
    ]
    mean = f"Mean {reading.word_of(metric)} ({reading.ci_words(board)})"
    about = "A mean that one site moves far rests on that site."
    title = f"{names[row]} without each site in turn."
    return Table(f"cap-loo-{place}", title, about, ("Without", mean), tuple(rows))


def _calibration(board: Leaderboard, place: int) -> Drawing | None:
    row = board.rows[place]
    drawn = calibration.find_picture(board, row, ident=f"cal{place}")
    if drawn is None or row.bins is None:
        return None
    points = risk_points(row.bins, board.confidence_level)
    rows = tuple(
        (f"{item.risk:.2f}", str(item.cases), f"{item.observed:.2f}", f"{item.low:.2f} to {item.high:.2f}")
        for item in points
    )
    heads = ("Mean predicted", "Cases", "Observed", reading.ci_words(board))
    caption = (
        "Does 30% mean 30%? Points on the dashed line are right; below it the model overstates risk. Bars along the "
        f"foot: cases per point. All {reading.count(sum(row.bins.cases), 'case')} together, not a mean over sites; "
        f"Wilson {reading.level_words(board)} intervals."
    )
    table = Table(f"cap-cal-{place}", "Observed share by predicted risk", "", heads, rows)
    return Drawing(drawn.to_html(), f"Calibration of {reading.names_of(board)[row]}.", caption, table)


def _decision(board: Leaderboard, place: int) -> Drawing | None:
    row = board.rows[place]
    drawn = decision.find_picture(board, row, ident=f"dca{place}")
    if drawn is None or row.bins is None:
        return None
    lines = shown_lines(benefits(row.bins))
    rows = tuple(
        (
            decision.threshold_words(item.threshold),
            reading.written(item.value, 2),
            f"{reading.written(item.low, 2)} to {reading.written(item.high, 2)}",
            reading.written(item.everyone, 2),
            "0",
        )
        for item in lines
    )
    heads = ("Threshold", "Model", f"{reading.level_words(board)} band", "Everyone", "No one")
    share = sum(row.bins.positives) / max(1, sum(row.bins.cases))
    caption = (
        "Is acting on the model better than treating everyone or no one? Net benefit counts true positives per case, "
        "less false ones at the odds of the threshold. An arrow: the line goes on below. All cases together; "
        f"{reading.percent(share)} are {reading.class_words(board)}."
    )
    table = Table(f"cap-dca-{place}", "Net benefit by threshold", "", heads, rows)
    return Drawing(drawn.to_html(), f"Decision curve of {reading.names_of(board)[row]}.", caption, table)
