"""Models of other tasks on the same cases: what a comparison says agrees with what each model's evaluation says."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medeval.disclosure.paired import read_paired, to_release
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.execution import Pinned, PinnedDataset
from medeval.domain.paired import ComparisonSpec, DiscordantCounts, PairedMoments, SiteComparison
from medeval.domain.result import Evaluation
from medeval.errors import ResultRefused
from medeval.metrics.compare import compare
from medeval.metrics.evaluate import evaluate
from medeval.stats.paired import check_agrees, effects_of
from tests.boards import STRICT_RULES, a_digest
from tests.paired_cases import COMPARING
from tests.worlds import make_spec

CASES, MODELS = 150, 3
REFS = tuple(f"m{number}@1.0.0" for number in range(MODELS))
WORDS = np.array(["left lung", "right lung", "no finding", "unsure", "a mass in the left lung"])


def regression(rng: np.random.Generator) -> tuple[list[str], list[list[str]]]:
    labels = rng.uniform(0, 200, CASES).round(1)
    noise = rng.normal(0, 20, (MODELS, CASES)) * np.array([[0.5], [1.0], [2.0]])
    return [str(x) for x in labels], [[str(x) for x in row] for row in np.clip(labels + noise, 0, 200).round(2)]


def text(rng: np.random.Generator) -> tuple[list[str], list[list[str]]]:
    truth = rng.integers(0, 3, CASES)
    given = np.where(rng.random((MODELS, CASES)) < 0.6, truth, rng.integers(0, 5, (MODELS, CASES)))
    return WORDS[truth].tolist(), [WORDS[row].tolist() for row in given]


def classes(rng: np.random.Generator) -> tuple[list[str], list[list[str]]]:
    labels = rng.integers(0, 3, CASES)
    scores = rng.dirichlet(np.ones(3), (MODELS, CASES)) + np.eye(3)[labels] * 0.4
    rows = (scores / scores.sum(axis=2, keepdims=True)).round(4)
    return [str("abc"[label]) for label in labels], [[",".join(map(str, row)) for row in model] for model in rows]


def labels(rng: np.random.Generator) -> tuple[list[str], list[list[str]]]:
    truth = rng.random((CASES, 3)) < np.array([0.3, 0.5, 0.6])
    scores = np.clip(rng.normal(0.5, 0.25, (MODELS, CASES, 3)) + (truth - 0.5) * 0.4, 0, 1).round(4)
    return [",".join("01"[x] for x in row) for row in truth.astype(int)], [
        [",".join(map(str, row)) for row in model] for model in scores
    ]


LABELS = {"task": "multilabel-classification", "classes": ["a", "b", "c"], "score_edges": [0, 0.25, 0.5, 0.75, 1]}
CLASSES = {"task": "multiclass-classification", "classes": ["a", "b", "c"], "score_edges": [0, 0.25, 0.5, 1]}
#: By metric, and by task where that alone would not tell.
TASKS: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "mae": (regression, {"task": "regression", "range": [0, 200]}, "score", "label"),
    "bias": (regression, {"task": "regression", "range": [0, 200]}, "score", "label"),
    "macro_auroc labels": (labels, LABELS, "a,b,c", "a,b,c"),
    "exact_match labels": (labels, LABELS, "a,b,c", "a,b,c"),
    "macro_auroc classes": (classes, CLASSES, "a,b,c", "label"),
    "token_f1": (text, {"task": "text", "refusals": ["unsure"]}, "answer", "answer"),
    "exact_match": (text, {"task": "text", "refusals": ["unsure"]}, "answer", "answer"),
    "refusal_rate": (text, {"task": "text", "refusals": ["unsure"]}, "answer", "answer"),
    "accuracy": (
        classes,
        {"task": "multiclass-classification", "classes": ["a", "b", "c"], "score_edges": [0, 0.5, 1]},
        "a,b,c",
        "label",
    ),
}


def spec_of(metric: str, policy: str = "strict", **interface: Any) -> BenchmarkSpec:
    name = metric.split(maxsplit=1)[0]
    analysis = TASKS[metric][1] | {"primary_metric": name, "replicates": 200}
    changes = {
        "metrics": [{"name": name}],
        "analysis": analysis,
        "disclosure": STRICT_RULES if policy == "strict" else policy,
    }
    return make_spec(**COMPARING, **changes, model_interface={"features": ["a"], **interface})


def write(folder: Path, metric: str, *, clustered: bool = False) -> None:
    make, _, predicted, label = TASKS[metric]
    labels, models = make(np.random.default_rng(7))
    extra = [f",p{number // 3}" if clustered else "" for number in range(CASES)]
    rows = [f"c{n},{text}{more}" for n, (text, more) in enumerate(zip(labels, extra, strict=True))]
    head = f"case_id,{label}" + (",patient" if clustered else "")
    (folder / "labels.csv").write_text("\n".join([head, *rows]) + "\n")
    for number, model in enumerate(models, 1):
        lines = [f"case_id,{predicted}", *(f"c{n},{text}" for n, text in enumerate(model))]
        (folder / f"predictions-{number}.csv").write_text("\n".join(lines) + "\n")


def at_site(folder: Path, spec: BenchmarkSpec) -> tuple[SiteComparison, dict[str, Evaluation], bytes]:
    data = json.dumps(compare(folder, spec.bound_comparer(MODELS).parameters, folder / "scratch")).encode()
    comparison = ComparisonSpec(
        benchmark=Pinned(ref=spec.ref, digest=spec.to_digest()),
        dataset=PinnedDataset(ref="north/data", digest=a_digest("data")),
        models=tuple(Pinned(ref=ref, digest=a_digest(ref)) for ref in REFS),
    )
    evaluations = {}
    for number, ref in enumerate(REFS, 1):
        (folder / "predictions.csv").write_bytes((folder / f"predictions-{number}.csv").read_bytes())
        evaluations[ref] = Evaluation.from_plain(evaluate(folder, spec.bound_evaluator().parameters))
    paired = to_release(read_paired(data), spec, MODELS, spec.disclosure)
    return SiteComparison(comparison=comparison, paired=paired), evaluations, data


@pytest.mark.parametrize("metric", TASKS)
@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("policy", ["strict", "public-data"])
def test_it_agrees_with_the_models_results(tmp_path: Path, metric: str, clustered: bool, policy: str) -> None:
    spec = spec_of(metric, policy, **({"cluster": "patient"} if clustered else {}))
    write(tmp_path, metric, clustered=clustered)
    result, evaluations, _ = at_site(tmp_path, spec)
    check_agrees(result, spec, evaluations)
    swapped = dict(zip(REFS, (evaluations[ref] for ref in REFS[::-1]), strict=True))
    if not isinstance(result.paired.states[0], DiscordantCounts) or policy == "public-data":
        with pytest.raises(ResultRefused, match="disagrees"):
            check_agrees(result, spec, swapped)


def test_errors_differ_in_the_unit_of_the_label(tmp_path: Path) -> None:
    spec = spec_of("mae", "public-data")
    write(tmp_path, "mae")
    result, evaluations, _ = at_site(tmp_path, spec)
    labels, models = regression(np.random.default_rng(7))
    errors = [np.abs(np.array(model, dtype=float) - np.array(labels, dtype=float)) for model in models]
    found = effects_of(result, "mae", spec, evaluations)
    for i, j in combinations(range(MODELS), 2):
        apart = errors[i] - errors[j]
        # the plan's step of 0.001 of the range is 0.2
        assert found[REFS[i], REFS[j]].value == pytest.approx(apart.mean(), abs=0.05)
        assert found[REFS[i], REFS[j]].variance == pytest.approx(apart.var(ddof=1) / CASES, rel=0.02)


def test_what_is_true_or_not_is_counted_and_not_summed(tmp_path: Path) -> None:
    """Sums of squares of truths would be the small counts that must not leave."""
    for metric in ("exact_match", "refusal_rate", "accuracy"):
        folder = tmp_path / metric
        folder.mkdir()
        write(folder, metric)
        assert isinstance(at_site(folder, spec_of(metric))[0].paired.states[0], DiscordantCounts)
    write(tmp_path, "token_f1")
    assert isinstance(at_site(tmp_path, spec_of("token_f1"))[0].paired.states[0], PairedMoments)
