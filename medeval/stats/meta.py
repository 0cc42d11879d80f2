"""Random-effects meta-analysis of one number per site, on the scale on which it is about normal.

The methods are those that Cochrane's Statistical Methods Group recommends (2022, updated 2024): tau2 by restricted
maximum likelihood, the Hartung-Knapp-Sidik-Jonkman interval, the Q-profile interval of tau2, I2 from tau2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

from scipy.special import stdtr, stdtrit

from medeval.stats.heterogeneity import Effect, Heterogeneity, Sites, heterogeneity, reml
from medeval.stats.intervals import z_of

#: From this many sites on there is a prediction interval; below `NOT_APPROXIMATE_FROM` it is marked approximate.
PREDICTION_FROM = 5
NOT_APPROXIMATE_FROM = 10


@dataclass(frozen=True)
class Prediction:
    """Where the true effect of a new site is expected; `approximate` below ten sites, where it covers too little."""

    low: float
    high: float
    approximate: bool


@dataclass(frozen=True)
class MetaAnalysis:
    """The random-effects mean with its interval at `level`; `weights` are the sites' shares, in their order.

    One site alone is itself: its interval is the normal one, nothing is known of heterogeneity. Back on the scale of
    odds or ratios a mean of logits or logs is a median: half of the sites are expected above it.
    """

    effect: float
    standard_error: float
    low: float
    high: float
    level: float
    weights: tuple[float, ...]
    heterogeneity: Heterogeneity | None
    prediction: Prediction | None

    @property
    def sites(self) -> int:
        """How many sites were pooled."""
        return len(self.weights)

    def p_value(self, null: float = 0.0) -> float:
        """The two-sided p-value of the mean being `null`: t with sites - 1 degrees of freedom, normal for one site."""
        distance = abs(self.effect - null)
        if not self.standard_error:
            return 0.0 if distance else 1.0
        return min(1.0, 2 * float(stdtr(self.sites - 1 or inf, -distance / self.standard_error)))


def pool(effects: Sequence[Effect], level: float = 0.95) -> MetaAnalysis:
    """The random-effects meta-analysis of at least one site; raises `ValueError` for none.

    The interval is Hartung-Knapp-Sidik-Jonkman's with the factor max(1, q), so that it is never narrower than the
    usual one with t (Knapp & Hartung 2003, Stat Med 22:2693-2710; Roever et al. 2015, BMC Med Res Methodol 15:99).
    """
    if not effects:
        raise ValueError("there is no effect to pool")
    if len(effects) == 1:
        return _single(effects[0], level)
    sites = Sites(effects)
    tau2 = reml(sites)
    fit = sites.at(tau2)
    error = 0.0 if sites.agree_exactly else sqrt(max(1.0, fit.squares / (len(effects) - 1)) / fit.total)
    half = _t_quantile(len(effects) - 1, level) * error
    return MetaAnalysis(
        effect=fit.mean,
        standard_error=error,
        low=fit.mean - half,
        high=fit.mean + half,
        level=level,
        weights=tuple(weight / fit.total for weight in fit.weights),
        heterogeneity=heterogeneity(sites, tau2, level),
        prediction=_prediction(fit.mean, tau2 + error**2, len(effects), level),
    )


def _single(effect: Effect, level: float) -> MetaAnalysis:
    error = sqrt(effect.variance)
    half = z_of(level) * error
    return MetaAnalysis(effect.value, error, effect.value - half, effect.value + half, level, (1.0,), None, None)


def _prediction(mean: float, variance: float, k: int, level: float) -> Prediction | None:
    """The mean and t with k - 2 degrees of freedom times sqrt(tau2 + se2), se of Hartung-Knapp.

    Higgins et al. 2009, J R Stat Soc A 172:137-159; with this se Partlett & Riley 2017, Stat Med 36:301-317. With k - 1
    degrees (IntHout et al. 2016, BMJ Open 6:e010247) it covers less at few sites, where it covers too little already.
    """
    if k < PREDICTION_FROM:
        return None
    half = _t_quantile(k - 2, level) * sqrt(variance)
    return Prediction(mean - half, mean + half, approximate=k < NOT_APPROXIMATE_FROM)


def _t_quantile(freedom: int, level: float) -> float:
    return float(stdtrit(freedom, 0.5 + level / 2))
