"""The site x model heat map as one picture, for files; the page has it as a table."""

from markupsafe import Markup

from medeval.domain.benchmark import Metric
from medeval.domain.messages import Cell, CellResult, Leaderboard
from medeval.report import draw, heat, reading
from medeval.report.draw import Picture, join, text

_NAMES, _CELL, _HEAD, _ROW, _GAP = 150.0, 108.0, 58.0, 50.0, 3.0
_NAME_LETTERS, _HEAD_LETTERS = 19, 14
_KEY_LETTER, _KEY = 7.0, 24.0


def picture(board: Leaderboard, *, ident: str = "heat") -> Picture:
    """Every site, every model; a cell without an estimate holds its state."""
    metric, names = reading.metric_of(board), reading.names_of(board)
    parts = [_head(place, name) for place, name in enumerate(names.sites)]
    for i, row in enumerate(board.rows):
        parts.append(text("tb", 0, _y(i) + 29, draw.short(names[row], _NAME_LETTERS)))
        parts += [_cell(cell, metric, _x(j), _y(i)) for j, cell in enumerate(row.cells)]
    foot = _y(len(board.rows)) + 14
    key, bottom = _key(board, metric, foot)
    width = max(_x(len(names.sites)), 480.0)
    title = f"{reading.heading_of(metric)} by site and model, with {reading.ci_words(board)}"
    return Picture(ident, width, bottom, title, _told(board, metric), join([*parts, key]))


def _x(place: int) -> float:
    return _NAMES + (_CELL + _GAP) * place


def _y(place: int) -> float:
    return _HEAD + (_ROW + _GAP) * place


def _told(board: Leaderboard, metric: Metric) -> str:
    names = reading.names_of(board)
    rows = []
    for row in board.rows:
        cells = [f"{names.sites[i]} {_words(cell, metric)}" for i, cell in enumerate(row.cells)]
        rows.append(f"{names[row]}: {'; '.join(cells) if cells else 'no site'}.")
    return " ".join(rows) or "No model."


def _words(cell: Cell, metric: Metric) -> str:
    missing = reading.why_missing(cell, metric)
    if missing or not isinstance(cell, CellResult):
        return ", ".join(missing or ())
    return reading.figure_or_reason(reading.get_estimate(cell.estimates, metric), metric)


def _head(place: int, name: str) -> Markup:
    """A site's name above its column, on one line or two."""
    middle = _x(place) + _CELL / 2
    words, lines = name.split(), [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        lines = [*lines, word] if lines[-1] and len(longer) > _HEAD_LETTERS else [*lines[:-1], longer]
    lines = [lines[0], draw.short(" ".join(lines[1:]), _HEAD_LETTERS)] if len(lines) > 1 else lines
    first = _HEAD - 10 - 15 * (len(lines) - 1)
    return join(
        text("tb", middle, first + 15 * i, draw.short(line, _HEAD_LETTERS), "middle") for i, line in enumerate(lines)
    )


def _cell(cell: Cell, metric: Metric, x: float, y: float) -> Markup:
    """A figure on its step of colour, or the word of its state in a frame."""
    middle = x + _CELL / 2
    estimate = reading.find_value(cell.estimates, metric) if isinstance(cell, CellResult) else None
    if estimate is None or not isinstance(cell, CellResult):
        state = (reading.why_missing(cell, metric) or ("", ""))[0]
        parts = [draw.bar("none", x, y, _CELL, _ROW)]
        parts += [draw.path("cross", f"M{x:.1f} {y:.1f}l{_CELL} {_ROW}m0 -{_ROW}l-{_CELL} {_ROW}")] * (
            state == "failed"
        )
        return join([*parts, text("over", middle, y + 29, state, "middle")])
    step = heat.step_of(estimate, metric)
    tone = "hl" if step in ("h5", "h6") else "hd"
    few = "†" if reading.is_few(cell) else ""
    return join(
        [
            draw.bar(step, x, y, _CELL, _ROW),
            text(f"tb {tone}", middle, y + 23, reading.number(estimate.value, metric) + few, "middle"),
            text(f"t2 {tone}", middle, y + 40, reading.interval(estimate, metric, "–"), "middle"),  # noqa: RUF001
        ]
    )


def _key(board: Leaderboard, metric: Metric, top: float) -> tuple[Markup, float]:
    """The fixed steps, and what the dagger means."""
    parts, x, y = [], 0.0, top
    for css, words in heat.key_of(metric):
        width = 14 + _KEY_LETTER * len(words)
        parts.append(draw.bar(css, x, y, width, _KEY))
        parts.append(text("t2 hl" if css in ("h5", "h6") else "t2 hd", x + width / 2, y + 16, words, "middle"))
        x += width + _GAP
        x, y = (0.0, y + _KEY + _GAP) if x > 380 else (x, y)
    y += 0 if x == 0 else _KEY + _GAP
    notes = [f"{reading.heading_of(metric)} at each site, with its {reading.ci_words(board)}."]
    if any(reading.is_few(cell) for _, _, cell in reading.results_of(board)):
        notes.append(f"† {reading.few_words(board)}")
    parts += [text("t2", 0, y + 18 + 17 * i, words) for i, words in enumerate(notes)]
    return join(parts), y + 26 + 17 * len(notes)
