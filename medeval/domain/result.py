"""What an evaluator writes, and what a site may release for one execution: counts and mergeable states."""

from functools import reduce
from typing import Literal

from pydantic import Field

from medeval.domain.base import Value
from medeval.domain.execution import ExecutionSpec
from medeval.domain.families.base import ClusterSizes, Column, check_alike, merge_states
from medeval.domain.metric_state import MetricState
from medeval.errors import ResultRefused

States = tuple[MetricState, ...]


class GroupEvaluation(Value):
    """The cases of one level of a declared variable, such as `sex` = `F`; the levels share out all cases."""

    name: Column
    level: Column
    cases: int = Field(ge=0, le=2**40)
    states: States = Field(min_length=1, max_length=64)
    clusters: ClusterSizes | None = None


class Evaluation(Value):
    """The evaluator's `result.json`: cases evaluated and the states, nothing else.

    `clusters` where several cases are of one patient; `groups` in the order that the spec declares.
    """

    format: Literal["medeval/evaluation@1"]
    cases: int = Field(ge=0, le=2**40)
    states: States = Field(min_length=1, max_length=64)
    clusters: ClusterSizes | None = None
    groups: tuple[GroupEvaluation, ...] = Field(default=(), max_length=200)

    def merge(self, other: "Evaluation") -> "Evaluation":
        """The evaluation of both sets of cases; raises `ResultRefused` for states of unlike frames."""
        return self.model_copy(update={**_merged(self, other), "groups": _merge_groups(self.groups, other.groups)})

    def of_others(self, name: str, level: str) -> "Evaluation":
        """All cases of the other levels of a variable, as an evaluation of their own."""
        others = [group.level for group in self.groups if group.name == name and group.level != level]
        return reduce(Evaluation.merge, (self.of_group(name, other) for other in others))

    def of_group(self, name: str, level: str) -> "Evaluation":
        """One group's cases as an evaluation of their own."""
        found = next(group for group in self.groups if (group.name, group.level) == (name, level))
        return Evaluation(format=self.format, cases=found.cases, states=found.states, clusters=found.clusters)


def _merge_groups(
    first: tuple[GroupEvaluation, ...], second: tuple[GroupEvaluation, ...]
) -> tuple[GroupEvaluation, ...]:
    if [(g.name, g.level) for g in first] != [(g.name, g.level) for g in second]:
        raise ResultRefused("two results hold other groups", "Use results of one benchmark spec.")
    return tuple(a.model_copy(update=_merged(a, b)) for a, b in zip(first, second, strict=True))


def _merged(first: Evaluation | GroupEvaluation, second: Evaluation | GroupEvaluation) -> dict[str, object]:
    check_alike(first.clusters is None, second.clusters is None)
    clusters = first.clusters.plus(second.clusters) if first.clusters and second.clusters else None
    states = merge_states(first.states, second.states)
    return {"cases": first.cases + second.cases, "states": states, "clusters": clusters}


class SiteResult(Value):
    """An evaluation bound to its execution."""

    format: Literal["medeval/result@1"] = "medeval/result@1"
    execution: ExecutionSpec
    evaluation: Evaluation
