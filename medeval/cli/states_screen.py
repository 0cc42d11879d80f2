"""What leaves, as tables that people read: every number of an evaluation, of any task."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from medeval.cli.table import blocks, lines_of
from medeval.disclosure.withhold import withheld_levels
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.families.base import State, Wide
from medeval.domain.families.binary import PositiveWhen, ScoreTable
from medeval.domain.result import Evaluation, GroupEvaluation, Withheld
from medeval.report.pen import Pen

Lines = list[str]


def evaluation_lines(evaluation: Evaluation, spec: BenchmarkSpec, pen: Pen) -> Iterator[Lines]:
    """The cases, then each state as a table; then the same of each group, and which are withheld."""
    yield from _part(evaluation, spec, pen, "")
    for group in evaluation.groups:
        if isinstance(group, GroupEvaluation):
            yield from _part(group, spec, pen, f" ({group.name} {group.level})")
    withheld = {f"{level.name} {level.level}": _why(level.withheld, spec) for level in withheld_levels(evaluation)}
    if withheld:
        yield [*heading("What does not leave: levels withheld", pen), *blocks([withheld], pen)]


def heading(text: str, pen: Pen) -> Lines:
    """A bold line."""
    return [pen.paint(line, "bold") for line in pen.paragraph(text, "")]


def _why(reason: Withheld, spec: BenchmarkSpec) -> str:
    if reason is Withheld.SUPPRESSED:
        return "suppressed: else a smaller level would follow from what is shown"
    return f"insufficient: fewer than {spec.disclosure.min_per_class} cases in it, or in all other levels"


def _part(part: Evaluation | GroupEvaluation, spec: BenchmarkSpec, pen: Pen, of: str) -> Iterator[Lines]:
    per_class = spec.analysis.check_states(part.cases, part.states)
    cases: dict[str, Any] = {"cases": part.cases, **dict(zip(spec.analysis.class_names, per_class, strict=True))}
    if part.clusters:
        cases |= {"patients": part.clusters.clusters, "sum_of_squared_cases_per_patient": part.clusters.squares}
    yield [*heading(f"What leaves: cases{of}", pen), *blocks([cases], pen)]
    for state in part.states:
        yield _score_table(state, pen, of) if isinstance(state, ScoreTable) else _any_state(state, pen, of)


def _score_table(table: ScoreTable, pen: Pen, of: str) -> Lines:
    """A row per bin; which bin takes a score on its edge follows from `positive_when`."""
    bins = zip(pairwise(table.edges), table.n0, table.n1, table.sums, strict=True)
    rows = [
        {
            "score": f"{low:g} to {high:g}",
            "negative": n0,
            "positive": n1,
            "sum_of_scores": f"{sums.total * table.unit:g}",
        }
        for (low, high), n0, n1, sums in bins
    ]
    edge = "lower" if table.positive_when is PositiveWhen.ABOVE else "upper"
    title = f"What leaves: cases per bin of the score{of} (a score on an edge belongs to the {edge} bin)"
    return [*heading(title, pen), *lines_of(rows, pen)]


def _any_state(state: State, pen: Pen, of: str) -> Lines:
    """Fields with one number as a block, fields with as many numbers as each other as the columns of a table."""
    fields = _flat({name: getattr(state, name) for name in type(state).model_fields if name != "kind"})
    single = {name: value for name, value in fields.items() if not isinstance(value, tuple)}
    lines = heading(f"What leaves: {str(getattr(state, 'kind', '')).replace('-', ' ')}{of}", pen)
    lines += blocks([single], pen) if single else []
    for length in dict.fromkeys(len(value) for value in fields.values() if isinstance(value, tuple)):
        columns = {name: value for name, value in fields.items() if isinstance(value, tuple) and len(value) == length}
        rows = [{name: _shown(value[place]) for name, value in columns.items()} for place in range(length)]
        lines += lines_of(rows, pen) if rows else []
    return lines


def _flat(fields: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested values under their joined names."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if hasattr(value, "model_fields_set") and not isinstance(value, Wide):
            inner = {field: getattr(value, field) for field in type(value).model_fields}
            found |= _flat(inner, f"{before}{name}_")
        elif value is not None:
            found[before + name] = value if isinstance(value, tuple) else _shown(value)
    return found


def _shown(value: Any) -> Any:
    """A wide integer as it stands; anything with fields as its JSON."""
    if isinstance(value, Wide):
        return value.total
    return value.model_dump_json() if hasattr(value, "model_dump_json") else value
