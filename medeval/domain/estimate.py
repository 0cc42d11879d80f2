"""Estimates: value and interval, or the reason why there is none."""

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from medeval.domain.base import Value
from medeval.domain.ids import Text


class Method(StrEnum):
    """How an interval was computed."""

    WILSON = "wilson"
    LOGIT_DELONG = "logit-delong-binned"
    NEWCOMBE = "newcombe-binned"


class Estimate(Value):
    """A value with its confidence interval.

    `n` counts the cases that the value rests on. `bound` is the largest error that binning can have caused in `value`
    (0 for exact values).
    """

    kind: Literal["estimate"] = "estimate"
    value: float
    low: float
    high: float
    n: int = Field(ge=1)
    method: Method
    bound: float = Field(default=0.0, ge=0)


class Reason(StrEnum):
    """Why a value cannot be estimated."""

    ONE_CLASS_ONLY = "one class only"
    NO_POSITIVE_DECISION = "no case was called positive"
    NO_CASES = "no cases"
    NO_RESULTS = "no results yet"
    HIDDEN = "not shown to this viewer"
    ONE_SITE = "one site only, whose own result is not shown to this viewer"


class NotEstimable(Value):
    """There is no value, and this is why."""

    kind: Literal["not-estimable"] = "not-estimable"
    reason: Reason


class NotShown(Value):
    """A cell without a result: what happened to it, in words that people read."""

    kind: Literal["failed", "withheld", "pending", "hidden"]
    reason: Text


class CaseCounts(Value):
    """The cases that a pooled estimate rests on, and how many of them are positive."""

    kind: Literal["counts"] = "counts"
    cases: int = Field(ge=0)
    positives: int = Field(ge=0)


AnyCounts: TypeAlias = Annotated[CaseCounts | NotEstimable, Field(discriminator="kind")]
AnyEstimate: TypeAlias = Annotated[Estimate | NotEstimable, Field(discriminator="kind")]
