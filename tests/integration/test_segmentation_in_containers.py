"""The hippocampus benchmark as images: rehearsed, and equal to what plain processes give."""

import pytest

from medeval.domain.result import Evaluation
from medeval.packaging.progress import silent
from medeval.packaging.publish import check_draft, resolve
from medeval.packaging.rehearse import rehearse_benchmark, rehearse_model
from medeval.packaging.store import BlobStore
from medeval.packaging.submit import ModelSource, model_cards
from medeval.runtime.docker_engine import DockerRuntime
from tests.cube_process import ROOT

pytestmark = pytest.mark.docker

FOLDER = ROOT / "benchmarks/hippocampus"


def test_rehearsal_and_golden_result(tmp_path_factory: pytest.TempPathFactory) -> None:
    store, runtime = BlobStore(tmp_path_factory.mktemp("store")), DockerRuntime()
    spec = resolve(FOLDER, check_draft(FOLDER), runtime, store, silent)
    rehearse_benchmark(spec, runtime, store, silent)
    weights = FOLDER / "expected/weights.json"
    (card,) = model_cards([ModelSource(ROOT / "mlcubes/atlas", weights)], runtime, store, silent)
    found = rehearse_model(card, spec, runtime, store, silent)
    assert found == Evaluation.from_json((FOLDER / "expected/result.json").read_bytes())
