"""Errors of predicted probabilities of an event: the Brier score at a time and over a span, observed over expected."""

from dataclasses import dataclass
from math import inf, log, sqrt

import numpy as np

from medeval.domain.estimate import Method, NotEstimable, Reason
from medeval.domain.families.survival_states import HorizonErrors
from medeval.stats.intervals import t_of, wilson
from medeval.stats.measure import Measure, Measured, Scale, undefined
from medeval.stats.risk_tables import Reals, at_risk, censoring_weights, survival_curve
from medeval.stats.survival_sample import SurvivalSample


@dataclass(frozen=True)
class _Score:
    """A Brier score with its variance and bound."""

    value: float
    variance: float
    bound: float


def brier(sample: SurvivalSample, time: float) -> Measure:
    """The Brier score at a time, weighted against censoring (Graf et al. 1999), with Student's t over cases."""
    found = _brier(sample, time)
    return found if isinstance(found, NotEstimable) else _mean_of_errors(sample, found)


def integrated_brier(sample: SurvivalSample) -> Measure:
    """The Brier score averaged over the span of `times` (trapezoids).

    The scores of one sample at several times go together; the interval takes them as fully so, which is the safe side.
    """
    times = sample.plan.times
    scores = [_brier(sample, time) for time in times]
    known = [score for score in scores if isinstance(score, _Score)]
    missing = [score for score in scores if isinstance(score, NotEstimable)]
    if missing:
        return missing[0]
    steps = np.diff(times)
    shares = (np.append(steps, 0) + np.insert(steps, 0, 0)) / (2 * steps.sum())
    value, deviation, bound = (
        float(sum(part * getter for part, getter in zip(shares, parts, strict=True)))
        for parts in ([s.value for s in known], [sqrt(s.variance) for s in known], [s.bound for s in known])
    )
    return _mean_of_errors(sample, _Score(value, deviation**2, bound))


def observed_expected(sample: SurvivalSample, time: float) -> Measure:
    """Observed over expected events by a time: 1 - S of Kaplan & Meier over the mean predicted probability.

    The interval is Wilson's with the number of cases that Greenwood's variance is worth (Rothman 1978), on the observed
    share alone.
    """
    state, last = sample.find(HorizonErrors), sample.interval_of(time)
    why = _why_not_scored(sample, state, last)
    if state is None or why is not None:
        return undefined(why or Reason.NO_PROBABILITIES)
    expected = state.predicted[sample.plan.times.index(time)].real / sample.cases
    if expected <= _half_step(state):  # it may be nothing
        return undefined(Reason.NO_EXPECTED_EVENT)
    curve = survival_curve(sample.events, sample.censored)
    observed, trials = 1 - float(curve.after[last]), _effective_cases(sample, last) / sample.deff
    low, high = wilson(observed * trials, trials, sample.plan.confidence_level)
    inner = observed if 0 < observed < 1 else (observed * trials + 0.5) / (trials + 1)
    return Measured(
        value=observed / expected,
        low=low / expected,
        high=high / expected,
        n=sample.cases,
        method=Method.WILSON_EFFECTIVE,
        scale=Scale.LOG,
        effect=log(inner / expected),
        variance=(1 - inner) / (inner * trials),
        bound=_ratio_bound(observed, expected, float(curve.after[last] - curve.low[last]), _half_step(state)),
        weight=sample.cases,
    )


def _ratio_bound(observed: float, expected: float, more: float, half_step: float) -> float:
    """How far O:E can be off if `more` were observed, and each probability off by half a step."""
    least = expected - half_step
    return max((observed + more) / least - observed / expected, observed / expected - observed / (expected + half_step))


def _effective_cases(sample: SurvivalSample, last: int) -> float:
    """Uncensored cases that would give the same variance of survival after an interval; S of 0 or 1 has none."""
    d, _, n = at_risk(sample.events, sample.censored)
    survival = float(survival_curve(sample.events, sample.censored).after[last])
    if survival in (0.0, 1.0):
        beyond = float((sample.events + sample.censored)[last + 1 :].sum())
        return beyond if survival else float(sample.cases)
    risk, happened = n[: last + 1], d[: last + 1]
    seen = happened > 0
    greenwood = float((happened[seen] / (risk[seen] * (risk[seen] - happened[seen]))).sum())
    return (1 - survival) / (survival * greenwood)


def _why_not_scored(sample: SurvivalSample, state: HorizonErrors | None, last: int) -> Reason | None:
    """Why there is no error at a time: no probability, or nobody known beyond it while not all had the event."""
    if state is None:
        return Reason.NO_PROBABILITIES
    beyond = float((sample.events + sample.censored)[last + 1 :].sum())
    survival = float(survival_curve(sample.events, sample.censored).after[last])
    return None if beyond or survival == 0 else Reason.NO_FOLLOW_UP


def _brier(sample: SurvivalSample, time: float) -> _Score | NotEstimable:
    state, last = sample.find(HorizonErrors), sample.interval_of(time)
    why = _why_not_scored(sample, state, last)
    if state is None or why is not None:
        return undefined(why or Reason.NO_PROBABILITIES)
    if sample.cases < 2:
        return undefined(Reason.ONE_CASE)
    n, found = sample.cases, censoring_weights(sample.events, sample.censored)
    heavy, least, most = (
        np.append(early[: last + 1], beyond[last])
        for early, beyond in (
            (found.of_event, found.beyond),
            (found.of_event_low, found.beyond_low),
            (found.of_event_high, found.beyond),
        )
    )
    errors, squares = _errors_at(state, sample.plan.times.index(time))
    value = float(heavy @ errors) / n
    bound = max(float(most @ errors) / n - value, value - float(least @ errors) / n)
    variance = max(float(heavy**2 @ squares) / n - value**2, 0.0) / (n - 1) * sample.deff
    # Where nothing is open, what is left are rounding errors.
    return _Score(value, variance, (bound if bound > 1e-12 else 0.0) + 2 * _half_step(state))


def _errors_at(state: HorizonErrors, place: int) -> tuple[Reals, Reals]:
    """Sums of squared errors, and of their squares: by interval of the event, then of those beyond the time."""
    errors = (*state.missed[place], state.alarmed[place])
    squares = (*state.missed_squares[place], state.alarmed_squares[place])
    return np.array([wide.real for wide in errors]), np.array([wide.real for wide in squares])


def _half_step(state: HorizonErrors) -> float:
    return 0.0 if state.resolution == "exact" else state.resolution / 2


def _mean_of_errors(sample: SurvivalSample, score: _Score) -> Measured:
    """With Student's t; errors that are all alike would have no width, and get that of as many trials."""
    cases = sample.cases / sample.deff
    half = t_of(sample.plan.confidence_level, max(cases - 1, 1.0)) * sqrt(score.variance)
    low, high, method = score.value - half, score.value + half, Method.T_CASES
    variance = score.variance
    if variance <= 0:
        low, high = wilson(min(score.value, 1.0) * cases, cases, sample.plan.confidence_level)
        share, method = (min(score.value, 1.0) * cases + 0.5) / (cases + 1), Method.WILSON_EFFECTIVE
        variance = share * (1 - share) / cases
    return Measured(
        value=score.value,
        low=max(low, 0.0),
        high=high,
        n=sample.cases,
        method=method,
        scale=Scale.RAW,
        effect=score.value,
        variance=variance,
        bound=score.bound,
        weight=sample.cases,
        limits=(0.0, inf),
    )
