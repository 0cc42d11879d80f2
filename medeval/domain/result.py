"""What an evaluator writes, and what a site may release for one execution: counts and mergeable states."""

from typing import Literal

from pydantic import Field

from medeval.domain.base import Value
from medeval.domain.execution import ExecutionSpec
from medeval.domain.metric_state import MetricState


class Evaluation(Value):
    """The evaluator's `result.json`: cases evaluated and the states, nothing else."""

    format: Literal["medeval/evaluation@1"]
    cases: int = Field(ge=0, le=2**40)
    states: tuple[MetricState, ...] = Field(min_length=1, max_length=16)


class SiteResult(Value):
    """An evaluation bound to its execution."""

    format: Literal["medeval/result@1"] = "medeval/result@1"
    execution: ExecutionSpec
    evaluation: Evaluation
