"""Mergeable sufficient statistics: what a site sends in place of scores.

Two states of a binary classification: the 2x2 table at the spec's threshold, and the binned score table. Both merge by
adding counts; edges and threshold come with the spec and travel with the state, so that unlike states cannot be added.
"""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from medeval.domain.base import Value
from medeval.errors import ResultRefused

MAX_COUNT = 2**40
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Probability = Annotated[float, Field(ge=0, le=1)]


class PositiveWhen(StrEnum):
    """The side of an edge on which a score that equals it falls."""

    ABOVE = "above"
    AT_OR_ABOVE = "at-or-above"


class ConfusionCounts(Value):
    """The 2x2 table at one threshold: cases by label and decision."""

    kind: Literal["confusion"] = "confusion"
    threshold: Probability
    positive_when: PositiveWhen
    tp: Count
    fp: Count
    tn: Count
    fn: Count

    @property
    def n0(self) -> int:
        """Negative cases."""
        return self.tn + self.fp

    @property
    def n1(self) -> int:
        """Positive cases."""
        return self.tp + self.fn

    def merge(self, other: Self) -> "ConfusionCounts":
        """The table of both sets of cases together."""
        _check_alike((self.threshold, self.positive_when), (other.threshold, other.positive_when))
        return self.model_copy(
            update={name: getattr(self, name) + getattr(other, name) for name in ("tp", "fp", "tn", "fn")}
        )


class ScoreTable(Value):
    """Negative (`n0`) and positive (`n1`) cases per score bin; K bins have K + 1 edges from 0 to 1.

    With `positive_when: above`, bin i holds edges[i] < score <= edges[i + 1] (the first also its lower edge); with
    `at-or-above`, edges[i] <= score < edges[i + 1] (the last also its upper edge).
    """

    kind: Literal["score-table"] = "score-table"
    edges: tuple[Probability, ...] = Field(min_length=2, max_length=1001)
    positive_when: PositiveWhen
    n0: tuple[Count, ...]
    n1: tuple[Count, ...]

    @model_validator(mode="after")
    def _is_a_table(self) -> Self:
        check_edges(self.edges)
        if not len(self.n0) == len(self.n1) == len(self.edges) - 1:
            raise ValueError("n0 and n1 must have one count per bin")
        return self

    def merge(self, other: Self) -> "ScoreTable":
        """The table of both sets of cases together."""
        _check_alike((self.edges, self.positive_when), (other.edges, other.positive_when))
        return self.model_copy(
            update={
                "n0": tuple(a + b for a, b in zip(self.n0, other.n0, strict=True)),
                "n1": tuple(a + b for a, b in zip(self.n1, other.n1, strict=True)),
            }
        )

    def split_at(self, threshold: float) -> tuple[int, int, int, int]:
        """(tp, fp, tn, fn) at a threshold that is one of the edges."""
        cut = self.edges.index(threshold)
        return sum(self.n1[cut:]), sum(self.n0[cut:]), sum(self.n0[:cut]), sum(self.n1[:cut])


MetricState: TypeAlias = Annotated[ConfusionCounts | ScoreTable, Field(discriminator="kind")]


def check_edges(edges: tuple[float, ...]) -> None:
    """Edges run from 0 to 1 and rise; a ValueError says where they do not."""
    if edges[0] != 0.0 or edges[-1] != 1.0:
        raise ValueError("edges must run from 0 to 1")
    if any(a >= b for a, b in pairwise(edges)):
        raise ValueError("edges must rise strictly")


def _check_alike(a: object, b: object) -> None:
    if a != b:
        raise ResultRefused("two states of different edges cannot be merged", "Use states of one benchmark spec.")
