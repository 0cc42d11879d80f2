"""Raw data that do not fit: an exit code of their own, nothing half made, and the corrected data are taken."""

from collections.abc import Callable
from pathlib import Path

import pytest

from medeval.domain.policies import HOSPITAL
from medeval.errors import Conflict, DataError, EmptyData, MedevalError, MissingColumn, NotFound, TooFewCases
from tests.federation import BENCHMARK, GIVEAWAY, Federation, Site, check_failed, containers_of, write_table

pytestmark = pytest.mark.docker


def add(site: Site, raw: Path, benchmark: str = BENCHMARK) -> object:
    return site.run("dataset", "add", "clinic", "--benchmark", benchmark, "--data", raw)


def rewritten(change: Callable[[str], str]) -> Callable[[Path], None]:
    def write(raw: Path) -> None:
        file = write_table(raw) / "table.csv"
        file.write_text(change(file.read_text()))

    return write


@pytest.mark.parametrize(
    ("write", "error", "words"),
    [
        (lambda raw: write_table(raw, without="marker"), MissingColumn, ["column"]),
        (lambda raw: write_table(raw, without="outcome"), MissingColumn, ["column"]),
        (lambda raw: None, EmptyData, ["missing or empty"]),
        (lambda raw: raw.mkdir(), EmptyData, ["missing or empty"]),
        (lambda raw: write_table(raw, cases=0, positives=0), EmptyData, ["no case"]),
        (rewritten(lambda text: text.replace(",1\n", ",NA\n").replace(",0\n", ",?\n")), EmptyData, ["no case"]),
        (rewritten(lambda text: text.replace(GIVEAWAY, "high")), DataError, ["cannot be prepared"]),
        (rewritten(lambda text: text.replace(",1\n", ",1,1\n", 1)), DataError, ["cannot be prepared"]),
    ],
    ids=["feature", "target", "no-folder", "no-file", "no-row", "no-complete-row", "text", "ragged"],
)
def test_raw_data_that_do_not_fit(
    site: Site, tmp_path: Path, write: Callable[[Path], None], error: type[MedevalError], words: list[str]
) -> None:
    raw = tmp_path / "raw"
    write(raw)
    done = add(site, raw)
    check_failed(done, error, *words)
    assert str(tmp_path) not in done.stderr
    assert [row["card"]["name"] for row in site.told("dataset", "list")] == ["ward"]


def test_a_failed_preparation_leaves_nothing_and_the_corrected_data_are_taken(site: Site, tmp_path: Path) -> None:
    raw = write_table(tmp_path / "raw", without="marker")
    check_failed(add(site, raw), MissingColumn, "  | ", "marker")
    assert containers_of(site.store.get_site().fingerprint) == []
    assert not site.store.dataset_folder("clinic").exists()
    before = (write_table(raw) / "table.csv").read_bytes()
    assert add(site, raw).returncode == 0
    assert (raw / "table.csv").read_bytes() == before
    cards = [row["card"] for row in site.told("dataset", "list")]
    assert {card["name"]: card["statistics"]["cases"] for card in cards} == {"clinic": 120, "ward": 120}


def test_a_dataset_that_is_there_is_left_as_it_is(site: Site, tmp_path: Path) -> None:
    """Adding it again does nothing twice; other data, or another benchmark, need another name."""
    card = site.store.get_dataset("ward").to_canonical()
    words, raw = ("dataset", "add", "ward", "--data"), write_table(tmp_path / "raw")
    done = site.run(*words, raw, "--benchmark", BENCHMARK)
    assert done.returncode == 0
    assert "prepare" not in done.stderr
    assert site.store.get_dataset("ward").to_canonical() == card
    others, other = write_table(tmp_path / "others", cases=20, positives=10), site.federation.publish()
    check_failed(site.run(*words, others, "--benchmark", BENCHMARK), Conflict, "ward", "other data")
    check_failed(site.run(*words, raw, "--benchmark", other.name), Conflict, "ward", BENCHMARK)
    check_failed(add(site, raw, "nothing"), NotFound)
    assert site.store.get_dataset("ward").to_canonical() == card


@pytest.mark.parametrize(
    ("cases", "positives", "words"),
    [(99, 50, ["statistics.cases", "min_cases", "100"]), (120, 9, ["statistics.per_class", "min_per_class", "10"])],
    ids=["in-all", "in-a-class"],
)
def test_too_few_cases_for_the_policy_of_hospitals(
    federation: Federation, site: Site, tmp_path: Path, cases: int, positives: int, words: list[str]
) -> None:
    """The rule is told, the count is not."""
    strict = federation.publish(disclosure=HOSPITAL.model_dump())
    done = add(site, write_table(tmp_path / "raw", cases=cases, positives=positives), strict.name)
    check_failed(done, TooFewCases, "policy hospital", *words)
    assert str(cases if cases < 100 else positives) not in done.stderr.replace(strict.name, "")
    assert add(site, write_table(tmp_path / "raw", cases=100, positives=10), strict.name).returncode == 0


def test_nothing_of_the_data_reached_the_server(federation: Federation, site: Site) -> None:
    """`dataset add` and `dataset join` were run for `ward`: only its card left."""
    card = site.store.get_dataset("ward").card
    assert card.statistics.cases == 120
    held = [path for path in federation.server.data_dir.rglob("*") if path.is_file()]
    assert any(path.name == "medeval.sqlite" for path in held)
    assert [path.name for path in held if GIVEAWAY.encode() in path.read_bytes()] == []
    prepared = site.store.dataset_folder("ward") / "prepared" / "cases" / "cases.csv"
    assert GIVEAWAY in prepared.read_text(), "the check above looks for nothing"
