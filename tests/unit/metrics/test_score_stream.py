"""Cases that stream through the score table give the evaluation of all cases at once, or the same error."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval import errors
from medeval.metrics import binary
from medeval.metrics import predictions as reader
from medeval.metrics.exact import LOW_BITS
from medeval.metrics.score_stream import added_tables

EDGES = (0.0, 0.1, 0.25, 0.5, 0.9, 1.0)
IDS = st.integers(0, 40).map("c{}".format) | st.sampled_from(["", '"q"', "a b", "é", "x" * 65])
SCORES = st.one_of(
    st.floats(0, 1).map(repr),
    st.sampled_from([*map(str, EDGES), "5e-324", "0.9999999999999999", ".5", "1e-3", "-0.0"]),
)
WRONG = st.sampled_from(["", "nan", "1.5", "-1", " 0.5", "inf", "x"])
ROWS = st.lists(st.tuples(IDS, st.sampled_from("01"), SCORES), max_size=25, unique_by=lambda row: row[0])
PLANS = st.fixed_dictionaries(
    {
        "score_edges": st.just(list(EDGES)),
        "positive_when": st.sampled_from(["above", "at-or-above"]),
        "score_resolution": st.sampled_from(["exact", 0.001, 0.03]),
    }
)


def write(folder: Path, rows: list[tuple[str, str, str]], order: list[int]) -> tuple[Path, Path]:
    """Predictions in `order`, labels as they come."""
    found = ["case_id,score", *(f"{rows[place][0]},{rows[place][2]}" for place in order)]
    truth = ["case_id,label", *(f"{case},{label}" for case, label, _ in rows)]
    (folder / "predictions.csv").write_text("\n".join(found) + "\n")
    (folder / "labels.csv").write_text("\n".join(truth) + "\n")
    return folder / "predictions.csv", folder / "labels.csv"


def outcome(found: Any) -> Any:
    """The evaluation, or the error's class and message."""
    try:
        return found()
    except errors.MedevalError as exc:
        return type(exc), exc.message


def all_outcomes(files: tuple[Path, Path], plan: dict[str, Any], block: int, part: int) -> list[Any]:
    """Of all cases at once, streamed in parts of the given size, and by the evaluator."""
    columns = reader.Columns()
    return [
        outcome(lambda: binary.evaluation(reader._read_strictly(*files, columns), plan)),
        outcome(lambda: binary.streamed_evaluation(reader.iterate_scored_cases(*files, columns, block, part), plan)),
        outcome(lambda: binary.evaluate(files[0].parent, {"analysis": plan})),
    ]


@given(data=st.data(), rows=ROWS, plan=PLANS, block=st.integers(1, 200), part=st.integers(1, 12))
def test_parts_of_any_size_give_the_same_bits(
    tmp_path_factory: pytest.TempPathFactory, data: Any, rows: list, plan: dict[str, Any], block: int, part: int
) -> None:
    places = list(range(len(rows)))
    order = data.draw(st.just(places) | st.permutations(places))
    files = write(tmp_path_factory.getbasetemp(), rows, order)
    whole, streamed, evaluated = all_outcomes(files, plan, block, part)
    assert whole == streamed == evaluated
    assert rows == [] or whole["cases"] == len(rows)


@given(
    rows=ROWS.filter(bool), wrong=WRONG | st.none(), place=st.integers(0, 24), block=st.integers(1, 99), seed=st.data()
)
def test_what_is_malformed_has_the_same_error(
    tmp_path_factory: pytest.TempPathFactory, rows: list, wrong: str | None, place: int, block: int, seed: Any
) -> None:
    """A wrong score anywhere; or a case without a score, with two, or of no known id."""
    order = list(range(len(rows)))
    at = place % len(rows)
    if wrong is not None:
        rows = [*rows[:at], (*rows[at][:2], wrong), *rows[at + 1 :]]
    files = write(tmp_path_factory.getbasetemp(), rows, order)
    if wrong is None:
        lines = files[0].read_text().splitlines()
        change = seed.draw(st.sampled_from([[], [lines[at + 1]] * 2, ["nobody,0.5"], [f"{lines[at + 1]},0"]]))
        files[0].write_text("\n".join([*lines[: at + 1], *change, *lines[at + 2 :]]) + "\n")
    plan = {"score_edges": list(EDGES), "positive_when": "above", "score_resolution": "exact"}
    whole, streamed, evaluated = all_outcomes(files, plan, block, 3)
    assert whole == streamed == evaluated
    assert issubclass(whole[0], errors.MedevalError)


def test_sums_pass_the_low_part() -> None:
    """Totals carry from the low part of an integer to the high one."""
    full = 2**LOW_BITS - 1
    table = {"kind": "score-table", "n0": [1], "n1": [2], "sums": [{"hi": 3, "lo": full}]}
    assert added_tables([table, table, table]) == {
        "kind": "score-table",
        "n0": [3],
        "n1": [6],
        "sums": [{"hi": 9 + 2, "lo": full - 2}],
    }
