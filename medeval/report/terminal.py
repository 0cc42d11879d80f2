"""The leaderboard in a terminal: sentence, table, matrix, forest plot; plain strings, at most `width` cells wide."""

from medeval.domain.estimate import Estimate
from medeval.domain.messages import Leaderboard, LeaderboardRow
from medeval.report import reading
from medeval.report.findings import findings_of
from medeval.report.pen import Pen, cells, pad
from medeval.report.terminal_forest import forest_lines
from medeval.report.terminal_matrix import matrix_blocks, model_names


def render(board: Leaderboard, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """The whole leaderboard, ending in a newline."""
    pen = Pen(max(width, 60), unicode, color)
    blocks = [_head(board, pen), _findings(board, pen)]
    if board.rows:
        blocks += [_board(board, pen), _others(board, pen), *matrix_blocks(board, pen), _forest(board, pen)]
    blocks.append(_foot(board, pen))
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block) + "\n"


def _head(board: Leaderboard, pen: Pen) -> list[str]:
    title = pen.paragraph(board.title, "")
    facts = f"{board.benchmark}   {reading.execution_words(board)}"
    data = [f"Data: {board.data_label}", f"Disclosure policy: {board.policy}"]
    lines = [line for text in (facts, *data) for line in pen.paragraph(text, "")]
    return [*(pen.paint(line, "bold") for line in title), *lines]


def _findings(board: Leaderboard, pen: Pen) -> list[str]:
    lines = []
    for finding in findings_of(board):
        lines += [pen.paint(line, "bold") for line in pen.paragraph(finding.head)]
        lines += pen.paragraph(finding.text, "   ")
    return lines


def _board(board: Leaderboard, pen: Pen) -> list[str]:
    """One line for each model: pooled primary metric, interval, sites, cases."""
    metric = reading.metric_of(board)
    names = model_names(board, pen)
    name_width = max(cells(name) for name in ["Model", *names]) + 2
    value_width = max(len(reading.heading_of(metric)), 2 + metric.decimals) + 2
    interval_width = max(len(reading.ci_words(board)), 8 + 2 * metric.decimals) + 2
    sites = [_sites(board, row, pen) for row in board.rows]
    sites_width = max(cells(text) for text in ["Sites", *sites]) + 2
    head = pad("Model", name_width) + pad(reading.heading_of(metric), value_width)
    head += pad(reading.ci_words(board), interval_width) + pad("Sites", sites_width)
    head += pad("Cases", 9, right=True) + pad("Positive", 10, right=True)
    lines = [" " + head, " " + pen.glyph("rule") * (cells(head) + 1)]
    for row, name, where in zip(board.rows, names, sites, strict=True):
        figures = _pooled_figures(row, board, value_width, interval_width)
        counts = pad(str(row.cases), 9, right=True) + pad(str(row.positives), 10, right=True)
        lines.append(" " + pad(name, name_width) + figures + pad(where, sites_width) + counts)
    level = f"Pooled: counts of all released sites added. {reading.METRIC_MEANING[metric.name]}"
    return [pen.paint(lines[0], "dim"), *lines[1:], "", *pen.paragraph(level)]


def _pooled_figures(row: LeaderboardRow, board: Leaderboard, value_width: int, interval_width: int) -> str:
    metric = reading.metric_of(board)
    estimate = reading.get_estimate(row.pooled, metric)
    if isinstance(estimate, Estimate):
        return pad(reading.number(estimate.value, metric), value_width) + pad(
            reading.interval(estimate, metric), interval_width
        )
    return pad("not shown" if "viewer" in estimate.reason else estimate.reason, value_width + interval_width)


def _sites(board: Leaderboard, row: LeaderboardRow, pen: Pen) -> str:
    """`3 of 4 ✕ 1`."""
    marks = [f" {pen.mark(kind)} {n}" for kind, n in reading.missing_counts(row)]
    return f"{row.sites} of {len(board.columns)}" + "".join(marks)


def _others(board: Leaderboard, pen: Pen) -> list[str]:
    """The other metrics, each with its interval."""
    others = reading.other_metrics(board)
    if not others:
        return []
    names = model_names(board, pen)
    name_width = max(cells(name) for name in ["Model", *names]) + 2
    widths = [max(16 + 3 * metric.decimals, len(reading.heading_of(metric)) + 2) for metric in others]
    shown = max(1, _how_many(pen.width - 1 - name_width, widths))
    others, widths = others[:shown], widths[:shown]
    pairs = list(zip(others, widths, strict=True))
    head = pad("Model", name_width) + "".join(pad(reading.heading_of(metric), width) for metric, width in pairs)
    lines = [pen.paint(f" {head}", "dim")]
    for row, name in zip(board.rows, names, strict=True):
        found = [(reading.get_estimate(row.pooled, metric), metric, width) for metric, width in pairs]
        texts = [
            pad(reading.figure(item, metric) if isinstance(item, Estimate) else "no value", width)
            for item, metric, width in found
        ]
        lines.append(f" {pad(name, name_width)}{''.join(texts)}")
    return lines


def _how_many(room: int, widths: list[int]) -> int:
    """How many columns of these widths fit."""
    return sum(sum(widths[: i + 1]) <= room for i in range(len(widths)))


def _forest(board: Leaderboard, pen: Pen) -> list[str]:
    """The plot of the first model that any site has an estimate for."""
    metric = reading.metric_of(board)
    row = next((row for row in board.rows if reading.site_values(row, metric)), None)
    if row is None:
        return []
    name = reading.names_of(board)[row]
    head = f"{name}: {reading.word_of(metric)} at each site, and pooled ({reading.ci_words(board)})"
    return [*(pen.paint(line, "bold") for line in pen.paragraph(head)), "", *forest_lines(board, row, pen)]


def _foot(board: Leaderboard, pen: Pen) -> list[str]:
    """What the figures are, how they were run, where they are logged."""
    lines = pen.paragraph(board.estimand) if board.rows else []
    source = reading.from_source_words(board)
    if source:
        lines += ["", *(pen.paint(line, "warn") for line in pen.paragraph(f"{pen.mark('source')} {source}"))]
    head = f", head {board.log_head[:19]}" if board.log_head else ""
    return [*lines, "", *pen.paragraph(f"Log: {board.log_size} {'entry' if board.log_size == 1 else 'entries'}{head}")]
