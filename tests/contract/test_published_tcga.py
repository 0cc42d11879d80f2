"""FLamby's published figures of TCGA-BRCA, without containers (`make reproduce` has them through containers)."""

import csv
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from medeval.domain.families.survival import SurvivalPlan
from medeval.domain.result import Evaluation
from medeval.metrics.concordance import pair_counts
from medeval.metrics.evaluate import evaluate
from medeval.metrics.survival_cases import SurvivalCases, read_cases
from medeval.stats.families.survival import measure
from medeval.stats.measure import Measured
from tests.cube_process import check_cube, load_script, read_draft

DRAFT = read_draft("tcga-brca")
PLAN = SurvivalPlan.from_plain(DRAFT["analysis"])
PARAMETERS = DRAFT["preparator"]["parameters"]
SEEDS = ("42", "43", "44", "45", "46")
#: Censored cases and deaths among the test rows.
TEST_CASES = {
    "northeast": [49, 14],
    "south": [36, 4],
    "west": [34, 8],
    "midwest": [30, 3],
    "europe": [31, 2],
    "canada": [10, 1],
}
SITES = tuple(TEST_CASES)


@pytest.fixture(scope="module")
def prepared(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The six regions' prepared datasets."""
    folder = tmp_path_factory.mktemp("regions")
    raw = load_script("benchmarks/tcga-brca/fetch.py").fetch(folder / "raw", shared_dir / "data/tcga_brca")
    for site, source in raw.items():
        check_cube("tabular-preparator", "prepare", {"data": source}, folder / site, PARAMETERS)
    return {site: folder / site for site in raw}


@pytest.fixture(scope="module")
def predicted(
    prepared: dict[str, Path], shared_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Path]:
    """A folder with predictions and labels by seed and region."""
    models = load_script("benchmarks/tcga-brca/reproduce_models.py")
    linear = load_script("mlcubes/linear-risk/src/main.py")
    weights = models.read_models(shared_dir / "reference")
    assert len(weights) == len(SEEDS)
    return {
        (seed, site): infer(linear, weights[models.model_name(seed)], prepared[site], tmp_path_factory.mktemp(seed))
        for seed in SEEDS
        for site in SITES
    }


def infer(linear: ModuleType, weights: dict[str, Any], prepared: Path, scratch: Path) -> Path:
    (scratch / "weights").write_text(json.dumps(weights))
    (scratch / "parameters.json").write_text(json.dumps({"interface": DRAFT["model_interface"]}))
    (scratch / "cases").symlink_to(prepared / "cases")
    linear.infer(scratch, scratch)
    (scratch / "labels.csv").symlink_to(prepared / "labels.csv")
    return scratch


def published(shared: Path, seed: str) -> dict[str, float]:
    """The published figures of "Pooled Training" by test set."""
    with (shared / f"reference/published/tcga_seed{seed}.csv").open(newline="") as file:
        return {row["Test"]: float(row["Metric"]) for row in csv.DictReader(file) if row["Method"] == "Pooled Training"}


def evaluation_of(folder: Path) -> Evaluation:
    plain = evaluate(folder, {"analysis": DRAFT["analysis"], "interface": DRAFT["model_interface"]})
    return Evaluation.from_plain(plain)


def value_of(evaluation: Evaluation) -> float:
    found = measure(evaluation, "harrell_c", PLAN)
    assert isinstance(found, Measured)
    return found.value


def test_cases_of_each_region(prepared: dict[str, Path], tmp_path: Path) -> None:
    for site, folder in prepared.items():
        inputs = {"cases": folder / "cases", "labels.csv": folder / "labels.csv"}
        check_cube("tabular-preparator", "sanity_check", inputs, tmp_path / "check" / site, PARAMETERS)
        out = check_cube("tabular-preparator", "statistics", inputs, tmp_path / site, PARAMETERS)
        statistics = json.loads((out / "statistics.json").read_text())
        assert statistics == {"cases": sum(TEST_CASES[site]), "per_class": TEST_CASES[site]}


def test_thirty_figures_of_regions(predicted: dict[tuple[str, str], Path], shared_dir: Path) -> None:
    for (seed, site), folder in predicted.items():
        evaluation = evaluation_of(folder)
        assert PLAN.check_states(evaluation.cases, evaluation.states) == tuple(TEST_CASES[site])
        expected = published(shared_dir, seed)[f"client_test_{SITES.index(site)}"]
        assert value_of(evaluation) == pytest.approx(expected, abs=1e-12, rel=0), (seed, site)


def test_five_figures_of_all_test_rows(predicted: dict[tuple[str, str], Path], shared_dir: Path) -> None:
    """Published with pairs across regions, which no site can form: only with the rows themselves in one place."""
    for seed in SEEDS:
        cases = [read_cases(predicted[seed, site], DRAFT["model_interface"], DRAFT["analysis"]) for site in SITES]
        found = concordance(join(cases))
        assert found == pytest.approx(published(shared_dir, seed)["Pooled Test"], abs=1e-12, rel=0)


def test_regions_add_up_to_pairs_within_regions(predicted: dict[tuple[str, str], Path]) -> None:
    for seed in SEEDS:
        evaluations = [evaluation_of(predicted[seed, site]) for site in SITES]
        merged = evaluations[0]
        for other in evaluations[1:]:
            merged = merged.merge(other)
        cases = [read_cases(predicted[seed, site], DRAFT["model_interface"], DRAFT["analysis"]) for site in SITES]
        counts = [pair_counts(case.time, case.event, case.risk) for case in cases]
        won = sum(count.concordant + count.tied / 2 for count in counts)
        assert value_of(merged) == pytest.approx(won / sum(count.comparable for count in counts), abs=1e-15)


def concordance(cases: SurvivalCases) -> float:
    counts = pair_counts(cases.time, cases.event, cases.risk)
    return (counts.concordant + counts.tied / 2) / counts.comparable


def join(cases: list[SurvivalCases]) -> SurvivalCases:
    time, event, risk = (np.concatenate([getattr(case, name) for case in cases]) for name in ("time", "event", "risk"))
    return SurvivalCases(time, event, risk)
