"""The rules that a paired comparison must fulfil before it leaves a site, and again before a server takes it.

A comparison adds to the results of its models only what relates two models on the same cases: of each pair the variance
of a difference, the discordant cases, or the squares of differences. The values in it are those of the results, which
is checked: they show that it is of the same cases. Where a policy allows no exact
values, variances and sums of squares are rounded to three significant digits; where it rounds counts, discordant cases
are rounded as well.

Under any policy both counts of a pair of models are left out, as `insufficient`, where either is below `min_per_class`
(zero too: it would say that nobody is there). Their difference follows from the results, so one alone would give away
the other. Its numbers are counted against `max_numbers`.
"""

from medeval.disclosure.bits import paired_bits
from medeval.disclosure.check import MAX_RESULT_BYTES
from medeval.disclosure.merging import rounded_count
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.families.base import ClusterTotals, Compared, Moments, Wide
from medeval.domain.paired import (
    Discordant,
    DiscordantCounts,
    NotComparable,
    PairedCovariance,
    PairedEvaluation,
    PairedMoments,
    PairedState,
    SiteComparison,
    TooFewDiscordant,
    rounded,
    rounded_whole,
)
from medeval.domain.policies import DisclosurePolicy
from medeval.errors import ResultRefused, TooFewCases

_HINT = "Nothing has left. Use the evaluator and the parameters that the benchmark spec pins."


def read_paired(data: bytes) -> PairedEvaluation:
    """Read an evaluator's `comparison.json`; raises `ResultRefused`."""
    if len(data) > MAX_RESULT_BYTES:
        raise ResultRefused(f"document: larger than {MAX_RESULT_BYTES} bytes", _HINT)
    return PairedEvaluation.from_json(data, refuse=ResultRefused)


def to_release(
    paired: PairedEvaluation, spec: BenchmarkSpec, models: int, policy: DisclosurePolicy
) -> PairedEvaluation:
    """What may leave of a comparison of so many models; raises `ResultRefused` or `TooFewCases`."""
    releasable = to_releasable(paired, policy)
    _check_against(releasable, spec, models, policy)
    return releasable


def check_comparison(result: SiteComparison, spec: BenchmarkSpec, policy: DisclosurePolicy) -> None:
    """Hold a site's comparison against the spec that it names; raises `ResultRefused` or `TooFewCases`."""
    if result.comparison.benchmark.digest != spec.to_digest():
        raise ResultRefused("comparison.benchmark.digest: is not that of the benchmark spec", _HINT)
    _check_against(result.paired, spec, len(result.comparison.models), policy)


def to_releasable(paired: PairedEvaluation, policy: DisclosurePolicy) -> PairedEvaluation:
    """The same with what the policy keeps at the site rounded or left out."""
    return paired.model_copy(update={"states": tuple(_releasable(state, policy) for state in paired.states)})


def _releasable(state: PairedState, policy: DisclosurePolicy) -> PairedState:
    match state:
        case DiscordantCounts():
            return state.model_copy(update={"pairs": tuple(_shown(pair, policy) for pair in state.pairs)})
        case PairedCovariance() if not policy.exact_values:
            fields = {"variances": state.variances, "differences": state.differences}
            return state.model_copy(update={name: tuple(map(rounded, found)) for name, found in fields.items()})
        case PairedMoments() if not policy.exact_values:
            return state.model_copy(update={"pairs": tuple(map(_rounded_moments, state.pairs))})
        case _:
            return state


def _shown(pair: Discordant | TooFewDiscordant, policy: DisclosurePolicy) -> Discordant | TooFewDiscordant:
    if isinstance(pair, Discordant) and min(pair.first_only, pair.second_only) < policy.min_per_class:
        return TooFewDiscordant()
    if isinstance(pair, Discordant):
        counts = {name: rounded_count(getattr(pair, name), policy.round_to) for name in ("first_only", "second_only")}
        return pair.model_copy(update=counts)
    return pair


def _rounded_moments(moments: Moments) -> Moments:
    totals = moments.totals and _rounded_totals(moments.totals)
    return moments.model_copy(update={"squares": _rounded_wide(moments.squares), "totals": totals})


def _rounded_totals(totals: ClusterTotals) -> ClusterTotals:
    return totals.model_copy(update={"squares": _rounded_wide(totals.squares)})


def _rounded_wide(wide: Wide) -> Wide:
    return Wide.of(rounded_whole(wide.total))


def _check_against(paired: PairedEvaluation, spec: BenchmarkSpec, models: int, policy: DisclosurePolicy) -> None:
    """The states are those of the plan, of so many models and cases, and the policy is kept."""
    wanted = spec.compared(models)
    if not wanted:
        raise ResultRefused("states: the benchmark has no comparison of so many models", _HINT)
    if tuple(state.metric for state in paired.states) != tuple(item.metric for item in wanted):
        raise ResultRefused("states: must be of the metrics that the benchmark compares, in order", _HINT)
    for at, (state, item) in enumerate(zip(paired.states, wanted, strict=True)):
        _check_state(state, item, paired.cases, models, at)
    _check_policy(paired, policy)


def _check_state(state: PairedState, item: Compared, cases: int, models: int, at: int) -> None:
    if isinstance(state, NotComparable):
        return
    if state.kind != item.by or state.models != models:
        raise ResultRefused(f"states[{at}]: is not what the benchmark states of so many models", _HINT)
    counted = 0
    if isinstance(state, DiscordantCounts):
        counted = state.n
    elif isinstance(state, PairedMoments):
        counted = max(pair.n for pair in state.pairs)
    if counted > cases:
        raise ResultRefused(f"states[{at}]: counts more cases than there are", _HINT)


def _check_policy(paired: PairedEvaluation, policy: DisclosurePolicy) -> None:
    if paired.cases < policy.min_cases:
        raise TooFewCases(f"paired.cases: too few; min_cases of policy {policy.name} is {policy.min_cases}", _HINT)
    if paired.numbers > policy.max_numbers:
        rule = f"max_numbers of policy {policy.name} is {policy.max_numbers}"
        raise ResultRefused(f"states: hold {paired.numbers} numbers; {rule}", _HINT)
    bits = paired_bits(paired, policy)
    if bits > policy.max_bits:
        rule = f"max_bits of policy {policy.name} is {policy.max_bits}"
        raise ResultRefused(f"states: can tell {bits:.0f} bits; {rule}", _HINT)
    if to_releasable(paired, policy) != paired:
        raise ResultRefused(f"states: hold more digits or smaller counts than policy {policy.name} lets out", _HINT)
