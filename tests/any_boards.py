"""Hypothesis: any leaderboard that messages can hold, of any family, whether or not an analysis would give it."""

from hypothesis import strategies as st

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import (
    CaseCounts,
    Estimate,
    EvidenceFlag,
    Heterogeneity,
    Method,
    NotEstimable,
    NotShown,
    PredictionInterval,
    Reason,
)
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import (
    Cell,
    CellResult,
    GroupResult,
    Leaderboard,
    LeaderboardRow,
    LeftOut,
    MetricEstimates,
    NotComparedPair,
    PooledComparison,
    PooledMetric,
    Rank,
    ScoreBins,
    SiteColumn,
)
from medeval.report.words import Range, known_metrics, word_for
from tests.boards import a_digest

#: Metrics that are taken at a value, or of a structure.
_AT = {"net_benefit": "@0.2", "nsd": "@2", "auc": "@365", "ap": "@0.5", "fbeta": "@2"}
METRIC_NAMES = (*(base + _AT.get(base, "") for base in known_metrics()), "nsd@2/anterior", "dsc/left-ventricle")
TITLES = ("North Hospital", "University Hospitals of Zürich and Basel", "A", "St. Ann's <Clinic> & Co", "心臓病院")
LIMITS = {Range.UNIT: (0.0, 1.0), Range.SMALL: (0.0, 1.0), Range.SIGNED: (-1.0, 1.0), Range.RATIO: (1e-4, 1e4),
          Range.AMOUNT: (0.0, 1e4), Range.REAL: (-1e4, 1e4)}  # fmt: skip

absent = st.sampled_from(Reason).map(lambda reason: NotEstimable(reason=reason))
counts = st.tuples(st.integers(0, 10**6), st.none() | st.integers(0, 500)).map(
    lambda pair: CaseCounts(cases=pair[0] + (pair[1] or 0), positives=pair[1])
)


def three(name: str) -> st.SearchStrategy[list[float]]:
    """Low, value and high of a metric, in order."""
    low, high = LIMITS[word_for(name).range]
    return st.lists(st.floats(low, high, allow_subnormal=False), min_size=3, max_size=3).map(sorted)


def an_estimate(name: str) -> st.SearchStrategy[Estimate]:
    return st.builds(
        lambda found, n, method, bound: Estimate(
            value=found[1], low=found[0], high=found[2], n=n, method=method, bound=bound
        ),
        three(name),
        st.integers(1, 10**6),
        st.sampled_from(Method),
        st.sampled_from((0.0, 0.004)),
    )


def any_estimate(name: str) -> st.SearchStrategy[Estimate | NotEstimable]:
    return an_estimate(name) | absent


@st.composite
def pooled_metrics(draw: st.DrawFn, name: str, datasets: tuple[str, ...]) -> PooledMetric:
    low, _, high = draw(three(name))
    spread = draw(st.sampled_from(("prediction", "range", "neither")))
    return PooledMetric(
        metric=name,
        estimate=draw(any_estimate(name)),
        sites=draw(st.integers(0, len(datasets))),
        prediction=PredictionInterval(low=low, high=high, approximate=draw(st.booleans()))
        if spread == "prediction"
        else None,
        lowest=low if spread != "neither" else None,
        highest=high if spread != "neither" else None,
        heterogeneity=draw(st.none() | st.builds(_heterogeneity, st.floats(0, 40), st.floats(0, 1))),
        within=draw(any_estimate(name)),
        all_cases=draw(any_estimate(name)),
        left_out=tuple(LeftOut(dataset=item, estimate=draw(any_estimate(name))) for item in datasets)
        if draw(st.booleans())
        else (),
    )


def _heterogeneity(tau2: float, i2: float) -> Heterogeneity:
    return Heterogeneity(tau2=tau2, low=tau2 / 2, high=tau2 * 3, i2=i2)


@st.composite
def score_bins(draw: st.DrawFn) -> ScoreBins:
    size = draw(st.integers(1, 40))
    cases = draw(st.lists(st.integers(1, 900), min_size=size, max_size=size))
    shares = draw(st.lists(st.floats(0, 1), min_size=size, max_size=size))
    risks = sorted(draw(st.lists(st.floats(0, 1), min_size=size, max_size=size)))
    thresholds = sorted(draw(st.sets(st.integers(1, 999), min_size=0, max_size=40)))
    share = draw(st.floats(0, 1))
    values = [draw(st.lists(st.floats(-5, 1), min_size=3, max_size=3).map(sorted)) for _ in thresholds]
    return ScoreBins(
        cases=tuple(cases),
        positives=tuple(int(n * share) for n, share in zip(cases, shares, strict=True)),
        risk=tuple(risks),
        curve=draw(st.sampled_from((None, tuple(risks)))),
        thresholds=tuple(at / 1000 for at in thresholds),
        net_benefit=tuple(item[1] for item in values),
        treat_all=tuple(share - (1 - share) * at / (1000 - at) for at in thresholds),
        low=tuple(item[0] for item in values),
        high=tuple(item[2] for item in values),
    )


@st.composite
def cells(draw: st.DrawFn, names: tuple[str, ...]) -> Cell:
    if not draw(st.booleans()):
        kind = draw(st.sampled_from(("failed", "withheld", "pending", "hidden")))
        return NotShown.from_plain({"kind": kind, "reason": "the model passed its time limit"})
    found = draw(counts)
    return CellResult(
        cases=found.cases,
        positives=found.positives,
        estimates=tuple(MetricEstimates(metric=name, estimate=draw(any_estimate(name))) for name in names),
        sandbox="docker 20.10.24, level 2",
        envelope=a_digest("envelope"),
        from_source=draw(st.booleans()),
    )


@st.composite
def groups(draw: st.DrawFn, names: tuple[str, ...], datasets: tuple[str, ...]) -> tuple[GroupResult, ...]:
    return tuple(
        GroupResult(
            name="sex",
            level=level,
            counts=draw(counts | absent),
            withheld=draw(st.integers(0, len(datasets))),
            pooled=tuple(draw(pooled_metrics(name, datasets)) for name in names),
            complement=tuple(draw(pooled_metrics(name, datasets)) for name in names),
        )
        for level in ("female or not told", "M")
    )


@st.composite
def rows(draw: st.DrawFn, model: str, names: tuple[str, ...], datasets: tuple[str, ...]) -> LeaderboardRow:
    low, high = sorted((draw(st.integers(1, 9)), draw(st.integers(1, 9))))
    return LeaderboardRow(
        model=model,
        organisation="Group",
        summary="A model",
        sites=draw(st.integers(0, len(datasets))),
        counts=draw(counts | absent),
        pooled=tuple(draw(pooled_metrics(name, datasets)) for name in names),
        flags=tuple(draw(st.sets(st.sampled_from(EvidenceFlag)))),
        rank=draw(st.none() | st.integers(1, 3).map(lambda tier: Rank(low=low, high=high, tier=tier))),
        groups=draw(st.just(()) | groups(names, datasets)),
        bins=draw(st.none() | score_bins()),
        cells=tuple(draw(cells(names)) for _ in datasets),
    )


@st.composite
def comparisons(draw: st.DrawFn, name: str, models: list[str]) -> PooledComparison:
    low, value, high = sorted(draw(st.lists(st.floats(-2, 2), min_size=3, max_size=3)))
    p = draw(st.floats(0, 1))
    pair = draw(st.permutations(models))
    figures = {"difference": value, "low": low, "high": high, "p": p, "p_adjusted": min(1.0, 2 * p)}
    return PooledComparison(first=pair[0], second=pair[1], metric=name, sites=draw(st.integers(1, 9)), **figures)


@st.composite
def any_boards(draw: st.DrawFn) -> Leaderboard:
    """Up to three models, four sites, three metrics."""
    names = tuple(draw(st.lists(st.sampled_from(METRIC_NAMES), min_size=1, max_size=3, unique=True)))
    places = tuple(f"site-{i}/data" for i in range(draw(st.integers(0, 4))))
    models = ["net@1.0.0", "net@1.10.0", "a-model-with-a-rather-long-name@2.0.0"][: draw(st.integers(0, 3))]
    compared = draw(st.lists(comparisons(names[0], models), max_size=3)) if len(models) > 1 else []
    pair = {"first": "net@1.0.0", "second": "net@1.10.0", "metric": names[0], "sites": 1}
    return Leaderboard(
        benchmark="any@1.0.0",
        benchmark_digest=a_digest("spec"),
        title=draw(st.sampled_from(["Heart disease", "Zürich & others"])),
        question="Which model?",
        data_label="invented",
        policy="hospital",
        primary_metric=names[0],
        metrics=tuple(Metric(name=name, decimals=draw(st.integers(0, 4))) for name in names),
        confidence_level=draw(st.sampled_from((0.9, 0.95, 0.99))),
        estimand="What a pooled value is.",
        columns=tuple(
            SiteColumn.model_construct(dataset=place, title="Data", site_title=draw(st.sampled_from(TITLES)))
            for place in places
        ),
        rows=tuple(draw(rows(model, names, places)) for model in models),
        comparisons=tuple(compared),
        not_compared=draw(st.sampled_from(((), (NotComparedPair.from_plain(pair),)))) if len(models) > 1 else (),
        tier_basis=draw(st.sampled_from(("", "differences on the same cases"))),
        executions=dict.fromkeys(ExecutionState, draw(st.integers(0, 2))),
        log_size=0,
        log_head=None,
    )
