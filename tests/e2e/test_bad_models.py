"""Models that fail, each in its own way: in the owner's rehearsal, and at a site."""

import json
from pathlib import Path

import pytest

from medeval import errors
from medeval.domain.failures import FailureCode
from medeval.domain.package import ModelCard
from medeval.errors import MedevalError
from medeval.stats.words import reason_words
from tests.federation import BENCHMARK, GIVEAWAY, HOSTILE, Federation, Site, check_failed, containers_of, read_told

pytestmark = pytest.mark.docker

#: Behaviour of the hostile cube, the error of its rehearsal, the code that the server learns.
CASES: dict[str, tuple[type[MedevalError], FailureCode]] = {
    "nothing": (errors.WroteNothing, FailureCode.MODEL_WROTE_NOTHING),
    "empty": (errors.WroteNothing, FailureCode.MODEL_WROTE_NOTHING),
    "link": (errors.RunFailed, FailureCode.MODEL_WROTE_NOTHING),
    "wrong-columns": (errors.WrongColumns, FailureCode.PREDICTIONS_WRONG_COLUMNS),
    "too-few": (errors.WrongCases, FailureCode.PREDICTIONS_WRONG_CASES),
    "twice": (errors.WrongCases, FailureCode.PREDICTIONS_WRONG_CASES),
    "unknown": (errors.WrongCases, FailureCode.PREDICTIONS_WRONG_CASES),
    "nan": (errors.ScoreNotFinite, FailureCode.PREDICTIONS_NOT_FINITE),
    "out-of-range": (errors.ScoreOutOfRange, FailureCode.PREDICTIONS_OUT_OF_RANGE),
    "for-ever": (errors.CubeTimedOut, FailureCode.MODEL_TIMED_OUT),
    "exit-1": (errors.CubeExited, FailureCode.MODEL_EXITED),
    "memory": (errors.CubeOutOfMemory, FailureCode.MODEL_OUT_OF_MEMORY),
    "output": (errors.OutputTooLarge, FailureCode.MODEL_OUTPUT_TOO_LARGE),
}


def write_weights(folder: Path, behaviour: str) -> Path:
    file = folder / f"{behaviour}.json"
    file.write_text(json.dumps({"behaviour": behaviour}))
    return file


@pytest.mark.parametrize("behaviour", CASES)
def test_a_rehearsal_ends_with_the_very_error(federation: Federation, tmp_path: Path, behaviour: str) -> None:
    weights = write_weights(tmp_path, behaviour)
    words = ("model", "test", HOSTILE, "--benchmark", BENCHMARK, "--runtime", "docker", "--weights", weights)
    done = federation.run("model-owner", *words)
    check_failed(done, CASES[behaviour][0])
    assert str(tmp_path) not in done.stderr


def test_corrected_weights_pass(federation: Federation, tmp_path: Path) -> None:
    weights = write_weights(tmp_path, "nan")
    words = ("model", "test", HOSTILE, "--benchmark", BENCHMARK, "--runtime", "docker", "--weights", weights)
    check_failed(federation.run("model-owner", *words), errors.ScoreNotFinite)
    weights.write_text(json.dumps({"behaviour": "honest"}))
    assert federation.told("model-owner", *words) == [{"model": "hostile@1.0.0", "rehearsal": "passed", "cases": 200}]


def test_at_a_site_each_failure_is_told_by_its_code_alone(federation: Federation, site: Site, tmp_path: Path) -> None:
    """All fail in one round; the server learns codes; corrected versions then fill the leaderboard."""
    files = [word for behaviour in CASES for word in ("--weights", write_weights(tmp_path, behaviour))]
    words = ("model", "submit", HOSTILE, "--benchmark", BENCHMARK, "--runtime", "docker")
    submitted = federation.told("model-owner", *words, *files)
    assert [row["model"] for row in submitted] == [f"{behaviour}@1.0.0" for behaviour in CASES]
    federation.told("committee", "benchmark", "approve", BENCHMARK, "--all")

    site.told("site", "allow", *CASES)
    ended = site.run("site", "run", "-o", "json")
    done = read_told(ended)
    assert (done["failed"], done["evaluated"], done["sent"]) == (len(CASES), 0, len(CASES))
    assert GIVEAWAY not in ended.stdout + ended.stderr, "one of them prints its cases"
    assert containers_of(site.store.get_site().fingerprint) == []

    listed = {row["model"]: row for row in site.told("result", "list")}
    board = federation.told("committee", "leaderboard", "show", BENCHMARK)
    cells = {row["model"]: row["cells"][0] for row in board["rows"]}
    for behaviour, (_, code) in CASES.items():
        assert (listed[f"{behaviour}@1.0.0"]["state"], listed[f"{behaviour}@1.0.0"]["sent"]) == ("failed", True)
        [detail] = site.told("result", "show", behaviour)
        assert detail["failure"]["code"] == code
        assert detail["failure"]["message"]
        assert detail["failure"]["hint"]
        cell = cells[f"{behaviour}@1.0.0"]
        assert cell["kind"] == "failed"
        assert cell["reason"] == reason_words(code)
    held = [path for path in federation.server.data_dir.rglob("*") if path.is_file()]
    assert [path.name for path in held if GIVEAWAY.encode() in path.read_bytes()] == []
    assert GIVEAWAY not in json.dumps(board)
    check_failed(site.run("result", "release", "nan"), errors.NotFound, "nan", "medeval result list")

    assert site.told("site", "run")["failed"] == 0, "what failed is not tried again unasked"
    names = ("nothing", "nan", "for-ever", "memory")
    check_corrected(site, [federation.enter({"behaviour": "honest"}, name, version="1.0.1") for name in names])


def check_corrected(site: Site, corrected: list[ModelCard]) -> None:
    assert site.execute(*corrected)["evaluated"] == len(corrected)
    site.told("result", "release", "--all")
    board = site.federation.told("committee", "leaderboard", "show", BENCHMARK)
    cells = {row["model"]: row["cells"][0] for row in board["rows"]}
    assert {cells[card.ref]["kind"] for card in corrected} == {"result"}
    assert {cells[f"{card.name}@1.0.0"]["kind"] for card in corrected} == {"failed"}


def test_a_failure_is_tried_again_when_asked(federation: Federation, site: Site) -> None:
    """A model that is slow for once: the site owner may run it anew, and the server takes the result."""
    card = federation.enter({"behaviour": "exit-1"})
    assert site.execute(card)["failed"] == 1
    done = site.told("site", "run", "--retry-failed")
    assert (done["failed"], done["sent"]) == (1, 1)
    execution = site.execution(card)
    assert federation.server.log(execution) == ["failed"], "the same statement is recorded once"


def test_a_broken_image_is_told_with_the_last_lines_of_its_build(federation: Federation, tmp_path: Path) -> None:
    folder = tmp_path / "my-model"
    assert federation.run("model-owner", "model", "init", folder).returncode == 0
    file = folder / "Dockerfile"
    right = file.read_text()
    file.write_text(right + "RUN python -c 'raise SystemExit(3)'\n")
    words = ("model", "build", folder, "--runtime", "docker")
    check_failed(federation.run("model-owner", *words), errors.BuildFailed, "SystemExit(3)", "Dockerfile")
    file.write_text(right)
    assert federation.run("model-owner", *words).returncode == 0


def test_weights_that_are_not_there(federation: Federation, tmp_path: Path) -> None:
    words = ("model", "submit", HOSTILE, "--benchmark", BENCHMARK, "--weights", tmp_path / "lost.json")
    check_failed(federation.run("model-owner", *words), errors.NotFound, "lost.json", "--weights FILE")
