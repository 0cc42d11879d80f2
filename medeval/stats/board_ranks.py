"""Models against each other on a board: paired comparisons over sites, and ranks with tiers.

Differences of a metric are pooled on the metric's own scale; ranks rest on effects on the scale on which sites are
pooled. Holm's adjustment is over the comparisons of one metric: those of the primary one are what a benchmark declares,
those of any other stand beside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from medeval.domain.benchmark import BenchmarkSpec, Direction
from medeval.domain.ids import version_key
from medeval.domain.messages import NotComparedPair, PooledComparison, Rank, WhyNotCompared
from medeval.domain.paired import SiteComparison
from medeval.domain.result import Evaluation
from medeval.stats.compare import Comparison, Differences, NotCompared, Pair, by_pair, compare, pairs_with_best
from medeval.stats.estimates import measure_of
from medeval.stats.heterogeneity import Effect
from medeval.stats.measure import Measured, Scale, to_scale
from medeval.stats.paired import covariance_of, effects_of
from medeval.stats.ranks import Ranking, RankRules, rank
from medeval.stats.simulation import ModelEffects, SiteCovariance

#: Released evaluations: dataset, then model (`name@version`).
Evaluations = Mapping[str, Mapping[str, Evaluation]]

#: A comparison is of two models at least.
_FEWEST = 2


@dataclass(frozen=True)
class Contest:
    """The models of a board: what each reached at each dataset, and the sites' comparisons by dataset."""

    spec: BenchmarkSpec
    evaluations: Evaluations
    comparisons: Mapping[str, SiteComparison]

    @property
    def primary(self) -> str:
        """The primary metric."""
        return self.spec.analysis.primary_metric

    def differences(self, metric: str) -> Differences:
        """Each pair's difference at each dataset of which there is a comparison, for the models of this board."""
        return by_pair({
            dataset: {
                pair: effect
                for pair, effect in effects_of(found, metric, self.spec, self.evaluations[dataset]).items()
                if set(pair) <= self.models
            }
            for dataset, found in sorted(self.comparisons.items())
        })  # fmt: skip

    @property
    def models(self) -> frozenset[str]:
        """Every model with a released result."""
        return frozenset(model for found in self.evaluations.values() for model in found)


def rank_models(contest: Contest) -> Ranking:
    """Models with enough sites, ranked by the primary metric; the others have no rank."""
    effects = _effects(contest)
    metric, plan = contest.spec.metric(contest.primary), contest.spec.analysis
    scale = next((scale for _, scale in effects.values()), Scale.RAW)
    rules = RankRules(
        direction=metric.direction,
        target=to_scale(metric.target, scale) if metric.direction is Direction.TARGET else 0.0,
        level=plan.confidence_level,
        min_sites=plan.min_sites,
        seed=plan.seed,
    )
    known = ModelEffects({model: found for model, (found, _) in effects.items()}, _covariances(contest))
    return rank(known, contest.differences(contest.primary), rules)


def ranks_of(ranking: Ranking) -> dict[str, Rank]:
    """The rank of each model that has one, as a board shows it."""
    return {item.model: Rank(low=item.low, high=item.high, tier=item.tier) for item in ranking.models}


def compare_models(
    contest: Contest, ranking: Ranking
) -> tuple[tuple[PooledComparison, ...], tuple[NotComparedPair, ...]]:
    """The comparisons that the plan declares, else each ranked model with the best; and those that cannot be made."""
    compared: list[PooledComparison] = []
    missing = list(_without_result(contest))
    pairs = _pairs(contest, ranking)
    for metric in _metrics(contest):
        for found in _compare(contest, metric, pairs):
            if isinstance(found, Comparison):
                compared.append(_to_message(found, metric))
            else:
                missing.append(_to_missing(found, contest, metric))
    return tuple(compared), tuple(missing)


def _compare(contest: Contest, metric: str, pairs: Sequence[Pair]) -> tuple[Comparison | NotCompared, ...]:
    plan = contest.spec.analysis
    return compare(contest.differences(metric), pairs, plan.confidence_level, plan.min_sites)


def _metrics(contest: Contest) -> list[str]:
    """What any site compares, the primary metric first; that one also where no site does what a benchmark declares."""
    stated = {state.metric for found in contest.comparisons.values() for state in found.paired.states}
    if contest.spec.analysis.comparisons:
        stated.add(contest.primary)
    return sorted(stated, key=lambda metric: (metric != contest.primary, metric))


def _pairs(contest: Contest, ranking: Ranking) -> tuple[Pair, ...]:
    declared = contest.spec.analysis.comparisons
    if not declared:
        return pairs_with_best([item.model for item in ranking.models]) if ranking.models else ()
    newest = _newest(contest)
    named = ((newest.get(item.first), newest.get(item.second)) for item in declared)
    return tuple((first, second) for first, second in named if first and second)


def _without_result(contest: Contest) -> Iterator[NotComparedPair]:
    """Declared pairs of which a model has no released result."""
    newest = _newest(contest)
    for item in contest.spec.analysis.comparisons:
        if not {item.first, item.second} <= newest.keys():
            yield NotComparedPair(
                first=newest.get(item.first, item.first),
                second=newest.get(item.second, item.second),
                metric=contest.primary,
                reason=WhyNotCompared.NO_RESULT,
                sites=0,
            )


def _newest(contest: Contest) -> dict[str, str]:
    """The newest version of each model by name."""
    return {ref.partition("@")[0]: ref for ref in sorted(contest.models, key=_by_version)}


def _by_version(ref: str) -> tuple[str, tuple[int, ...]]:
    name, _, version = ref.partition("@")
    return name, version_key(version)


def _effects(contest: Contest) -> dict[str, tuple[dict[str, Effect], Scale]]:
    """The effects of each model by dataset, of models with as many sites as pooling asks for."""
    found: dict[str, tuple[dict[str, Effect], Scale]] = {}
    for dataset, evaluations in sorted(contest.evaluations.items()):
        for model, evaluation in evaluations.items():
            measure = measure_of(evaluation, contest.primary, contest.spec.analysis)
            if isinstance(measure, Measured):
                effects, _ = found.setdefault(model, ({}, measure.scale))
                effects[dataset] = Effect(measure.effect, measure.variance)
    return {model: item for model, item in found.items() if len(item[0]) >= contest.spec.analysis.min_sites}


def _covariances(contest: Contest) -> dict[str, SiteCovariance]:
    found = {dataset: covariance_of(item, contest.primary) for dataset, item in contest.comparisons.items()}
    return {dataset: covariance for dataset, covariance in found.items() if covariance is not None}


def _to_message(found: Comparison, metric: str) -> PooledComparison:
    return PooledComparison(
        first=found.first,
        second=found.second,
        metric=metric,
        difference=found.difference,
        low=found.low,
        high=found.high,
        p=found.p,
        p_adjusted=found.p_holm,
        sites=found.sites,
    )


def _to_missing(found: NotCompared, contest: Contest, metric: str) -> NotComparedPair:
    stated = any(item.metric == metric for item in contest.spec.compared(_FEWEST))
    reason = WhyNotCompared.TOO_FEW_SITES if stated else WhyNotCompared.NO_PAIRED_COMPARISON
    return NotComparedPair(first=found.first, second=found.second, metric=metric, reason=reason, sites=found.sites)
