"""The rules that a result must fulfil before it leaves a site, and again before a server takes it.

The schema is closed (`Evaluation`): an undeclared field, text where a number belongs, NaN or a negative count is
refused while reading. What follows are the rules that relate a result to its benchmark and to the policy in force, the
stricter of the committee's and the site's own. Each refusal names the field and the rule.
"""

from medeval.disclosure.bits import result_bits
from medeval.disclosure.leaving import to_leave
from medeval.disclosure.withhold import check_withheld, withheld_levels
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.families.base import moments_of
from medeval.domain.policies import DisclosurePolicy
from medeval.domain.result import Evaluation, GroupEvaluation, SiteResult
from medeval.errors import ResultRefused, TooFewCases

#: No honest result comes near this size.
MAX_RESULT_BYTES = 1024 * 1024

_SPEC_HINT = "Nothing has left. Use the evaluator and the parameters that the benchmark spec pins."
_CASES_HINT = "Nothing has left. Add cases to the dataset, or ask the committee about the disclosure policy."

Classes = tuple[int, ...]


def check_evaluation(data: bytes, spec: BenchmarkSpec, policy: DisclosurePolicy) -> Evaluation:
    """Read an evaluator's `result.json`, and make of it what may leave; raises `ResultRefused` or `TooFewCases`."""
    return to_release(read_evaluation(data, spec), spec, policy)


def read_evaluation(data: bytes, spec: BenchmarkSpec) -> Evaluation:
    """Read an evaluator's `result.json`, whose states must be those of the plan; raises `ResultRefused`."""
    if len(data) > MAX_RESULT_BYTES:
        raise ResultRefused(f"document: larger than {MAX_RESULT_BYTES} bytes", _SPEC_HINT)
    evaluation = Evaluation.from_json(data, refuse=ResultRefused)
    if withheld_levels(evaluation):
        raise ResultRefused("groups: an evaluator must show every level; the site withholds", _SPEC_HINT)
    check_states(evaluation, spec)
    return evaluation


def to_release(evaluation: Evaluation, spec: BenchmarkSpec, policy: DisclosurePolicy) -> Evaluation:
    """What may leave of an exact evaluation, before anyone reviews or signs it; raises as `check_evaluation` does.

    Enough cases are asked of the exact counts. Small levels are withheld, small cells merged, the rest rounded.
    """
    check_enough(evaluation.cases, classes_of(evaluation, spec), policy, where="evaluation")
    releasable = to_leave(evaluation, spec.analysis, policy)
    check_against(releasable, spec, policy)
    return releasable


def check_result(result: SiteResult, spec: BenchmarkSpec, policy: DisclosurePolicy) -> None:
    """Hold a site result against the spec that it names; raises `ResultRefused` or `TooFewCases`."""
    if result.execution.benchmark.digest != spec.to_digest():
        raise ResultRefused("execution.benchmark.digest: is not that of the benchmark spec", _SPEC_HINT)
    check_against(result.evaluation, spec, policy)


def check_against(evaluation: Evaluation, spec: BenchmarkSpec, policy: DisclosurePolicy) -> None:
    """The rules that relate a released evaluation to its benchmark: its states, then the policy in force."""
    check_policy(evaluation, check_states(evaluation, spec, round_to=policy.round_to), spec, policy)


def check_states(evaluation: Evaluation, spec: BenchmarkSpec, *, round_to: int = 1) -> Classes:
    """The states are those of the analysis plan, and agree, in all and by group; raises `ResultRefused`.

    Levels of counts that were rounded to `round_to` add up to the whole but for rounding. Returns the cases per class.
    """
    classes = spec.analysis.check_states(evaluation.cases, evaluation.states)
    _check_clusters(evaluation, spec, "")
    _check_groups(evaluation, spec, classes, round_to)
    return classes


def check_policy(evaluation: Evaluation, classes: Classes, spec: BenchmarkSpec, policy: DisclosurePolicy) -> None:
    """Minimum cases, per class and per cell; small levels withheld; maximum of numbers and of bits."""
    check_enough(evaluation.cases, classes, policy, where="evaluation")
    check_withheld(evaluation, policy, spec.analysis)
    if to_leave(evaluation, spec.analysis, policy) != evaluation:
        rule = f"min_cell of policy {policy.name} is {policy.min_cell}, round_to is {policy.round_to}"
        raise TooFewCases(f"states: hold a cell that is too small, or is not rounded; {rule}", _CASES_HINT)
    _check_size(evaluation, spec, policy)


def _check_size(evaluation: Evaluation, spec: BenchmarkSpec, policy: DisclosurePolicy) -> None:
    numbers, bits = numbers_of(evaluation), result_bits(evaluation, spec.analysis, policy)
    if numbers > policy.max_numbers:
        rule = f"max_numbers of policy {policy.name} is {policy.max_numbers}"
        raise ResultRefused(f"states: hold {numbers} numbers; {rule}", "Nothing has left. Use fewer score bins.")
    if bits > policy.max_bits:
        rule = f"max_bits of policy {policy.name} is {policy.max_bits}"
        raise ResultRefused(f"states: can tell {bits:.0f} bits; {rule}", "Nothing has left. Use fewer score bins.")


def check_enough(cases: int, per_class: Classes, policy: DisclosurePolicy, *, where: str) -> None:
    """Raise `TooFewCases`, with the rule but never the count, unless there are enough cases in all and per class."""
    if cases < policy.min_cases:
        rule = f"min_cases of policy {policy.name} is {policy.min_cases}"
        raise TooFewCases(f"{where}.cases: too few; {rule}", _CASES_HINT)
    if min(per_class, default=cases) < policy.min_per_class:
        rule = f"min_per_class of policy {policy.name} is {policy.min_per_class}"
        raise TooFewCases(f"{where}.per_class: too few cases in a class; {rule}", _CASES_HINT)


def classes_of(evaluation: Evaluation, spec: BenchmarkSpec) -> Classes:
    """The cases per class of a checked evaluation."""
    return spec.analysis.check_states(evaluation.cases, evaluation.states)


def numbers_of(evaluation: Evaluation) -> int:
    """How many numbers an evaluation holds; thresholds and edges come from the spec and tell nothing."""
    parts: list[Evaluation | GroupEvaluation] = [evaluation, *_shown(evaluation)]
    return sum(1 + sum(state.numbers for state in part.states) + (2 if part.clusters else 0) for part in parts)


def _check_clusters(part: Evaluation | GroupEvaluation, spec: BenchmarkSpec, where: str) -> None:
    """Cluster sizes are there if the spec names patients, and could be those of so many cases."""
    if (part.clusters is not None) is not (spec.model_interface.cluster is not None):
        raise ResultRefused(f"{where}clusters: must be there exactly if the spec names a cluster", _SPEC_HINT)
    sizes = part.clusters
    # else they could not be added to those of other sites
    if any((moments.totals is None) is not (sizes is None) for moments in moments_of(part.states)):
        raise ResultRefused(f"{where}states: must hold totals of patients exactly if the spec names them", _SPEC_HINT)
    if sizes is None:
        return
    possible = sizes.clusters <= part.cases <= sizes.squares <= part.cases**2
    # the squares of K sizes that add up to n are at least n * n / K
    if not possible or sizes.squares * sizes.clusters < part.cases**2:
        raise ResultRefused(f"{where}clusters: cannot be those of so many cases", _SPEC_HINT)


def _check_groups(evaluation: Evaluation, spec: BenchmarkSpec, classes: Classes, round_to: int) -> None:
    """The levels are those of the spec, and add up to the whole; to less where levels of a variable are withheld."""
    found = tuple((group.name, group.level) for group in evaluation.groups)
    if found != spec.model_interface.levels:
        raise ResultRefused("groups: must be the levels that the spec declares, in order", _SPEC_HINT)
    for name in spec.model_interface.groups:
        parts = [group for group in _shown(evaluation) if group.name == name]
        counts = [(part.cases, *spec.analysis.check_states(part.cases, part.states)) for part in parts]
        for part in parts:
            _check_clusters(part, spec, "groups: ")
        rest = [n - sum(of_levels) for n, *of_levels in zip((evaluation.cases, *classes), *counts, strict=True)]
        # each rounded total of a class is off by half of round_to at most, and cases by that of every class
        slack = (round_to - 1) * (len(parts) + 1) * max(1, len(classes)) / 2
        if any(n < -slack for n in rest):
            raise ResultRefused("groups: the levels of a variable must add up to no more than all cases", _SPEC_HINT)
        if any(n > slack for n in rest) and not any(group.name == name for group in withheld_levels(evaluation)):
            raise ResultRefused("groups: the levels of a variable must add up to all cases", _SPEC_HINT)


def _shown(evaluation: Evaluation) -> list[GroupEvaluation]:
    return [group for group in evaluation.groups if isinstance(group, GroupEvaluation)]
