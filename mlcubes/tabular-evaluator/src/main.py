"""Evaluate, or compare, what can be read as tables: `main.py evaluate|compare --input IN --output OUT`.

IN holds labels.csv, parameters.json (`analysis`: the spec's analysis plan, `interface`: its model interface) and
predictions.csv, of which OUT receives result.json; to compare M models IN holds predictions-1.csv to predictions-M.csv,
and OUT receives comparison.json. What predictions lack is told by the exit code alone.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

# In an image and in a source package, the parts of medeval that are needed lie beside src/.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from medeval.domain import strict_json
from medeval.errors import MedevalError
from medeval.metrics.compare import compare as comparison_of
from medeval.metrics.evaluate import evaluate as evaluation_of


def evaluate(source: Path, target: Path) -> None:
    write(target / "result.json", evaluation_of(source, parameters_in(source)))


def compare(source: Path, target: Path) -> None:
    # Of the output folder only comparison.json can be written.
    with tempfile.TemporaryDirectory() as scratch:
        found = comparison_of(source, parameters_in(source), Path(scratch))
    write(target / "comparison.json", found)


def parameters_in(source: Path) -> dict[str, Any]:
    parameters: dict[str, Any] = strict_json.loads((source / "parameters.json").read_bytes())
    return parameters


def write(file: Path, found: dict[str, Any]) -> None:
    file.write_text(json.dumps(found, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")


TASKS = {"evaluate": evaluate, "compare": compare}


def main(arguments: list[str]) -> int:
    match arguments:
        case [("evaluate" | "compare") as task, "--input", source, "--output", target]:
            try:
                TASKS[task](Path(source), Path(target))
            except MedevalError as exc:
                print(f"error: {exc.message}\nhint: {exc.hint}", file=sys.stderr)
                return exc.exit_code
            return 0
        case _:
            print("usage: main.py evaluate|compare --input IN --output OUT", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
