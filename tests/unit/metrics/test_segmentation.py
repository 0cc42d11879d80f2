"""From two archives of masks to states: what merges, what a missed structure costs, and what is refused."""

import io
import json
import zipfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from medeval.domain.families.segmentation import SegmentationPlan
from medeval.domain.result import Evaluation
from medeval.errors import (
    DataError,
    EmptyData,
    MedevalError,
    MissingColumn,
    ScoreNotFinite,
    ScoreOutOfRange,
    WrongCases,
    WrongColumns,
)
from medeval.metrics.segmentation import Rules, evaluate, evaluation, measure_case
from medeval.metrics.strata import strata_of
from medeval.stats.families.segmentation import measure
from medeval.stats.measure import Measured

PLAN = SegmentationPlan(
    structures={"head": 1, "tail": 2}, boundary="voxel-centres", taus=(1.0, 2.5), penalty="image-diagonal"
)
Volume = NDArray[Any]


def rules_of(plan: SegmentationPlan) -> Rules:
    return Rules.of(plan.model_dump(mode="json"))


def case(seed: int, shape: tuple[int, ...] = (6, 7, 5)) -> tuple[Volume, Volume]:
    """Truth and prediction; by the seed either may lack a structure."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, shape, dtype=np.uint8)
    predicted = np.where(rng.random(shape) < 0.8, truth, rng.integers(0, 3, shape)).astype(np.uint8)
    for mask in (truth, predicted):
        for label in (1, 2):
            if rng.random() < 0.25:
                mask[mask == label] = 0
    return predicted, truth


def evaluated(seeds: list[int], plan: SegmentationPlan = PLAN, patients: list[str] | None = None) -> Evaluation:
    rules = rules_of(plan)
    cases = [measure_case(*case(seed), (1.0, 1.2, 2.0), rules) for seed in seeds]
    groups = strata_of({"patient": patients}, {"cluster": "patient"}) if patients is not None else None
    return Evaluation.from_plain(evaluation(cases, rules, groups))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=2, max_size=12), st.data())
@pytest.mark.parametrize("both_empty", ["excluded", "one"])
def test_states_of_two_sets_add_up_to_the_state_of_both(both_empty: Any, seeds: list[int], data: Any) -> None:
    plan = PLAN.model_copy(update={"both_empty": both_empty})
    cut = data.draw(st.integers(1, len(seeds) - 1))
    first, second, both = evaluated(seeds[:cut], plan), evaluated(seeds[cut:], plan), evaluated(seeds, plan)
    assert first.merge(second) == both == second.merge(first)
    assert plan.check_states(both.cases, both.states) == ()
    assert sum(state.numbers for state in both.states) <= plan.numbers()


def test_patients_of_two_sites_add_up() -> None:
    seeds, patients = list(range(10)), ["a", "a", "b", "c", "c", "c", "d", "e", "e", "f"]
    first, second = evaluated(seeds[:6], patients=patients[:6]), evaluated(seeds[6:], patients=patients[6:])
    both = evaluated(seeds, patients=patients)
    assert first.merge(second) == both
    assert PLAN.check_states(both.cases, both.states) == ()
    assert sum(state.numbers for state in both.states) == PLAN.numbers()


def test_values_are_those_of_a_case() -> None:
    truth = np.zeros((10, 10, 10), dtype=np.int16)
    truth[2:6, 2:6, 2:6], truth[8, 8, 8] = 1, 2
    predicted = np.zeros_like(truth)
    predicted[3:7, 2:6, 2:6], predicted[8, 8, 8] = 1, 2
    (head, values), (_, perfect) = measure_case(predicted, truth, (1.0, 1.0, 1.0), rules_of(PLAN))
    assert (head.intersection, head.prediction, head.truth) == (48, 64, 64)
    assert values[:3] == [0.75, 48 / 80, 1.0]
    assert values[4] == 1.0
    assert perfect == [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize("empty", [0, 1])
@pytest.mark.parametrize(("penalty", "worst"), [("image-diagonal", np.sqrt(36 + 70.56 + 100)), (12.5, 12.5)])
def test_a_missed_structure_and_a_false_alarm_have_the_worst_values(empty: int, penalty: Any, worst: float) -> None:
    plan = PLAN.model_copy(update={"penalty": penalty})
    masks = [np.zeros((6, 7, 5), dtype=np.uint8), np.zeros((6, 7, 5), dtype=np.uint8)]
    masks[1 - empty][2:4, 2:4, 2:4] = 1
    (_, values), _ = measure_case(masks[0], masks[1], (1.0, 1.2, 2.0), rules_of(plan))
    assert values == [0.0, 0.0, 0.0, 0.0, pytest.approx(worst), pytest.approx(worst)]


@pytest.mark.parametrize("penalty", ["image-diagonal", 9.0])
def test_missing_more_makes_every_metric_worse(penalty: Any) -> None:
    """Where a missed structure drops out as NaN, HD95 gets better as a model misses more of the hard cases."""
    plan = PLAN.model_copy(update={"penalty": penalty})
    rules, pairs = rules_of(plan), []
    for seed in range(8):
        truth = np.zeros((24, 24, 12), dtype=np.uint8)
        truth[4:12, 4:12, 3:9], truth[15:20, 15:20, 3:9] = 1, 2
        pairs.append((np.roll(truth, 1 + seed // 3, axis=seed % 3), truth))
    boards = []
    for missed in range(len(pairs) + 1):
        # The worst-segmented cases are missed first: that is where dropping them would flatter most.
        kept = [(p if at < len(pairs) - missed else np.zeros_like(p), t) for at, (p, t) in enumerate(pairs)]
        found = Evaluation.from_plain(evaluation([measure_case(p, t, (1.0,) * 3, rules) for p, t in kept], rules))
        plan.check_states(found.cases, found.states)
        assert found.states[0].missed == missed  # type: ignore[union-attr]  # of a structure
        boards.append({name: measure(found, name, plan) for name in ("dsc/head", "nsd@1", "hd95/head", "assd", "hd95")})
    for better, worse in pairwise(boards):
        for name, value in better.items():
            other = worse[name]
            assert isinstance(value, Measured)
            assert isinstance(other, Measured)
            sign = 1 if name.startswith(("hd95", "assd")) else -1
            assert sign * other.value > sign * value.value, name
            assert other.high > other.low
            assert other.variance > 0


def test_both_empty_is_left_out_and_counted_or_scored() -> None:
    empty = np.zeros((6, 7, 5), dtype=np.uint8)
    for rule, n in (("excluded", 0), ("one", 2)):
        plan = PLAN.model_copy(update={"both_empty": rule})
        cases = [measure_case(empty, empty, (1.0,) * 3, rules_of(plan))] * 2
        found = Evaluation.from_plain(evaluation(cases, rules_of(plan)))
        plan.check_states(2, found.states)
        state: Any = found.states[0]
        assert (state.cases, state.both_empty, state.missed, state.false_alarm) == (2, 2, 0, 0)
        assert {moments.n for moments in (*state.moments, *found.states[2].moments)} == {n}  # type: ignore[union-attr]


# --- files ------------------------------------------------------------------------------------------------------

INTERFACE = {"case_id": "scan"}


def write_labels(folder: Path, masks: Mapping[str, Any], table: str | None = None) -> None:
    lines = [f"{case_id},{'x'.join(['1'] * np.ndim(mask))}\n" for case_id, mask in masks.items()]
    with zipfile.ZipFile(folder / "labels.npz", "w", zipfile.ZIP_DEFLATED) as file:
        for case_id, mask in masks.items():
            file.writestr(f"masks/{case_id}.npy", as_npy(mask))
        file.writestr("cases.csv", table if table is not None else "scan,spacing\n" + "".join(lines))


def as_npy(mask: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, mask, allow_pickle=True)
    return stream.getvalue()


def run(folder: Path, predictions: Mapping[str, Any], labels: Mapping[str, Any], **how: Any) -> Any:
    write_labels(folder, labels, how.pop("table", None))
    np.savez(folder / "predictions.npz", **predictions)
    return evaluate(folder, {"analysis": PLAN.model_dump(mode="json"), "interface": {**INTERFACE, **how}})


PAIRS = {f"c{seed}": case(seed) for seed in range(4)}
TRUTH = {case_id: truth for case_id, (_, truth) in PAIRS.items()}
PREDICTED = {case_id: predicted for case_id, (predicted, _) in PAIRS.items()}


def test_files_give_the_evaluation_of_their_cases(tmp_path: Path) -> None:
    found = run(tmp_path, dict(reversed(PREDICTED.items())), TRUTH)
    cases = [measure_case(*PAIRS[case_id], (1.0, 1.0, 1.0), rules_of(PLAN)) for case_id in PAIRS]
    assert found == evaluation(cases, rules_of(PLAN))
    assert Evaluation.from_json(json.dumps(found).encode()).cases == 4


def test_patients_and_groups_come_with_the_labels(tmp_path: Path) -> None:
    table = "scan,spacing,patient,scanner\nc0,1x1x1,p,a\nc1,1x1x1,p,b\nc2,1x1x1,q,a\nc3,1x1x1,r,b\n"
    found = run(tmp_path, PREDICTED, TRUTH, table=table, cluster="patient", groups={"scanner": ["a", "b"]})
    assert found["clusters"] == {"clusters": 3, "squares": 6}
    assert [(group["level"], group["cases"]) for group in found["groups"]] == [("a", 2), ("b", 2)]
    read = Evaluation.from_plain(found)
    for group in read.groups:
        PLAN.check_states(group.cases, group.states)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["uint8", "int64", "<u2", ">i4"])
def test_any_integers_in_any_order_are_read(tmp_path: Path, kind: str, order: Any) -> None:
    expected = run(tmp_path, PREDICTED, TRUTH)
    changed = {case_id: np.array(mask, dtype=kind, order=order) for case_id, mask in PREDICTED.items()}
    assert run(tmp_path, changed, TRUTH) == expected


def nan_mask() -> Any:
    return np.full((6, 7, 5), np.nan)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"c9": PREDICTED["c0"]}, WrongCases),
        ({"c0": None}, WrongCases),
        ({"c0": PREDICTED["c0"][:-1]}, WrongColumns),
        ({"c0": PREDICTED["c0"].reshape(6, 35)}, WrongColumns),
        ({"c0": PREDICTED["c0"].T}, WrongColumns),
        ({"c0": np.full((6, 7, 5), 3, dtype=np.uint8)}, ScoreOutOfRange),
        ({"c0": np.full((6, 7, 5), -1)}, ScoreOutOfRange),
        ({"c0": nan_mask()}, ScoreNotFinite),
        ({"c0": PREDICTED["c0"].astype(float)}, ScoreNotFinite),
        ({"c0": np.array({"a": 1}, dtype=object)}, WrongColumns),
        ({"c0": np.zeros((6, 7, 5), dtype="S4")}, WrongColumns),
        ({"c0": np.zeros((90, 90, 90), dtype=np.uint8)}, WrongColumns),
    ],
)
def test_wrong_predictions(tmp_path: Path, change: dict[str, Any], error: type[MedevalError]) -> None:
    changed = {case_id: mask for case_id, mask in {**PREDICTED, **change}.items() if mask is not None}
    with pytest.raises(error) as caught:
        run(tmp_path, changed, TRUTH)
    assert not any(case_id in caught.value.message + caught.value.hint for case_id in (*PAIRS, "c9"))


@pytest.mark.parametrize("content", [b"", b"case_id,score\n", b"PK\x05\x06"])
def test_predictions_that_are_no_archive(tmp_path: Path, content: bytes) -> None:
    write_labels(tmp_path, TRUTH)
    for write in (True, False):
        if write:
            (tmp_path / "predictions.npz").write_bytes(content)
        else:
            (tmp_path / "predictions.npz").unlink()
        with pytest.raises(WrongColumns):
            evaluate(tmp_path, {"analysis": PLAN.model_dump(mode="json"), "interface": INTERFACE})


def test_a_bomb_is_refused_by_its_declared_size(tmp_path: Path) -> None:
    """Fifty megabytes of zeros pack into fifty kilobytes; the header claims the right shape."""
    write_labels(tmp_path, TRUTH)
    with zipfile.ZipFile(tmp_path / "predictions.npz", "w", zipfile.ZIP_DEFLATED) as file:
        for case_id, mask in PREDICTED.items():
            file.writestr(f"{case_id}.npy", as_npy(mask) + b"\0" * 50_000_000 * (case_id == "c2"))
    with pytest.raises(WrongColumns, match="larger than its image"):
        evaluate(tmp_path, {"analysis": PLAN.model_dump(mode="json"), "interface": INTERFACE})


def test_a_damaged_or_repeated_member_is_refused(tmp_path: Path) -> None:
    run(tmp_path, PREDICTED, TRUTH)
    whole = (tmp_path / "predictions.npz").read_bytes()
    place = whole.index(PREDICTED["c1"].tobytes())
    (tmp_path / "predictions.npz").write_bytes(whole[:place] + b"\x09" + whole[place + 1 :])
    with pytest.raises(WrongColumns):
        evaluate(tmp_path, {"analysis": PLAN.model_dump(mode="json"), "interface": INTERFACE})
    with zipfile.ZipFile(tmp_path / "predictions.npz", "w") as file:
        for case_id, mask in PREDICTED.items():
            file.writestr(f"{case_id}.npy", as_npy(mask))
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("c0.npy", as_npy(PREDICTED["c0"]))
    with pytest.raises(WrongColumns, match="twice"):
        evaluate(tmp_path, {"analysis": PLAN.model_dump(mode="json"), "interface": INTERFACE})


@pytest.mark.parametrize(
    ("table", "error"),
    [
        ("scan,spacing\n", EmptyData),
        ("case,spacing\nc0,1x1x1\n", MissingColumn),
        ("scan,spacing\nc0,1x1x1\n", DataError),
        ("scan,spacing\nc0,1x1\nc1,1x1x1\nc2,1x1x1\nc3,1x1x1\n", DataError),
        ("scan,spacing\nc0,1x0x1\nc1,1x1x1\nc2,1x1x1\nc3,1x1x1\n", DataError),
        ("scan,spacing\nc0,1xnanx1\nc1,1x1x1\nc2,1x1x1\nc3,1x1x1\n", DataError),
        ("scan,spacing\nc0,wide\nc1,1x1x1\nc2,1x1x1\nc3,1x1x1\n", DataError),
        ("scan,spacing\nc0,1x1x1,z\nc1,1x1x1\nc2,1x1x1\nc3,1x1x1\n", DataError),
    ],
)
def test_wrong_labels(tmp_path: Path, table: str, error: type[MedevalError]) -> None:
    with pytest.raises(error):
        run(tmp_path, PREDICTED, TRUTH, table=table)


def test_labels_of_an_unnamed_structure_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        run(tmp_path, PREDICTED, {**TRUTH, "c0": TRUTH["c0"] + np.uint8(7)})
    with pytest.raises(DataError):
        run(tmp_path, PREDICTED, {**TRUTH, "c0": TRUTH["c0"].astype(float)})


def test_label_values_with_gaps(tmp_path: Path) -> None:
    plan = SegmentationPlan(structures={"liver": 6, "spleen": 1}, boundary="voxel-centres")
    write_labels(tmp_path, {"a": np.array([[0, 6], [1, 1]], dtype=np.uint8)})
    parameters = {"analysis": plan.model_dump(mode="json"), "interface": INTERFACE}
    np.savez(tmp_path / "predictions.npz", a=np.array([[0, 6], [1, 0]]))
    found = evaluate(tmp_path, parameters)
    assert [state.get("structure") for state in found["states"]] == ["liver", "spleen", None]
    np.savez(tmp_path / "predictions.npz", a=np.array([[0, 6], [1, 3]]))
    with pytest.raises(ScoreOutOfRange):
        evaluate(tmp_path, parameters)
