"""How figures came about, in words; only what was used on this board is named."""

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import AnyEstimate, Estimate, Method
from medeval.domain.families.base import parse_metric
from medeval.domain.messages import Leaderboard, PooledMetric
from medeval.report import reading

#: Metrics that compare cases in pairs.
_PAIRS = frozenset({"auroc", "macro_auroc", "harrell_c", "uno_c", "auc"})

_METHOD_WORDS = {
    Method.RANDOM_EFFECTS: "Mean over sites: random-effects meta-analysis, tau² by restricted maximum likelihood "
    "(REML), interval by Hartung, Knapp, Sidik and Jonkman, never narrower than the plain one; on the logit scale for "
    "shares and AUROC, on the log scale for ratios.",
    Method.WITHIN_SITES: "Mean within sites: sites weighted by their cases or pairs; it speaks of these sites alone.",
    Method.WILSON: "Proportions: Wilson's score interval (1927).",
    Method.LOGIT_DELONG: "AUROC: DeLong's variance (1988), interval on the logit scale.",
    Method.LOGIT_DELONG_BINNED: "AUROC of binned scores: the trapezoid over score bins, DeLong's variance (1988), "
    "interval on the logit scale.",
    Method.NEWCOMBE: "Where that variance is zero or undefined (classes fully apart, one case in a class): Newcombe's "
    "score-type interval for the AUROC (2006, method 5).",
    Method.LOG_WALD: "Ratios: Wald's interval on the log scale.",
    Method.WALD: "Wald's interval, estimate and standard error.",
    Method.T_CASES: "Means: Student's t over cases.",
    Method.T_CLUSTERS: "Means of clustered cases: Student's t over patients.",
    Method.LINEARISED: "Functions of means: linearised variance (delta method).",
    Method.LOGIT_U_STATISTIC: "Harrell's C: variance of a U-statistic, interval on the logit scale.",
    Method.WILSON_EFFECTIVE: "Proportions of clustered or weighted cases: Wilson's interval of the effective cases.",
    Method.MACRO: "Means over classes: from the standard errors of the classes.",
    Method.TABLE_BOOTSTRAP: "Functions of a table of counts: tables drawn again, their percentiles; of Uno's C and "
    "AUC at a time, their spread on the logit scale.",
    Method.GROUPED_LOGISTIC: "Calibration intercept and slope: logistic regression on the logit of bins' mean risks.",
}


def within_words(metric: Metric) -> str:
    """The name of the mean within sites."""
    pairs = parse_metric(metric.name).base in _PAIRS
    return f"Within sites ({'pair' if pairs else 'case'}-weighted)"


def method_words(board: Leaderboard) -> list[str]:
    """The methods of the estimates of this board, and how far binning can have moved one."""
    estimates = _estimates(board)
    used = {item.method for _, item in estimates}
    told = [words for method, words in _METHOD_WORDS.items() if method in used]
    bounds: dict[str, float] = {}
    for name, item in estimates:
        bounds[name] = max(bounds.get(name, 0.0), item.bound)
    moved = [
        f"{reading.word_of(reading.metric_of(board, name))} at most {bound:.2g}"
        for name, bound in bounds.items()
        if bound > 0
    ]
    if moved:
        told.append(
            "Sites send scores as counts per bin, and the order inside of a bin is not known. Against unbinned scores "
            f"this moves a figure on this page by: {', '.join(moved)}."
        )
    return told


def _estimates(board: Leaderboard) -> list[tuple[str, Estimate]]:
    """(metric, estimate) of all that the board shows."""
    found: list[tuple[str, AnyEstimate]] = []
    for row in board.rows:
        for item in row.pooled:
            found += [(item.metric, estimate) for estimate in (item.estimate, item.within, item.all_cases)]
    for _, _, cell in reading.results_of(board):
        found += [(item.metric, item.estimate) for item in cell.estimates]
    return [(name, item) for name, item in found if isinstance(item, Estimate)]


def spread_notes(board: Leaderboard) -> list[tuple[str, str]]:
    """(what is missing, why) about prediction intervals and means, once for the whole board."""
    metric = reading.metric_of(board)
    pooled = [reading.get_pooled(row.pooled, metric) for row in board.rows]
    means = [item for item in pooled if isinstance(item.estimate, Estimate)]
    notes = []
    if without := [item for item in means if not item.prediction]:
        notes.append(_no_prediction(without, everywhere=len(without) == len(means)))
    if any(item.prediction and item.prediction.approximate for item in means):
        notes.append(("Approximate:", "below 10 sites a prediction interval itself is uncertain."))
    if any(reading.not_pooled_words(item)[0] == "not pooled" for item in pooled):
        notes.append(("Not pooled:", "too few sites for a mean; what single sites reached is shown, not pooled."))
    return notes


def _no_prediction(without: list[PooledMetric], *, everywhere: bool) -> tuple[str, str]:
    counts = sorted({item.sites for item in without})
    are = f"there {'is' if counts == [1] else 'are'} {reading.listing([str(n) for n in counts])}"
    head = "No prediction interval is shown:" if everywhere else "Not every model has a prediction interval:"
    return head, (
        f"it needs at least {reading.PREDICTION_FROM} sites, and {are}. The range of the sites' own estimates stands "
        "in its place, where it may be shown; with so few sites I² is itself uncertain."
    )
