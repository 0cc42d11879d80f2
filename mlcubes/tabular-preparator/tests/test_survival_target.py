"""The preparator with a time until an event for a target, and with a split that the table brings."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cube_process import check_cube, run_cube

CUBE = "tabular-preparator"
PLAN = {"numeric": ["age"], "target": {"time": "days", "event": "died"}}
TABLE = "age,days,died,part\n50,12.5,0,train\n61,0,1,test\n72,300,1,test\n"


def prepare(folder: Path, table: str, parameters: dict[str, Any]) -> Any:
    (folder / "raw").mkdir(exist_ok=True)
    (folder / "raw/table.csv").write_text(table)
    return run_cube(CUBE, "prepare", {"data": folder / "raw"}, folder / "out", parameters)


def labels(folder: Path) -> tuple[list[str], set[tuple[str, ...]]]:
    with (folder / "out/labels.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    return header, {tuple(row[1:]) for row in rows}


def test_labels_are_time_and_event(tmp_path: Path) -> None:
    assert prepare(tmp_path, TABLE, PLAN).returncode == 0
    assert labels(tmp_path) == (["case_id", "time", "event"], {("12.5", "0"), ("0.0", "1"), ("300.0", "1")})


def test_a_given_split(tmp_path: Path) -> None:
    assert prepare(tmp_path, TABLE, {**PLAN, "split": {"column": "part"}}).returncode == 0
    assert labels(tmp_path)[1] == {("0.0", "1"), ("300.0", "1")}
    train = tmp_path / "train"
    train.mkdir()
    assert prepare(train, TABLE, {**PLAN, "split": {"column": "part", "cases": "train"}}).returncode == 0
    assert labels(train)[1] == {("12.5", "0")}


def test_statistics_count_censored_and_events(tmp_path: Path) -> None:
    assert prepare(tmp_path, TABLE, PLAN).returncode == 0
    inputs = {"cases": tmp_path / "out/cases", "labels.csv": tmp_path / "out/labels.csv"}
    check_cube(CUBE, "sanity_check", inputs, tmp_path / "check", PLAN)
    out = check_cube(CUBE, "statistics", inputs, tmp_path / "statistics", PLAN)
    assert json.loads((out / "statistics.json").read_text()) == {"cases": 3, "per_class": [1, 2]}


@pytest.mark.parametrize(
    ("table", "parameters", "code"),
    [
        (TABLE.replace("12.5", "-1"), PLAN, 12),
        (TABLE.replace("300,1", "300,2"), PLAN, 12),
        (TABLE.replace("train", "both"), {**PLAN, "split": {"column": "part"}}, 12),
        (TABLE.replace("train", "test"), {**PLAN, "split": {"column": "part", "cases": "train"}}, 14),
        (TABLE, {**PLAN, "split": {"column": "fold"}}, 13),
        (TABLE, {**PLAN, "target": {"time": "days"}}, 12),
        (TABLE, {**PLAN, "target": {"time": "days", "event": "days"}}, 12),
    ],
)
def test_wrong_tables_and_parameters(tmp_path: Path, table: str, parameters: dict[str, Any], code: int) -> None:
    run = prepare(tmp_path, table, parameters)
    assert (run.returncode, "Traceback" in run.stderr) == (code, False), run.stderr


@pytest.mark.parametrize("label", ["-1,1", "nan,1", "5,2", "5,", "x,0"])
def test_sanity_check_finds_a_wrong_label(tmp_path: Path, label: str) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases/cases.csv").write_text("case_id,age\nc1,50\n")
    (tmp_path / "labels.csv").write_text(f"case_id,time,event\nc1,{label}\n")
    inputs = {"cases": tmp_path / "cases", "labels.csv": tmp_path / "labels.csv"}
    assert run_cube(CUBE, "sanity_check", inputs, tmp_path / "out", PLAN).returncode == 12
