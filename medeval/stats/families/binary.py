"""The metrics of a binary classification, from its score table and, where they are there, its exact scalars."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import TypeAlias

import numpy as np

from medeval.domain.estimate import Method, Reason
from medeval.domain.families.base import ClusterSizes, parse_metric
from medeval.domain.families.binary import BinaryPlan, PairCounts, ScoreTable, SquaredErrors
from medeval.domain.result import Evaluation
from medeval.stats import calibration, decisions, ranking
from medeval.stats.decisions import Counts, Functional, Sampling
from medeval.stats.intervals import wilson
from medeval.stats.measure import Measure, Measured, design_effect, mean, undefined
from medeval.stats.table_bootstrap import replicate_table

#: A metric of the table, and one that also takes its replicates.
Whole: TypeAlias = Callable[[ScoreTable, Sampling], Measure]
Resampling: TypeAlias = Callable[[ScoreTable, tuple[Counts, Counts], Sampling], Measure]

_OF_DECISIONS = {
    "balanced_accuracy": Functional(decisions.balanced_accuracy, needs_classes=True),
    "youden": Functional(decisions.youden, (-1.0, 1.0), needs_classes=True),
    "mcc": Functional(decisions.mcc, (-1.0, 1.0), needs_classes=True),
    "kappa": Functional(decisions.kappa, (-1.0, 1.0), needs_classes=True),
    "f1": Functional(decisions.f_beta),
}


#: What one bin says nothing of.
_OF_SEVERAL_BINS = frozenset({"auroc", "average_precision", "ece", "ici", "calibration_slope"})


def measure(evaluation: Evaluation, name: str, plan: BinaryPlan) -> Measure:
    """One metric of an evaluation that was checked against the plan."""
    parts, table = parse_metric(name), _table(evaluation)
    sampling = _sampling(plan, evaluation.cases, evaluation.clusters)
    if parts.base in _OF_SEVERAL_BINS and len(table.n0) == 1:  # a site merged them all: chance would be no estimate
        return undefined(Reason.SUPPRESSED)
    if parts.base == "auroc":
        return _auroc(evaluation, table, sampling)
    if parts.base == "brier":
        return _brier(evaluation, table, plan, sampling)
    if parts.base in _WHOLE:
        return _WHOLE[parts.base](table, sampling)
    return decision(evaluation, parts.base, parts.at, plan)


def _table(evaluation: Evaluation) -> ScoreTable:
    state = evaluation.states[0]
    assert isinstance(state, ScoreTable)  # noqa: S101 the plan checked it
    return state


def _sampling(plan: BinaryPlan, cases: int, clusters: ClusterSizes | None) -> Sampling:
    return Sampling(plan.confidence_level, plan.replicates, plan.seed, design_effect(cases, clusters))


def _auroc(evaluation: Evaluation, table: ScoreTable, sampling: Sampling) -> Measure:
    """Exact where one site's pairs are there; over several sites their pairs say nothing of all cases together."""
    pairs = next((state for state in evaluation.states if isinstance(state, PairCounts)), None)
    if pairs is not None and len(pairs.strata) == 1:
        return ranking.auroc_of_pairs(pairs.strata[0], sampling)
    return ranking.auroc_of_table(table, sampling)


def _brier(evaluation: Evaluation, table: ScoreTable, plan: BinaryPlan, sampling: Sampling) -> Measure:
    errors = next((state for state in evaluation.states if isinstance(state, SquaredErrors)), None)
    if errors is None:
        found = _of_the_table(calibration.brier)(table, sampling)
    else:
        found = mean(errors.moments, plan.confidence_level, (0.0, 1.0))
    if isinstance(found, Measured) and found.variance * found.n <= _ROUNDING:
        return _of_a_share(found, sampling)
    return found


#: Squares are rounded to 2**-52, so a smaller variance cannot be told from none.
_ROUNDING = 2.0**-48


def _of_a_share(found: Measured, sampling: Sampling) -> Measured:
    """Where all errors are alike: as wide as for a share of that value, which varies most of all in [0, 1]."""
    n = found.n / sampling.deff
    low, high = wilson(found.value * n, n, sampling.level)
    corrected = (found.value * n + 0.5) / (n + 1)
    return replace(found, low=low, high=high, variance=corrected * (1 - corrected) / n, method=Method.WILSON)


@lru_cache(maxsize=64)
def _replicates(table: ScoreTable, sampling: Sampling, added: float = 0.0) -> tuple[Counts, Counts]:
    """Resampled tables, each of shape (B, K): a table of no cases has none.

    `added` cases of either class are spread over the bins that hold cases.
    """
    total = sum(table.classes)
    if not total:
        return np.zeros((1, len(table.n0))), np.zeros((1, len(table.n1)))
    if added:
        return _with_added(table, sampling, added)
    effective = max(1, round(total / sampling.deff))
    drawn0, drawn1 = replicate_table(table.n0, table.n1, sampling.replicates, sampling.seed, effective)
    return drawn0.astype(np.float64), drawn1.astype(np.float64)


def _with_added(table: ScoreTable, sampling: Sampling, added: float) -> tuple[Counts, Counts]:
    cells = np.array([table.n0, table.n1], dtype=np.float64) / sampling.deff
    held = cells.sum(axis=0) > 0
    cells = np.where(held, cells + added / held.sum(), 0.0).ravel()
    draws, generator = max(1, round(cells.sum())), np.random.default_rng(sampling.seed)
    drawn = generator.multinomial(draws, cells / cells.sum(), size=sampling.replicates).astype(np.float64)
    return drawn[:, : len(table.n0)], drawn[:, len(table.n0) :]


def _of_the_table(take: Resampling) -> Whole:
    """A functional of the table with its bootstrap.

    Where all replicates are alike, as where no case is ranked wrong, half a case of either class gives the interval its
    width.
    """

    def measured(table: ScoreTable, sampling: Sampling) -> Measure:
        found = take(table, _replicates(table, sampling), sampling)
        if not isinstance(found, Measured) or found.low < found.high:
            return found
        return take(table, _replicates(table, sampling, 0.5), sampling)

    return measured


_WHOLE: dict[str, Whole] = {
    "average_precision": _of_the_table(ranking.average_precision),
    "ece": _of_the_table(calibration.expected_calibration_error),
    "ici": _of_the_table(calibration.calibration_index),
    "oe": calibration.observed_expected,
    "calibration_intercept": calibration.intercept,
    "calibration_slope": calibration.slope,
}


def decision(evaluation: Evaluation, base: str, at: float | None, plan: BinaryPlan) -> Measure:
    """A metric of the 2x2 table at an edge, or at the operating threshold; of `fbeta@2`, 2 is beta."""
    threshold = plan.threshold if at is None or base == "fbeta" else at
    sampling, table = _sampling(plan, evaluation.cases, evaluation.clusters), _table(evaluation)
    if threshold not in table.edges:  # its side held too few cases: the bins around it were merged
        return undefined(Reason.SUPPRESSED)
    cells = table.split_at(threshold)
    if (found := decisions.share(base, cells, sampling)) is not None:
        return found
    if base in ("lr_positive", "lr_negative"):
        return decisions.likelihood_ratio(base, cells, sampling)
    return decisions.functional(_functional(base, at, threshold), cells, sampling)


def _functional(base: str, at: float | None, threshold: float) -> Functional:
    if base == "fbeta":
        return Functional(partial(decisions.f_beta, beta=at or 1.0))
    if base == "net_benefit":
        return Functional(partial(decisions.net_benefit, threshold=threshold), (-threshold / (1 - threshold), 1.0))
    return _OF_DECISIONS[base]
