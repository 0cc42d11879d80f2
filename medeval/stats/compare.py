"""Model against model on the same cases: paired differences of sites, pooled, tested, adjusted for their number.

Within a site two models read the same cases, so the variance of their difference comes from the cases' own differences
(or from the covariance of the two values), never from two separate variances. Differences are pooled over the sites
that hold both models, on the raw scale, as any other effect (`stats.meta`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from medeval.stats.heterogeneity import Effect
from medeval.stats.meta import pool

#: First and second model: a difference is first minus second.
Pair = tuple[str, str]
#: Differences of each pair, by site.
Differences = Mapping[Pair, Mapping[str, Effect]]


@dataclass(frozen=True)
class Comparison:
    """First minus second over `sites` sites, its own interval, its p-value alone and adjusted over the family."""

    first: str
    second: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    sites: int


@dataclass(frozen=True)
class NotCompared:
    """Too few sites hold both models."""

    first: str
    second: str
    sites: int


def difference_of_moments(n: int, total: float, squares: float) -> Effect | None:
    """The mean of n per-case differences from their sum and sum of squares; None for fewer than two cases.

    Integers stay exact, so differences that are all equal have a variance of exactly 0.
    """
    if n < 2:
        return None
    spread = max(0, n * squares - total * total)
    return Effect(total / n, spread / (n * n * (n - 1)))


def difference_of_decisions(first_only: int, second_only: int, n: int) -> Effect:
    """The difference of two shares of right decisions among the same n >= 1 cases (McNemar's table).

    `first_only` cases are decided right by the first model alone, `second_only` by the second alone. The variance has
    half a case added to each of the four cells (Agresti & Min 2005, Stat Med 24:729-740), so it is never 0.
    """
    if first_only < 0 or second_only < 0 or n < max(1, first_only + second_only):
        raise ValueError("discordant cases are counts among the cases")
    discordant, more = first_only + second_only + 1, n + 2
    variance = (discordant - (first_only - second_only) ** 2 / more) / more**2
    return Effect((first_only - second_only) / n, variance)


def differences_of_covariance(
    models: Sequence[str], values: Sequence[float], covariance: Sequence[Sequence[float]]
) -> dict[Pair, Effect]:
    """Each pair's difference at one site, from the models' values and the covariance matrix of these values."""
    return {
        (first, second): Effect(
            values[i] - values[j], max(0.0, covariance[i][i] + covariance[j][j] - covariance[i][j] - covariance[j][i])
        )
        for i, first in enumerate(models)
        for j, second in enumerate(models)
        if i < j
    }


def by_pair(sites: Mapping[str, Mapping[Pair, Effect]]) -> dict[Pair, dict[str, Effect]]:
    """The differences that sites hold, gathered by pair; a pair named both ways becomes one."""
    gathered: dict[Pair, dict[str, Effect]] = {}
    for site, differences in sites.items():
        for (first, second), effect in differences.items():
            if (second, first) in gathered:
                gathered[second, first][site] = _reversed(effect)
            else:
                gathered.setdefault((first, second), {})[site] = effect
    return gathered


def compare(
    differences: Differences, pairs: Sequence[Pair], level: float = 0.95, min_sites: int = 3
) -> tuple[Comparison | NotCompared, ...]:
    """The comparison of each pair, in the order given; Holm's adjustment is over those that could be made."""
    found = [between(differences, *pair) for pair in pairs]
    pooled = [pool(list(effects.values()), level) if len(effects) >= max(1, min_sites) else None for effects in found]
    adjusted = iter(holm([result.p_value() for result in pooled if result is not None]))
    return tuple(
        NotCompared(first, second, len(effects))
        if result is None
        else Comparison(
            first, second, result.effect, result.low, result.high, result.p_value(), next(adjusted), result.sites
        )
        for (first, second), effects, result in zip(pairs, found, pooled, strict=True)
    )


def between(differences: Differences, first: str, second: str) -> dict[str, Effect]:
    """First minus second at each site that holds both, whichever way the pair is named."""
    turned = {site: _reversed(effect) for site, effect in differences.get((second, first), {}).items()}
    return {**turned, **differences.get((first, second), {})}


def pairs_with_best(order: Sequence[str]) -> tuple[Pair, ...]:
    """Many against the best: the first of `order` with each other model.

    The best is chosen by the same data, so a difference from it is somewhat flattered: sound for the question which
    models fall behind, not as proof that the best one is.
    """
    return tuple((order[0], other) for other in order[1:])


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p-values (1979, Scand J Stat 6:65-70), in the order given."""
    if not all(isfinite(p) and 0 <= p <= 1 for p in p_values):
        raise ValueError("a p-value lies between 0 and 1")
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        highest = max(highest, min(1.0, p_values[place] * (len(p_values) - rank)))
        adjusted[place] = highest
    return tuple(adjusted)


def _reversed(effect: Effect) -> Effect:
    return Effect(-effect.value, effect.variance)
