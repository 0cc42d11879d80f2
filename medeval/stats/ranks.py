"""Ranks with intervals, and tiers: how much of an order is chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from medeval.domain.benchmark import Direction
from medeval.stats.compare import Comparison, Differences, compare, holm
from medeval.stats.simulation import Floats, ModelEffects, simulate


class Basis(StrEnum):
    """What tiers rest on, in words that people read."""

    PAIRED = "paired comparisons on the same cases"
    SIMULATED = "simulated ranks, without paired comparisons"
    MIXED = "paired comparisons where there are any, else simulated ranks"


@dataclass(frozen=True)
class RankRules:
    """What better means, and how much is simulated; `target` (for `Direction.TARGET`) is on the analysis scale.

    A simulated p-value is at least 2 / (draws + 1), so 2000 draws can tell up to 49 models from the best at 0.95.
    """

    direction: Direction = Direction.HIGHER
    target: float = 0.0
    level: float = 0.95
    min_sites: int = 3
    draws: int = 2000
    seed: int = 0

    def merit(self, values: Floats) -> Floats:
        """Values turned so that more is better."""
        if self.direction is Direction.TARGET:
            return -np.abs(values - self.target)
        return values if self.direction is Direction.HIGHER else -values


@dataclass(frozen=True)
class Ranked:
    """A model's rank by its pooled effect (1 is best), the interval of its simulated rank, its tier.

    Equal models share the better rank.
    """

    model: str
    rank: int
    low: int
    high: int
    tier: int


@dataclass(frozen=True)
class Ranking:
    """Models, best first, and what the tiers rest on; `basis` is None where nothing was to be told apart."""

    models: tuple[Ranked, ...]
    basis: Basis | None


def rank(known: ModelEffects, differences: Differences, rules: RankRules) -> Ranking:
    """The ranking of all models; the order in which models and sites are given changes nothing.

    The interval holds the middle `level` of the ranks over the simulated draws, and the rank itself. `differences` are
    paired ones at sites, on the raw scale, empty if there are none; of a metric with a target they tell nothing, as
    the better model may lie on either side.
    """
    if not known.effects:
        return Ranking((), None)
    pooled = known.pooled()
    merits = rules.merit(np.array([result.effect for result in pooled]))
    drawn = rules.merit(simulate(known, pooled, rules.draws, rules.seed))
    order = sorted(range(len(merits)), key=lambda place: (-merits[place], known.models[place]))
    tiers, basis = _tiers(_Tests([known.models[place] for place in order], drawn[:, order], differences, rules))
    points = 1 + (merits[None, :] > merits[:, None]).sum(axis=1)
    lows, highs = _rank_intervals(drawn, rules.level)
    ranked = (
        Ranked(
            known.models[place],
            int(points[place]),
            min(int(lows[place]), int(points[place])),
            max(int(highs[place]), int(points[place])),
            tier,
        )
        for place, tier in zip(order, tiers, strict=True)
    )
    return Ranking(tuple(ranked), basis)


def _rank_intervals(drawn: Floats, level: float) -> tuple[Floats, Floats]:
    ranks = 1 + (drawn[:, None, :] > drawn[:, :, None]).sum(axis=2)
    tail = (1 - level) / 2
    low, high = np.quantile(ranks, [tail, 1 - tail], axis=0, method="inverted_cdf")
    return low, high


@dataclass(frozen=True)
class _Tests:
    """Models, best first, with their draws in the same order, and what is known of their differences."""

    order: Sequence[str]
    drawn: Floats
    differences: Differences
    rules: RankRules

    def p_worse(self, best: int, other: int) -> tuple[float, Basis]:
        """The two-sided p-value of a difference if `other` is the worse one, else 1; and what it rests on."""
        if self.rules.direction is not Direction.TARGET:
            pair = (self.order[best], self.order[other])
            (found,) = compare(self.differences, [pair], self.rules.level, self.rules.min_sites)
            if isinstance(found, Comparison):
                worse = (found.difference > 0) == (self.rules.direction is Direction.HIGHER)
                return found.p if worse else 1.0, Basis.PAIRED
        behind = np.mean(self.drawn[:, best] <= self.drawn[:, other])
        return min(1.0, 2 * max(float(behind), 1 / (self.rules.draws + 1))), Basis.SIMULATED


def _tiers(tests: _Tests) -> tuple[list[int], Basis | None]:
    """Tier t: the best remaining model and every one that is not shown to be worse than it.

    Shown: Holm-adjusted over the remaining models, two-sided, at the level of the rules. A tier may skip ranks: a model
    of which little is known is not shown to be worse than a better one, while the certain one between them is.
    """
    tiers, bases, tier = [0] * len(tests.order), set[Basis](), 0
    while 0 in tiers:
        tier += 1
        best, *others = [place for place, known in enumerate(tiers) if not known]
        found = [tests.p_worse(best, other) for other in others]
        bases |= {basis for _, basis in found}
        tiers[best] = tier
        for other, p in zip(others, holm([p for p, _ in found]), strict=True):
            if p >= 1 - tests.rules.level:
                tiers[other] = tier
    return tiers, Basis.MIXED if len(bases) > 1 else next(iter(bases), None)
