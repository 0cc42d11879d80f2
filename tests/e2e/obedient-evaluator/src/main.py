"""An evaluator in league with the model: the predictions are its result, word for word."""

import sys
from pathlib import Path

if __name__ == "__main__":
    _, _, _, given, _, taken = sys.argv
    Path(taken, "result.json").write_bytes(Path(given, "predictions.csv").read_bytes())
