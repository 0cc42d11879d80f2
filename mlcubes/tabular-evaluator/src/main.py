"""Evaluate what can be read as tables: `main.py evaluate --input IN --output OUT`.

IN holds predictions.csv, labels.csv and parameters.json (`analysis`: the spec's analysis plan, `interface`: its model
interface); OUT receives result.json. What the predictions lack is told by the exit code alone.
"""

import json
import sys
from pathlib import Path

# In an image and in a source package, the parts of medeval that are needed lie beside src/.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from medeval.domain import strict_json
from medeval.errors import MedevalError
from medeval.metrics.evaluate import evaluate as evaluation_of


def evaluate(source: Path, target: Path) -> None:
    parameters = strict_json.loads((source / "parameters.json").read_bytes())
    result = json.dumps(evaluation_of(source, parameters), sort_keys=True, allow_nan=False)
    (target / "result.json").write_text(result + "\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    match arguments:
        case ["evaluate", "--input", source, "--output", target]:
            try:
                evaluate(Path(source), Path(target))
            except MedevalError as exc:
                print(f"error: {exc.message}\nhint: {exc.hint}", file=sys.stderr)
                return exc.exit_code
            return 0
        case _:
            print("usage: main.py evaluate --input IN --output OUT", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
