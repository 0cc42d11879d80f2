"""The review sheet of what waits: why each number passed, what was merged, what changed since the last release.

Counts from before a merge are nowhere in it: beside the merged count they would give a small one away.
"""

from dataclasses import dataclass

from medeval.disclosure.bits import paired_bits, result_bits
from medeval.disclosure.check import check_policy, check_states, numbers_of
from medeval.domain.base import Value
from medeval.domain.families.base import ClusterSizes
from medeval.domain.paired import PairedEvaluation
from medeval.domain.result import Evaluation, GroupEvaluation
from medeval.errors import MedevalError
from medeval.site.comparison_files import ComparisonFiles
from medeval.site.context import Site
from medeval.site.entries import Terms
from medeval.site.sheet_changes import Since, since_last
from medeval.site.sheet_merged import Merged, merged_of
from medeval.site.sheet_numbers import ints_of, leaves_of
from medeval.site.spending import terms_of
from medeval.site.store import ExecutionFiles

HOLDS = "pass"


@dataclass(frozen=True)
class Line:
    """One declared field: what leaves of it, the rule with its threshold in force, what holds here.

    `bits` is an upper bound. A table's fields tell theirs together: they stand with the first; others, and the sizes of
    levels and of patients, have None and are in the total alone.
    """

    field: str
    leaves: str
    rule: str
    threshold: str
    here: str
    bits: float | None
    verdict: str


@dataclass(frozen=True)
class Sheet:
    """What a person reads before a decision, beside the bytes and the budget."""

    policy: str
    lines: tuple[Line, ...]
    merged: tuple[Merged, ...]
    since: Since


def sheet_of(site: Site, files: ExecutionFiles | ComparisonFiles) -> Sheet:
    """The sheet of a result or a comparison that waits; raises `LedgerBroken`."""
    subject = files.spec() if isinstance(files, ComparisonFiles) else files.task().execution
    terms = terms_of(site, subject.benchmark.digest, subject.dataset.ref)
    found = files.paired() if isinstance(files, ComparisonFiles) else files.evaluation()
    lines = _lines(found, terms) if found else ()
    merged = merged_of(found, terms.spec.analysis) if isinstance(found, Evaluation) else ()
    return Sheet(terms.policy.name, lines, merged, since_last(site, files))


def _lines(found: Evaluation | PairedEvaluation, terms: Terms) -> tuple[Line, ...]:
    if isinstance(found, PairedEvaluation):
        return (_paired_cases(found), *(_paired(found, place, terms) for place in range(len(found.states))))
    verdict = _verdict(found, terms)
    parts = [line for name, part in _parts(found) for line in _part(name, part, found, terms, verdict)]
    return (*parts, _all_numbers(found, terms, verdict))


def _parts(found: Evaluation) -> list[tuple[str, Evaluation | GroupEvaluation]]:
    groups = [group for group in found.groups if isinstance(group, GroupEvaluation)]
    return [("", found), *((f"{group.name} {group.level}: ", group) for group in groups)]


def _verdict(found: Evaluation, terms: Terms) -> str:
    """`pass`, or which rule says no: the same check as before anything is kept, and again at the server."""
    try:
        classes = check_states(found, terms.spec, round_to=terms.policy.round_to)
        check_policy(found, classes, terms.spec, terms.policy)
    except MedevalError as exc:
        return exc.message
    return HOLDS


def _part(name: str, part: Evaluation | GroupEvaluation, whole: Evaluation, terms: Terms, verdict: str) -> list[Line]:
    policy, per_class = terms.policy, terms.spec.analysis.check_states(part.cases, part.states)
    least = policy.min_per_class if name else policy.min_cases
    told = None if name else 0.0  # those of the whole are on the dataset's card; a level's own tell something
    cases = "Minimum of cases" + _rounded(terms)
    lines = [Line(f"{name}cases", str(part.cases), cases, f"{least} or more", str(part.cases), told, verdict)]
    if per_class:
        here, rule = f"fewest {min(per_class)}", "Minimum of cases per class; they follow from the tables"
        classes = ", ".join(map(str, per_class))
        lines.append(Line(f"{name}classes", classes, rule, f"{policy.min_per_class} or more each", here, told, verdict))
    if part.clusters:
        lines.append(_sizes(name, part.clusters, terms, verdict))
    for place in range(len(part.states)):
        lines += _state(name, part, place, whole, terms, verdict)
    return lines


def _sizes(name: str, sizes: ClusterSizes, terms: Terms, verdict: str) -> Line:
    here = f"{sizes.clusters} patients"
    return Line(f"{name}clusters", "2 numbers", "Patients, and squares of their cases" + _rounded(terms),
                _multiples(terms), here, None, verdict)  # fmt: skip


def _state(
    name: str, part: Evaluation | GroupEvaluation, place: int, whole: Evaluation, terms: Terms, verdict: str
) -> list[Line]:
    """A line per field whose numbers are of the data; grids and thresholds are of the benchmark."""
    state = part.states[place]
    alone = whole.model_copy(update={"cases": part.cases, "states": (state,), "groups": (), "clusters": None})
    bits = result_bits(alone, terms.spec.analysis, terms.policy)
    label = f"{name}{getattr(state, 'kind', 'state')}"
    fields = state.summed or tuple(field for field in type(state).model_fields if field != "kind")
    rows = []
    for number, field in enumerate(fields):
        value = getattr(state, field)
        rule, threshold, here = _rule(value, terms)
        told = bits if number == 0 else None
        rows.append(Line(f"{label}.{field}", leaves_of(value), rule, threshold, here, told, verdict))
    return rows


def _rule(value: object, terms: Terms) -> tuple[str, str, str]:
    """(rule, threshold, what holds here) of a field."""
    counts, policy = ints_of(value), terms.policy
    if not policy.merges:
        return "Exact: the policy lets exact values out", "none", "as computed"
    if counts:
        held = f"smallest {min(counts)}"
        threshold = f"cells of {policy.min_cell} or more, {_multiples(terms)}"
        return "Minimum cell: merged, never set to zero; then rounded", threshold, held
    return "Sums: merged with their cells, then rounded", "as the rounded cells allow", "rounded"


def _all_numbers(found: Evaluation, terms: Terms, verdict: str) -> Line:
    numbers = numbers_of(found)
    rule, most = "At most so many numbers in one release", f"{terms.policy.max_numbers} or fewer"
    bits = result_bits(found, terms.spec.analysis, terms.policy)
    return Line("all together", f"{numbers} numbers", rule, most, str(numbers), bits, verdict)


def _paired_cases(found: PairedEvaluation) -> Line:
    rule = "As in the results of its models"
    return Line("cases", str(found.cases), rule, "released before", str(found.cases), 0.0, HOLDS)


def _paired(found: PairedEvaluation, place: int, terms: Terms) -> Line:
    state: Value = found.states[place]
    alone = found.model_copy(update={"states": (state,)})
    exact = terms.policy.exact_values
    rule = "Exact: the policy lets exact values out" if exact else "Three digits; small counts left out"
    threshold = "none" if exact else "three digits"
    label = f"{getattr(state, 'kind', 'state')} {getattr(state, 'metric', '')}".strip()
    return Line(label, f"{getattr(state, 'numbers', 0)} numbers", rule, threshold,
                "checked before it was kept", paired_bits(alone, terms.policy), HOLDS)  # fmt: skip


def _rounded(terms: Terms) -> str:
    return f"; rounded to {terms.policy.round_to}" if terms.policy.merges else ""


def _multiples(terms: Terms) -> str:
    return f"multiples of {terms.policy.round_to}" if terms.policy.merges else "none"
