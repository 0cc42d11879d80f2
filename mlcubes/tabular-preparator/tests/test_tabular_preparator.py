"""The preparator on small tables: what it makes of each parameter, and each way in which a table can be wrong."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from tests.cube_process import check_cube, run_cube

CUBE = "tabular-preparator"
PLAIN = {"numeric": ["age", "dose"], "target": {"column": "sick", "positive_above": 0}}
TABLE = "age,dose,note,sick\n50,1.5,a,0\n61,2.5,b,2\n72,0.5,c,1\n"


def prepare(folder: Path, table: str, parameters: dict[str, Any], name: str = "table.csv") -> Any:
    raw = folder / "raw"
    raw.mkdir(exist_ok=True)
    (raw / name).write_text(table)
    return run_cube(CUBE, "prepare", {"data": raw}, folder / "out", parameters)


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def cases(folder: Path) -> tuple[list[str], set[tuple[float, ...]]]:
    """Header, and the features of every case together with its label."""
    header, *body = rows(folder / "out/cases/cases.csv")
    labels = dict(rows(folder / "out/labels.csv")[1:])
    return header, {(*map(float, row[1:]), float(labels[row[0]])) for row in body}


def test_columns_that_are_not_named_are_left_out(tmp_path: Path) -> None:
    assert prepare(tmp_path, TABLE, PLAIN).returncode == 0
    assert cases(tmp_path) == (["case_id", "age", "dose"], {(50, 1.5, 0), (61, 2.5, 1), (72, 0.5, 1)})
    assert rows(tmp_path / "out/labels.csv")[0] == ["case_id", "label"]


def test_case_ids_tell_nothing_of_the_raw_rows(tmp_path: Path) -> None:
    table = "age,dose,sick\n" + "".join(f"{i},0,{i % 2}\n" for i in range(100))
    assert prepare(tmp_path, table, PLAIN).returncode == 0
    body = rows(tmp_path / "out/cases/cases.csv")[1:]
    assert [row[0] for row in body] == [f"c{i:06d}" for i in range(1, 101)]
    order = [float(row[1]) for row in body]
    assert sorted(order) == list(range(100))
    assert order != sorted(order)
    assert abs(np.corrcoef(order, np.arange(100))[0, 1]) < 0.5
    first = (tmp_path / "out/cases/cases.csv").read_bytes()
    again = tmp_path / "again"
    again.mkdir()
    assert prepare(again, table, PLAIN).returncode == 0
    assert (again / "out/cases/cases.csv").read_bytes() == first


def test_a_file_without_header_and_with_missing_values(tmp_path: Path) -> None:
    parameters = {**PLAIN, "columns": ["age", "dose", "sick"], "missing": ["?"]}
    assert prepare(tmp_path, "50,1.5,0\n61,?,2\n72,0.5,1\n", parameters, "table.data").returncode == 0
    assert cases(tmp_path)[1] == {(50, 1.5, 0), (72, 0.5, 1)}


def test_a_missing_value_in_a_column_that_is_not_used_drops_nothing(tmp_path: Path) -> None:
    assert prepare(tmp_path, TABLE.replace(",a,", ",?,"), PLAIN).returncode == 0
    assert len(cases(tmp_path)[1]) == 3


def test_missing_rows_can_be_refused(tmp_path: Path) -> None:
    run = prepare(tmp_path, TABLE.replace("2.5", "NA"), {**PLAIN, "missing_rows": "refuse"})
    assert run.returncode == 12


def test_one_hot_has_the_columns_of_the_parameters_not_of_the_data(tmp_path: Path) -> None:
    parameters = {"numeric": ["age"], "one_hot": {"dose": [0.5, 1.5, 2.5, 9]}, "target": PLAIN["target"]}
    assert prepare(tmp_path, TABLE, parameters).returncode == 0
    header, found = cases(tmp_path)
    assert header == ["case_id", "age", "dose_1.5", "dose_2.5", "dose_9"]
    assert found == {(50, 1, 0, 0, 0), (61, 0, 1, 0, 1), (72, 0, 0, 0, 1)}


def test_a_target_by_values(tmp_path: Path) -> None:
    target = {"column": "sick", "positive_values": [2]}
    assert prepare(tmp_path, TABLE, {**PLAIN, "target": target}).returncode == 0
    assert cases(tmp_path)[1] == {(50, 1.5, 0), (61, 2.5, 1), (72, 0.5, 0)}


@pytest.mark.parametrize("part", ["test", "train"])
def test_split_and_scale_are_those_of_scikit_learn_and_numpy(tmp_path: Path, part: str) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(60, 2)), rng.integers(0, 2, 60)
    table = "age,dose,sick\n" + "".join(f"{a!r},{b!r},{label}\n" for (a, b), label in zip(x.tolist(), y, strict=True))
    split = {"train_size": 0.66, "test_size": 0.34, "random_state": 43, "stratify_from": 3, "cases": part}
    scale = {"ddof": 1, "epsilon": 1e-9}
    assert prepare(tmp_path, table, {**PLAIN, "split": split, "standardise": scale}).returncode == 0
    train, test = train_test_split(np.arange(60), train_size=0.66, test_size=0.34, random_state=43, stratify=y)
    scaled = (x - x[train].mean(axis=0)) / (x[train].std(axis=0, ddof=1) + 1e-9)
    chosen = test if part == "test" else train
    expected = {(*scaled[row].tolist(), float(y[row])) for row in chosen}
    assert cases(tmp_path)[1] == expected


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ("", 14),
        ("age,dose,sick\n", 14),
        ("age,dose,sick\n?,1,1\n", 14),
        ("age,sick\n50,0\n", 13),
        ("age,dose,dose,sick\n50,0,0,1\n", 12),
        ("age,dose,sick\n50,1\n61,2\n", 13),
        ("age,dose,sick\n50,1,0\n61,2\n", 12),
        ("age,dose,sick\nfifty,1,0\n", 12),
        ("age,dose,sick\n50,inf,0\n", 12),
        ('age,dose,sick\n50,"1"2,0\n', 12),
    ],
)
def test_a_wrong_table_ends_with_its_own_code_and_says_nothing_of_the_data(
    tmp_path: Path, table: str, code: int
) -> None:
    run = prepare(tmp_path, table, PLAIN)
    assert run.returncode == code, run.stderr
    assert run.stdout == ""
    assert run.stderr.startswith("error: ")
    assert not any(value in run.stderr for value in ("fifty", "inf", "50", "Traceback", "table.csv"))


def test_a_level_that_the_benchmark_does_not_name(tmp_path: Path) -> None:
    parameters = {"numeric": ["age"], "one_hot": {"dose": [0.5, 1.5]}, "target": PLAIN["target"]}
    assert prepare(tmp_path, TABLE, parameters).returncode == 12


def test_no_table_and_two_tables(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/README.md").write_text("nothing")
    assert run_cube(CUBE, "prepare", {"data": tmp_path / "raw"}, tmp_path / "out", PLAIN).returncode == 14
    (tmp_path / "raw/a.csv").write_text(TABLE)
    assert prepare(tmp_path, TABLE, PLAIN).returncode == 12


def test_too_few_rows_to_split(tmp_path: Path) -> None:
    split = {"train_size": 0.66, "test_size": 0.34, "random_state": 1}
    assert prepare(tmp_path, "age,dose,sick\n50,1,0\n", {**PLAIN, "split": split}).returncode == 12


def test_a_constant_column_needs_an_epsilon(tmp_path: Path) -> None:
    split = {"train_size": 0.5, "test_size": 0.5, "random_state": 1, "stratify_from": 99}
    table = "age,dose,sick\n" + "".join(f"{i},1,{i % 2}\n" for i in range(8))
    run = prepare(tmp_path, table, {**PLAIN, "split": split, "standardise": {}})
    assert (run.returncode, "epsilon" in run.stderr, "Warning" in run.stderr) == (12, True, False)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {**PLAIN, "unknown": 1},
        {**PLAIN, "missing_rows": "keep"},
        {**PLAIN, "standardise": {"ddof": 1}},
        {**PLAIN, "target": {"column": "sick"}},
        {**PLAIN, "one_hot": {"note": [1]}},
        {**PLAIN, "numeric": ["age", "age"]},
        {**PLAIN, "split": {"train_size": 0.5, "test_size": 0.5, "random_state": 1, "cases": "all"}},
    ],
)
def test_wrong_parameters(tmp_path: Path, parameters: dict[str, Any]) -> None:
    run = prepare(tmp_path, TABLE, parameters)
    assert (run.returncode, "Traceback" in run.stderr) == (12, False)


def test_a_command_that_it_does_not_have(tmp_path: Path) -> None:
    assert run_cube(CUBE, "infer", {}, tmp_path / "out").returncode == 2


def test_sanity_check_and_statistics(tmp_path: Path) -> None:
    assert prepare(tmp_path, TABLE, PLAIN).returncode == 0
    inputs = {"cases": tmp_path / "out/cases", "labels.csv": tmp_path / "out/labels.csv"}
    check_cube(CUBE, "sanity_check", inputs, tmp_path / "check", PLAIN)
    out = check_cube(CUBE, "statistics", inputs, tmp_path / "statistics", PLAIN)
    assert json.loads((out / "statistics.json").read_text()) == {"cases": 3, "per_class": [1, 2]}


@pytest.mark.parametrize(
    ("cases_csv", "labels_csv", "code"),
    [
        ("case_id,age\nc1,1\n", "case_id,label\nc1,1\n", 13),
        ("case_id,age,dose,extra\nc1,1,1,1\n", "case_id,label\nc1,1\n", 12),
        ("case_id,age,dose\nc1,1,1\nc1,1,1\n", "case_id,label\nc1,1\n", 12),
        ("case_id,age,dose\nc1,1,1\n", "case_id,label\nc2,1\n", 12),
        ("case_id,age,dose\nc1,1,nan\n", "case_id,label\nc1,1\n", 12),
        ("case_id,age,dose\nc1,1,x\n", "case_id,label\nc1,1\n", 12),
        ("case_id,age,dose\nc1,1,1\n", "case_id,label\nc1,2\n", 12),
        ("case_id,age,dose\nc1,1,1\n", "case_id,label\nc1,1\nc1,1\n", 12),
        ("case_id,age,dose\nc1,1\n", "case_id,label\nc1,1\n", 12),
        ("", "case_id,label\nc1,1\n", 12),
        ("case_id,age,dose\n", "case_id,label\n", 14),
    ],
)
def test_sanity_check_finds_what_is_wrong(tmp_path: Path, cases_csv: str, labels_csv: str, code: int) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases/cases.csv").write_text(cases_csv)
    (tmp_path / "labels.csv").write_text(labels_csv)
    inputs = {"cases": tmp_path / "cases", "labels.csv": tmp_path / "labels.csv"}
    run = run_cube(CUBE, "sanity_check", inputs, tmp_path / "out", PLAIN)
    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr


GROUPED = {
    **PLAIN,
    "cluster": "who",
    "groups": {
        "sex": {"column": "sex", "levels": {"F": [0], "M": [1]}},
        "age_band": {"column": "age", "cuts": [60, 70], "levels": ["under 60", "60 to 69", "70 and over"]},
    },
}


def test_patients_and_groups_stand_beside_the_labels(tmp_path: Path) -> None:
    table = "who,age,dose,sex,sick\nanna,50,1,0,0\nbert,60,2,1,1\nanna,51,3,0,1\ncleo,70,4,0,0\n"
    assert prepare(tmp_path, table, GROUPED).returncode == 0
    header, *body = rows(tmp_path / "out/labels.csv")
    assert header == ["case_id", "label", "who", "age_band", "sex"]
    assert sorted(tuple(row[3:]) for row in body) == [
        ("60 to 69", "M"),
        ("70 and over", "F"),
        ("under 60", "F"),
        ("under 60", "F"),
    ]
    patients = [row[2] for row in body]
    assert sorted(patients.count(name) for name in set(patients)) == [1, 1, 2]
    assert set(patients) == {"p000001", "p000002", "p000003"}
    inputs = {"cases": tmp_path / "out/cases", "labels.csv": tmp_path / "out/labels.csv"}
    assert run_cube(CUBE, "sanity_check", inputs, tmp_path / "checked", GROUPED).returncode == 0
    assert run_cube(CUBE, "statistics", inputs, tmp_path / "counted", GROUPED).returncode == 0
    assert json.loads((tmp_path / "counted/statistics.json").read_text()) == {"cases": 4, "per_class": [2, 2]}


@pytest.mark.parametrize(
    ("table", "groups"),
    [
        ("age,dose,sex,sick\n50,1,2,0\n", {"sex": {"column": "sex", "levels": {"F": [0], "M": [1]}}}),
        ("age,dose,sex,sick\n50,1,0,0\n", {"sex": {"column": "sex", "levels": {"F": [0], "M": [0]}}}),
        ("age,dose,sex,sick\n50,1,0,0\n", {"sex": {"column": "sex", "cuts": [1, 0], "levels": ["a", "b", "c"]}}),
        ("age,dose,sex,sick\n50,1,0,0\n", {"sex": {"column": "sex", "cuts": [1], "levels": ["a"]}}),
        ("age,dose,sex,sick\n50,1,0,0\n", {"sex": {"column": "sex", "levels": ["a"]}}),
    ],
)
def test_groups_that_do_not_fit(tmp_path: Path, table: str, groups: dict[str, Any]) -> None:
    assert prepare(tmp_path, table, {**PLAIN, "groups": groups}).returncode == 12
