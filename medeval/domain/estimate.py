"""Estimates: value and interval, or the reason why there is none."""

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from medeval.domain.base import Value
from medeval.domain.ids import Text


class Method(StrEnum):
    """How an interval was computed."""

    WILSON = "wilson"
    LOGIT_DELONG = "logit-delong"
    LOGIT_DELONG_BINNED = "logit-delong-binned"
    NEWCOMBE = "newcombe"
    LOG_WALD = "log-wald"
    WALD = "wald"
    T_CASES = "t-over-cases"
    T_CLUSTERS = "t-over-clusters"
    LINEARISED = "linearised"
    MACRO = "mean-of-standard-errors"
    TABLE_BOOTSTRAP = "table-bootstrap"
    GROUPED_LOGISTIC = "grouped-logistic"
    RANDOM_EFFECTS = "random-effects-reml-hksj"
    WITHIN_SITES = "within-sites"
    LOGIT_U_STATISTIC = "logit-u-statistic"
    WILSON_EFFECTIVE = "wilson-effective-cases"


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
    NO_NEGATIVE_DECISION = "no case was called negative"
    NO_POSITIVE_CASE = "no positive case"
    NO_NEGATIVE_CASE = "no negative case"
    RATIO_OF_NONE = "no decision of one kind, so the ratio is zero or without end"
    NO_EXPECTED_EVENT = "no event is expected"
    NO_EVENT = "no event"
    SCORES_ALIKE = "all scores lie in one bin"
    SEPARATED = "the classes are fully apart"
    ONE_CASE = "one case only"
    ONE_EVENT = "one event only"
    NO_COMPARABLE_PAIR = "no comparable pair"
    NO_FOLLOW_UP = "nobody is followed beyond this time"
    NO_PROBABILITIES = "the plan asks for no probabilities"
    CLASS_ABSENT = "a class has no case"
    CLASS_UNUSED = "no case, and no decision, of this class"
    LABELS_ALIKE = "all labels are alike"
    NO_SPREAD = "all cases are alike: nothing tells how sure the value is"
    STRUCTURE_ABSENT = "structure absent everywhere"
    NO_BOX = "no box in any image"
    NO_DETECTION = "no detection"
    TOO_FEW_TO_RESAMPLE = "too few cases to resample"
    NO_CASES = "no cases"
    NO_RESULTS = "no results yet"
    FEW_SITES = "fewer than three sites: shown, not pooled"
    INSUFFICIENT = "too few cases to show"
    SUPPRESSED = "suppressed by the disclosure policy"
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
    """The cases that a pooled estimate rests on, and how many of them are positive (where the task has such)."""

    kind: Literal["counts"] = "counts"
    cases: int = Field(ge=0)
    positives: int | None = Field(ge=0)


AnyCounts: TypeAlias = Annotated[CaseCounts | NotEstimable, Field(discriminator="kind")]
AnyEstimate: TypeAlias = Annotated[Estimate | NotEstimable, Field(discriminator="kind")]


class PredictionInterval(Value):
    """Where the true value of a new site is expected to lie; `approximate` below ten sites."""

    low: float
    high: float
    approximate: bool


class Heterogeneity(Value):
    """How sites differ: tau2 on the scale of the analysis with its Q-profile interval, and I2 (0 to 1)."""

    tau2: float = Field(ge=0)
    low: float = Field(ge=0)
    high: float = Field(ge=0)
    i2: float = Field(ge=0, le=1)


class EvidenceFlag(StrEnum):
    """Why an estimate rests on less than it should."""

    FEW_EVENTS = "fewer than 100 events"
    FEW_NON_EVENTS = "fewer than 100 non-events"
    IMPRECISE = "the interval is wider than a validation should reach"
