"""Pooled effects of several models, simulated over cases and sites.

Each draw takes as many sites as there are, with replacement, the same for all models, and at each the models' effects
anew from the normal that their cases allow. Drawing among k sites understates what differs between sites by 1/k, and
knows nothing of how little few sites tell of it, so draws are spread (`widening`). Drawing cases on top of observed
effects counts the chance within sites twice: draws vary too much where sites differ little, which is the safe side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from medeval.stats.heterogeneity import Effect
from medeval.stats.intervals import t_of, z_of
from medeval.stats.meta import MetaAnalysis, pool

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SiteCovariance:
    """The covariance matrix of the models' effects at one site, where they read the same cases."""

    models: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class ModelEffects:
    """The effects of each model by site, at least one each, and the covariance matrices of the sites that have one.

    At a site without a matrix the models' effects count as independent, which makes ranks look less certain. Only the
    correlations of a matrix are used: variances are those of the effects.
    """

    effects: Mapping[str, Mapping[str, Effect]]
    covariances: Mapping[str, SiteCovariance]

    def __post_init__(self) -> None:
        if not all(self.effects.values()):
            raise ValueError("a model without any effect has no rank")

    @property
    def models(self) -> list[str]:
        """The models in alphabetical order."""
        return sorted(self.effects)

    def pooled(self) -> list[MetaAnalysis]:
        """Each model's meta-analysis, its weights by alphabetical order of sites."""
        return [pool([effect for _, effect in sorted(self.effects[model].items())]) for model in self.models]


def simulate(known: ModelEffects, pooled: Sequence[MetaAnalysis], draws: int, seed: int) -> Floats:
    """Simulated pooled effects: (draws, models in alphabetical order). Sites keep their weights of `pooled`.

    A draw without any site of a model takes each of its sites once.
    """
    models, shape = known.models, (draws, len(known.models))
    sites = sorted({site for effects in known.effects.values() for site in effects})
    generator = np.random.default_rng(seed)
    times = generator.multinomial(len(sites), [1 / len(sites)] * len(sites), size=draws)
    weights = _weights(known, pooled, sites)
    sums, totals, each_once = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for place, site in enumerate(sites):
        values, root = _normal_at(known, models, site)
        noise = generator.standard_normal(shape) @ root.T
        copies = times[:, [place]]
        # c copies of a site, each with an error of its own, sum to a normal with c times the variance
        sums += weights[place] * (copies * values + np.sqrt(copies) * noise)
        totals += weights[place] * copies
        each_once += weights[place] * (values + noise)
    drawn = totals > 0
    values = np.where(drawn, sums / np.where(drawn, totals, 1.0), each_once)
    centre = np.array([result.effect for result in pooled])
    spread: Floats = centre + (values - centre) * np.array([widening(result.sites) for result in pooled])
    return spread


def widening(sites: int) -> float:
    """By how much draws among k sites are spread: sqrt(k / (k - 1)) for the variance that resampling k sites lacks, and
    the ratio of Student's t to the normal quantile, as in the interval of the mean; 1 for a single site.
    """  # noqa: D205 one sentence
    if sites < 2:
        return 1.0
    return sqrt(sites / (sites - 1)) * t_of(0.95, sites - 1) / z_of(0.95)


def _weights(known: ModelEffects, pooled: Sequence[MetaAnalysis], sites: Sequence[str]) -> Floats:
    """Each site's share in each model's mean, 0 where it holds none: (sites, models)."""
    weights = np.zeros((len(sites), len(pooled)))
    for column, (model, result) in enumerate(zip(known.models, pooled, strict=True)):
        weights[[site in known.effects[model] for site in sites], column] = result.weights
    return weights


def _normal_at(known: ModelEffects, models: Sequence[str], site: str) -> tuple[Floats, Floats]:
    """The models' values at a site and a root R of their covariance (R R' is it); 0 for those that it does not hold."""
    held = [known.effects[model].get(site, Effect(0.0, 0.0)) for model in models]
    values = np.array([effect.value for effect in held])
    errors = np.sqrt([effect.variance for effect in held])
    given = known.covariances.get(site)
    root = np.eye(len(models)) if given is None else _root(_correlations(given, models))
    return values, errors[:, None] * root


def _correlations(given: SiteCovariance, models: Sequence[str]) -> Floats:
    """The correlations among `models`, 0 for those that the matrix does not hold or that do not vary."""
    matrix = np.array(given.matrix, dtype=float)
    spread = np.sqrt(np.maximum(np.diag(matrix), 0))
    scale = np.where(spread > 0, spread, 1.0)
    full = matrix / np.outer(scale, scale)
    places = {model: place for place, model in enumerate(given.models) if spread[place] > 0}
    rows = [row for row, model in enumerate(models) if model in places]
    kept = [places[models[row]] for row in rows]
    correlations = np.eye(len(models))
    correlations[np.ix_(rows, rows)] = full[np.ix_(kept, kept)]
    return correlations


def _root(correlations: Floats) -> Floats:
    """A root of the matrix without its negative eigenvalues, which rounding can leave; the diagonal stays 1."""
    eigenvalues, vectors = np.linalg.eigh((correlations + correlations.T) / 2)
    root: Floats = vectors * np.sqrt(np.maximum(eigenvalues, 0))
    root /= np.sqrt((root**2).sum(axis=1))[:, None]
    return root
