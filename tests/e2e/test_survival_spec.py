"""Brier scores, O:E, AUC and the rest of survival, from raw tables to the board: no container engine is needed."""

import csv
import json
import shutil
import tempfile
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lifelines.utils import concordance_index

from medeval.domain.result import Evaluation
from medeval.metrics.survival_cases import SurvivalCases
from medeval.stats.families.survival import measure
from medeval.stats.measure import Measured
from tests.cube_process import ROOT
from tests.federation import Federation, Server, Site
from tests.survival_samples import evaluate, plan_of

pytestmark = pytest.mark.bubblewrap

SITES = {"north": 90, "south": 70, "east": 60}
TIMES, AFTER = (30.0, 60.0), ("auc@30", "auc@60", "brier@30", "brier@60", "oe@30", "oe@60")
METRICS = ("harrell_c", "uno_c", *AFTER, "ibs")
WEIGHTS = {
    "intercept": -3.2,
    "coefficients": [0.05, 1.5],
    "features": ["age", "marker"],
    "baseline": {"times": list(TIMES), "survival": [0.7, 0.45]},
}
ANALYSIS: dict[str, Any] = {
    "task": "survival",
    "primary_metric": "harrell_c",
    "time_edges": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 75.0],
    "times": list(TIMES),
    "tau": 60.0,
    "score_edges": [-1.0, -0.5, 0.0, 0.5, 1.0],
    "outputs": "risk+probabilities",
    "exact_scalars": True,
}
DRAFT = {
    "format": "medeval/benchmark@1",
    "name": "follow-up",
    "version": "1.0.0",
    "title": "Invented follow-up",
    "question": "Who has the event first, and by when?",
    "description": "Invented patients, followed until an event or until they are lost.",
    "data_class": "public",
    "data_label": "invented",
    "model_interface": {"case_id": "case_id", "features": ["age", "marker"], "score": "score"},
    "metrics": [{"name": name, "decimals": 3} for name in METRICS],
    "analysis": ANALYSIS,
    "disclosure": "public-data",
    "preparator": {
        "folder": "tabular-preparator",
        "parameters": {"numeric": ["age", "marker"], "target": {"time": "time", "event": "event"}},
    },
    "evaluator": {"folder": "tabular-evaluator"},
    "rehearsal": {"folder": "rehearsal"},
}


def write_table(folder: Path, cases: int, seed: int) -> Path:
    """Ages, a marker, and days until the event or until the patient was lost."""
    rng = np.random.default_rng(seed)
    age, marker = rng.integers(40, 80, cases), np.round(rng.random(cases), 2)
    death = rng.exponential(60 * np.exp(-(0.05 * age + 1.5 * marker - 3.4)))
    lost = rng.uniform(15, 100, cases)
    time, event = np.ceil(np.minimum(death, lost)).astype(int), (death <= lost).astype(int)
    folder.mkdir(parents=True)
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["age", "marker", "time", "event"])
        writer.writerows(zip(age.tolist(), marker.tolist(), time.tolist(), event.tolist(), strict=True))
    return folder


def read_cases(folder: Path) -> SurvivalCases:
    """The cases of a table as the model sees them: a linear score, and proportional hazards."""
    with (folder / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    age, marker, time, event = (np.array([row[name] for row in rows]) for name in ("age", "marker", "time", "event"))
    risk = np.column_stack([age, marker]) @ np.array([0.05, 1.5]) - 3.2
    free = np.array([0.7, 0.45])
    return SurvivalCases(time, event == 1, risk, -np.expm1(np.log(free) * np.exp(risk)[:, None]))


@pytest.fixture(scope="module")
def federation() -> Iterator[Federation]:
    """A server, and three sites that run sealed processes."""
    with tempfile.TemporaryDirectory(prefix="medeval-survival-") as name:
        folder, server = Path(name), Server(Path(name, "server"))
        server.start()
        try:
            found = Federation(folder, server)
            play(found)
            yield found
        finally:
            server.stop()


def play(federation: Federation) -> None:
    """Everything that people type, up to the release of three results."""
    folder = federation.folder
    for party in ("operator", "committee", "model-owner"):
        token = federation.server.data_dir / "tokens" / f"{party}.token"
        federation.told(party, "login", federation.server.address, "--token-file", token)
    assert federation.run("committee", "benchmark", "init", folder / "follow-up").returncode == 0
    (folder / "follow-up/benchmark.yaml").write_text(json.dumps(DRAFT))
    shutil.rmtree(folder / "follow-up/rehearsal")
    write_table(folder / "follow-up/rehearsal", 50, seed=9)
    federation.told("committee", "benchmark", "publish", folder / "follow-up", "--runtime", "bubblewrap")
    weights = folder / "weights.json"
    weights.write_text(json.dumps(WEIGHTS))
    words = ("--benchmark", "follow-up", "--weights", weights, "--name", "linear", "--runtime", "bubblewrap")
    federation.told("model-owner", "model", "submit", ROOT / "mlcubes/linear-risk", *words)
    for seed, (name, cases) in enumerate(SITES.items()):
        federation.open_site(name, "bubblewrap")
        raw = write_table(folder / f"raw-{name}", cases, seed)
        federation.told(name, "dataset", "add", "ward", "--benchmark", "follow-up", "--data", raw, "--title", "A ward")
        federation.told(name, "dataset", "join", "ward")
    federation.told("committee", "benchmark", "approve", "follow-up", "--all")
    for name in SITES:
        site = Site(federation, federation.home(name))
        site.told("site", "allow", "linear@1.0.0")
        assert site.told("site", "run")["waiting"] == 1
        site.told("result", "release", "linear")


@pytest.fixture(scope="module")
def board(federation: Federation) -> dict[str, Any]:
    return dict(federation.told("committee", "leaderboard", "show", "follow-up"))


def evaluations(federation: Federation) -> list[Evaluation]:
    """What the sites' evaluators must have written, made here from the raw tables."""
    plan = plan_of(**ANALYSIS)
    return [evaluate(read_cases(federation.folder / f"raw-{name}"), plan) for name in SITES]


def test_every_site_shows_every_metric(federation: Federation, board: dict[str, Any]) -> None:
    (row,) = board["rows"]
    plan, places = plan_of(**ANALYSIS), [column["dataset"].partition("/")[0] for column in board["columns"]]
    for name, evaluation in zip(SITES, evaluations(federation), strict=True):
        cell = row["cells"][places.index(name)]
        shown = {item["metric"]: item["estimate"] for item in cell["estimates"]}
        for metric in METRICS:
            expected = measure(evaluation, metric, plan)
            assert isinstance(expected, Measured)
            assert shown[metric]["value"] == pytest.approx(expected.value, rel=1e-9), metric
            assert shown[metric]["low"] < shown[metric]["value"] < shown[metric]["high"]
        cases = read_cases(federation.folder / f"raw-{name}")
        harrell = concordance_index(cases.time, -cases.risk, cases.event)
        assert shown["harrell_c"]["value"] == pytest.approx(harrell, abs=1e-12)


def test_the_board_pools_every_metric(federation: Federation, board: dict[str, Any]) -> None:
    (row,) = board["rows"]
    plan, merged = plan_of(**ANALYSIS), reduce(Evaluation.merge, evaluations(federation))
    assert (row["sites"], row["counts"]["cases"]) == (3, sum(SITES.values()))
    assert [pooled["metric"] for pooled in row["pooled"]] == list(METRICS)
    for metric, pooled in zip(METRICS, row["pooled"], strict=True):
        expected = measure(merged, metric, plan)
        assert isinstance(expected, Measured)
        assert pooled["all_cases"]["value"] == pytest.approx(expected.value, rel=1e-9), metric
        assert pooled["all_cases"]["method"] == expected.method.value
        estimate = pooled["estimate"]
        assert estimate["method"] == "random-effects-reml-hksj"
        assert estimate["low"] < estimate["value"] < estimate["high"], metric


def test_the_terminal_names_every_metric(federation: Federation) -> None:
    text = federation.run("committee", "leaderboard", "show", "follow-up").stdout
    for word in ("Harrell's C", "Uno's C", "AUC", "Brier", "O:E"):
        assert word in text, text
