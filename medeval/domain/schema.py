"""JSON Schemas of every public value, for `schemas/`."""

from typing import Any

from pydantic import TypeAdapter

from medeval.domain import (
    attestation,
    benchmark,
    dataset,
    execution,
    ledger,
    messages,
    package,
    paired,
    result,
)

EXPORTED: dict[str, Any] = {
    "benchmark-draft": benchmark.BenchmarkDraft,
    "benchmark-spec": benchmark.BenchmarkSpec,
    "mlcube-manifest": package.MLCubeManifest,
    "model-card": package.ModelCard,
    "dataset-card": dataset.DatasetCard,
    "dataset-statistics": dataset.DatasetStatistics,
    "execution-spec": execution.ExecutionSpec,
    "evaluation": result.Evaluation,
    "site-result": result.SiteResult,
    "comparison-spec": paired.ComparisonSpec,
    "paired-evaluation": paired.PairedEvaluation,
    "site-comparison": paired.SiteComparison,
    "statement": attestation.Statement,
    "envelope": attestation.Envelope,
    "ledger-entry": ledger.Entry,
    "ledger-head": ledger.SignedHead,
    "leaderboard": messages.Leaderboard,
    "problem": messages.Problem,
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema (draft 2020-12) of each exported value by its file stem."""
    return {
        stem: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **TypeAdapter(value).json_schema(by_alias=True),
        }
        for stem, value in EXPORTED.items()
    }
