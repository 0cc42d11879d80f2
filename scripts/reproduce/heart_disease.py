"""Heart disease: 31 models at four hospitals, 30 runs of FLamby and NVIDIA FLARE's hello-lr."""

import csv
from pathlib import Path

from medeval.cli.plays import HEART_DISEASE
from medeval.packaging.shipped import shipped
from scripts.reproduce.federation import Reproduction, load_script
from scripts.reproduce.figures import Key

SEEDS = (42, 43, 44, 45, 46)
METHODS = ("Pooled Training", "Local 0", "Local 1", "Local 2", "Local 3", "FedAvg100")
SITES = ("cleveland", "hungarian", "switzerland", "va")
#: NVIDIA FLARE calls the positive predictive value precision.
HELLO_LR = {
    "accuracy": (0.75, 0.7528089887640449, 0.75, 0.6),
    "ppv": (0.7115384615384616, 0.6122448979591837, 1.0, 0.9047619047619048),
}

_MODELS = load_script(shipped("benchmarks", "heart-disease") / "reproduce_models.py")


def published(reference: Path) -> dict[Key, float]:
    """The published values: FLamby's per run, method and hospital, and hello-lr's."""
    figures = {}
    for seed in SEEDS:
        with (reference / "published" / f"heart_seed{seed}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                test = row["Test"].removeprefix("client_test_")
                if row["Method"] in METHODS and test.isdigit():
                    model = _MODELS.model_name(str(seed), row["Method"])
                    figures[model, "accuracy", SITES[int(test)]] = float(row["Metric"])
    for metric, values in HELLO_LR.items():
        figures.update({("hello-lr", metric, site): value for site, value in zip(SITES, values, strict=True)})
    return figures


BENCHMARK = Reproduction(
    play=HEART_DISEASE,
    data="heart",
    cube="logistic",
    count=len(SEEDS) * len(METHODS) * len(SITES) + len(HELLO_LR) * len(SITES),
    write_models=_MODELS.main,
    published=published,
)
