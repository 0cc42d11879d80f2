"""Prepare a table for classification or survival: `main.py TASK --input IN --output OUT`.

prepare       data/ parameters.json -> cases/cases.csv labels.csv
sanity_check  cases/ labels.csv parameters.json -> nothing
statistics    cases/ labels.csv parameters.json -> statistics.json

What is wrong is told by the exit code (12 malformed, 13 missing column, 14 no case); nothing of the data is printed.
"""

import sys
from pathlib import Path

import prepared
import recipe
import table
from problems import Problem


def prepare(source: Path, target: Path) -> None:
    plan = recipe.read(source / "parameters.json")
    raw = table.find_file(source / "data")
    columns = table.read(raw, plan)
    features, labels, strata = table.encode(columns, plan)
    # Splitting and scaling need more than the standard library: loaded only when there are rows.
    import design

    kept = design.choose_and_scale(features, labels, strata, table.test_rows(columns, plan), plan)
    prepared.write(target, plan, *kept, seed=raw.read_bytes())


def sanity_check(source: Path, target: Path) -> None:
    prepared.check(source, recipe.read(source / "parameters.json"))


def statistics(source: Path, target: Path) -> None:
    prepared.write_statistics(source, target, recipe.read(source / "parameters.json"))


TASKS = {"prepare": prepare, "sanity_check": sanity_check, "statistics": statistics}


def main(arguments: list[str]) -> int:
    match arguments:
        case [task, "--input", source, "--output", target] if task in TASKS:
            try:
                TASKS[task](Path(source), Path(target))
            except Problem as exc:
                print(f"error: {exc}", file=sys.stderr)
                return exc.exit_code
            return 0
        case _:
            print(f"usage: main.py {'|'.join(TASKS)} --input IN --output OUT", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
