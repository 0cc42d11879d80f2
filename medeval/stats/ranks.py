"""Ranks with intervals, and tiers: how much of an order is chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from medeval.domain.benchmark import Direction
from medeval.stats.compare import Differences, between, holm
from medeval.stats.heterogeneity import Effect
from medeval.stats.meta import pool
from medeval.stats.simulation import Floats, ModelEffects, simulate


class Basis(StrEnum):
    """What tiers rest on, in words that people read."""

    PAIRED = "differences on the same cases"
    SITES = "differences at the same sites, not paired by case"
    MIXED = "differences on the same cases where there are any, else at the same sites"


@dataclass(frozen=True)
class RankRules:
    """What better means, and how much is simulated; `target` (for `Direction.TARGET`) is on the analysis scale.

    Models are told apart from `min_sites` common sites on.
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
    """Models, best first, and what the tiers rest on; `basis` is None where no two could be compared."""

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
    points = 1 + (merits[None, :] > merits[:, None]).sum(axis=1)
    lows, highs = _rank_intervals(drawn, rules.level)
    order = sorted(range(len(merits)), key=lambda place: (-merits[place], known.models[place]))
    tiers, basis = _tiers([known.models[place] for place in order], _Tests(known, differences, rules))
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
    known: ModelEffects
    differences: Differences
    rules: RankRules

    def p_worse(self, best: str, other: str) -> tuple[float, Basis | None]:
        """The two-sided p-value of a difference if `other` is the worse one, else 1; and what it rests on."""
        found, basis = self._paired(best, other), Basis.PAIRED
        if len(found) < self.rules.min_sites:
            found, basis = self._at_sites(best, other), Basis.SITES
        if len(found) < self.rules.min_sites:
            return 1.0, None
        result = pool(found, self.rules.level)
        return result.p_value() if result.effect > 0 else 1.0, basis

    def _paired(self, best: str, other: str) -> list[Effect]:
        """By how much `best` is better at each site, case by case."""
        if self.rules.direction is Direction.TARGET:
            return []
        found = between(self.differences, best, other).values()
        return [Effect(self._better(effect.value), effect.variance) for effect in found]

    def _at_sites(self, best: str, other: str) -> list[Effect]:
        """The same from both models' own effects, as if they had read different cases, which errs to the safe side."""
        first, second = self.known.effects[best], self.known.effects[other]
        return [
            Effect(
                self._better(first[site].value) - self._better(second[site].value),
                first[site].variance + second[site].variance,
            )
            for site in first.keys() & second.keys()
        ]

    def _better(self, value: float) -> float:
        return float(self.rules.merit(np.array(value)))


def _tiers(order: Sequence[str], tests: _Tests) -> tuple[list[int], Basis | None]:
    """Tier t: the best remaining model and every one that is not shown to be worse than it.

    Shown: by the meta-analysis of the differences at the sites that hold both, two-sided, Holm-adjusted over the
    remaining models. A tier may skip ranks: a model of which little is known is not shown to be worse than a better
    one, while the certain one between them is.
    """
    tiers, bases, tier = [0] * len(order), set[Basis](), 0
    while 0 in tiers:
        tier += 1
        best, *others = [place for place, known in enumerate(tiers) if not known]
        found = [tests.p_worse(order[best], order[other]) for other in others]
        bases |= {basis for _, basis in found if basis is not None}
        tiers[best] = tier
        for other, p in zip(others, holm([p for p, _ in found]), strict=True):
            if p >= 1 - tests.rules.level:
                tiers[other] = tier
    return tiers, Basis.MIXED if len(bases) > 1 else next(iter(bases), None)
