"""The plan of a segmentation: which metrics it names, and which states it takes for those of its cases."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from medeval.domain.families.base import Moments, Wide
from medeval.domain.families.segmentation import SegmentationPlan
from medeval.domain.families.segmentation_states import StructureCases, StructureMeans
from medeval.errors import ResultRefused

PLAN = SegmentationPlan(structures={"tail": 2, "head": 1}, boundary="voxel-centres", taus=(1.0, 2.5), penalty=50.0)
ONE = 2**52


def moments(n: int, value: float) -> Moments:
    """Of n equal values."""
    return Moments(n=n, total=Wide.of(n * round(value * ONE)), squares=Wide.of(n * round(value * value * ONE)))


def means(n: int = 9) -> StructureMeans:
    return StructureMeans(rules=PLAN.rules, moments=(*(moments(n, 0.5),) * 4, moments(n, 12.0), moments(n, 3.0)))


def structure(name: str = "head", **change: Any) -> StructureCases:
    """Ten cases: one without the structure, one missed, one false alarm, seven with 60 of 80 and 100 voxels."""
    plain = {
        "structure": name,
        "rules": PLAN.rules,
        "cases": 10,
        "both_empty": 1,
        "missed": 1,
        "false_alarm": 1,
        "voxels": (Wide.of(420), Wide.of(600), Wide.of(800)),
        "units": 10,
        "spread": (Wide.of(7 * 120**2), Wide.of(7 * 120 * 180), Wide.of(7 * 180**2 + 40**2 + 100**2)),
        "moments": (*(moments(9, 0.5),) * 4, moments(9, 20.0), moments(9, 12.0)),
    }
    return StructureCases(**{**plain, **change})


def states(**change: Any) -> tuple[Any, ...]:
    return structure("head", **change), structure("tail"), means()


def test_states_of_the_plan_pass() -> None:
    assert PLAN.check_states(10, states()) == ()
    assert sum(state.numbers for state in states()) <= PLAN.numbers()


def test_masks_that_share_no_voxel_are_no_missed_structure() -> None:
    """Both masks are there, apart from each other: fewer shared voxels than found cases."""
    assert PLAN.check_states(10, states(voxels=(Wide.of(3), Wide.of(600), Wide.of(800)))) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"cases": 11},
        {"both_empty": 2},
        {"both_empty": 8, "missed": 2, "false_alarm": 1},
        {"structure": "body"},
        {"rules": PLAN.rules.model_copy(update={"boundary": "surface-elements"})},
        {"rules": PLAN.rules.model_copy(update={"penalty": "image-diagonal"})},
        {"voxels": (Wide.of(601), Wide.of(600), Wide.of(800))},
        {"voxels": (Wide.of(-1), Wide.of(600), Wide.of(800))},
        {"voxels": (Wide.of(420), Wide.of(420), Wide.of(800))},
        {"units": 11},
        {"units": 1},
        {"spread": (Wide.of(10), Wide.of(20), Wide.of(30))},
        {"moments": (*(moments(9, 0.5),) * 4, moments(9, 20.0))},
        {"moments": (*(moments(10, 0.5),) * 4, moments(10, 20.0), moments(10, 12.0))},
        # Two of nine cases are lost: their overlaps are 0, so the mean is at most 7/9.
        {"moments": (*(moments(9, 0.9),) * 4, moments(9, 20.0), moments(9, 12.0))},
        # Their distances are the penalty, so the mean is at least 100/9.
        {"moments": (*(moments(9, 0.5),) * 4, moments(9, 11.0), moments(9, 12.0))},
        {"moments": (*(moments(9, 0.5),) * 4, moments(9, 51.0), moments(9, 12.0))},
        {"moments": (moments(9, -0.5), *(moments(9, 0.5),) * 3, moments(9, 20.0), moments(9, 12.0))},
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ResultRefused):
        PLAN.check_states(10, states(**change))


def test_moments_whose_squares_are_too_small_are_refused() -> None:
    bad = Moments(n=9, total=Wide.of(4 * ONE), squares=Wide.of(ONE))
    with pytest.raises(ResultRefused):
        PLAN.check_states(10, states(moments=(bad, *(moments(9, 0.5),) * 3, moments(9, 20.0), moments(9, 12.0))))


@pytest.mark.parametrize(
    "found",
    [
        (),
        (structure("head"), structure("tail")),
        (structure("tail"), structure("head"), means()),
        (structure("head"), structure("tail"), means(8)),
        (structure("head"), structure("tail"), means(11)),
        (structure("head"), means(), structure("tail")),
    ],
)
def test_other_states_are_refused(found: tuple[Any, ...]) -> None:
    with pytest.raises(ResultRefused):
        PLAN.check_states(10, found)


def test_states_of_another_plan_do_not_merge() -> None:
    other = structure(rules=PLAN.rules.model_copy(update={"taus": (1.0, 2.0)}))
    for first, second in ((structure(), other), (structure(), structure("tail")), (structure(), means())):
        with pytest.raises(ResultRefused):
            first.merge(second)  # type: ignore[arg-type]  # of another kind
    assert structure().merge(structure()).missed == 2


@pytest.mark.parametrize(
    "name", ["dsc", "iou/head", "nsd@1", "nsd@2.5/tail", "hd95", "assd/head", "micro_dice/tail", "nsd@2.50"]
)
def test_its_metrics(name: str) -> None:
    PLAN.check_metric(name)


@pytest.mark.parametrize("name", ["auroc", "nsd", "nsd@2", "dsc@1", "dsc/body", "micro_dice", "hd95@95", "hd"])
def test_other_metrics(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        PLAN.check_metric(name)


def test_of_one_structure_the_micro_average_needs_no_name() -> None:
    plan = SegmentationPlan(structures={"liver": 1}, boundary="voxel-centres")
    plan.check_metric("micro_dice")
    assert plan.numbers() == 11 + 7 * 4


@pytest.mark.parametrize(
    "change",
    [
        {"structures": {}},
        {"structures": {"a": 1, "b": 1}},
        {"structures": {"a": 0}},
        {"structures": {"a b": 1}},
        {"boundary": "faces"},
        {"taus": (2.0, 1.0)},
        {"taus": (0.0,)},
        {"taus": (1.0, 1.0000001)},
        {"penalty": 2.5},
        {"penalty": "worst"},
        {"both_empty": "zero"},
    ],
)
def test_plans_that_are_unclear(change: dict[str, Any]) -> None:
    plain = {**PLAN.model_dump(mode="json"), **change}
    with pytest.raises(ValidationError):
        SegmentationPlan.model_validate_json(json.dumps(plain))


def test_models_are_compared_by_means_the_primary_one_first() -> None:
    found = PLAN.compared(("hd95", "dsc", "micro_dice/head", "nsd@1"))
    assert [item.metric for item in found] == ["dsc", "hd95", "nsd@1"]
    assert PLAN.model_copy(update={"primary_metric": "micro_dice/head"}).compared(("dsc",)) == ()
