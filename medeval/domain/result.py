"""What an evaluator writes, and what a site may release for one execution: counts and mergeable states."""

from collections.abc import Collection
from enum import StrEnum
from functools import reduce
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

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


class Withheld(StrEnum):
    """Why a site shows nothing of a level (the terms of statistical disclosure control).

    `insufficient`: the level, or all other levels together, hold fewer cases than the policy asks for (primary).
    `suppressed`: it holds enough, but a smaller level would follow from it and the whole (secondary suppression).
    """

    INSUFFICIENT = "insufficient"
    SUPPRESSED = "suppressed"


class WithheldGroup(Value):
    """A level of which a site shows nothing but why."""

    name: Column
    level: Column
    withheld: Withheld


def _group_tag(value: Any) -> str:
    held = "withheld" in value if isinstance(value, dict) else isinstance(value, WithheldGroup)
    return "withheld" if held else "shown"


#: A level with its states, or withheld; `withheld` tells which.
Group: TypeAlias = Annotated[
    Annotated[GroupEvaluation, Tag("shown")] | Annotated[WithheldGroup, Tag("withheld")], Discriminator(_group_tag)
]


class Evaluation(Value):
    """The evaluator's `result.json`: cases evaluated and the states, nothing else.

    `clusters` where several cases are of one patient; `groups` in the order that the spec declares. An evaluator shows
    every level; which of them are withheld is for the site to say.
    """

    format: Literal["medeval/evaluation@1"]
    cases: int = Field(ge=0, le=2**40)
    states: States = Field(min_length=1, max_length=64)
    clusters: ClusterSizes | None = None
    groups: tuple[Group, ...] = Field(default=(), max_length=200)

    def merge(self, other: "Evaluation") -> "Evaluation":
        """The evaluation of both sets of cases; raises `ResultRefused` for states of unlike frames."""
        return self.model_copy(update={**_merged(self, other), "groups": _merge_groups(self.groups, other.groups)})

    def find_levels(self, name: str, levels: Collection[str]) -> "Evaluation | None":
        """The cases of some levels of a variable as an evaluation of their own; None where any of them is withheld."""
        wanted = [group for group in self.groups if group.name == name and group.level in levels]
        shown = [group for group in wanted if isinstance(group, GroupEvaluation)]
        return reduce(Evaluation.merge, map(self._alone, shown)) if len(shown) == len(wanted) else None

    def _alone(self, group: GroupEvaluation) -> "Evaluation":
        return Evaluation(format=self.format, cases=group.cases, states=group.states, clusters=group.clusters)


def _merge_groups(first: tuple[Group, ...], second: tuple[Group, ...]) -> tuple[Group, ...]:
    if [(g.name, g.level) for g in first] != [(g.name, g.level) for g in second]:
        raise ResultRefused("two results hold other groups", "Use results of one benchmark spec.")
    return tuple(_merge_group(a, b) for a, b in zip(first, second, strict=True))


def _merge_group(first: Group, second: Group) -> Group:
    """Of both sets of cases; withheld where either is."""
    withheld = [group for group in (first, second) if isinstance(group, WithheldGroup)]
    if withheld:
        return min(withheld, key=lambda group: group.withheld)  # insufficient comes before suppressed
    assert isinstance(first, GroupEvaluation)  # noqa: S101 neither is withheld
    assert isinstance(second, GroupEvaluation)  # noqa: S101
    return first.model_copy(update=_merged(first, second))


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
