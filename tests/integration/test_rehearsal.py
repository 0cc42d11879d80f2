"""A scaffolded benchmark and model, built and rehearsed as they are; then models that fail, each in its own way."""

import re
import tempfile
from pathlib import Path

import pytest

from medeval.domain.benchmark import BenchmarkSpec, RunLimits
from medeval.domain.package import Limits
from medeval.errors import (
    CubeExited,
    CubeOutOfMemory,
    CubeTimedOut,
    DataError,
    MissingColumn,
    NotFound,
    OutputTooLarge,
    RunFailed,
    ScoreNotFinite,
    ScoreOutOfRange,
    SpecError,
    WrongCases,
    WrongColumns,
    WroteNothing,
)
from medeval.packaging.archive import tar_folder
from medeval.packaging.progress import silent
from medeval.packaging.publish import check_draft, resolve
from medeval.packaging.rehearse import rehearse_benchmark, rehearse_model
from medeval.packaging.scaffold import new_benchmark, new_model
from medeval.packaging.store import BlobStore
from medeval.packaging.submit import ModelSource, model_cards
from medeval.runtime.choose import runtime_by_name

pytestmark = pytest.mark.bubblewrap


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("rehearsal")


@pytest.fixture(scope="module")
def store(root):
    return BlobStore(root / "blobs")


@pytest.fixture(scope="module")
def runtime(root):
    return runtime_by_name("bubblewrap", root / "cache")


@pytest.fixture(scope="module")
def draft_folder(root):
    new_benchmark(root / "example")
    return root / "example"


@pytest.fixture(scope="module")
def spec(draft_folder, runtime, store) -> BenchmarkSpec:
    spec = resolve(draft_folder, check_draft(draft_folder), runtime, store, silent)
    limits = RunLimits(infer=Limits(time_s=4, memory_bytes=256 * 1024**2, output_bytes=1024**2))
    return spec.model_copy(update={"limits": limits})


@pytest.fixture
def rehearse(tmp_path, spec, runtime, store):
    """Rehearses the scaffolded model after a change of its source."""

    def run(pattern: str = "", replacement: str = ""):
        new_model(tmp_path / "my-model")
        main = tmp_path / "my-model" / "src" / "main.py"
        source = main.read_text()
        changed = re.sub(pattern, lambda _: replacement, source, count=1) if pattern else source
        assert not pattern or changed != source
        main.write_text(changed)
        [card] = model_cards([ModelSource(tmp_path / "my-model")], runtime, store, silent)
        return rehearse_model(card, spec, runtime, store, silent)

    return run


def test_what_init_makes_passes_its_rehearsal(rehearse, draft_folder):
    evaluation = rehearse()
    assert evaluation.cases == len((draft_folder / "rehearsal" / "table.csv").read_text().splitlines()) - 1
    assert [state.kind for state in evaluation.states] == ["score-table"]


@pytest.mark.parametrize(
    ("pattern", "replacement", "error"),
    [
        (r"infer\(Path\(source\), Path\(target\)\)", "pass", WroteNothing),
        (r'interface\["score"\]\]', '"probability"]', WrongColumns),
        (r"writerows\(rows\)", "writerows(rows[1:])", WrongCases),
        (r"writerows\(rows\)", "writerows(rows + rows[:1])", WrongCases),
        (r"return 0\.5", "return float('nan')", ScoreNotFinite),
        (r"return 0\.5", "return ''", ScoreNotFinite),
        (r"return 0\.5", "return 1.5", ScoreOutOfRange),
        (r"return 0\.5", "raise SystemExit(1)", CubeExited),
        (r"return 0\.5", "raise ValueError", CubeExited),
        (r"return 0\.5", "while True: pass", CubeTimedOut),
        (r"return 0\.5", "return bytearray(2**29)", CubeOutOfMemory),
        (r"writerows\(rows\)", "writerows(rows * 100_000)", OutputTooLarge),
        (r'\(target / "predictions\.csv"\)\.open', 'Path("/in/labels.csv").open', CubeExited),
    ],
)
def test_each_failure_has_its_own_error(rehearse, pattern, replacement, error):
    with pytest.raises(RunFailed) as caught:
        rehearse(pattern, replacement)
    assert type(caught.value) is error
    assert caught.value.hint


def test_what_the_model_printed_comes_with_the_error(rehearse):
    with pytest.raises(CubeExited) as caught:
        rehearse(r"return 0\.5", "raise ValueError('\\x1b[31mno weights')")
    assert caught.value.log.endswith("ValueError: no weights")
    assert "Traceback" in caught.value.log
    assert "no weights" not in f"{caught.value.message} {caught.value.hint}"
    assert "model test" not in caught.value.hint


def test_labels_are_not_among_what_a_model_is_given(rehearse):
    with pytest.raises(CubeExited, match="exit code 40"):
        rehearse(r"return 0\.5", "raise SystemExit(40 if not list(Path('/in').rglob('*label*')) else 41)")


@pytest.mark.parametrize(
    ("table", "error"),
    [
        ("age,outcome\n50,1\n", MissingColumn),
        ("age,marker,outcome\nold,0.5,1\n", DataError),
        ("", DataError),
    ],
)
def test_raw_data_that_do_not_fit_are_told_before_any_site_sees_them(draft_folder, spec, runtime, store, table, error):
    blob = store.add_chunks(_one_file_tar("table.csv", table))
    with pytest.raises(error):
        rehearse_benchmark(spec.model_copy(update={"rehearsal": blob}), runtime, store, silent)


def test_the_preparator_tells_which_column_is_missing(spec, runtime, store):
    blob = store.add_chunks(_one_file_tar("table.csv", "age,outcome\n50,1\n"))
    with pytest.raises(MissingColumn) as caught:
        rehearse_benchmark(spec.model_copy(update={"rehearsal": blob}), runtime, store, silent)
    assert "marker" in caught.value.log
    assert "marker" not in f"{caught.value.message} {caught.value.hint}"


def _one_file_tar(name: str, text: str):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_text(text)
        yield from tar_folder(Path(folder))


def test_a_preparator_that_breaks_its_promise_to_models(spec, runtime, store):
    interface = spec.model_interface.model_copy(update={"features": ("age", "marker", "height")})
    with pytest.raises(RunFailed, match="model interface"):
        rehearse_benchmark(spec.model_copy(update={"model_interface": interface}), runtime, store, silent)


def test_an_evaluator_that_does_not_fit_the_preparator_is_told_before_any_site_meets_it(spec, runtime, store):
    interface = spec.model_interface.model_copy(update={"label": "outcome"})
    with pytest.raises(RunFailed, match="evaluator"):
        rehearse_benchmark(spec.model_copy(update={"model_interface": interface}), runtime, store, silent)


# --- drafts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "replacement", "error", "names"),
    [
        ("folder: tabular-evaluator", "folder: tabular-preparator", SpecError, "evaluator.folder"),
        ("folder: tabular-evaluator", "folder: nowhere", NotFound, "mlcube.yaml"),
        ("folder: rehearsal", "folder: nowhere", NotFound, "rehearsal.folder"),
        ("threshold: 0.5", "threshold: 0.51", SpecError, "threshold"),
        ("threshold: 0.5", "threshold: high", SpecError, "analysis.binary-classification.threshold"),
        ("primary_metric: auroc", "primary_metric: dice", SpecError, "analysis.primary_metric"),
        ("decimals: 2", "decimals: 2, colour: red", SpecError, "metrics[0].colour"),
        ("name: example", "name: Example!", SpecError, "name"),
        ("title:", "title", SpecError, "line"),
    ],
)
def test_a_malformed_draft_is_named_by_file_and_field(draft_folder, pattern, replacement, error, names):
    file = draft_folder / "benchmark.yaml"
    before = file.read_text()
    try:
        file.write_text(before.replace(pattern, replacement, 1))
        assert file.read_text() != before
        with pytest.raises(error) as caught:
            check_draft(draft_folder)
    finally:
        file.write_text(before)
    assert names in caught.value.message
    assert str(draft_folder) not in caught.value.message
