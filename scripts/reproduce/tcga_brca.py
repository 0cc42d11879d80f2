"""TCGA-BRCA: FLamby's five runs of "Pooled Training" at six regions."""

import csv
from pathlib import Path

from medeval.cli.federation import Stage
from medeval.cli.plays import Play, PlayedSite, data_of
from medeval.packaging.shipped import shipped
from scripts.reproduce.federation import Reproduction, load_script
from scripts.reproduce.figures import Key

SEEDS = (42, 43, 44, 45, 46)
SITES = ("northeast", "south", "west", "midwest", "europe", "canada")

_FOLDER = shipped("benchmarks", "tcga-brca")
_MODELS = load_script(_FOLDER / "reproduce_models.py")


def published(reference: Path) -> dict[Key, float]:
    """The published values per run and region; those of all test rows together need pairs across regions."""
    figures = {}
    for seed in SEEDS:
        with (reference / "published" / f"tcga_seed{seed}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                test = row["Test"].removeprefix("client_test_")
                if row["Method"] == _MODELS.METHOD and test.isdigit():
                    figures[_MODELS.model_name(str(seed)), "harrell_c", SITES[int(test)]] = float(row["Metric"])
    return figures


def _make_data(stage: Stage, source: Path | None) -> dict[str, Path]:
    given = ("--data", str(source)) if source else ()
    stage.run_script(_FOLDER / "fetch.py", data_of(stage), *given)
    return {site: data_of(stage) / site for site in SITES}


BENCHMARK = Reproduction(
    play=Play(
        benchmark="tcga-brca",
        headline="six regions, public data",
        dataset="brca",
        sites=tuple(PlayedSite(site, site.title()) for site in SITES),
        models=(),
        make_data=_make_data,
    ),
    data="tcga_brca",
    cube="linear-risk",
    count=len(SEEDS) * len(SITES),
    write_models=_MODELS.main,
    published=published,
)
