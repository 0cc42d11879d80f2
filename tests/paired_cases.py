"""Models that read the same invented cases, their results and their comparisons, as an honest site would state them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medeval.disclosure.paired import to_releasable
from medeval.domain.attestation import (
    ComparisonPredicate,
    ComparisonProvenance,
    ComparisonStatement,
    HexSha256,
    SandboxRecord,
    Subject,
)
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.messages import SiteTask
from medeval.domain.paired import ComparisonSpec, PairedEvaluation, SiteComparison
from medeval.domain.result import Evaluation
from medeval.metrics import binary
from medeval.metrics.compare_binary import state_of
from medeval.metrics.predictions import ScoredCases
from tests.worlds import record_of, source_cube

Labels = NDArray[np.bool_]
Scores = NDArray[np.float64]

#: An evaluator that compares, for `make_spec` and `World.publish`.
COMPARING = {"evaluator": {"cube": source_cube("evaluator", "evaluate", "compare")}}


def read_alike(models: int, seed: int, n: int = 120) -> tuple[Labels, Scores]:
    """Labels (n,), half of them positive, and scores (models, n) that worsen from model to model."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % 2 == 0
    shared = generator.normal(labels * 1.5, 1.0)
    noise = generator.normal(size=(models, n)) * np.linspace(0.4, 1.6, models)[:, None]
    return labels, 1 / (1 + np.exp(-(shared + noise - 0.75)))


def evaluation_of(spec: BenchmarkSpec, labels: Labels, scores: Scores) -> Evaluation:
    """The evaluation of one model's scores (n,)."""
    plan = spec.analysis.model_dump(mode="json")
    return Evaluation.from_plain(binary.evaluation(ScoredCases(labels, scores), plan))


def paired_of(spec: BenchmarkSpec, labels: Labels, scores: Scores) -> PairedEvaluation:
    """The comparison of models by their scores (models, n), as it may leave."""
    plan = spec.analysis.model_dump(mode="json")
    states = [state_of(item.metric, labels, scores, plan, None) for item in spec.compared(len(scores))]
    plain: dict[str, Any] = {"format": "medeval/paired@1", "cases": len(labels), "states": states}
    return to_releasable(PairedEvaluation.from_plain(plain), spec.disclosure)


def comparison_of(tasks: Sequence[SiteTask]) -> ComparisonSpec:
    """What is compared: the models of tasks on one dataset, in the order of their names."""
    first = tasks[0].execution
    return ComparisonSpec(
        benchmark=first.benchmark, dataset=first.dataset, models=tuple(task.execution.model for task in tasks)
    )


def comparison_statement(
    spec: BenchmarkSpec, comparison: ComparisonSpec, paired: PairedEvaluation
) -> ComparisonStatement:
    """The statement of a released comparison."""
    provenance = ComparisonProvenance(
        medeval="0.1.0",
        sandbox=SandboxRecord(runtime="docker", version="20.10", level=2),
        evaluator=record_of(spec.evaluator.cube),
    )
    result = SiteComparison(comparison=comparison, paired=paired)
    digests = [execution.to_digest().removeprefix("sha256:") for execution in comparison.executions]
    return ComparisonStatement(
        subject=tuple(Subject(digest=HexSha256(sha256=digest)) for digest in digests),
        predicate=ComparisonPredicate(result=result, provenance=provenance),
    )
