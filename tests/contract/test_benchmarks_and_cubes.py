"""What comes with medeval keeps its own contracts: manifests, drafts, locks, rehearsal data, golden results."""

import functools
import http.server
import importlib.util
import json
import re
import threading
from pathlib import Path

import numpy as np
import pytest

from medeval.domain.benchmark import BenchmarkDraft
from medeval.domain.families.binary import BinaryPlan
from medeval.domain.package import CubeKind, MLCubeManifest
from medeval.domain.policies import HOSPITAL, PUBLIC_DATA, DisclosurePolicy
from medeval.errors import DataError, DigestMismatch
from medeval.packaging.manifest import load_manifest, load_yaml
from medeval.packaging.publish import check_draft
from tests.cube_process import ROOT, check_cube, evaluate_model, load_script, read_draft

CUBES = sorted(path.parent.name for path in ROOT.glob("mlcubes/*/mlcube.yaml"))
BENCHMARKS = sorted(path.parent.name for path in ROOT.glob("benchmarks/*/benchmark.yaml"))
#: Cubes that need numpy alone: equal locks and commands give equal layers, sent and stored once.
NUMPY_CUBES = ("tabular-evaluator", "gradient-boosting", "linear-risk", "logistic")
#: Benchmarks of tables, and the cube of the weights beside each one's golden result.
TABLES = {"breast-cancer": "logistic", "heart-disease": "logistic", "tcga-brca": "linear-risk"}


def test_what_comes_with_medeval() -> None:
    assert set(BENCHMARKS) >= {"breast-cancer", "heart-disease", "tcga-brca"}
    tables = {"gradient-boosting", "linear-risk", "logistic", "mlp", "tabular-evaluator", "tabular-preparator"}
    assert set(CUBES) >= tables


@pytest.mark.parametrize("cube", CUBES)
def test_manifest(cube: str) -> None:
    folder = ROOT / "mlcubes" / cube
    manifest = load_manifest(folder)
    assert manifest.name == cube
    assert manifest.kind in CubeKind
    assert (folder / manifest.entrypoint[-1]).is_file()
    assert (folder / "README.md").read_text().startswith(f"# {cube}\n")
    assert MLCubeManifest.from_json(manifest.to_canonical()) == manifest


@pytest.mark.parametrize("cube", CUBES)
def test_dockerfile_fetches_nothing_and_takes_the_lock_by_hash(cube: str) -> None:
    text = (ROOT / "mlcubes" / cube / "Dockerfile").read_text()
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"python:3.11-slim-bookworm"}
    installs = re.findall(r"pip install.*", text)
    assert installs
    assert all("--no-index" in line for line in installs)
    assert "--require-hashes" in installs[0]
    assert "COPY wheels" not in text.split("FROM ")[-1]


@pytest.mark.parametrize("cube", CUBES)
def test_lock_is_pinned_and_hashed_without_an_index_or_torch(cube: str) -> None:
    text = (ROOT / "mlcubes" / cube / "requirements.txt").read_text()
    assert "://" not in text
    assert not re.search(r"^--", text, re.MULTILINE)
    pins = re.findall(r"^([a-z0-9-]+)(==[0-9.]+) \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\w", text, re.MULTILINE)) > 0
    assert "torch" not in dict(pins)


def test_cubes_of_numpy_alone_share_their_layers() -> None:
    locks = {(ROOT / "mlcubes" / cube / "requirements.txt").read_bytes() for cube in NUMPY_CUBES}
    stages = {(ROOT / "mlcubes" / cube / "Dockerfile").read_text().split("\nFROM ")[0] for cube in NUMPY_CUBES}
    ends = {(ROOT / "mlcubes" / cube / "Dockerfile").read_text().split("\nFROM ")[-1] for cube in NUMPY_CUBES}
    assert (len(locks), len(stages), len(ends)) == (1, 1, 1)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_draft(name: str) -> None:
    folder = ROOT / "benchmarks" / name
    draft = check_draft(folder)
    assert draft == load_yaml(folder / "benchmark.yaml", BenchmarkDraft)
    assert draft.name == name
    if isinstance(draft.analysis, BinaryPlan):
        assert draft.analysis.threshold in draft.analysis.score_edges[1:-1]
        assert 20 <= len(draft.analysis.score_edges) - 1 <= 40
    assert (folder / "README.md").is_file()


def test_disclosure_policies_of_public_data() -> None:
    policies = {name: check_draft(ROOT / "benchmarks" / name).disclosure for name in TABLES}
    exact = {"name": "exact-counts", "min_cell": 0, "round_to": 1, "max_bits": 10_000}
    counts = DisclosurePolicy.model_validate(HOSPITAL.model_dump() | exact)
    assert policies == {"breast-cancer": counts, "heart-disease": PUBLIC_DATA, "tcga-brca": PUBLIC_DATA}


@pytest.mark.parametrize("name", TABLES)
def test_rehearsal_data_is_what_its_generator_writes(name: str, tmp_path: Path) -> None:
    committed = ROOT / "benchmarks" / name / "synthetic/data"
    load_script(f"benchmarks/{name}/synthetic/generate.py").main(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        path.name: path.read_text() for path in committed.iterdir()
    }


@pytest.mark.parametrize("name", TABLES)
def test_golden_result_on_rehearsal_data(name: str, tmp_path: Path) -> None:
    folder, draft = ROOT / "benchmarks" / name, read_draft(name)
    parameters = draft["preparator"]["parameters"]
    prepared = check_cube(
        "tabular-preparator", "prepare", {"data": folder / "synthetic/data"}, tmp_path / "p", parameters
    )
    header = (prepared / "cases/cases.csv").read_text().splitlines()[0].split(",")
    assert header == ["case_id", *draft["model_interface"]["features"]]
    inputs = {"cases": prepared / "cases", "labels.csv": prepared / "labels.csv"}
    check_cube("tabular-preparator", "sanity_check", inputs, tmp_path / "c", parameters)
    counted = check_cube("tabular-preparator", "statistics", inputs, tmp_path / "s", parameters)
    expected = folder / "expected"
    assert json.loads((counted / "statistics.json").read_text()) == json.loads(
        (expected / "statistics.json").read_text()
    )
    found = evaluate_model(draft, TABLES[name], expected / "weights.json", prepared, tmp_path / "o")
    assert found == json.loads((expected / "result.json").read_text())


def test_artificial_sites_share_no_row_and_pass_the_strict_policy(tmp_path: Path) -> None:
    script = load_script("benchmarks/breast-cancer/make_sites.py")
    folders = script.make_sites(tmp_path)
    assert list(folders) == ["development", "north", "south", "east", "west"]
    tables = {name: next(folder.iterdir()).read_text().splitlines() for name, folder in folders.items()}
    draft = check_draft(ROOT / "benchmarks/breast-cancer")
    header = ",".join([*draft.model_interface.features, "malignant"])
    assert {rows[0] for rows in tables.values()} == {header}
    rows = [row for table in tables.values() for row in table[1:]]
    assert len(rows) == len(set(rows)) == 569
    assert sum(row.endswith(",1") for row in rows) == 212
    for name in script.SITES:
        positive = sum(row.endswith(",1") for row in tables[name][1:])
        assert len(tables[name]) - 1 >= HOSPITAL.min_cases
        assert min(positive, len(tables[name]) - 1 - positive) >= HOSPITAL.min_per_class
    again = script.make_sites(tmp_path / "again")
    assert {name: next(folder.iterdir()).read_text().splitlines() for name, folder in again.items()} == tables


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name is the base class's
        pass


@pytest.fixture
def fetch():
    return load_script("benchmarks/heart-disease/fetch.py").fetch


def serve(folder: Path) -> http.server.ThreadingHTTPServer:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def test_fetch_from_a_folder_and_from_a_server(shared_dir: Path, tmp_path: Path, fetch) -> None:
    copied = fetch(tmp_path / "copied", shared_dir / "data/heart")
    server = serve(shared_dir / "data/heart")
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        loaded = fetch(tmp_path / "loaded", source=address)
    finally:
        server.shutdown()
        server.server_close()
    assert list(copied) == list(loaded) == ["cleveland", "hungarian", "switzerland", "va"]
    for site, folder in loaded.items():
        name = f"processed.{site}.data"
        assert [path.name for path in folder.iterdir()] == [name]
        assert (folder / name).read_bytes() == (copied[site] / name).read_bytes()
    # What is there is not fetched again: the server is gone.
    assert fetch(tmp_path / "loaded", source=address) == loaded


def test_fetch_refuses_other_bytes(tmp_path: Path, fetch) -> None:
    (tmp_path / "processed.cleveland.data").write_text("63,1,1\n")
    with pytest.raises(DigestMismatch):
        fetch(tmp_path / "out", tmp_path)
    assert not (tmp_path / "out").exists()


def test_fetch_without_a_source(tmp_path: Path, fetch) -> None:
    with pytest.raises(DataError, match=r"no readable processed\.cleveland\.data"):
        fetch(tmp_path / "out", tmp_path)
    with pytest.raises(DataError, match="could not be downloaded"):
        fetch(tmp_path / "out", source="http://127.0.0.1:9")


def test_published_weights_become_weights_files(tmp_path: Path) -> None:
    """On a small reference of the same form; the real one is held against the published figures."""
    (tmp_path / "heart_columns.json").write_text('["0", "2_3.0"]')
    run = {"linear.weight": [[0.5, 0.25]], "linear.bias": [-1.0]}
    (tmp_path / "heart_weights.json").write_text(json.dumps({"42|Pooled Training": run, "46|FedAvg100": run}))
    np.savetxt(tmp_path / "nvflare_theta.txt", [0.125, 2.0, 3.0])
    load_script("benchmarks/heart-disease/reproduce_models.py").main(tmp_path, tmp_path / "out")
    found = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "out").iterdir()}
    flamby = {"features": ["age", "cp_3"], "intercept": -1.0, "coefficients": [0.5, 0.25]}
    hello = {"features": ["age", "cp_3"], "intercept": 0.125, "coefficients": [2.0, 3.0]}
    assert found == {"pooled-training-s42": flamby, "fedavg100-s46": flamby, "hello-lr": hello}


def test_scripts_stand_alone() -> None:
    """Nothing in a cube imports another folder's code."""
    for path in ROOT.glob("mlcubes/*/src/*.py"):
        names = set(re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(), re.MULTILINE))
        near = {file.stem for file in path.parent.glob("*.py")}
        foreign = {name for name in names - near if importlib.util.find_spec(name) is None}
        assert foreign <= {"torch"}, path.parent.parent.name


@pytest.fixture
def regions():
    return load_script("benchmarks/tcga-brca/fetch.py")


def test_fetch_of_regions_from_a_folder_and_from_a_server(shared_dir: Path, tmp_path: Path, regions) -> None:
    copied = regions.fetch(tmp_path / "copied", shared_dir / "data/tcga_brca")
    served = tmp_path / "served"
    (served / regions.FOLDER[regions.SPLIT]).mkdir(parents=True)
    for name, folder in regions.FOLDER.items():
        (served / folder / name).write_bytes((shared_dir / "data/tcga_brca" / name).read_bytes())
    server = serve(served)
    try:
        loaded = regions.fetch(tmp_path / "loaded", source=f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
    assert list(copied) == list(loaded) == ["northeast", "south", "west", "midwest", "europe", "canada"]
    tables = {site: (folder / "clinical.csv").read_text() for site, folder in loaded.items()}
    assert tables == {site: (folder / "clinical.csv").read_text() for site, folder in copied.items()}
    assert sum(len(table.splitlines()) - 1 for table in tables.values()) == 1088
    assert not any("TCGA-" in table for table in tables.values())
    features = read_draft("tcga-brca")["model_interface"]["features"]
    assert {table.splitlines()[0] for table in tables.values()} == {",".join([*features, "time", "event", "part"])}


def test_fetch_of_regions_refuses_other_bytes_and_no_source(tmp_path: Path, regions) -> None:
    (tmp_path / regions.ROWS).write_text("pid,E,T\n")
    with pytest.raises(DigestMismatch):
        regions.fetch(tmp_path / "out", tmp_path)
    (tmp_path / regions.ROWS).unlink()
    with pytest.raises(DataError, match=r"no readable brca\.csv"):
        regions.fetch(tmp_path / "out", tmp_path)
    with pytest.raises(DataError, match="could not be downloaded"):
        regions.fetch(tmp_path / "out", source="http://127.0.0.1:9")
    assert not (tmp_path / "out").exists()


def test_published_risks_become_weights_files(tmp_path: Path) -> None:
    """On a small reference of the same form; the real one is held against the published figures."""
    (tmp_path / "tcga_columns.json").write_text('["age", "diagnosis_Carcinoma, NOS"]')
    run = {"fc.weight": [[0.5, 0.25]], "fc.bias": [-1.0]}
    (tmp_path / "tcga_weights.json").write_text(json.dumps({"42|Pooled Training": run, "46|FedAvg100": run}))
    load_script("benchmarks/tcga-brca/reproduce_models.py").main(tmp_path, tmp_path / "out")
    found = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "out").iterdir()}
    features = ["age", "diagnosis_carcinoma_nos"]
    assert found == {
        "pooled-training-s42": {"features": features, "intercept": -1.0, "coefficients": [0.5, 0.25]},
    }
