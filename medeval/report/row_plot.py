"""The interval inside a row of the board: diamond, interval, band, a mark for each site, on one shared axis."""

from markupsafe import Markup

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import Estimate
from medeval.domain.messages import Leaderboard, LeaderboardRow, PooledMetric
from medeval.report import draw, reading
from medeval.report.axis import Axis, axis_over
from medeval.report.draw import join, line, text

_WIDTH, _START, _END = 272, 6.0, 266.0
_HEIGHT, _MIDDLE, _MARKS = 44, 22.0, 32.0


def board_axis(board: Leaderboard) -> Axis:
    """One axis for all rows: it holds the interval of every mean and every site's estimate."""
    metric = reading.metric_of(board)
    values = [at for row in board.rows for at in _held(reading.get_pooled(row.pooled, metric))]
    sites = [found.value for row in board.rows for _, _, found in reading.site_values(row, metric)]
    return axis_over([*values, *sites], metric)


def _held(pooled: PooledMetric) -> list[float]:
    held = [pooled.estimate.low, pooled.estimate.high] if isinstance(pooled.estimate, Estimate) else []
    return [*held, *([pooled.prediction.low, pooled.prediction.high] if pooled.prediction else [])]


def head(axis: Axis) -> Markup:
    """The scale above the rows."""
    ticks = axis.ticks(most=7)
    parts = []
    for tick, word in zip(ticks, axis.words(ticks), strict=True):
        x = axis.at(tick, _START, _END)
        anchor = "end" if x > _END - 6 else "start" if x < _START + 6 else "middle"
        parts += [line("ax", x, 17, x, 22), text("t2", x, 12, word, anchor)]
    return Markup('<svg viewBox="0 0 {} 22" aria-hidden="true" focusable="false">{}</svg>').format(_WIDTH, join(parts))


def svg(board: Leaderboard, row: LeaderboardRow) -> Markup:
    """The plot of one row; its label says the same in words."""
    metric, axis = reading.metric_of(board), board_axis(board)
    marks = [found.value for _, _, found in reading.site_values(row, metric)]
    words = f"{reading.names_of(board)[row]}: {_told(board, row, metric)}"
    return of_pooled(reading.get_pooled(row.pooled, metric), axis, marks, words)


def of_pooled(pooled: PooledMetric, axis: Axis, marks: list[float], words: str) -> Markup:
    """The plot of any pooled metric on an axis that holds it, with a mark for each site."""
    parts = [_grid(axis), _small_scale(axis)]
    if pooled.prediction:
        low, high = (axis.at(value, _START, _END) for value in (pooled.prediction.low, pooled.prediction.high))
        parts.append(draw.bar("band", low, _MIDDLE - 5, high - low, 10))
    parts += [_mean(axis, pooled.estimate)] if isinstance(pooled.estimate, Estimate) else []
    for value in marks:
        x = axis.at(value, _START, _END)
        parts.append(line("la", x, _MARKS, x, _MARKS + 7))
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, _HEIGHT, words, join(parts)
    )


def _grid(axis: Axis) -> Markup:
    xs = [axis.at(tick, _START, _END) for tick in axis.ticks() if not axis.is_reference(tick)]
    lines = [line("gr", x, 0, x, _HEIGHT) for x in xs]
    if axis.reference:
        x = axis.at(axis.reference[0], _START, _END)
        lines.append(line("ax", x, 0, x, _HEIGHT))
    return join(lines)


def _small_scale(axis: Axis) -> Markup:
    """Figures inside the plot, shown by the stylesheet where the table has no head (on a phone)."""
    ticks = [tick for tick in axis.ticks(most=7) if tick < axis.high]
    words = zip(ticks, axis.words(ticks), strict=True) if ticks else ()
    return Markup('<g class="narrow">{}</g>').format(
        join(text("t3", axis.at(tick, _START, _END) + 2, 9, word) for tick, word in words)
    )


def _mean(axis: Axis, pooled: Estimate) -> Markup:
    """The interval, with an arrow where it leaves the axis, and the diamond."""
    low, at, high = (axis.at(value, _START, _END) for value in (pooled.low, pooled.value, pooled.high))
    first = draw.arrow_low("ln", low, _MIDDLE) if axis.cuts_low(pooled.low) else draw.path("ln", f"M{low:.1f} 17v10")
    last = (
        draw.arrow_high("ln", high, _MIDDLE) if axis.cuts_high(pooled.high) else draw.path("ln", f"M{high:.1f} 17v10")
    )
    diamond = draw.path("fa", f"M{at - 7:.1f} {_MIDDLE}L{at:.1f} 15L{at + 7:.1f} {_MIDDLE}L{at:.1f} 29Z")
    return join([line("ln", low, _MIDDLE, high, _MIDDLE), first, last, diamond])


def _told(board: Leaderboard, row: LeaderboardRow, metric: Metric) -> str:
    """Mean, spread and every site, in figures."""
    pooled, names = reading.get_pooled(row.pooled, metric), reading.names_of(board)
    mean = reading.find_mean(row.pooled, metric)
    told = [f"mean {reading.word_of(metric)} {reading.figure(mean, metric)}" if mean else "no pooled estimate"]
    if pooled.prediction:
        found = pooled.prediction
        told.append(f"{reading.prediction_words(found, board)} {reading.between(found.low, found.high, metric)}")
    values = reading.site_values(row, metric)
    told += [f"{names.sites[place]} {reading.figure(found, metric)}" for place, _, found in values]
    return "; ".join(told)
