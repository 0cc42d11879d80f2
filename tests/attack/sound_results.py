"""Sound evaluations of every task family, each with a benchmark that takes it: what hostile ones are made from."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medeval.disclosure.check import read_evaluation, to_release
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.families.segmentation import SegmentationPlan
from medeval.domain.policies import HOSPITAL, PUBLIC_DATA
from medeval.domain.result import Evaluation
from medeval.metrics.evaluate import evaluate
from tests import survival_samples
from tests.boards import a_spec, an_analysis, an_evaluation
from tests.integration.test_evaluator_families import FAMILIES, INTERFACE, Family, plan_of
from tests.unit.metrics import test_segmentation as masks

Plain = dict[str, Any]
_CASES = range(200)


@dataclass(frozen=True)
class Sound:
    """A benchmark, and the file that an honest evaluator writes for it."""

    spec: BenchmarkSpec
    data: bytes

    @property
    def evaluation(self) -> Evaluation:
        return read_evaluation(self.data, self.spec)


def of_family(name: str) -> Sound:
    """The evaluator's own code on 200 invented cases of 100 patients."""
    return _MAKERS.get(name, lambda: _of_tables(FAMILIES[name]))()


def _of_tables(family: Family) -> Sound:
    plan = plan_of(family)
    with tempfile.TemporaryDirectory() as folder:
        rows = [f"case{i},{row}" for i in _CASES for row in family.prediction(i)]
        truth = [f"case{i},{row},p{i // 2},{'FM'[i % 2]}" for i in _CASES for row in family.label(i)]
        Path(folder, "predictions.csv").write_text("\n".join([family.predictions, *rows]) + "\n")
        Path(folder, "labels.csv").write_text("\n".join([family.labels, *truth]) + "\n")
        parameters = {"analysis": plan.model_dump(mode="json"), "interface": INTERFACE}
        found = Evaluation.from_plain(evaluate(Path(folder), parameters))
    return _sound(
        plan.model_dump(mode="json"), family.metrics[:2], found, model_interface={"features": [], **INTERFACE}
    )


def _binary() -> Sound:
    """A score table alone: what the strictest policy merges and rounds."""
    found = an_evaluation((40, 30, 20, 10, 10, 8, 6, 4, 2, 1), (1, 2, 4, 6, 8, 10, 10, 20, 30, 40))
    return _sound(an_analysis(), ("auroc", "accuracy"), found, disclosure="hospital")


def _binary_of_patients() -> Sound:
    found = an_evaluation((40, 30, 20, 10, 10, 8, 6, 4, 2, 1), (1, 2, 4, 6, 8, 10, 10, 20, 30, 40))
    sizes = {"clusters": 131, "squares": 524}
    levels = [{**_part(found, sizes), "name": "sex", "level": level} for level in ("F", "M")]
    whole = Evaluation.from_plain(
        {**_part(found.merge(found), {"clusters": 262, "squares": 1048}), "format": "medeval/evaluation@1"}
        | {"groups": levels}
    )
    return _sound(an_analysis(), ("auroc",), whole, model_interface={"features": ["a"], **INTERFACE})


def _part(found: Evaluation, sizes: Mapping[str, int]) -> Plain:
    plain = found.model_dump(mode="json", include={"cases", "states"})
    return {**plain, "clusters": dict(sizes)}


def _survival() -> Sound:
    plan = survival_samples.plan_of(primary_metric="harrell_c")
    found = survival_samples.evaluate(survival_samples.make_cases(200, 7))
    return _sound(plan.model_dump(mode="json"), ("harrell_c",), found)


def _segmentation() -> Sound:
    plan: SegmentationPlan = masks.PLAN
    return _sound(plan.model_dump(mode="json"), ("dsc",), masks.evaluated(list(range(40))))


def _sound(analysis: Plain, metrics: tuple[str, ...], found: Evaluation, **terms: Any) -> Sound:
    named = [{"name": name} for name in metrics]
    spec = a_spec(analysis=analysis, metrics=named, **{"disclosure": "public-data", **terms})
    sound = Sound(spec, found.to_canonical())
    policy = HOSPITAL if terms.get("disclosure") == "hospital" else PUBLIC_DATA
    to_release(sound.evaluation, spec, policy)  # else nothing made from it would be refused for what was changed
    return sound


_MAKERS: Mapping[str, Callable[[], Sound]] = {
    "binary": _binary,
    "binary-of-patients": _binary_of_patients,
    "survival": _survival,
    "segmentation": _segmentation,
}
NAMES = (*_MAKERS, *FAMILIES)
