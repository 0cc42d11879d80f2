"""Every metric of a binary, a survival and a segmentation plan on fixed cases: `python -m tests.golden_measures`.

Writes value, interval and method to `tests/golden/FAMILY.json`. Run it when a value is meant to change, and read the
difference before it is committed.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from medeval.domain.families.segmentation import SegmentationPlan
from medeval.domain.plan import Plan
from medeval.domain.result import Evaluation
from medeval.metrics.segmentation import Rules, evaluation, measure_case
from medeval.metrics.survival_cases import SurvivalCases
from medeval.stats.families import binary, segmentation, survival
from medeval.stats.measure import Measured
from tests import binary_cases, survival_samples
from tests.metric_names import metrics_of

GOLDEN = Path(__file__).parent / "golden"
#: A plan, the evaluation of fixed cases under it, and the ends that names of its metrics may need.
Family = tuple[Plan, Evaluation, tuple[str, ...]]


def of_binary(**changes: Any) -> Family:
    """120 cases of invented scores, some on edges, some tied."""
    places = np.arange(120)
    labels = places * 7 % 10 < 3
    scores = np.clip((places * 37 % 101 / 100 + 0.35 * labels) / 1.2, 0, 1).round(3)
    plan = binary_cases.a_plan(**changes)
    return plan, binary_cases.evaluated(labels, scores, plan), ("", "@0.3")


def of_survival() -> Family:
    """The 90 cases whose values scikit-survival has given."""
    sample = json.loads((GOLDEN / "survival-references.json").read_text())["samples"][0]
    cases = SurvivalCases(*(np.array(sample[name]) for name in ("time", "event", "risk", "shares")))
    grid = {"time_edges": [float(edge) for edge in range(10, 100, 10)], "times": [20.0, 40.0, 60.0], "tau": 70.0}
    plan = survival_samples.plan_of(score_edges=[-0.5, 0.0, 0.5], **grid)
    return plan, survival_samples.evaluate(cases, plan), ("", "@40")


def of_segmentation(boundary: str) -> Family:
    """Six cases of two boxes; of one case a structure is missed, of another it is there in neither mask."""
    plan = SegmentationPlan.from_plain(
        {"task": "segmentation", "structures": {"head": 1, "tail": 2}, "boundary": boundary, "taus": [1.2]}
    )
    rules = Rules.of(plan.model_dump(mode="json"))
    found = [measure_case(*_volumes(place), (0.8, 1.0, 2.5), rules) for place in range(6)]
    return plan, Evaluation.from_plain(evaluation(found, rules)), ("", "/head", "@1.2")


def _volumes(place: int) -> tuple[Any, Any]:
    truth = np.zeros((14, 12, 10), dtype=np.uint8)
    truth[2:8, 2:8, 1 : 5 + place % 2], truth[9:13, 6:11, 5:9] = 1, 2
    predicted = np.roll(truth, (place % 3 - 1, place % 2, place // 3), axis=(0, 1, 2))
    predicted.flat[place :: 97 + place] = 1
    if place == 3:
        predicted[predicted == 2] = 0
    if place == 4:
        truth[truth == 2] = predicted[predicted == 2] = 0
    return predicted, truth


FAMILIES: dict[str, Callable[[], Family]] = {
    "binary-table": of_binary,
    "binary-exact": lambda: of_binary(exact_scalars=True),
    "survival": of_survival,
    "segmentation-voxel-centres": lambda: of_segmentation("voxel-centres"),
    "segmentation-surface-elements": lambda: of_segmentation("surface-elements"),
}
MEASURES = {"binary-classification": binary.measure, "survival": survival.measure, "segmentation": segmentation.measure}


def measures(name: str) -> dict[str, dict[str, Any]]:
    """What the golden file of a family holds, by metric."""
    plan, found, ends = FAMILIES[name]()
    plan.check_states(found.cases, found.states)
    return {metric: _shown(MEASURES[plan.task](found, metric, plan)) for metric in metrics_of(plan, *ends)}


def _shown(measured: Any) -> dict[str, Any]:
    assert isinstance(measured, Measured), measured
    shown = measured.to_estimate()
    numbers = {name: getattr(shown, name) for name in ("value", "low", "high", "bound", "n")}
    return {**numbers, "method": shown.method.value}


def main() -> None:
    """Write the files."""
    for name in FAMILIES:
        text = json.dumps(measures(name), indent=1)
        (GOLDEN / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
