"""The site x model matrix of the page: no cell is blank, and a cell without an estimate says why."""

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import Estimate
from medeval.domain.messages import Cell, CellResult, Leaderboard
from medeval.report import figures, heat, reading
from medeval.report.reading import Names
from medeval.report.view import Figure, HeatCell, Matrix, Missing, OtherTable, SiteHead, Tag
from medeval.report.words import better_words, meaning_of

#: Numbers of sites for which the stylesheet knows a least width, beyond which the matrix scrolls, not squeezes.
_WIDTHS = (5, 6, 8, 12, 16, 24, 32, 64)
#: States that need no line of their own below the matrix.
_TOLD_IN_THE_CELL = ("pending", "hidden")
_CLASSES = {"failed": "failed", "withheld": "withheld", "suppressed": "withheld"}


def matrix_of(board: Leaderboard) -> Matrix:
    """The matrix, its key, and the reason of every cell without an estimate."""
    metric, names = reading.metric_of(board), reading.names_of(board)
    hidden = next((cell.reason for row in board.rows for cell in row.cells if cell.kind == "hidden"), "")
    few = any(reading.is_few(cell) for _, _, cell in reading.results_of(board))
    states = [_state(cell, metric) for row in board.rows for cell in row.cells]
    return Matrix(
        sites=tuple(_site_head(board, names, place) for place in range(len(board.columns))),
        css=_css(len(board.columns), metric),
        about=_about(metric),
        key=tuple(heat.key_of(metric)),
        states=tuple(dict.fromkeys(state for state in states if state)),
        missing=tuple(_missing(board, names)),
        hidden=hidden,
        few=reading.few_words(board) if few else "",
        others=() if hidden else tuple(_other(board, names, other) for other in reading.other_metrics(board)),
    )


def _about(metric: Metric) -> str:
    if not heat.has_steps(metric):
        return f"Figures without colour: {better_words(metric)}, and there are no fixed steps for this metric."
    way = "higher" if heat.rises(metric) else "lower, which is better"
    return f"Stronger colour means {way}; the figure says it too."


def cells_of(board: Leaderboard, place: int) -> tuple[HeatCell, ...]:
    """A model's row of the matrix."""
    metric = reading.metric_of(board)
    return tuple(_cell(cell, metric, _anchor(place, i)) for i, cell in enumerate(board.rows[place].cells))


def _anchor(model: int, site: int) -> str:
    return f"why-{model}-{site}"


def _css(sites: int, metric: Metric) -> str:
    """The class that gives the matrix its least width; figures of many decimals count as more sites."""
    needed = sites * (1 + max(0, metric.decimals - 2) / 4)
    fitting = [width for width in _WIDTHS if needed <= width]
    return "heat" if needed < _WIDTHS[0] else f"heat c{fitting[0] if fitting else _WIDTHS[-1]}"


def _state(cell: Cell, metric: Metric) -> Tag | None:
    missing = reading.why_missing(cell, metric)
    return Tag(_CLASSES.get(missing[0], "undef"), missing[0]) if missing else None


def _cell(cell: Cell, metric: Metric, anchor: str) -> HeatCell:
    missing = reading.why_missing(cell, metric)
    if missing or not isinstance(cell, CellResult):
        state, reason = missing or ("", "")
        css = _CLASSES.get(state, "undef")
        if state in _TOLD_IN_THE_CELL:
            return HeatCell(css, Figure(words=reason if state == "pending" else ""), state=state)
        return HeatCell(css, Figure(), state=state, anchor=anchor)
    estimate = reading.get_estimate(cell.estimates, metric)
    step = heat.step_of(estimate, metric) if isinstance(estimate, Estimate) else "undef"
    few = reading.is_few(cell)
    return HeatCell(f"{step} few" if few else step, figures.figure(estimate, metric), few)


def _missing(board: Leaderboard, names: Names) -> list[Missing]:
    """Every cell that was to hold an estimate and does not, with its reason."""
    metric, found = reading.metric_of(board), []
    for i, row in enumerate(board.rows):
        for j, cell in enumerate(row.cells):
            why = reading.why_missing(cell, metric)
            if why and why[0] not in _TOLD_IN_THE_CELL:
                told = figures.tag(why[0], why[0])
                found.append(Missing(_anchor(i, j), names[row], names.sites[j], told, why[1]))
    return found


def _site_head(board: Leaderboard, names: Names, place: int) -> SiteHead:
    """A site's name, and its counts as its results state them."""
    cells = [cell for row in board.rows if isinstance(cell := row.cells[place], CellResult)]
    counts = {(cell.cases, cell.positives) for cell in cells}
    if len(counts) != 1:
        return SiteHead(names.sites[place], ())
    cases, positives = counts.pop()
    told = (f"{positives} {reading.class_words(board)}",) if positives is not None else ()
    return SiteHead(names.sites[place], (f"n = {cases}", *told))


def _other(board: Leaderboard, names: Names, metric: Metric) -> OtherTable:
    rows = tuple((names[row], tuple(figures.cell_figure(cell, metric) for cell in row.cells)) for row in board.rows)
    return OtherTable(reading.heading_of(metric), meaning_of(metric), rows)
