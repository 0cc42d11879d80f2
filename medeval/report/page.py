"""From a board to the view that the page's template prints, so that the template decides nothing."""

from itertools import groupby

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import AnyCounts, CaseCounts, Estimate
from medeval.domain.messages import Leaderboard, LeaderboardRow, PooledMetric
from medeval.report import figures, methods, page_matrix, reading, row_plot, tiers, versus
from medeval.report.findings import findings_of
from medeval.report.page_detail import find_detail
from medeval.report.view import Figure, MetricsTable, ModelLine, Origin, Page, Table, Tier
from medeval.report.words import meaning_of


def page_of(board: Leaderboard) -> Page:
    """Prepare a board for the template."""
    metric, names = reading.metric_of(board), reading.names_of(board)
    pooled = [reading.get_pooled(row.pooled, metric) for row in board.rows]
    return Page(
        board=board,
        metric=reading.word_of(metric),
        heading=reading.heading_of(metric),
        meaning=meaning_of(metric),
        level=reading.ci_words(board),
        order=tiers.order_words(board),
        spread_head=_spread_head(board),
        metrics_title=f"Other metrics, random-effects mean over sites with {reading.ci_words(board)}.",
        counts_head=f"Cases ({reading.class_words(board)})" if reading.has_classes(board) else "Cases",
        facts=tuple(_facts(board)),
        findings=tuple(findings_of(board)),
        scale=row_plot.head(row_plot.board_axis(board)),
        tiers=tuple(_tiers(board)),
        ranked=any(row.rank for row in board.rows),
        notes=tuple(methods.spread_notes(board)),
        predicts=any(item.prediction for item in pooled),
        comparisons=_comparisons(board),
        comparisons_note=versus.READ,
        not_compared=versus.not_compared_words(board),
        estimands=_estimands(board, metric),
        metrics=_metrics(board),
        matrix=page_matrix.matrix_of(board),
        methods=tuple(methods.method_words(board)),
        source=reading.from_source_words(board),
        origins=tuple(
            Origin(names[row], names.sites[i], cell.sandbox, cell.envelope)
            for row, i, cell in reading.results_of(board)
        ),
    )


def short_digest(digest: str) -> str:
    """`sha256:9f2c41d0…7be6`."""
    return f"{digest[:15]}…{digest[-4:]}"


def _facts(board: Leaderboard) -> list[tuple[str, str, str]]:
    """(label, value, small print)."""
    log = f"head {short_digest(board.log_head)}" if board.log_head else ""
    entries = "1 entry" if board.log_size == 1 else f"{board.log_size} entries"
    models, sites = reading.count(len(board.rows), "model"), reading.count(len(board.columns), "site")
    return [
        ("Benchmark", board.benchmark, short_digest(board.benchmark_digest)),
        ("Data", board.data_label, ""),
        ("Evidence", f"{models}, {sites}", reading.execution_words(board)),
        ("Disclosure policy", board.policy, ""),
        ("Log", entries, log),
    ]


def _spread_head(board: Leaderboard) -> str:
    """The head of the column that says how sites differ."""
    metric = reading.metric_of(board)
    predicted = {bool(reading.get_pooled(row.pooled, metric).prediction) for row in board.rows}
    if predicted == {True}:
        return f"{reading.level_words(board)} prediction interval, I²"
    return "Range of sites, I²" if predicted == {False} else "Prediction interval or range, I²"


# --- the board --------------------------------------------------------------------------------------------------


def _tiers(board: Leaderboard) -> list[Tier]:
    """Neighbouring rows of one tier; a single one without a title where nothing was ranked."""
    places = groupby(range(len(board.rows)), key=lambda place: tiers.number_of(board.rows[place]))
    return [
        Tier(*tiers.title_words(board, number), tuple(_model(board, place) for place in group))
        for number, group in places
    ]


def _model(board: Leaderboard, place: int) -> ModelLine:
    row, metric = board.rows[place], reading.metric_of(board)
    pooled = reading.get_pooled(row.pooled, metric)
    return ModelLine(
        name=reading.names_of(board)[row],
        version=row.model.partition("@")[2],
        organisation=row.organisation,
        summary=row.summary,
        anchor=f"model-{place}",
        primary=figures.mean_figure(pooled, metric),
        plot=row_plot.svg(board, row),
        spread=_spread(board, pooled, metric),
        rank=reading.rank_words(row),
        sites=f"{row.sites} of {len(board.columns)}",
        tags=figures.row_tags(row, metric),
        flags=tuple(str(flag) for flag in row.flags),
        counts=_counts(row.counts),
        cells=page_matrix.cells_of(board, place),
        detail=find_detail(board, place),
    )


def _spread(board: Leaderboard, pooled: PooledMetric, metric: Metric) -> tuple[str, str, str]:
    """The head of the column need not stand in each row."""
    reach, about, label = figures.spread(pooled, metric)
    if "or range" not in _spread_head(board):
        about = about.removeprefix("prediction interval, ").removeprefix("prediction interval; ")
    return reach, about, label


def _counts(counts: AnyCounts) -> str:
    """`553 (311)`, or the word for why there are none."""
    if not isinstance(counts, CaseCounts):
        return reading.pooled_count(counts, "cases")
    return str(counts.cases) if counts.positives is None else f"{counts.cases} ({counts.positives})"


# --- tables below it --------------------------------------------------------------------------------------------


def _comparisons(board: Leaderboard) -> Table | None:
    """Every comparison: difference, interval, adjusted p, sites."""
    if not board.comparisons:
        return None
    names = reading.names_of(board).models
    rows = tuple(
        (
            f"{names.get(item.first, item.first)} less {names.get(item.second, item.second)}",
            reading.heading_of(versus.metric_of(item, board)),
            versus.difference_words(item, board),
            reading.p_words(item.p_adjusted),
            versus.verdict_words(item, board),
            str(item.sites),
        )
        for item in board.comparisons
    )
    heads = ("Models", "Metric", f"Difference ({reading.ci_words(board)})", "Adjusted p", "Verdict", "Sites")
    about = "A positive difference means that the first has the higher figure."
    return Table("cap-versus", "Model against model, on the same cases.", about, heads, rows, words=(1, 4))


def _estimands(board: Leaderboard, metric: Metric) -> MetricsTable:
    """Three estimands of the primary metric, each under its own name."""
    heads = ("Mean over sites (random effects)", methods.within_words(metric), "Over all cases (added counts)")
    return MetricsTable(heads, tuple(_estimand_row(board, row, metric) for row in board.rows))


def _estimand_row(board: Leaderboard, row: LeaderboardRow, metric: Metric) -> tuple[str, tuple[Figure, ...]]:
    pooled = reading.get_pooled(row.pooled, metric)
    found = (
        figures.mean_figure(pooled, metric),
        figures.figure(pooled.within, metric),
        figures.figure(pooled.all_cases, metric),
    )
    return reading.names_of(board)[row], found


def _metrics(board: Leaderboard) -> MetricsTable:
    """The mean over sites of every other metric."""
    others, names = reading.other_metrics(board), reading.names_of(board)
    rows = tuple((names[row], tuple(_mean(row, metric) for metric in others)) for row in board.rows)
    return MetricsTable(tuple(reading.heading_of(metric) for metric in others), rows)


def _mean(row: LeaderboardRow, metric: Metric) -> Figure:
    """A mean with the number of its sites where that is not every site with a result."""
    pooled = reading.get_pooled(row.pooled, metric)
    found = figures.mean_figure(pooled, metric)
    if isinstance(pooled.estimate, Estimate) and pooled.sites < row.sites:
        return Figure(found.value, found.interval, small=f"k = {pooled.sites} of {row.sites}")
    return found
