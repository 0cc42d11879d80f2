"""The site x model matrix in a terminal: no cell is blank, and a cell without an estimate says why."""

from math import ceil

from medeval.domain.messages import Cell, CellResult, Leaderboard
from medeval.report import reading
from medeval.report.pen import Pen, cells, pad, wrap

_LONGEST_NAME = 24
#: The state of a result from which this metric cannot be estimated, short enough for a cell.
_SHORT = {"not estimable": "no estimate"}


def matrix_blocks(board: Leaderboard, pen: Pen) -> list[list[str]]:
    """One block of lines for as many sites as fit side by side; then what the marks mean."""
    if not board.columns:
        return []
    if all(cell.kind == "hidden" for row in board.rows for cell in row.cells):
        return [pen.paragraph(f"{pen.mark('hidden')} Each site: hidden, {_first_reason(board)}.")]
    matrix = _Matrix(board, pen)
    return [*matrix.blocks(), matrix.notes()]


def _first_reason(board: Leaderboard) -> str:
    missing = reading.why_missing(board.rows[0].cells[0], reading.metric_of(board))
    return missing[1] if missing else ""


class _Matrix:
    """Widths and names of one matrix."""

    def __init__(self, board: Leaderboard, pen: Pen) -> None:
        self._board, self._pen = board, pen
        self._metric = reading.metric_of(board)
        names = reading.names_of(board)
        self._names = [pen.fit(names[row], _LONGEST_NAME) for row in board.rows]
        self._sites = [pen.clean(name) for name in names.sites]
        self._name_width = max(cells(name) for name in ["Model", *self._names]) + 2
        self._width = max(15 if pen.unicode else 17, 7 + 2 * self._metric.decimals)

    def blocks(self) -> list[list[str]]:
        """The matrix, cut into blocks of sites."""
        most = max(1, (self._pen.width - 1 - self._name_width) // self._width)
        blocks = ceil(len(self._sites) / most)
        each = ceil(len(self._sites) / blocks)
        starts = range(0, len(self._sites), each)
        return [self._block(range(start, min(start + each, len(self._sites)))) for start in starts]

    def _block(self, places: range) -> list[str]:
        heads = [wrap(self._sites[place], self._width - 2) or [""] for place in places]
        deepest = max(len(head) for head in heads)
        lines = []
        for i in range(deepest):
            texts = [head[i - deepest + len(head)] if i >= deepest - len(head) else "" for head in heads]
            first = "Model" if i == deepest - 1 else ""
            head_line = pad(first, self._name_width) + "".join(pad(text, self._width) for text in texts)
            lines.append(self._pen.paint(f" {head_line.rstrip()}", "dim"))
        rule = self._pen.glyph("rule") * (self._name_width + self._width * len(places))
        lines.append(f" {rule[: self._pen.width - 1]}")
        for row, name in zip(self._board.rows, self._names, strict=True):
            upper, lower = zip(*(self._cell(row.cells[place]) for place in places), strict=True)
            lines.append(f" {pad(name, self._name_width)}{''.join(upper)}")
            lines += [f" {' ' * self._name_width}{''.join(lower)}"] if "".join(lower).strip() else []
        return lines

    def _cell(self, cell: Cell) -> tuple[str, str]:
        """Two lines: value and interval, or mark and state."""
        missing = reading.why_missing(cell, self._metric)
        estimate = reading.find_value(cell.estimates, self._metric) if isinstance(cell, CellResult) else None
        if estimate is None or not isinstance(cell, CellResult):
            state = missing[0] if missing else ""
            told = pad(f"{self._pen.mark(state)} {_SHORT.get(state, state)}", self._width)
            return self._pen.paint(told, state), " " * self._width
        few = self._pen.mark("few") if reading.is_few(cell) else ""
        between = reading.interval(estimate, self._metric, self._pen.glyph("dash"))
        return pad(reading.number(estimate.value, self._metric) + few, self._width), pad(between, self._width)

    def notes(self) -> list[str]:
        """What the figures are, and the reason of every cell without one."""
        metric, names = self._metric, reading.names_of(self._board)
        told = f"{reading.heading_of(metric)} at each site, with its {reading.ci_words(self._board)} below it."
        lines = self._pen.paragraph(told)
        if any(reading.is_few(cell) for _, _, cell in reading.results_of(self._board)):
            lines += self._pen.paragraph(f"{self._pen.mark('few')} {reading.few_words(self._board)}")
        reasons = [
            (names[row], names.sites[place], *missing)
            for row in self._board.rows
            for place, cell in enumerate(row.cells)
            if (missing := reading.why_missing(cell, metric))
        ]
        for model, site, state, reason in reasons:
            if state != "pending":
                lines += self._pen.paragraph(f"{self._pen.mark(state)} {model}, {site}: {state}, {reason}")
        if pending := {reason for _, _, state, reason in reasons if state == "pending"}:
            lines += self._pen.paragraph(f"{self._pen.mark('pending')} pending: {reading.listing(sorted(pending))}")
        return lines
