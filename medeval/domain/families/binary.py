"""Binary classification: the plan, the score table that everything is derived from, and the exact scalars.

The score table is the primary state. AUROC, average precision and the Brier score depend on the order of scores inside
a bin, so from the table they are known up to a certified bound; a plan may ask for the scalars that give them exactly
(`exact_scalars`), which leave only under a policy that allows exact values.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from medeval.domain.base import Value
from medeval.domain.families.base import (
    Compared,
    ComparedBy,
    Count,
    MetricId,
    Moments,
    PlanBase,
    Probability,
    State,
    Wide,
    check_alike,
    parse_metric,
)
from medeval.errors import ResultRefused

_HINT = "Nothing has left. Use the evaluator and the parameters that the benchmark spec pins."


class PositiveWhen(StrEnum):
    """The side of an edge on which a score that equals it falls."""

    ABOVE = "above"
    AT_OR_ABOVE = "at-or-above"


class ScoreTable(State):
    """Negative (`n0`) and positive (`n1`) cases and the sum of their scores (`sums`) per score bin.

    K bins have K + 1 edges from 0 to 1. With `positive_when: above`, bin i holds edges[i] < score <= edges[i + 1] (the
    first also its lower edge); with `at-or-above`, edges[i] <= score < edges[i + 1] (the last also its upper edge).
    `sums` count units of `resolution`: 2**-52 for exact scores, else the step to which a score is rounded after it
    has found its bin. A site may merge neighbouring bins: tables of one plan then have some of its edges each, and
    merge on those that they share.
    """

    kind: Literal["score-table"] = "score-table"
    edges: tuple[Probability, ...] = Field(min_length=2, max_length=1001)
    positive_when: PositiveWhen
    resolution: float | Literal["exact"] = "exact"
    n0: tuple[Count, ...]
    n1: tuple[Count, ...]
    sums: tuple[Wide, ...]
    summed = ("n0", "n1", "sums")

    @model_validator(mode="after")
    def _is_a_table(self) -> Self:
        check_edges(self.edges)
        if not len(self.n0) == len(self.n1) == len(self.sums) == len(self.edges) - 1:
            raise ValueError("n0, n1 and sums must have one entry per bin")
        return self

    def merge(self, other: Self) -> Self:
        """The table of both sets of cases, cut at the edges that both have."""
        check_alike(type(self), type(other))
        shared = set(self.edges) & set(other.edges)
        edges = tuple(edge for edge in self.edges if edge in shared)
        return State.merge(self.coarsened(edges), other.coarsened(edges))

    def coarsened(self, edges: tuple[float, ...]) -> Self:
        """The same cases in wider bins; `edges` are some of its own, the first and the last among them."""
        if edges == self.edges:
            return self
        cuts = [self.edges.index(edge) for edge in edges]
        spans = [slice(first, last) for first, last in pairwise(cuts)]
        return self.model_copy(
            update={
                "edges": edges,
                "n0": tuple(sum(self.n0[span]) for span in spans),
                "n1": tuple(sum(self.n1[span]) for span in spans),
                "sums": tuple(Wide.of(sum(wide.total for wide in self.sums[span])) for span in spans),
            }
        )

    @property
    def unit(self) -> float:
        """What one unit of `sums` is worth."""
        return 2.0**-52 if self.resolution == "exact" else self.resolution

    @property
    def classes(self) -> tuple[int, int]:
        """Negative and positive cases."""
        return sum(self.n0), sum(self.n1)

    def split_at(self, threshold: float) -> tuple[int, int, int, int]:
        """(tp, fp, tn, fn) at a threshold that is one of the edges."""
        cut = self.edges.index(threshold)
        return sum(self.n1[cut:]), sum(self.n0[cut:]), sum(self.n0[:cut]), sum(self.n1[:cut])

    def check_sums(self) -> None:
        """Raise `ResultRefused` where a bin's sum of scores cannot come from scores inside the bin."""
        slack = 0.5 if self.resolution != "exact" else 0.0
        for (low, high), n0, n1, wide in zip(pairwise(self.edges), self.n0, self.n1, self.sums, strict=True):
            n, total = n0 + n1, wide.total
            # one unit a case of slack: edges are doubles, units are not
            if not n * (low / self.unit - slack - 1) <= total <= n * (high / self.unit + slack + 1):
                raise ResultRefused("states[0].sums: is not a sum of scores of its bin", _HINT)


class PairStratum(Value):
    """Within one site: cases by class, twice the pairs won by the positive case (a tie counts 1), and DeLong's
    variances of the placements of positive (`s10`) and negative (`s01`) cases (0 for a single case).
    """  # noqa: D205 one sentence

    n0: Count
    n1: Count
    double_wins: Wide
    s10: float = Field(ge=0, le=1)
    s01: float = Field(ge=0, le=1)


class PairCounts(State):
    """The exact ranking of scores, site by site: a positive case is compared with the negative ones of its own site.

    A merge keeps the strata apart, in an order of their own: pairs across sites are not counted.
    """

    kind: Literal["pairs"] = "pairs"
    strata: tuple[PairStratum, ...] = Field(min_length=1, max_length=10_000)

    def merge(self, other: Self) -> Self:
        """The strata of both."""
        check_alike(type(self), type(other))
        strata = sorted((*self.strata, *other.strata), key=lambda item: item.to_canonical())
        return self.model_copy(update={"strata": tuple(strata)})

    @property
    def numbers(self) -> int:
        """The class sizes follow from the score table."""
        return 3 * len(self.strata)


class SquaredErrors(State):
    """Moments of the squared error (score - label)**2 over cases."""

    kind: Literal["squared-errors"] = "squared-errors"
    moments: Moments
    summed = ("moments",)


#: Metrics at the operating threshold, or at another edge of the table: `sensitivity@0.3`.
AT_A_THRESHOLD = frozenset({
    *("accuracy", "balanced_accuracy", "sensitivity", "specificity", "ppv", "npv"),
    *("mcc", "kappa", "f1", "youden", "lr_positive", "lr_negative"),
})  # fmt: skip
#: Metrics of the whole table.
OF_THE_TABLE = frozenset(
    ["auroc", "average_precision", "brier", "ece", "oe", "calibration_intercept", "calibration_slope", "ici"],
)


class BinaryPlan(PlanBase):
    """How a binary classification is analysed.

    `threshold` turns a score into a decision, `positive_when` says on which side equality falls, `score_edges` cut the
    score table. `score_resolution` is the step to which scores are rounded, after binning, before they are summed.
    """

    task: Literal["binary-classification"] = "binary-classification"
    primary_metric: MetricId = "auroc"
    threshold: Probability = 0.5
    positive_when: PositiveWhen = PositiveWhen.ABOVE
    score_edges: tuple[Probability, ...] = Field(min_length=3, max_length=1001)
    score_resolution: float | Literal["exact"] = 0.001

    classes_share_cases: ClassVar[bool] = True
    can_merge: ClassVar[bool] = True

    @property
    def class_names(self) -> tuple[str, ...]:
        """Negative and positive."""
        return ("negative", "positive")

    def count_classes(self, rows: Iterable[Mapping[str, str | None]], label: str) -> tuple[int, ...] | None:
        """The cases labelled 0 and 1; None where another label stands."""
        found = Counter(row.get(label) for row in rows)
        classes = found.pop("0", 0), found.pop("1", 0)
        return None if found else classes

    @model_validator(mode="after")
    def _cuts_at_the_threshold(self) -> Self:
        check_edges(self.score_edges)
        # At 0 or 1 a score that equals the threshold falls on different sides in the 2x2 and the score table.
        if self.threshold not in self.score_edges[1:-1]:
            raise ValueError("threshold must be one of score_edges, between the first and the last")
        if self.score_resolution != "exact" and not 1e-6 <= self.score_resolution <= 0.1:
            raise ValueError("score_resolution must be exact, or a step from 0.000001 to 0.1")
        return self

    def check_metric(self, name: str) -> None:
        """Raise ValueError for a metric that the table does not give."""
        parts = parse_metric(name)
        if parts.of is not None:
            raise ValueError(f"{name}: a binary classification has one label")
        if parts.base == "fbeta" and parts.at:
            return
        if parts.base in OF_THE_TABLE and parts.at is None:
            return
        if parts.base in AT_A_THRESHOLD or parts.base == "net_benefit":
            self._check_threshold(name, parts.at)
            return
        raise ValueError(f"{name} is no metric of a binary classification")

    def _check_threshold(self, name: str, at: float | None) -> None:
        if at is not None and at not in self.score_edges[1:-1]:
            raise ValueError(f"{name}: must be taken at one of score_edges, between the first and the last")

    def check_states(self, cases: int, states: tuple[State, ...]) -> tuple[int, ...]:
        """Negative and positive cases of the states that this plan asks for; raises `ResultRefused` otherwise."""
        expected: tuple[type[State], ...] = (ScoreTable, *((PairCounts, SquaredErrors) if self.exact_scalars else ()))
        if tuple(type(state) for state in states) != expected or not isinstance(states[0], ScoreTable):
            raise ResultRefused("states: must be those of the plan, the score table first", _HINT)
        table = states[0]
        self._check_frame(table)
        if sum(table.classes) != cases:
            raise ResultRefused("states[0]: n0 and n1 must add up to cases", _HINT)
        table.check_sums()
        for state in states[1:]:
            _check_scalars(state, table, cases)
        return table.classes

    def _check_frame(self, table: ScoreTable) -> None:
        if not set(table.edges) <= set(self.score_edges):
            raise ResultRefused("states[0].edges: are not those of the spec's analysis plan, or some of them", _HINT)
        found = (
            ("positive_when", table.positive_when, self.positive_when),
            ("resolution", table.resolution, self.score_resolution),
        )
        for field, value, declared in found:
            if value != declared:
                raise ResultRefused(f"states[0].{field}: is not what the spec's analysis plan declares", _HINT)

    def compared(self, metrics: tuple[str, ...]) -> tuple[Compared, ...]:
        """The primary metric and, beside it, accuracy at the operating threshold where the benchmark has it."""
        how = self._compared_by(self.primary_metric)
        if how is None:
            return ()
        beside = [Compared("accuracy", ComparedBy.DISCORDANT)] if "accuracy" in metrics else []
        return tuple(dict.fromkeys((Compared(self.primary_metric, how), *beside)))

    def _compared_by(self, name: str) -> ComparedBy | None:
        match parse_metric(name).base:
            case "auroc":
                return ComparedBy.COVARIANCE
            case "accuracy" | "sensitivity" | "specificity":
                return ComparedBy.DISCORDANT
            case "brier" if self.exact_scalars:
                return ComparedBy.MOMENTS
            case _:
                return None

    @property
    def holds_exact_values(self) -> bool:
        """Whether a result holds more of single scores than counts and rounded sums."""
        return self.exact_scalars or self.score_resolution == "exact"

    def numbers(self) -> int:
        """Two counts and a sum per bin; three scalars of the ranking, up to seven of the squared error."""
        return 3 * (len(self.score_edges) - 1) + (10 if self.exact_scalars else 0)


def _check_scalars(state: State, table: ScoreTable, cases: int) -> None:
    """What exact scalars and table both say must be the same."""
    n0, n1 = table.classes
    if isinstance(state, PairCounts):
        low, high = win_range(table)
        if len(state.strata) != 1 or (state.strata[0].n0, state.strata[0].n1) != (n0, n1):
            raise ResultRefused("states[1]: must hold one stratum, of the table's cases per class", _HINT)
        if not low <= state.strata[0].double_wins.total <= high:
            raise ResultRefused("states[1].double_wins: contradicts the score table", _HINT)
    if isinstance(state, SquaredErrors):
        moments = state.moments
        if moments.n != cases or not 0 <= moments.squares.total <= moments.total.total <= cases * 2**52:
            raise ResultRefused("states[2]: contradicts the score table", _HINT)


def win_range(table: ScoreTable) -> tuple[int, int]:
    """The fewest and the most that twice the won pairs can be: pairs of one bin are all lost, or all won."""
    below = lost = won = 0
    for a, b in zip(table.n0, table.n1, strict=True):
        lost += 2 * b * below
        won += 2 * b * (below + a)
        below += a
    return lost, won


def check_edges(edges: tuple[float, ...]) -> None:
    """Edges run from 0 to 1 and rise; a ValueError says where they do not."""
    if edges[0] != 0.0 or edges[-1] != 1.0:
        raise ValueError("edges must run from 0 to 1")
    if any(a >= b for a, b in pairwise(edges)):
        raise ValueError("edges must rise strictly")
