"""Hippocampus: a no-training atlas on twelve volumes, dealt out to three artificial sites."""

from pathlib import Path

from medeval.cli.federation import Stage
from medeval.cli.plays import Play, PlayedSite, data_of
from medeval.errors import UsageError
from medeval.packaging.shipped import shipped
from scripts.reproduce.federation import Reproduction, load_script
from scripts.reproduce.figures import ALL_CASES, Key

SITES = ("first", "second", "third")
#: The mean Dice over the twelve volumes, published with the data to four decimals.
PUBLISHED = {"dsc/anterior": 0.7592, "dsc/posterior": 0.6771}

_FOLDER = shipped("benchmarks", "hippocampus")


def published(reference: Path) -> dict[Key, float]:
    """The two values, which are over all cases of all sites."""
    del reference
    return {("atlas", metric, ALL_CASES): value for metric, value in PUBLISHED.items()}


def _write_models(reference: Path, out: Path) -> None:
    load_script(_FOLDER / "reproduce_models.py").main(reference.parent / "data" / "hippocampus", out)


def _make_data(stage: Stage, source: Path | None) -> dict[str, Path]:
    if source is None:
        raise UsageError("hippocampus needs its volumes", "Name the folder that holds images and labels.")
    stage.run_script(_FOLDER / "make_sites.py", source, data_of(stage))
    return {site: data_of(stage) / site for site in SITES}


BENCHMARK = Reproduction(
    play=Play(
        benchmark="hippocampus",
        headline="real MRI of one centre, three artificial sites",
        dataset="volumes",
        sites=tuple(PlayedSite(site, f"{site.title()} (artificial)") for site in SITES),
        models=(),
        make_data=_make_data,
    ),
    data="hippocampus",
    cube="atlas",
    count=len(PUBLISHED),
    write_models=_write_models,
    published=published,
    digits=4,
)
