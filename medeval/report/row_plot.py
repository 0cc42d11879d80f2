"""The interval inside a row of the board: diamond, confidence interval, one mark for each site, on one shared axis."""

from markupsafe import Markup

from medeval.domain.benchmark import MetricName
from medeval.domain.estimate import Estimate
from medeval.domain.messages import Leaderboard, LeaderboardRow
from medeval.report import draw, reading
from medeval.report.axis import Axis, axis_over
from medeval.report.draw import join, line, text

_WIDTH, _START, _END = 272, 6.0, 266.0
_HEIGHT, _MIDDLE, _MARKS = 44, 22.0, 32.0


def board_axis(board: Leaderboard) -> Axis:
    """One axis for all rows: it holds every pooled interval and every site's estimate."""
    metric = reading.metric_of(board)
    pooled = [found.low for row in board.rows if (found := reading.find_value(row.pooled, metric))]
    sites = [found.value for row in board.rows for _, _, found in reading.site_values(row, metric)]
    return axis_over([*pooled, *sites])


def head(board: Leaderboard) -> Markup:
    """The scale above the rows."""
    axis = board_axis(board)
    ticks = axis.ticks(most=6)
    parts = []
    for tick in ticks:
        x = axis.at(tick, _START, _END)
        anchor = "end" if tick == ticks[-1] else "start" if x < _START + 1 else "middle"
        parts += [line("ax", x, 17, x, 22), text("t2", x, 12, f"{tick:g}", anchor)]
    return Markup('<svg viewBox="0 0 {} 22" aria-hidden="true" focusable="false">{}</svg>').format(_WIDTH, join(parts))


def svg(board: Leaderboard, row: LeaderboardRow) -> Markup:
    """The plot of one row; its label says the same in words."""
    axis, metric = board_axis(board), reading.metric_of(board)
    pooled = reading.find_value(row.pooled, metric)
    parts = [_grid(axis, chance=metric.name is MetricName.AUROC), _small_scale(axis)]
    parts += [_mean(axis, pooled)] if pooled else []
    for _, _, estimate in reading.site_values(row, metric):
        x = axis.at(estimate.value, _START, _END)
        parts.append(line("la", x, _MARKS, x, _MARKS + 7))
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, _HEIGHT, _label(board, row), join(parts)
    )


def _grid(axis: Axis, *, chance: bool) -> Markup:
    xs = [(tick, axis.at(tick, _START, _END)) for tick in axis.ticks()]
    return join(line("ax" if chance and tick == 0.5 else "gr", x, 0, x, _HEIGHT) for tick, x in xs)


def _small_scale(axis: Axis) -> Markup:
    """Figures inside the plot, shown by the stylesheet where the table has no head (on a phone)."""
    ticks = [tick for tick in axis.ticks(most=6) if tick < axis.high]
    words = (text("t3", axis.at(tick, _START, _END) + 2, 9, f"{tick:g}") for tick in ticks)
    return Markup('<g class="narrow">{}</g>').format(join(words))


def _mean(axis: Axis, pooled: Estimate) -> Markup:
    low, at, high = (axis.at(value, _START, _END) for value in (pooled.low, pooled.value, pooled.high))
    ends = draw.path("ln", f"M{low:.1f} 17v10M{high:.1f} 17v10")
    diamond = draw.path("fa", f"M{at - 7:.1f} {_MIDDLE}L{at:.1f} 15L{at + 7:.1f} {_MIDDLE}L{at:.1f} 29Z")
    return join([line("ln", low, _MIDDLE, high, _MIDDLE), ends, diamond])


def _label(board: Leaderboard, row: LeaderboardRow) -> str:
    metric, names = reading.metric_of(board), reading.names_of(board)
    pooled = reading.find_value(row.pooled, metric)
    told = f"pooled {reading.word_of(metric)} {reading.figure(pooled, metric)}" if pooled else "no pooled estimate"
    values = reading.site_values(row, metric)
    sites = "; ".join(f"{names.sites[place]} {reading.figure(found, metric)}" for place, _, found in values)
    return f"{names[row]}: {told}{f'; {sites}' if sites else ''}"
