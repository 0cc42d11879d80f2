"""How often intervals hold what they should, by simulation: `python bench/meta_coverage.py [replicates]`.

The mean's interval, the prediction interval for a new site, and rank intervals; then what a ranking costs.
"""

import sys
import time
from itertools import product

import numpy as np

from medeval.stats.heterogeneity import Effect
from medeval.stats.meta import pool
from medeval.stats.ranks import Ranking, RankRules, rank
from medeval.stats.simulation import ModelEffects

SMALL, LARGE = (0.02, 0.2), (0.01, 0.05)


def cover_mean(k: int, tau: float, within: tuple[float, float], replicates: int) -> tuple[float, float]:
    """Shares of intervals with the true mean, and of prediction intervals with a new site's true effect."""
    generator = np.random.default_rng(1)
    mean = new = 0
    for _ in range(replicates):
        variances = np.exp(generator.uniform(*np.log(within), k))
        found = generator.normal(0, np.sqrt(tau**2 + variances))
        result = pool([Effect(*pair) for pair in zip(found.tolist(), variances.tolist(), strict=True)])
        mean += result.low <= 0 <= result.high
        site = generator.normal(0, tau)
        new += result.prediction is not None and result.prediction.low <= site <= result.prediction.high
    return mean / replicates, new / replicates


def ranking_of(sites: int, between: float, apart: float, seed: int) -> Ranking:
    """Six models, each `apart` better than the last; sites shift all models alike, and each by itself (`between`)."""
    generator = np.random.default_rng(seed)
    true = np.arange(6) * apart + generator.normal(0, 0.3, (sites, 1)) + generator.normal(0, between, (sites, 6))
    found = generator.normal(true, 0.1).tolist()
    effects = {f"m{m}": {f"s{s}": Effect(found[s][m], 0.01) for s in range(sites)} for m in range(6)}
    return rank(ModelEffects(effects, {}), {}, RankRules(draws=500, seed=seed))


def cover_ranks(sites: int, between: float, replicates: int) -> tuple[float, float]:
    """Shares of rank intervals with the true rank, and of rankings that tell equal models apart."""
    held = apart = 0
    for seed in range(replicates):
        held += sum(m.low <= 6 - int(m.model[1]) <= m.high for m in ranking_of(sites, between, 0.1, seed).models)
        apart += any(m.tier > 1 for m in ranking_of(sites, between, 0.0, seed).models)
    return held / (6 * replicates), apart / replicates


def main(replicates: int) -> None:
    """Print the tables."""
    print("sites  tau  variance within   mean's interval  prediction interval")
    for k, tau, within in product((3, 5, 10, 20), (0.1, 0.3, 0.6), (LARGE, SMALL)):
        mean, new = cover_mean(k, tau, within, replicates)
        print(
            f"{k:5}  {tau:.1f}  {within[0]} to {within[1]:<5}   {mean:15.3f}  {new if k >= 5 else float('nan'):19.3f}"
        )
    print("\nsites  a model's own variation   rank intervals   equal models told apart")
    for sites, between in product((4, 8), (0.0, 0.1, 0.2)):
        held, wrong = cover_ranks(sites, between, max(1, replicates // 5))
        print(f"{sites:5}  {between:24.1f}   {held:14.3f}   {wrong:22.3f}")
    generator = np.random.default_rng(3)
    effects = {f"m{m:02}": {f"s{s}": Effect(generator.normal(0.1 * m, 0.3), 0.02) for s in range(4)} for m in range(31)}
    started = time.perf_counter()
    rank(ModelEffects(effects, {}), {}, RankRules())
    print(f"\na ranking of 31 models at 4 sites, 2000 draws: {time.perf_counter() - started:.3f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
