"""What a site's paired comparison says: each pair's difference at the site, and whether it agrees with its results."""

from collections.abc import Mapping, Sequence
from math import isclose

from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.estimate import NotEstimable, Reason
from medeval.domain.families.base import Compared, Moments
from medeval.domain.families.binary import ScoreTable
from medeval.domain.paired import (
    Discordant,
    DiscordantCounts,
    NotComparable,
    PairedCovariance,
    PairedEvaluation,
    PairedMoments,
    PairedState,
    SiteComparison,
    pairs,
)
from medeval.domain.plan import Plan
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused
from medeval.stats.compare import Pair, difference_of_decisions, differences_of_covariance
from medeval.stats.estimates import measure_of
from medeval.stats.heterogeneity import Effect
from medeval.stats.measure import Measure, Measured, design_effect, mean
from medeval.stats.simulation import SiteCovariance

#: Evaluations of the compared models at one site, by `name@version`.
ByModel = Mapping[str, Evaluation]

#: Fewer differences than this tell nothing of how sure their mean is.
_FEWEST = 2
_HINT = "Compare the predictions that the released results were made from."
#: The same sums in another order: values of a comparison and of results differ by rounding alone.
_TOLERANCE = 1e-11


def effects_of(result: SiteComparison, metric: str, spec: BenchmarkSpec, evaluations: ByModel) -> dict[Pair, Effect]:
    """Each pair's difference of a metric at the site, on the scale of the metric; none where it is not compared.

    Cases that are clustered by patient count as fully alike, as in every interval of counts; means hold their clusters.
    """
    state, models = result.paired.state_of(metric), [model.ref for model in result.comparison.models]
    deff = _design_effect(result, evaluations)
    match state:
        case PairedCovariance():
            found = differences_of_covariance(models, state.values, state.covariance)
            return {pair: Effect(effect.value, effect.variance * deff) for pair, effect in found.items()}
        case DiscordantCounts():
            return _of_decisions(state, models, deff)
        case PairedMoments():
            return _of_moments(state, models, _compared(result, metric, spec).unit)
        case _:
            return {}


def covariance_of(result: SiteComparison, metric: str) -> SiteCovariance | None:
    """The covariance matrix of the models' values at the site, where the comparison holds one."""
    state = result.paired.state_of(metric)
    if not isinstance(state, PairedCovariance):
        return None
    return SiteCovariance(tuple(model.ref for model in result.comparison.models), state.covariance)


def aligned(paired: PairedEvaluation, evaluations: Sequence[Evaluation], plan: Plan, base: int) -> PairedEvaluation:
    """A comparison of exact counts as one of released results, whose counts were merged and rounded to `base`.

    Its values become those of the results, from which they may differ by what merging and rounding can do alone; what
    a result does not tell is not compared. Raises `ResultRefused` for a comparison of other values.
    """
    states: list[PairedState] = []
    for at, state in enumerate(paired.states):
        found = [measure_of(evaluation, state.metric, plan) for evaluation in evaluations]
        if any(isinstance(item, NotEstimable) and item.reason is Reason.SUPPRESSED for item in found):
            states.append(NotComparable(metric=state.metric, reason=Reason.SUPPRESSED))
            continue
        measured = [item for item in found if isinstance(item, Measured)]
        states.append(_aligned(state, measured, evaluations[0], base, at))
    return paired.model_copy(update={"cases": evaluations[0].cases, "states": tuple(states)})


def _aligned(state: PairedState, found: list[Measured], evaluation: Evaluation, base: int, at: int) -> PairedState:
    if isinstance(state, DiscordantCounts):
        return state.model_copy(update={"n": evaluation.cases})
    if not isinstance(state, PairedCovariance):
        return state
    table = evaluation.states[0]
    smallest = min(table.classes) if isinstance(table, ScoreTable) else evaluation.cases
    for value, measure in zip(state.values, found, strict=True):
        if abs(value - measure.value) > measure.bound + 2 * base / smallest:
            raise ResultRefused(f"states[{at}]: disagrees with the models' results", _HINT)
    return state.model_copy(update={"values": tuple(measure.value for measure in found)})


def check_agrees(result: SiteComparison, spec: BenchmarkSpec, evaluations: ByModel, base: int = 1) -> None:
    """Raise `ResultRefused` unless the comparison is of the cases and values of the models' own results.

    Counts are rounded to multiples of `base`.
    """
    measured = [evaluations[model.ref] for model in result.comparison.models]
    if any(evaluation.cases != result.paired.cases for evaluation in measured):
        raise ResultRefused("paired.cases: must be those of the models' results", _HINT)
    for at, state in enumerate(result.paired.states):
        found = [measure_of(evaluation, state.metric, spec.analysis) for evaluation in measured]
        values = [item for item in found if isinstance(item, Measured)]
        if len(values) == len(found):
            if not _agrees(state, values, _compared(result, state.metric, spec).unit, base):
                raise ResultRefused(f"states[{at}]: disagrees with the models' results", _HINT)
        elif not _tells_of_measured_alone(state, found):
            raise ResultRefused(f"states[{at}]: compares what the models' results do not give", _HINT)


def _tells_of_measured_alone(state: PairedState, found: list[Measure]) -> bool:
    """Where a model has no estimate: nothing is compared, or no two cases of a pair that it is in."""
    if not isinstance(state, PairedMoments):
        return isinstance(state, NotComparable)
    known = [isinstance(found[i], Measured) and isinstance(found[j], Measured) for i, j in pairs(len(found))]
    return all(both or moments.n < _FEWEST for both, moments in zip(known, state.pairs, strict=True))


def _agrees(state: PairedState, found: list[Measured], unit: float, base: int) -> bool:
    """Values, or their differences, are those of the results, up to rounding in another order of sums."""
    match state:
        case PairedCovariance():
            return all(_near(value, measure.value) for value, measure in zip(state.values, found, strict=True))
        case DiscordantCounts():
            return _decisions_agree(state, found, base)
        case PairedMoments():
            return all(
                _moments_agree(pair, found[i], found[j], unit)
                for pair, (i, j) in zip(state.pairs, pairs(len(found)), strict=True)
            )
        case _:
            # A single case in a class has a value, but no variance to compare by.
            return True


def _decisions_agree(state: DiscordantCounts, found: list[Measured], base: int) -> bool:
    """Right decisions of one model less those of the other are its discordant cases less the other's.

    Where counts are rounded, by half of `base` at most: both discordant ones, and of each model the right decisions
    above and below the threshold, which is six halves.
    """
    slack = _HALF if base == 1 else 3 * base
    apart = [(found[i].value - found[j].value) * state.n for i, j in pairs(len(found))]
    return all(measure.n == state.n for measure in found) and all(
        not isinstance(pair, Discordant) or abs(pair.first_only - pair.second_only - difference) < slack
        for pair, difference in zip(state.pairs, apart, strict=True)
    )


def _moments_agree(pair: Moments, first: Measured, second: Measured, unit: float) -> bool:
    """Where one of two models was measured on fewer cases, the difference is of the others alone: it cannot be held."""
    if pair.n != first.n or pair.n != second.n:
        return pair.n < max(first.n, second.n)
    return _near(pair.total.real / pair.n * unit, first.value - second.value)


#: Counts are whole: half a case is between two of them.
_HALF = 0.5


def _near(first: float, second: float) -> bool:
    return isclose(first, second, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)


def _compared(result: SiteComparison, metric: str, spec: BenchmarkSpec) -> Compared:
    return next(item for item in spec.compared(len(result.comparison.models)) if item.metric == metric)


def _design_effect(result: SiteComparison, evaluations: ByModel) -> float:
    """That of the cases, which are the same for all models; not every model of a comparison need be on a board."""
    held = (evaluations[model.ref] for model in result.comparison.models if model.ref in evaluations)
    first = next(held, None)
    return 1.0 if first is None else design_effect(result.paired.cases, first.clusters)


def _of_decisions(state: DiscordantCounts, models: list[str], deff: float) -> dict[Pair, Effect]:
    found = {}
    for (i, j), pair in zip(pairs(len(models)), state.pairs, strict=True):
        if isinstance(pair, Discordant):
            effect = difference_of_decisions(pair.first_only, pair.second_only, state.n)
            found[models[i], models[j]] = Effect(effect.value, effect.variance * deff)
    return found


def _of_moments(state: PairedMoments, models: list[str], unit: float) -> dict[Pair, Effect]:
    found = {}
    for (i, j), moments in zip(pairs(len(models)), state.pairs, strict=True):
        effect = _mean_difference(moments, unit)
        if effect is not None:
            found[models[i], models[j]] = effect
    return found


def _mean_difference(moments: Moments, unit: float) -> Effect | None:
    """The mean of differences over cases, or over patients; None for fewer than two of them."""
    measure = mean(moments, 0.95, (float("-inf"), float("inf")))
    if not isinstance(measure, Measured):
        return None
    return Effect(measure.value * unit, measure.variance * unit * unit)
