"""A spec that contradicts itself cannot be made."""

import pytest

from medeval.domain.benchmark import BenchmarkDraft, BenchmarkSpec, MetricName
from medeval.domain.package import MLCubeManifest
from medeval.domain.policies import HOSPITAL, DataClass
from medeval.errors import SpecError

DIGEST = "sha256:" + "a" * 64
TERMS = {
    "format": "medeval/benchmark@1",
    "name": "heart",
    "version": "1.0.0",
    "title": "Heart disease",
    "question": "Who has it?",
    "task": "binary-classification",
    "model_interface": {"features": ["age", "chol"]},
    "metrics": [{"name": "accuracy"}, {"name": "auroc"}],
    "analysis": {"primary_metric": "accuracy", "score_edges": [0.0, 0.5, 1.0]},
}
DRAFT = {
    **TERMS,
    "preparator": {"folder": "../../mlcubes/prep"},
    "evaluator": {"folder": "../../mlcubes/eval"},
    "rehearsal": {"folder": "synthetic"},
}


def cube(kind, tasks):
    manifest = {
        "format": "medeval/mlcube@1",
        "name": "c",
        "version": "1.0",
        "kind": kind,
        "summary": "s",
        "tasks": tasks,
    }
    return {"cube": {"manifest": manifest, "package": {"kind": "source", "archive": blob()}}}


def blob(letter="a"):
    return {"digest": "sha256:" + letter * 64, "size_bytes": 3}


SPEC = {
    **TERMS,
    "preparator": cube("preparator", ["prepare", "sanity_check", "statistics"]),
    "evaluator": cube("evaluator", ["evaluate"]),
    "rehearsal": blob("b"),
}


def changed(where, value, plain=DRAFT):
    """The document with one field, by dotted path, set to another value."""
    first, _, rest = where.partition(".")
    return {**plain, first: changed(rest, value, plain[first]) if rest else value}


def test_defaults_are_the_strict_ones():
    draft = BenchmarkDraft.from_plain(DRAFT)
    assert draft.disclosure == HOSPITAL
    assert (HOSPITAL.min_cases, HOSPITAL.min_per_class) == (100, 10)
    assert draft.data_class is DataClass.RESTRICTED
    assert draft.ref == "heart@1.0.0"
    assert draft.metric(MetricName.AUROC).decimals == 2


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("analysis.threshold", 0.4, "threshold must be one of score_edges"),
        ("analysis.score_edges", [0.0, 0.5, 0.9], "from 0 to 1"),
        ("analysis.score_edges", [0.0, 0.7, 0.5, 1.0], "rise strictly"),
        ("analysis.score_edges", [0.0, 1.0], "at least 3"),
        ("analysis.primary_metric", "precision", "primary_metric must be one of metrics"),
        ("analysis.confidence_level", 1.0, "less than 1"),
        ("metrics", [{"name": "accuracy"}, {"name": "accuracy"}], "a name stands twice"),
        ("metrics", [], "metrics: "),
        ("model_interface.features", [], "model_interface.features: "),
        ("model_interface.features", ["a,b"], "features[0]: "),
        ("preparator.folder", "/etc", "preparator.folder: "),
        ("version", 1.0, "version: Input should be a valid string"),
        ("name", "Heart Disease", "name: "),
        ("task", "guessing", "task: "),
        ("surprise", 1, "surprise: Extra inputs"),
        ("disclosure", {"name": "own", "min_cases": 0, "min_per_class": 0, "max_numbers": 1}, "disclosure.min_cases: "),
    ],
)
def test_a_draft_that_contradicts_itself_is_refused_by_name(where, value, said):
    with pytest.raises(SpecError) as refused:
        BenchmarkDraft.from_plain(changed(where, value))
    assert said in refused.value.message


def test_a_spec_lists_each_blob_once():
    assert [ref.digest[7] for ref in BenchmarkSpec.from_plain(SPEC).blobs] == ["a", "b"]


@pytest.mark.parametrize("role", ["preparator", "evaluator"])
def test_a_cube_of_the_wrong_kind_is_refused(role):
    with pytest.raises(SpecError, match=f"{role}: the cube is a model"):
        BenchmarkSpec.from_plain({**SPEC, role: cube("model", ["infer"])})


def test_a_cube_must_offer_the_tasks_of_its_kind():
    with pytest.raises(SpecError, match="a preparator must offer sanity_check, statistics"):
        BenchmarkSpec.from_plain({**SPEC, "preparator": cube("preparator", ["prepare"])})


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "a/../b", ".hidden", "a//b", "a/", ""])
def test_a_weights_file_lies_inside_its_folder(path):
    manifest = cube("model", ["infer"])["cube"]["manifest"]
    assert MLCubeManifest.from_plain({**manifest, "weights": "weights/a.json"}).weights == "weights/a.json"
    with pytest.raises(SpecError, match=r"^weights: "):
        MLCubeManifest.from_plain({**manifest, "weights": path})
