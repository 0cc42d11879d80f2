"""The states against their definitions, and against themselves: states of parts add up to the state of all."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, roc_auc_score

from medeval.domain.families.binary import BinaryPlan, PairCounts, ScoreTable, SquaredErrors
from medeval.domain.result import Evaluation
from medeval.errors import DataError
from medeval.metrics import binary, exact, strata
from medeval.metrics.predictions import ScoredCases

EDGES = (0.0, 0.1, 0.25, 0.3, 0.5, 0.7000000000000001, 0.9, 1.0)
SIDES = ("above", "at-or-above")
STEPS = ("exact", 0.001, 0.03)
#: Scores on, just below and just above every edge, besides any other.
NEAR_EDGES = sorted({float(np.clip(np.nextafter(edge, way), 0, 1)) for edge in EDGES for way in (0, edge, 1)})
SCORES = st.one_of(st.sampled_from(NEAR_EDGES), st.floats(0, 1), st.sampled_from([1e-300, 5e-324, 1 - 2**-53]))
CASES = st.lists(st.tuples(st.booleans(), SCORES), max_size=60)
#: (label, score, patient, level of sex): patients of two sites never share a number.
SEXES = ("F", "M")
GROUPED = st.lists(st.tuples(st.booleans(), SCORES, st.integers(0, 9), st.sampled_from(SEXES)), max_size=40)

Cases = list[tuple[bool, float]]
Grouped = list[tuple[bool, float, int, str]]


def arrays(cases: Cases) -> ScoredCases:
    labels, scores = [label for label, _ in cases], [score for _, score in cases]
    return ScoredCases(np.array(labels, dtype=np.bool_), np.array(scores, dtype=np.float64))


def analysis(side: str = "above", resolution: str | float = "exact", *, scalars: bool = True) -> dict[str, Any]:
    plan = {"score_edges": list(EDGES), "positive_when": side, "score_resolution": resolution}
    return {**plan, "exact_scalars": scalars}


def evaluate(cases: Cases, side: str = "above", resolution: str | float = "exact") -> Evaluation:
    return Evaluation.from_plain(binary.evaluation(arrays(cases), analysis(side, resolution)))


def grouped(cases: Grouped, side: str = "above", *, clustered: bool = True) -> Evaluation:
    """With patients and both sexes."""
    columns = {"patient": [f"p{patient}" for _, _, patient, _ in cases], "sex": [sex for _, _, _, sex in cases]}
    interface = {"cluster": "patient" if clustered else None, "groups": {"sex": SEXES}}
    found = strata.strata_of(columns, interface)
    scored = arrays([(label, score) for label, score, _, _ in cases])
    return Evaluation.from_plain(binary.evaluation(scored, analysis(side), found))


def wins_and_variances(labels: Any, scores: Any) -> tuple[int, float, float]:
    """By all pairs, with exact fractions."""
    above, below = scores[labels].tolist(), scores[~labels].tolist()
    won = [[Fraction(2 * (a > b) + (a == b), 2) for b in below] for a in above]
    double = int(2 * sum(sum(row, Fraction(0)) for row in won))
    if min(len(above), len(below)) < 2:
        return double, 0.0, 0.0
    return double, variance([mean(row) for row in won]), variance([mean(list(row)) for row in zip(*won, strict=True)])


def mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def variance(values: list[Fraction]) -> float:
    middle = mean(values)
    return float(sum((value - middle) ** 2 for value in values) / (len(values) - 1))


# --- merge(a, b) == compute(a + b), to the last bit ---


@given(a=CASES, b=CASES, side=st.sampled_from(SIDES), resolution=st.sampled_from(STEPS))
def test_tables_of_parts_add_up(a: Cases, b: Cases, side: str, resolution: str | float) -> None:
    both, one, other = (evaluate(cases, side, resolution) for cases in (a + b, a, b))
    merged = one.merge(other)
    assert merged == other.merge(one)
    assert merged.cases == both.cases
    assert merged.states[0] == both.states[0]
    assert merged.states[2] == both.states[2]


@given(a=CASES, b=CASES)
def test_a_merge_of_pairs_holds_the_pairs_of_each_part(a: Cases, b: Cases) -> None:
    """Pairs across sites are not counted, so the merge is the two strata, in an order of their own."""
    merged = evaluate(a).merge(evaluate(b)).states[1]
    assert isinstance(merged, PairCounts)
    parts = [stratum for cases in (a, b) for stratum in evaluate(cases).states[1].strata]
    assert sorted(merged.strata, key=repr) == sorted(parts, key=repr)


@given(a=GROUPED, b=GROUPED, side=st.sampled_from(SIDES), clustered=st.booleans())
def test_patients_and_groups_of_parts_add_up(a: Grouped, b: Grouped, side: str, clustered: bool) -> None:
    moved = [(label, score, patient + 10, sex) for label, score, patient, sex in b]
    both, one, other = (grouped(cases, side, clustered=clustered) for cases in (a + moved, a, moved))
    merged = one.merge(other)
    assert merged == other.merge(one)
    for part, whole in zip((merged, *merged.groups), (both, *both.groups), strict=True):
        assert part.cases == whole.cases
        assert part.clusters == whole.clusters
        assert (part.states[0], part.states[2]) == (whole.states[0], whole.states[2])


@given(cases=GROUPED)
def test_the_levels_of_a_group_are_the_evaluations_of_their_cases(cases: Grouped) -> None:
    found = grouped(cases)
    assert [(group.name, group.level) for group in found.groups] == [("sex", "F"), ("sex", "M")]
    for group in found.groups:
        alone = grouped([case for case in cases if case[3] == group.level])
        assert (group.cases, group.states, group.clusters) == (alone.cases, alone.states, alone.clusters)
    assert sum(group.cases for group in found.groups) == found.cases == len(cases)


# --- each state is what its definition says ---


def naive_bin(score: float, side: str) -> int:
    """The bin by the definition in `ScoreTable`, word for word."""
    last = len(EDGES) - 2
    for i in range(last + 1):
        low, high = EDGES[i], EDGES[i + 1]
        inside = low < score <= high if side == "above" else low <= score < high
        if inside or (side == "above" and i == 0 and score == low) or (side != "above" and i == last and score == high):
            return i
    raise AssertionError(score)


@given(cases=CASES, side=st.sampled_from(SIDES), resolution=st.sampled_from(STEPS))
def test_bins_and_sums_are_those_of_the_definition(cases: Cases, side: str, resolution: str | float) -> None:
    n0, n1, sums = ([0] * (len(EDGES) - 1) for _ in range(3))
    for label, score in cases:
        place = naive_bin(score, side)
        (n1 if label else n0)[place] += 1
        # by its own value, not by its rounded one; rounded to even where two units are as near
        sums[place] += round(Fraction(score) * 2**52) if resolution == "exact" else round(score / resolution)
    table = evaluate(cases, side, resolution).states[0]
    assert isinstance(table, ScoreTable)
    assert (list(table.n0), list(table.n1), [item.total for item in table.sums]) == (n0, n1, sums)
    assert (table.edges, table.positive_when, table.resolution) == (EDGES, side, resolution)


@given(cases=CASES.filter(bool), side=st.sampled_from(SIDES), threshold=st.sampled_from(EDGES[1:-1]))
def test_a_split_is_scikit_learns_confusion(cases: Cases, side: str, threshold: float) -> None:
    scored = arrays(cases)
    decided = scored.scores > threshold if side == "above" else scored.scores >= threshold
    (tn, fp), (fn, tp) = confusion_matrix(scored.labels, decided, labels=[False, True]).tolist()
    assert evaluate(cases, side).states[0].split_at(threshold) == (tp, fp, tn, fn)


@given(cases=CASES)
def test_pairs_are_all_pairs(cases: Cases) -> None:
    scored = arrays(cases)
    (stratum,) = evaluate(cases).states[1].strata
    double, s10, s01 = wins_and_variances(scored.labels, scored.scores)
    assert (stratum.n0, stratum.n1) == (np.count_nonzero(~scored.labels), np.count_nonzero(scored.labels))
    assert stratum.double_wins.total == double
    assert (stratum.s10, stratum.s01) == (pytest.approx(s10, abs=1e-15), pytest.approx(s01, abs=1e-15))
    if stratum.n0 and stratum.n1:
        auroc = double / (2 * stratum.n0 * stratum.n1)
        assert auroc == pytest.approx(roc_auc_score(scored.labels, scored.scores), abs=1e-12)


@given(cases=GROUPED)
def test_squared_errors_are_their_exact_sums(cases: Grouped) -> None:
    state = grouped(cases).states[2]
    assert isinstance(state, SquaredErrors)
    errors = [(score - label) ** 2 for label, score, _, _ in cases]
    assert state.moments.n == len(cases)
    assert state.moments.total.total == sum(round(Fraction(e) * 2**52) for e in errors)
    assert state.moments.squares.total == sum(round(Fraction(e * e) * 2**52) for e in errors)
    by_patient = {p: [e for e, case in zip(errors, cases, strict=True) if case[2] == p] for _, _, p, _ in cases}
    totals = state.moments.totals
    assert totals is not None
    assert totals.clusters == len(by_patient)
    assert totals.sizes == sum(len(of_one) ** 2 for of_one in by_patient.values())
    assert totals.squares.real == pytest.approx(sum(sum(of_one) ** 2 for of_one in by_patient.values()), abs=1e-12)
    products = sum(sum(of_one) * len(of_one) for of_one in by_patient.values())
    assert totals.products.real == pytest.approx(products, abs=1e-12)


@given(cases=GROUPED)
def test_clusters_are_the_sizes_of_patients(cases: Grouped) -> None:
    sizes = {p: sum(case[2] == p for case in cases) for _, _, p, _ in cases}
    found = grouped(cases).clusters
    assert found is not None
    assert (found.clusters, found.squares) == (len(sizes), sum(size**2 for size in sizes.values()))
    assert grouped(cases, clustered=False).clusters is None


@given(cases=CASES, side=st.sampled_from(SIDES), resolution=st.sampled_from(STEPS), scalars=st.booleans())
def test_the_plan_takes_what_the_evaluator_writes(
    cases: Cases, side: str, resolution: str | float, scalars: bool
) -> None:
    terms = analysis(side, resolution, scalars=scalars)
    plan = BinaryPlan.from_plain({**terms, "task": "binary-classification"})
    found = Evaluation.from_plain(binary.evaluation(arrays(cases), terms))
    negatives = sum(not label for label, _ in cases)
    assert plan.check_states(found.cases, found.states) == (negatives, len(cases) - negatives)
    # four more numbers of the squared error where cases are of patients
    assert sum(state.numbers for state in found.states) == plan.numbers() - (4 if scalars else 0)


# --- exact sums ---


@given(st.lists(st.floats(-1000, 1000), max_size=50))
def test_a_sum_of_units_is_exact(values: list[float]) -> None:
    expected = sum(round(Fraction(value) * 2**52) for value in values)
    assert exact.sum_units(np.array(values, dtype=np.float64)) == expected


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3)), max_size=50))
def test_sums_of_bins_are_exact(values: list[tuple[float, int]]) -> None:
    expected = [sum(round(Fraction(value) * 2**52) for value, place in values if place == b) for b in range(4)]
    reals, bins = (np.array([item[i] for item in values], dtype=kind) for i, kind in ((0, float), (1, np.intp)))
    assert exact.bin_sums(reals, bins, 4) == expected


def test_large_sums_lose_nothing() -> None:
    """Two million scores of which doubles could not hold the sum."""
    scores = np.full(2_000_000, 1 - 2.0**-52)
    expected = 2_000_000 * (2**52 - 1)
    assert exact.sum_units(scores) == expected
    assert exact.bin_sums(scores, np.ones(len(scores), dtype=np.intp), 2) == [0, expected]


# --- what is refused, what is needed ---


def test_an_unknown_side_is_refused() -> None:
    scored = arrays([(True, 0.5)])
    with pytest.raises(ValueError, match="positive_when"):
        binary.score_table(scored.labels, scored.scores, EDGES, "below")


def test_a_level_that_the_spec_does_not_name_is_refused() -> None:
    interface = {"groups": {"sex": ["F", "M"]}}
    with pytest.raises(DataError, match="group level") as refused:
        strata.strata_of({"sex": ["F", "unknown"]}, interface)
    assert "unknown" not in refused.value.message + refused.value.hint


def test_files_become_an_evaluation(tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").write_text("case_id,score\nb,0.5\na,0.75\nc,0.25\n")
    (tmp_path / "labels.csv").write_text("case_id,label,patient,sex\na,1,x,F\nb,0,y,M\nc,0,x,F\n")
    interface = {"cluster": "patient", "groups": {"sex": ["F", "M"]}}
    found = Evaluation.from_plain(binary.evaluate(tmp_path, {"analysis": analysis(), "interface": interface}))
    cases = [(True, 0.75, 0, "F"), (False, 0.5, 1, "M"), (False, 0.25, 0, "F")]
    assert found == grouped(cases)
    assert (found.cases, found.clusters.clusters, found.clusters.squares) == (3, 2, 5)


def test_evaluators_need_numpy_alone() -> None:
    """What runs inside an evaluator's image must import there: no pydantic, scipy or scikit-learn."""
    script = (
        "import sys; import medeval.metrics.binary, medeval.metrics.evaluate, medeval.domain.failures;"
        "heavy = {'pydantic', 'scipy', 'sklearn', 'pandas', 'torch', 'rfc8785'} & set(sys.modules);"
        "ours = {name for name in sys.modules if name.startswith('medeval.')};"
        "assert not heavy, heavy;"
        "allowed = {'medeval.errors', 'medeval.domain', 'medeval.domain.failures', 'medeval.metrics'};"
        "others = {name for name in ours - allowed if not name.startswith('medeval.metrics.')};"
        "assert not others, others"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
