"""What the demo can play: benchmarks, their sites, and models that their owners train before it begins."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from medeval.cli.federation import Stage
from medeval.errors import UsageError
from medeval.packaging.shipped import shipped


@dataclass(frozen=True)
class PlayedSite:
    """A site: its short name, and the name that people read."""

    name: str
    title: str


@dataclass(frozen=True)
class PlayedModel:
    """A model: its name, its cube, and how its training script is called on a training table."""

    name: str
    cube: str
    table: str
    options: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The cube's folder, as short as it can be written."""
        return _near(shipped("mlcubes", self.cube))


@dataclass(frozen=True)
class Play:
    """One federation. `make_data(stage, source)` writes each site's raw data, and training tables, below `data_of`."""

    benchmark: str
    headline: str
    dataset: str
    sites: tuple[PlayedSite, ...]
    models: tuple[PlayedModel, ...]
    make_data: Callable[[Stage, Path | None], dict[str, Path]]

    @property
    def folder(self) -> Path:
        """The benchmark's folder, as short as it can be written."""
        return _near(shipped("benchmarks", self.benchmark))

    def train(self, stage: Stage, weights: Path) -> None:
        """Train each model on its table, with the script in its cube's folder."""
        weights.mkdir(parents=True, exist_ok=True)
        for model in self.models:
            table, out = data_of(stage) / model.table, weights / f"{model.name}.json"
            stage.run_script(model.folder / "train.py", table, "--out", out, *model.options)


def data_of(stage: Stage) -> Path:
    """Where raw data and training tables lie."""
    return stage.folder / "data"


def find_play(name: str) -> Play:
    """The play of that name; raises `UsageError`."""
    plays = {play.benchmark: play for play in (BREAST_CANCER, HEART_DISEASE)}
    if name not in plays:
        raise UsageError(f"there is no demo {name[:40]!r}", f"Choose {' or '.join(plays)}.")
    return plays[name]


def _breast_data(stage: Stage, source: Path | None) -> dict[str, Path]:
    """The data that scikit-learn ships, cut into four artificial sites and a fifth to train on."""
    if source is not None:
        raise UsageError("breast-cancer brings its own data", "Leave --data out.")
    stage.run_script(BREAST_CANCER.folder / "make_sites.py", data_of(stage))
    return {site.name: data_of(stage) / site.name for site in BREAST_CANCER.sites}


def _heart_data(stage: Stage, source: Path | None) -> dict[str, Path]:
    """The four hospitals' files, checked against their published digests, and training tables of their other part."""
    folder = data_of(stage)
    given = ("--data", str(source)) if source else ()
    stage.run_script(HEART_DISEASE.folder / "fetch.py", folder, *given)
    sources = {site.name: folder / site.name for site in HEART_DISEASE.sites}
    parts = {name: _training_part(stage, raw, folder / "training" / name) for name, raw in sources.items()}
    stage.note(f"# {folder / 'training'}: cleveland.csv and all.csv join cases.csv and labels.csv of these outputs")
    _write_table(folder / "training" / "cleveland.csv", [parts["cleveland"]])
    _write_table(folder / "training" / "all.csv", parts.values())
    return sources


def _training_part(stage: Stage, raw: Path, target: Path) -> Path:
    """The training rows that the benchmark's protocol leaves out of the cases, prepared by its own preparator."""
    import yaml

    draft = yaml.safe_load((HEART_DISEASE.folder / "benchmark.yaml").read_text("utf-8"))
    parameters = draft["preparator"]["parameters"]
    parameters["split"]["cases"] = "train"
    given, out = target / "in", target / "out"
    given.mkdir(parents=True)
    out.mkdir()
    (given / "data").symlink_to(raw.resolve())
    (given / "parameters.json").write_text(json.dumps(parameters), "utf-8")
    script = _near(shipped("mlcubes", "tabular-preparator")) / "src" / "main.py"
    stage.run_script(script, "prepare", "--input", given, "--output", out)
    return out


def _write_table(file: Path, parts: Iterable[Path]) -> None:
    """Prepared parts below each other as one table, features and label."""
    rows = [row for part in parts for row in _rows(part)]
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _rows(part: Path) -> list[dict[str, str]]:
    labels = {row["case_id"]: row["label"] for row in _read(part / "labels.csv")}
    cases = _read(part / "cases" / "cases.csv")
    return [{**row, "label": labels[row["case_id"]]} for row in cases]


def _read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _near(path: Path) -> Path:
    """A path below the working folder is shown, and typed, relative to it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else Path(relative)


BREAST_CANCER = Play(
    benchmark="breast-cancer",
    headline="four artificial sites, public data",
    dataset="masses",
    sites=(
        PlayedSite("north", "North (artificial)"),
        PlayedSite("south", "South (artificial)"),
        PlayedSite("east", "East (artificial)"),
        PlayedSite("west", "West (artificial)"),
    ),
    models=(
        PlayedModel("logistic", "logistic", "development/train.csv", ("--label", "malignant", "--standardise")),
        PlayedModel("boosted-trees", "gradient-boosting", "development/train.csv", ("--label", "malignant")),
    ),
    make_data=_breast_data,
)

HEART_DISEASE = Play(
    benchmark="heart-disease",
    headline="four real hospitals, public data",
    dataset="heart",
    sites=(
        PlayedSite("cleveland", "Cleveland Clinic"),
        PlayedSite("hungarian", "Hungarian Institute of Cardiology"),
        PlayedSite("switzerland", "Zurich and Basel"),
        PlayedSite("va", "VA Long Beach"),
    ),
    models=(
        PlayedModel("newton-lr", "logistic", "training/all.csv", ()),
        PlayedModel("cleveland-only", "logistic", "training/cleveland.csv", ()),
        PlayedModel("boosted-trees", "gradient-boosting", "training/all.csv", ()),
    ),
    make_data=_heart_data,
)
