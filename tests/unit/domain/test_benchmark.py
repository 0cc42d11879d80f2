"""A spec that contradicts itself cannot be made."""

import pytest

from medeval.domain.benchmark import BenchmarkDraft, BenchmarkSpec, Direction, Metric
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
    "model_interface": {"features": ["age", "chol"]},
    "metrics": [{"name": "accuracy"}, {"name": "auroc"}],
    "analysis": {"task": "binary-classification", "primary_metric": "accuracy", "score_edges": [0.0, 0.5, 1.0]},
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
    assert draft.task == "binary-classification"
    assert draft.metric("auroc").decimals == 2
    assert draft.analysis.score_resolution == 0.001
    assert not draft.analysis.holds_exact_values


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("analysis.threshold", 0.4, "threshold must be one of score_edges"),
        ("analysis.score_edges", [0.0, 0.5, 0.9], "from 0 to 1"),
        ("analysis.score_edges", [0.0, 0.7, 0.5, 1.0], "rise strictly"),
        ("analysis.score_edges", [0.0, 1.0], "at least 3"),
        ("analysis.primary_metric", "ppv", "primary_metric must be one of metrics"),
        ("analysis.task", "guessing", "analysis: "),
        ("analysis.score_resolution", 0, "score_resolution must be exact, or a step"),
        ("analysis.score_resolution", 0.5, "score_resolution must be exact, or a step"),
        ("analysis.score_resolution", "exact", "asks for exact values, which the disclosure policy does not allow"),
        ("analysis.exact_scalars", True, "asks for exact values, which the disclosure policy does not allow"),
        ("analysis.score_edges", [i / 128 for i in range(129)], "would hold 385 numbers, but disclosure.max_numbers"),
        ("analysis.min_sites", 2, "greater than or equal to 3"),
        ("metrics", [{"name": "accuracy"}, {"name": "harrell_c"}], "harrell_c is no metric of a binary"),
        ("metrics", [{"name": "accuracy"}, {"name": "ppv@0.3"}], "ppv@0.3: must be taken at one of score_edges"),
        ("metrics", [{"name": "accuracy", "direction": "lower"}], "metrics[0].direction: Extra inputs"),
        ("metrics", [{"name": "Accuracy"}], "metrics[0].name: "),
        ("model_interface.groups", {"sex": ["F"]}, "groups: each needs 2 to 20 levels"),
        ("model_interface.groups", {"sex": ["F", "F"]}, "groups: each needs 2 to 20 levels"),
        ("analysis.confidence_level", 1.0, "less than 1"),
        ("metrics", [{"name": "accuracy"}, {"name": "accuracy"}], "a name stands twice"),
        ("metrics", [], "metrics: "),
        ("model_interface.features", ["a,b"], "features[0]: "),
        ("preparator.folder", "/etc", "preparator.folder: "),
        ("version", 1.0, "version: Input should be a valid string"),
        ("name", "Heart Disease", "name: "),
        ("task", "binary-classification", "task: Extra inputs"),
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


@pytest.mark.parametrize(
    ("cluster", "groups", "numbers"),
    [
        (None, {}, 1 + 6),
        ("patient", {}, 1 + 6 + 2),
        (None, {"sex": ["F", "M"]}, 3 * (1 + 6)),
        ("patient", {"sex": ["F", "M"], "age": ["a", "b", "c"]}, 6 * (1 + 6 + 2)),
    ],
)
def test_a_result_holds_as_many_numbers_as_its_parts(cluster, groups, numbers):
    """Cases, two counts and a sum for each of two bins, two numbers of patients; in all, and for each level."""
    interface = {"features": ["age"], "cluster": cluster, "groups": groups}
    assert BenchmarkDraft.from_plain({**DRAFT, "model_interface": interface}).numbers == numbers


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("auroc", Direction.HIGHER),
        ("net_benefit@0.2", Direction.HIGHER),
        ("brier", Direction.LOWER),
        ("ece", Direction.LOWER),
        ("ici", Direction.LOWER),
        ("lr_positive", Direction.HIGHER),
        ("lr_negative", Direction.LOWER),
        ("oe", Direction.TARGET),
        ("calibration_slope", Direction.TARGET),
        ("calibration_intercept", Direction.TARGET),
    ],
)
def test_which_values_are_better_is_the_metrics_own(name, direction):
    metric = Metric(name=name)
    assert metric.direction is direction
    values = {Direction.HIGHER: (0.9, 0.1), Direction.LOWER: (0.1, 0.9)}
    better, worse = values.get(direction) or (metric.target, metric.target - 0.5)
    assert metric.badness(better) < metric.badness(worse)
