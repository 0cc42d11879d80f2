"""Regression: the plan, and the joint moments that every metric is derived from."""

from typing import Literal, Self

from pydantic import Field, model_validator

from medeval.domain.families.base import Compared, ComparedBy, MetricId, PlanBase, State, parse_metric
from medeval.domain.families.joint import JointMoments, Resolution, joint_numbers
from medeval.errors import ResultRefused

METRICS = frozenset(["mae", "rmse", "r2", "ccc", "bias", "loa_low", "loa_high"])
#: Label y and error d (prediction less label) as shares of the plan's range.
COLUMNS = ("one", "y", "d", "abs_d", "dd", "yd", "yy")
_LIMITS = {
    "y": (0.0, 1.0),
    "d": (-1.0, 1.0),
    "abs_d": (0.0, 1.0),
    "dd": (0.0, 1.0),
    "yd": (-1.0, 1.0),
    "yy": (0.0, 1.0),
}
_HINT = "Nothing has left. Use the evaluator and the parameters that the benchmark spec pins."


class RegressionPlan(PlanBase):
    """How a regression is analysed.

    `range` bounds labels and predictions, in their unit; what lies outside is an error. Sums are kept in 2**-52 of its
    width, so it should be at most some thousand times the error that matters. `score_resolution` is the step, as a
    share of that width, to which both are rounded before anything is summed.
    """

    task: Literal["regression"] = "regression"
    primary_metric: MetricId = "mae"
    range: tuple[float, float] = Field(description="lowest and highest label and prediction")
    score_resolution: Resolution = 0.001
    exact_scalars: Literal[False] = False

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        low, high = self.range
        if not low < high or max(abs(low), abs(high)) > 2**30:
            raise ValueError("range must rise, within 2**30 of zero")
        return self

    @property
    def holds_exact_values(self) -> bool:
        """Whether a result holds sums of unrounded values."""
        return self.score_resolution == "exact"

    def dull_row(self, score: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The middle of the range."""
        return (score,), (repr(sum(self.range) / 2),)

    def check_metric(self, name: str) -> None:
        """Raise ValueError for what is no metric of a regression."""
        parts = parse_metric(name)
        if parts.base not in METRICS or parts.at is not None or parts.of is not None:
            raise ValueError(f"{name} is no metric of a regression: {', '.join(sorted(METRICS))}")

    def check_states(self, cases: int, states: tuple[State, ...]) -> tuple[int, ...]:
        """No classes; raises `ResultRefused` unless there is the one state, and it could be of so many cases."""
        state = states[0] if len(states) == 1 else None
        if not isinstance(state, JointMoments) or state.columns != COLUMNS:
            raise ResultRefused("states: must be the joint moments of label and error", _HINT)
        state.check(cases, 0)
        state.check_bounds(_LIMITS, 0)
        return ()

    def compared(self, metrics: tuple[str, ...]) -> tuple[Compared, ...]:
        """Errors, or absolute errors, case by case, where their mean is the primary metric."""
        del metrics
        if self.primary_metric not in ("mae", "bias"):
            return ()
        return (Compared(self.primary_metric, ComparedBy.MOMENTS, self.range[1] - self.range[0]),)

    def numbers(self) -> int:
        """The joint moments of seven columns."""
        return joint_numbers(len(COLUMNS))
