"""Files -> the evaluator as a process -> states that the plan takes -> every metric, of sites and merged."""

import subprocess
import sys
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from medeval.domain.failures import EXIT_CODES
from medeval.domain.plan import Plan
from medeval.domain.result import Evaluation
from medeval.stats.estimates import measure_of
from medeval.stats.measure import Measured
from tests.cube_process import run_cube

PLAN: TypeAdapter[Plan] = TypeAdapter(Plan)
EDGES = [place / 10 for place in range(11)]
INTERFACE = {"cluster": "patient", "groups": {"sex": ["F", "M"]}}
TABLE = {"score_edges": EDGES, "score_resolution": 0.001}


@dataclass(frozen=True)
class Family:
    """An analysis plan, its metrics, the two headers, and how case `i` looks in both files."""

    analysis: dict[str, Any]
    metrics: tuple[str, ...]
    predictions: str
    labels: str
    wrong: str

    def prediction(self, i: int) -> list[str]:
        return {
            "multiclass-classification": [f"{0.2 + 0.6 * (i % 3 == 0)},{0.6 - 0.6 * (i % 3 == 0)},0.2"],
            "multilabel-classification": [f"{i % 10 / 10},{i % 7 / 10},{i % 4 / 4}"],
            "regression": [f"{20 + i % 13 * 3.5}"],
            "detection": [f"0,0,10,{8 + i % 3},{i % 10 / 10}"] + (["30,30,40,40,0.35"] if i % 2 else []),
            "text": [f"{'the left lung' if i % 3 else 'I cannot tell'},{i % 5 / 4}"],
        }[self.analysis["task"]]

    def label(self, i: int) -> list[str]:
        return {
            "multiclass-classification": [("a", "b", "c")[i * 7 % 3 if i % 4 else 0]],
            "multilabel-classification": [f"{int(i % 10 > 5)},{int(i % 3 == 0)},{int(i % 4 > 1)}"],
            "regression": [f"{22 + i % 12 * 3.7}"],
            "detection": ["0,0,10,10", "50,50,60,60"][: 1 + i % 2] if i % 5 else [",,,"],
            "text": ["left lung|lung" if i % 2 else "right lung"],
        }[self.analysis["task"]]


FAMILIES = {
    "multiclass": Family(
        {"task": "multiclass-classification", "classes": ["a", "b", "c"], "tie_rule": "last", **TABLE},
        (
            *(
                "accuracy",
                "balanced_accuracy",
                "macro_f1",
                "micro_f1",
                "kappa",
                "quadratic_kappa",
                "mcc",
                "macro_auroc",
            ),
            *("auroc/a", "sensitivity/b", "specificity/b", "ppv/a", "npv/c", "f1/a", "average_precision/c", "brier/a"),
        ),
        "case_id,a,b,c",
        "case_id,label,patient,sex",
        "2.5,-1.5,0",
    ),
    "multilabel": Family(
        {"task": "multilabel-classification", "classes": ["a", "b", "c"], **TABLE},
        ("macro_auroc", "macro_f1", "micro_f1", "exact_match", "auroc/b", "f1/c", "sensitivity@0.3/a", "net_benefit/a"),
        "case_id,a,b,c",
        "case_id,a,b,c,patient,sex",
        "0.1,0.2,1.7",
    ),
    "regression": Family(
        {"task": "regression", "range": [0.0, 120.0]},
        ("mae", "rmse", "r2", "ccc", "bias", "loa_low", "loa_high"),
        "case_id,score",
        "case_id,label,patient,sex",
        "121",
    ),
    "detection": Family(
        {
            "task": "detection",
            "score_edges": EDGES,
            "threshold": 0.3,
            "iou_thresholds": [0.5, 0.75],
            "fp_rates": [0.25, 0.5],
        },
        ("froc", "sensitivity@0.25", "ap@0.5", "ap@0.75", "map", "precision", "recall", "f1", "pq"),
        "case_id,x1,y1,x2,y2,score",
        "case_id,x1,y1,x2,y2,patient,sex",
        "0,0,0,10,0.5",
    ),
    "text": Family(
        {"task": "text", "refusals": ["I cannot"], "jury": True},
        ("exact_match", "token_f1", "refusal_rate", "jury_score"),
        "case_id,answer,jury",
        "case_id,answer,patient,sex",
        "left lung,7",
    ),
}


def plan_of(family: Family) -> Plan:
    return PLAN.validate_json(TypeAdapter(dict).dump_json({"primary_metric": family.metrics[0], **family.analysis}))


def evaluate(folder: Path, family: Family, cases: range, first: str = "") -> Any:
    """Run the evaluator; `first` replaces what is predicted of the first case."""
    folder.mkdir(exist_ok=True)
    found = [f"case{i},{row}" for i in cases for row in ([first] if first and i == cases[0] else family.prediction(i))]
    truth = [f"case{i},{row},p{i // 2},{'FM'[i // 2 % 11 // 6]}" for i in cases for row in family.label(i)]
    (folder / "p.csv").write_text("\n".join([family.predictions, *reversed(found)]) + "\n")
    (folder / "l.csv").write_text("\n".join([family.labels, *truth]) + "\n")
    inputs = {"predictions.csv": folder / "p.csv", "labels.csv": folder / "l.csv"}
    parameters = {"analysis": plan_of(family).model_dump(mode="json"), "interface": INTERFACE}
    return run_cube("tabular-evaluator", "evaluate", inputs, folder / "out", parameters)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_metric_of_every_family(name: str, tmp_path: Path) -> None:
    family, sites = FAMILIES[name], []
    plan = plan_of(family)
    for place, cases in enumerate((range(60), range(60, 200))):
        run = evaluate(tmp_path / str(place), family, cases)
        assert run.returncode == 0, run.stderr
        assert run.stdout == ""
        sites.append(Evaluation.from_json((tmp_path / str(place) / "out/result.json").read_bytes()))
    for found in (*sites, reduce(Evaluation.merge, sites)):
        assert found.clusters is not None
        assert found.clusters.clusters == found.cases / 2
        for part in (found, *(found.find_levels(group.name, [group.level]) for group in found.groups)):
            classes = plan.check_states(part.cases, part.states)
            assert len(classes) == len(plan.class_names)
            assert sum(state.numbers for state in part.states) == plan.numbers()
            for metric in family.metrics:
                plan.check_metric(metric)
                measured = measure_of(part, metric, plan)
                assert isinstance(measured, Measured), (metric, measured)
                estimate = measured.to_estimate()
                assert estimate.low < estimate.high
                assert measured.variance > 0


@pytest.mark.parametrize("name", FAMILIES)
def test_the_merged_sites_are_the_whole(name: str, tmp_path: Path) -> None:
    family, parts = FAMILIES[name], []
    for place, cases in enumerate((range(40), range(40, 90), range(90))):
        assert evaluate(tmp_path / str(place), family, cases).returncode == 0
        parts.append(Evaluation.from_json((tmp_path / str(place) / "out/result.json").read_bytes()))
    assert parts[0].merge(parts[1]) == parts[2]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_value_out_of_range_has_its_exit_code(name: str, tmp_path: Path) -> None:
    run = evaluate(tmp_path / "site", FAMILIES[name], range(10), first=FAMILIES[name].wrong)
    assert EXIT_CODES[run.returncode].code == "predictions.out-of-range"
    assert not (tmp_path / "site/out/result.json").exists()
    assert "case0" not in run.stderr


@pytest.mark.parametrize("name", FAMILIES)
def test_a_dull_model_of_the_plan_is_taken(name: str, tmp_path: Path) -> None:
    family = FAMILIES[name]
    columns, values = plan_of(family).dull_row("score")
    assert ",".join(("case_id", *columns)) == family.predictions
    assert evaluate(tmp_path / "site", family, range(10), first=",".join(values)).returncode == 0


def test_evaluators_need_numpy_alone() -> None:
    script = (
        "import sys; from medeval.metrics import classes, detection, evaluate, regression, text;"
        "heavy = {'pydantic', 'scipy', 'sklearn', 'pandas', 'torch', 'rfc8785'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
