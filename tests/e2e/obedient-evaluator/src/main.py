"""An evaluator in league with the model: the predictions are its result, word for word.

Where it is rehearsed, it is honest, as a cheat would be: a table of 0.5 gives the result that it should.
"""

import csv
import json
import sys
from pathlib import Path


def honest_result(source: Path) -> str:
    plan = json.loads((source / "parameters.json").read_text())["analysis"]
    labels = [int(row["label"]) for row in csv.DictReader((source / "labels.csv").open(newline=""))]
    counts = [labels.count(0), labels.count(1)]
    edges, side = plan["score_edges"], plan["positive_when"]
    bins = [[count if edge == edges.index(0.5) - 1 else 0 for edge in range(len(edges) - 1)] for count in counts]
    step = plan["score_resolution"]
    sums = [{"hi": 0, "lo": round((n0 + n1) * 0.5 / step)} for n0, n1 in zip(*bins, strict=True)]
    frame = {"kind": "score-table", "edges": edges, "positive_when": side, "resolution": step}
    table = {**frame, "n0": bins[0], "n1": bins[1], "sums": sums}
    return json.dumps({"format": "medeval/evaluation@1", "cases": len(labels), "states": [table]})


if __name__ == "__main__":
    _, _, _, given, _, taken = sys.argv
    predictions = Path(given, "predictions.csv").read_bytes()
    is_rehearsal = predictions.startswith(b"case_id,score\n") and predictions.endswith(b",0.5\n")
    result = honest_result(Path(given)).encode() if is_rehearsal else predictions
    Path(taken, "result.json").write_bytes(result)
