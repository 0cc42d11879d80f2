"""The rules that a result must fulfil before it leaves a site, and again before a server takes it.

The schema is closed (`Evaluation`): an undeclared field, text where a number belongs, NaN or a negative count is
refused while reading. What follows are the rules that relate a result to its benchmark. Each refusal names the field
and the rule.
"""

from medeval.domain.benchmark import AnalysisPlan, BenchmarkSpec
from medeval.domain.metric_state import ConfusionCounts, MetricState, ScoreTable
from medeval.domain.policies import DisclosurePolicy
from medeval.domain.result import Evaluation, SiteResult
from medeval.errors import ResultRefused, TooFewCases

#: No honest result of a binary classification comes near this size.
MAX_RESULT_BYTES = 256 * 1024

_SPEC_HINT = "Nothing has left. Use the evaluator and the parameters that the benchmark spec pins."
_CASES_HINT = "Nothing has left. Add cases to the dataset, or ask the committee about the disclosure policy."


def check_evaluation(data: bytes, spec: BenchmarkSpec) -> Evaluation:
    """Read an evaluator's `result.json` and hold it against the spec; raises `ResultRefused` or `TooFewCases`."""
    if len(data) > MAX_RESULT_BYTES:
        raise ResultRefused(f"document: larger than {MAX_RESULT_BYTES} bytes", _SPEC_HINT)
    evaluation = Evaluation.from_json(data, refuse=ResultRefused)
    check_against(evaluation, spec)
    return evaluation


def check_result(result: SiteResult, spec: BenchmarkSpec) -> None:
    """Hold a site result against the spec that it names; raises `ResultRefused` or `TooFewCases`."""
    if result.execution.benchmark.digest != spec.to_digest():
        raise ResultRefused("execution.benchmark.digest: is not that of the benchmark spec", _SPEC_HINT)
    check_against(result.evaluation, spec)


def check_against(evaluation: Evaluation, spec: BenchmarkSpec) -> None:
    """The rules that relate an evaluation to its benchmark: its states, then its disclosure policy."""
    check_policy(evaluation, check_states(evaluation, spec), spec.disclosure)


def check_states(evaluation: Evaluation, spec: BenchmarkSpec) -> ConfusionCounts:
    """The states are those of the analysis plan, and agree; returns the 2x2 table. Raises `ResultRefused`."""
    confusion, table = _declared_states(evaluation.states)
    _check_plan(confusion, table, spec.analysis)
    _check_counts(evaluation.cases, confusion, table)
    return confusion


def check_policy(evaluation: Evaluation, confusion: ConfusionCounts, policy: DisclosurePolicy) -> None:
    """Minimum cases, minimum per class, maximum of numbers."""
    check_enough(evaluation.cases, (confusion.n0, confusion.n1), policy, where="evaluation")
    numbers = 1 + sum(numbers_in(state) for state in evaluation.states)
    if numbers > policy.max_numbers:
        rule = f"max_numbers of policy {policy.name} is {policy.max_numbers}"
        raise ResultRefused(f"states: hold {numbers} numbers; {rule}", "Nothing has left. Use fewer score bins.")


def check_enough(cases: int, per_class: tuple[int, int], policy: DisclosurePolicy, *, where: str) -> None:
    """Raise `TooFewCases`, with the rule but never the count, unless there are enough cases in all and per class."""
    if cases < policy.min_cases:
        rule = f"min_cases of policy {policy.name} is {policy.min_cases}"
        raise TooFewCases(f"{where}.cases: too few; {rule}", _CASES_HINT)
    if min(per_class) < policy.min_per_class:
        rule = f"min_per_class of policy {policy.name} is {policy.min_per_class}"
        raise TooFewCases(f"{where}.per_class: too few cases in a class; {rule}", _CASES_HINT)


def classes_of(evaluation: Evaluation) -> tuple[int, int]:
    """Negative and positive cases of a checked evaluation."""
    confusion, _ = _declared_states(evaluation.states)
    return confusion.n0, confusion.n1


def numbers_in(state: MetricState) -> int:
    """How many counts a state holds; threshold and edges come from the spec and tell nothing."""
    return 4 if isinstance(state, ConfusionCounts) else len(state.n0) + len(state.n1)


def _declared_states(states: tuple[MetricState, ...]) -> tuple[ConfusionCounts, ScoreTable]:
    """Exactly one table of each kind, in the order that the spec declares."""
    match states:
        case (ConfusionCounts() as confusion, ScoreTable() as table):
            return confusion, table
        case _:
            raise ResultRefused("states: must be one confusion table and one score table, in this order", _SPEC_HINT)


def _check_plan(confusion: ConfusionCounts, table: ScoreTable, plan: AnalysisPlan) -> None:
    found = (
        ("states[0].threshold", confusion.threshold, plan.threshold),
        ("states[0].positive_when", confusion.positive_when, plan.positive_when),
        ("states[1].edges", table.edges, plan.score_edges),
        ("states[1].positive_when", table.positive_when, plan.positive_when),
    )
    for field, value, declared in found:
        if value != declared:
            raise ResultRefused(f"{field}: is not what the spec's analysis plan declares", _SPEC_HINT)


def _check_counts(cases: int, confusion: ConfusionCounts, table: ScoreTable) -> None:
    """Every case stands once in each table, and the tables agree where they overlap: at the threshold."""
    if confusion.n0 + confusion.n1 != cases:
        raise ResultRefused("states[0]: tp + fp + tn + fn must equal cases", _SPEC_HINT)
    if table.split_at(confusion.threshold) != (confusion.tp, confusion.fp, confusion.tn, confusion.fn):
        raise ResultRefused("states[1]: must give the table of states[0] at the threshold", _SPEC_HINT)
