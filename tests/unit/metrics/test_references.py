"""Every metric of every family has an independent reference: `docs/explanation/metrics-references.md` is complete."""

import ast
import re

import pytest

from medeval.domain.families.base import parse_metric
from medeval.domain.families.binary import AT_A_THRESHOLD, OF_THE_TABLE, BinaryPlan
from medeval.domain.families.classes import MulticlassPlan, MultilabelPlan
from medeval.domain.families.detection import DetectionPlan
from medeval.domain.families.regression import RegressionPlan
from medeval.domain.families.segmentation import SegmentationPlan
from medeval.domain.families.survival import SurvivalPlan
from medeval.domain.families.text import TextPlan
from medeval.domain.plan import Plan
from medeval.report.words import known_metrics
from tests.cube_process import ROOT
from tests.metric_names import metrics_of

EDGES = (0.0, 0.25, 0.5, 1.0)
#: One plan of each family, with which every metric of it can be asked for.
PLANS: tuple[Plan, ...] = (
    BinaryPlan(score_edges=EDGES, score_resolution="exact"),
    MulticlassPlan(classes=("a", "b"), score_edges=EDGES),
    MultilabelPlan(classes=("a", "b"), score_edges=EDGES),
    SurvivalPlan(time_edges=(0.25, 2.0), times=(0.25, 2.0), outputs="risk+probabilities", exact_scalars=True),
    SegmentationPlan(structures={"a": 1, "b": 2}, boundary="voxel-centres", taus=(0.25,)),
    DetectionPlan(score_edges=EDGES, iou_thresholds=(0.25, 0.5), fp_rates=(0.25,)),
    RegressionPlan(range=(0.0, 1.0)),
    TextPlan(jury=True),
)
SETS = {"OF_THE_TABLE": OF_THE_TABLE, "AT_A_THRESHOLD": AT_A_THRESHOLD}
ROW = re.compile(r"^\| ((?:`[a-z0-9_]+` ?)+)\| [^|]+ \| [^|]+ \| `(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)` \|$")


def bases_of(plan: Plan) -> set[str]:
    """What the plan accepts, without what it is taken at or of."""
    return {parse_metric(name).base for name in metrics_of(plan, "", "@0.25", "/a", "@0.25/a")}


def sections() -> dict[str, list[tuple[list[str], str, str]]]:
    """By task: rows of metrics, file and test."""
    found: dict[str, list[tuple[list[str], str, str]]] = {}
    text = (ROOT / "docs/explanation/metrics-references.md").read_text()
    for section in text.split("\n## ")[1:]:
        task, *lines = section.splitlines()
        rows = [ROW.match(line) for line in lines if line.startswith("| `")]
        assert all(rows), task
        found[task] = [(row[1].replace("`", "").split(), row[2], row[3]) for row in rows if row]
    return found


def test_each_family_has_its_section() -> None:
    assert sorted(sections()) == sorted(plan.task for plan in PLANS)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.task)
def test_every_metric_has_a_reference(plan: Plan) -> None:
    named = {name for metrics, _, _ in sections()[plan.task] for name in metrics}
    assert named == bases_of(plan)
    assert len(named) > 3


@pytest.mark.parametrize("task", sorted(sections()))
def test_every_named_test_is_there_and_knows_its_metrics(task: str) -> None:
    """By name, or by a set of names that the domain keeps."""
    for metrics, file, test in sections()[task]:
        source = (ROOT / file).read_text()
        assert test in {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
        of_sets = {name for word, names in SETS.items() if word in source for name in names}
        for name in metrics:
            assert name in of_sets or re.search(rf"\b{name}\b", source), (test, name)


def test_every_metric_belongs_to_a_family() -> None:
    assert set().union(*(bases_of(plan) for plan in PLANS)) == set(known_metrics())
