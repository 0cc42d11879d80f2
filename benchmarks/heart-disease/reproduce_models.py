"""Turn the published weights into weights files of the logistic cube: `python reproduce_models.py REFERENCE OUT`.

REFERENCE holds heart_weights.json (30 runs of FLamby: 5 seeds x 6 methods), heart_columns.json and nvflare_theta.txt
(NVIDIA FLARE's hello-lr). OUT receives one file per model, named as the model is submitted: `fedavg100-s42.json`.
"""

import json
import sys
from pathlib import Path
from typing import Any

HELLO_LR = "hello-lr"

#: Names of the raw columns by which the published weights are keyed, `INDEX` or `INDEX_LEVEL`.
RAW = ("age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak", "slope", "ca", "thal")

Weights = dict[str, Any]


def model_name(seed: str, method: str) -> str:
    """`42`, `Pooled Training` as `pooled-training-s42`."""
    return f"{method.lower().replace(' ', '-')}-s{seed}"


def read_models(reference: Path) -> dict[str, Weights]:
    """The 31 weights files by model name."""
    features = [_feature(key) for key in json.loads((reference / "heart_columns.json").read_text(encoding="utf-8"))]
    runs = json.loads((reference / "heart_weights.json").read_text(encoding="utf-8"))
    models = {
        model_name(*key.split("|")): _weights(features, run["linear.bias"][0], run["linear.weight"][0])
        for key, run in runs.items()
    }
    intercept, *coefficients = map(float, (reference / "nvflare_theta.txt").read_text(encoding="utf-8").split())
    return {**models, HELLO_LR: _weights(features, intercept, coefficients)}


def _feature(key: str) -> str:
    """`2_3.0` as `cp_3`, `0` as `age`."""
    index, _, level = key.partition("_")
    return f"{RAW[int(index)]}_{float(level):g}" if level else RAW[int(index)]


def _weights(features: list[str], intercept: float, coefficients: list[float]) -> Weights:
    return {"features": features, "intercept": intercept, "coefficients": coefficients}


def main(reference: Path, out: Path) -> None:
    """Write one weights file per model."""
    out.mkdir(parents=True, exist_ok=True)
    for name, weights in read_models(reference).items():
        (out / f"{name}.json").write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
