"""From a board to the view that the page's template prints, so that the template decides nothing."""

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import AnyCounts, AnyEstimate, CaseCounts, Estimate, Method, Reason
from medeval.domain.messages import Cell, CellResult, Leaderboard
from medeval.report import forest, heat, reading, row_plot
from medeval.report.findings import findings_of
from medeval.report.reading import Names
from medeval.report.view import Figure, HeatCell, Missing, ModelLine, Origin, OtherTable, Page, SiteHead, SiteLine, Tag

#: Numbers of sites for which the stylesheet knows a least width, beyond which the matrix scrolls, not squeezes.
_WIDTHS = (5, 6, 8, 12, 16, 24, 32, 64)
_TAGS = {"failed": "tag bad", "withheld": "tag", "pending": "tag info", "hidden": "tag", "not estimable": "tag warn"}
_MARKS = {"failed": "✕", "withheld": "▨", "pending": "…", "hidden": "·", "not estimable": "∅"}
#: States that need no line of their own below the matrix.
_TOLD_IN_THE_CELL = ("pending", "hidden")
_CLASSES = {"failed": "failed", "withheld": "withheld"}


def page_of(board: Leaderboard) -> Page:
    """Prepare a board for the template."""
    metric, names = reading.metric_of(board), reading.names_of(board)
    others = reading.other_metrics(board)
    missing = tuple(_missing(board, names))
    hidden = next((cell.reason for row in board.rows for cell in row.cells if cell.kind == "hidden"), "")
    models = tuple(_model(board, names, place) for place in range(len(board.rows)))
    states = [Tag(cell.css, cell.state) for model in models for cell in model.cells if cell.state]
    results = reading.results_of(board)
    return Page(
        board=board,
        metric=reading.word_of(metric),
        heading=reading.heading_of(metric),
        meaning=reading.METRIC_MEANING[metric.name],
        level=reading.ci_words(board),
        facts=tuple(_facts(board)),
        findings=tuple(findings_of(board)),
        scale=row_plot.head(board),
        models=models,
        sites=tuple(_site_head(board, names, place) for place in range(len(board.columns))),
        heat_css=_heat_css(len(board.columns), metric),
        key=tuple(heat.key_of(metric)),
        states=tuple(dict.fromkeys(states)),
        missing=missing,
        hidden=hidden,
        few=any(reading.is_few(cell) for _, _, cell in results),
        other_names=tuple(reading.heading_of(other) for other in others),
        others=() if hidden else tuple(_other_table(board, names, other) for other in others),
        methods=tuple(_methods(board)),
        source=reading.from_source_words(board),
        origins=tuple(Origin(names[row], names.sites[i], cell.sandbox, cell.envelope) for row, i, cell in results),
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


def _model(board: Leaderboard, names: Names, place: int) -> ModelLine:
    row, metric = board.rows[place], reading.metric_of(board)
    has_sites = bool(reading.site_values(row, metric))
    pictures = [forest.svg(board, row, ident=f"fp{place}", narrow=narrow) for narrow in (False, True)]
    tags = [_tag(kind, f"{n} {kind}") for kind, n in reading.missing_counts(row)]
    return ModelLine(
        name=names[row],
        version=row.model.partition("@")[2],
        organisation=row.organisation,
        summary=row.summary,
        anchor=f"model-{place}",
        primary=_figure(reading.get_estimate(row.pooled, metric), metric),
        others=tuple(
            (
                f"{reading.heading_of(other)} ({reading.ci_words(board)})",
                _figure(reading.get_estimate(row.pooled, other), other),
            )
            for other in reading.other_metrics(board)
        ),
        plot=row_plot.svg(board, row),
        sites=f"{row.sites} of {len(board.columns)}",
        missing=tuple(tags),
        counts=_both(row.counts, "{cases} ({positives})"),
        pooled_counts=_both(row.counts, "{positives} / {cases}"),
        cells=tuple(_heat_cell(cell, metric, _anchor(place, i)) for i, cell in enumerate(row.cells)),
        table=tuple(_site_line(cell, metric, names.sites[i]) for i, cell in enumerate(row.cells)),
        forests=tuple(pictures) if has_sites else (),
    )


def _both(counts: AnyCounts, form: str) -> str:
    """Cases and positive cases in a form, or the word for why there are none."""
    if isinstance(counts, CaseCounts):
        return form.format(cases=counts.cases, positives=counts.positives)
    return reading.pooled_count(counts, "cases")


def _figure(estimate: AnyEstimate, metric: Metric) -> Figure:
    if isinstance(estimate, Estimate):
        return Figure(reading.number(estimate.value, metric), reading.interval(estimate, metric))
    if estimate.reason in (Reason.HIDDEN, Reason.ONE_SITE, Reason.NO_RESULTS):
        return Figure(words=estimate.reason)
    return Figure(words=f"not estimable: {estimate.reason}")


def _cell_figure(cell: Cell, metric: Metric) -> Figure:
    missing = reading.why_missing(cell, metric)
    if missing or not isinstance(cell, CellResult):
        return Figure(words=": ".join(missing or ()))
    return _figure(reading.get_estimate(cell.estimates, metric), metric)


def _site_line(cell: Cell, metric: Metric, site: str) -> SiteLine:
    counts = f"{cell.positives} / {cell.cases}" if isinstance(cell, CellResult) else ""
    return SiteLine(site, counts, _cell_figure(cell, metric))


def _anchor(model: int, site: int) -> str:
    return f"why-{model}-{site}"


def _tag(state: str, words: str) -> Tag:
    return Tag(_TAGS[state], f"{_MARKS[state]} {words}")


def _heat_css(sites: int, metric: Metric) -> str:
    """The class that gives the matrix its least width; figures of many decimals count as more sites."""
    needed = sites * (1 + max(0, metric.decimals - 2) / 4)
    fitting = [width for width in _WIDTHS if needed <= width]
    return "heat" if needed < _WIDTHS[0] else f"heat c{fitting[0] if fitting else _WIDTHS[-1]}"


def _heat_cell(cell: Cell, metric: Metric, anchor: str) -> HeatCell:
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
    return HeatCell(f"{step} few" if few else step, _figure(estimate, metric), few)


def _missing(board: Leaderboard, names: Names) -> list[Missing]:
    """Every cell that was to hold an estimate and does not, with its reason."""
    metric, found = reading.metric_of(board), []
    for i, row in enumerate(board.rows):
        for j, cell in enumerate(row.cells):
            why = reading.why_missing(cell, metric)
            if why and why[0] not in _TOLD_IN_THE_CELL:
                found.append(Missing(_anchor(i, j), names[row], names.sites[j], _tag(why[0], why[0]), why[1]))
    return found


def _site_head(board: Leaderboard, names: Names, place: int) -> SiteHead:
    """A site's name, and its counts as its results state them."""
    cells = [cell for row in board.rows if isinstance(cell := row.cells[place], CellResult)]
    counts = {(cell.cases, cell.positives) for cell in cells}
    words = tuple(f"n = {cases}" for cases, _ in counts) + tuple(f"{positives} positive" for _, positives in counts)
    return SiteHead(names.sites[place], words if len(counts) == 1 else ())


def _other_table(board: Leaderboard, names: Names, metric: Metric) -> OtherTable:
    rows = tuple((names[row], tuple(_cell_figure(cell, metric) for cell in row.cells)) for row in board.rows)
    return OtherTable(reading.heading_of(metric), rows)


def _methods(board: Leaderboard) -> list[str]:
    """How the intervals of this board were made; only what was used is named."""
    pooled = [item.estimate for row in board.rows for item in row.pooled]
    sites = [item.estimate for _, _, cell in reading.results_of(board) for item in cell.estimates]
    estimates = [item for item in [*pooled, *sites] if isinstance(item, Estimate)]
    used = {item.method for item in estimates}
    told = [words for method, words in _METHOD_WORDS.items() if method in used]
    bound = max((item.bound for item in estimates), default=0.0)
    if bound > 0:
        told.append(
            "Sites send scores as counts per bin, so two cases of one bin count as a tie: against unbinned scores this "
            f"moves an AUROC on this page by at most {bound:.4f}."
        )
    return told


_METHOD_WORDS = {
    Method.WILSON: "Proportions: Wilson's score interval (1927).",
    Method.LOGIT_DELONG: "AUROC: the trapezoid over score bins, DeLong's variance (1988), interval on the logit scale.",
    Method.NEWCOMBE: "Where that variance is zero or undefined (classes fully apart, one case in a class): Newcombe's "
    "score-type interval for the AUROC (2006, method 5).",
}
