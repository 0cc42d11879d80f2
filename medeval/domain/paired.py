"""Paired comparisons: models that read the same cases of one dataset, compared case by case where the cases are.

A site knows of every case what each model made of it. Only what the comparison of two models needs is stated: never a
case, never a score. Pairs of models stand in the order of the upper triangle by rows: (0, 1), (0, 2), ... (1, 2), ...
"""

from itertools import combinations
from math import isqrt, sqrt
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from medeval.domain.base import Value
from medeval.domain.estimate import Reason
from medeval.domain.execution import ExecutionSpec, Pinned, PinnedDataset
from medeval.domain.families.base import Compared, ComparedBy, Count, MetricId, Moments

MAX_MODELS = 50
MAX_PAIRS = MAX_MODELS * (MAX_MODELS - 1) // 2
#: Where exact values may not leave, what a comparison adds to the results has so many significant digits.
ROUNDED_DIGITS = 3
#: What rounding to so many digits can do to a standard deviation, as a share of it, and some more.
_ROUNDING = 0.006
NonNegative = Annotated[float, Field(ge=0)]


class PairedCovariance(Value):
    """Of M models on the same cases: each one's value and its variance, and the variance of each pair's difference.

    Together they are the M x M covariance matrix of the values (`covariance`). The variance of a difference is stated
    in place of a covariance: of models that are much alike it is a small difference of large numbers, which rounding
    would drown. Variances are those of independent cases; clusters of cases come in with the design effect.
    """

    kind: Literal["paired-covariance"] = "paired-covariance"
    metric: MetricId
    values: tuple[float, ...] = Field(min_length=2, max_length=MAX_MODELS)
    variances: tuple[NonNegative, ...] = Field(min_length=2, max_length=MAX_MODELS)
    differences: tuple[NonNegative, ...] = Field(min_length=1, max_length=MAX_PAIRS)

    @model_validator(mode="after")
    def _is_a_covariance(self) -> Self:
        if len(self.variances) != self.models or len(self.differences) != pair_count(self.models):
            raise ValueError("a value and a variance per model, and a variance per pair of models, are needed")
        errors = [sqrt(variance) for variance in self.variances]
        for (i, j), variance in zip(pairs(self.models), self.differences, strict=True):
            apart, slack = sqrt(variance), _ROUNDING * (errors[i] + errors[j]) + 1e-12
            if not abs(errors[i] - errors[j]) - slack <= apart <= errors[i] + errors[j] + slack:
                raise ValueError("a variance of a difference cannot go with those of its models")
        return self

    @property
    def models(self) -> int:
        """How many models are compared."""
        return len(self.values)

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return covariance_numbers(self.models)

    @property
    def covariance(self) -> tuple[tuple[float, ...], ...]:
        """The M x M covariance matrix of the values."""
        apart = dict(zip(pairs(self.models), self.differences, strict=True))
        everyone = range(self.models)
        return tuple(
            tuple(
                (self.variances[i] + self.variances[j] - (apart[min(i, j), max(i, j)] if i != j else 0.0)) / 2
                for j in everyone
            )
            for i in everyone
        )


class Discordant(Value):
    """Cases that the first model of a pair alone decides right, and those that the second alone does."""

    kind: Literal["counts"] = "counts"
    first_only: Count
    second_only: Count


class TooFewDiscordant(Value):
    """A pair whose counts are too small to leave the site; they are neither zero nor rounded, but absent."""

    kind: Literal["insufficient"] = "insufficient"


class DiscordantCounts(Value):
    """McNemar's table of each pair of models: on which of the same `n` cases either is right alone."""

    kind: Literal["discordant-counts"] = "discordant-counts"
    metric: MetricId
    n: Count
    pairs: tuple[Annotated[Discordant | TooFewDiscordant, Field(discriminator="kind")], ...] = Field(
        min_length=1, max_length=MAX_PAIRS
    )

    @model_validator(mode="after")
    def _fits_the_cases(self) -> Self:
        if models_of(len(self.pairs)) is None:
            raise ValueError("an entry per pair of models is needed")
        if any(isinstance(pair, Discordant) and pair.first_only + pair.second_only > self.n for pair in self.pairs):
            raise ValueError("more cases are discordant than there are")
        return self

    @property
    def models(self) -> int:
        """How many models are compared."""
        return models_of(len(self.pairs)) or 0

    @property
    def numbers(self) -> int:
        """How many numbers it holds; a pair without counts holds none."""
        return 1 + 2 * sum(isinstance(pair, Discordant) for pair in self.pairs)


class PairedMoments(Value):
    """Of each pair of models the moments of the per-case difference of a metric that is a mean: first less second."""

    kind: Literal["paired-moments"] = "paired-moments"
    metric: MetricId
    pairs: tuple[Moments, ...] = Field(min_length=1, max_length=MAX_PAIRS)

    @model_validator(mode="after")
    def _are_moments(self) -> Self:
        if models_of(len(self.pairs)) is None:
            raise ValueError("an entry per pair of models is needed")
        if any(not _could_be(pair) for pair in self.pairs):
            raise ValueError("these are not the moments of any differences")
        return self

    @property
    def models(self) -> int:
        """How many models are compared."""
        return models_of(len(self.pairs)) or 0

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return sum(pair.numbers for pair in self.pairs)


class NotComparable(Value):
    """A metric that these cases do not give, of any model: nothing to compare, and why."""

    kind: Literal["not-comparable"] = "not-comparable"
    metric: MetricId
    reason: Literal[
        Reason.ONE_CLASS_ONLY,
        Reason.ONE_CASE,
        Reason.NO_CASES,
        Reason.NO_EVENT,
        Reason.ONE_EVENT,
        Reason.NO_COMPARABLE_PAIR,
        Reason.SUPPRESSED,
    ]

    @property
    def numbers(self) -> int:
        """None."""
        return 0


PairedState: TypeAlias = Annotated[
    PairedCovariance | DiscordantCounts | PairedMoments | NotComparable, Field(discriminator="kind")
]


class PairedEvaluation(Value):
    """What the evaluator's `compare` writes as `comparison.json`: cases, and a state per metric that is compared."""

    format: Literal["medeval/paired@1"]
    cases: Count
    states: tuple[PairedState, ...] = Field(min_length=1, max_length=8)

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return 1 + sum(state.numbers for state in self.states)

    def state_of(self, metric: str) -> PairedCovariance | DiscordantCounts | PairedMoments | NotComparable | None:
        """The state of one metric, if that is compared."""
        return next((state for state in self.states if state.metric == metric), None)


class ComparisonSpec(Value):
    """Which models are compared, on which dataset, in which benchmark; its digest is the comparison's id everywhere."""

    format: Literal["medeval/comparison@1"] = "medeval/comparison@1"
    benchmark: Pinned
    dataset: PinnedDataset
    models: tuple[Pinned, ...] = Field(min_length=2, max_length=MAX_MODELS)

    @model_validator(mode="after")
    def _names_each_model_once(self) -> Self:
        refs = [model.ref for model in self.models]
        if refs != sorted(set(refs)) or len({model.digest for model in self.models}) != len(refs):
            raise ValueError("models: must be named once each, in the order of their names")
        return self

    @property
    def site(self) -> str:
        """The site that holds the cases."""
        return self.dataset.ref.partition("/")[0]

    @property
    def executions(self) -> tuple[ExecutionSpec, ...]:
        """The executions whose predictions are compared, in the order of the models."""
        return tuple(
            ExecutionSpec(benchmark=self.benchmark, model=model, dataset=self.dataset) for model in self.models
        )


class SiteComparison(Value):
    """A paired evaluation bound to the executions that it compares: what a site may release."""

    comparison: ComparisonSpec
    paired: PairedEvaluation


def pairs(models: int) -> tuple[tuple[int, int], ...]:
    """The places of each pair of models, in the order of the states."""
    return tuple(combinations(range(models), 2))


def pair_count(models: int) -> int:
    """How many pairs so many models make."""
    return models * (models - 1) // 2


def covariance_numbers(models: int) -> int:
    """How many numbers a `PairedCovariance` of so many models holds."""
    return 2 * models + pair_count(models)


def paired_numbers(wanted: tuple[Compared, ...], models: int, *, clustered: bool) -> int:
    """How many numbers a paired evaluation of so many models holds at most."""
    sizes = {
        ComparedBy.COVARIANCE: covariance_numbers(models),
        ComparedBy.DISCORDANT: 1 + 2 * pair_count(models),
        ComparedBy.MOMENTS: (7 if clustered else 3) * pair_count(models),
    }
    return 1 + sum(sizes[item.by] for item in wanted)


def models_of(count: int) -> int | None:
    """How many models make so many pairs; None where no number of models does."""
    models = (1 + isqrt(1 + 8 * count)) // 2
    return models if pair_count(models) == count else None


def rounded(value: float) -> float:
    """A number with as many digits as may leave where exact values may not."""
    return float(f"{value:.{ROUNDED_DIGITS - 1}e}")


def rounded_whole(total: int) -> int:
    """A whole number with as many digits, the rest being zeros; half is rounded up."""
    if not total:
        return 0
    step: int = 10 ** max(len(str(abs(total))) - ROUNDED_DIGITS, 0)
    return (total + step // 2) // step * step


def ceiled_whole(total: int) -> int:
    """The next whole number with as many digits, the rest being zeros."""
    step: int = 10 ** max(len(str(abs(total))) - ROUNDED_DIGITS, 0)
    return -(-total // step) * step


def _could_be(moments: Moments) -> bool:
    """Cauchy and Schwarz: (sum of d)**2 <= n * sum of d**2, squares being rounded to a unit each, or to digits."""
    units, n = 1 << 52, moments.n
    most = n * (moments.squares.total * 1005 // 1000 + n) * units
    return moments.squares.total >= 0 and moments.total.total**2 <= most
