"""What two releases would show together: nearly the same data, nearly the same model, and too many answers."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from medeval.domain.package import ModelCard
from medeval.errors import BudgetExhausted, DifferencingRisk
from tests.federation import Federation, Site, check_failed

pytestmark = pytest.mark.docker


@dataclass(frozen=True)
class Ward:
    """A site of its own with a dataset under the policy of hospitals."""

    site: Site
    benchmark: str

    def enter(self, cases: int) -> ModelCard:
        """A model that scores so many cases the other way round than an honest one."""
        wish = {"behaviour": "moved", "cases": cases}
        card = self.site.federation.enter(wish, benchmark=self.benchmark)
        self.site.allow(card)
        return card

    def moved(self, cases: int) -> ModelCard:
        """Such a model, evaluated."""
        card = self.enter(cases)
        self.site.told("site", "run")
        return card

    def add(self, name: str, raw: Path) -> subprocess.CompletedProcess[str]:
        return self.site.run("dataset", "add", name, "--benchmark", self.benchmark, "--data", raw)


@pytest.fixture(scope="module")
def ward(federation: Federation) -> Ward:
    name, spec = federation.new_name("careful"), federation.publish(disclosure="hospital")
    federation.open_site(name)
    ward = Ward(Site(federation, federation.home(name)), spec.ref)
    assert ward.add("ward", federation.folder / "raw").returncode == 0
    ward.site.told("dataset", "join", "ward")
    federation.told("committee", "benchmark", "approve", spec.name, "--all")
    return ward


def test_nearly_the_same_models_and_too_many_of_one_owner(ward: Ward) -> None:
    site, honest, near = ward.site, ward.moved(0), ward.moved(9)
    site.told("result", "release", honest.name)
    refused = site.run("result", "release", near.name)
    check_failed(refused, DifferencingRisk, honest.ref, "in fewer than 10 patients", "--reason disclosure-risk")
    assert site.files(near).signed() is None, "nothing was signed"
    site.told("result", "withhold", near.name, "--reason", "disclosure-risk")
    # a model that decides every case alike tells nothing more, and one that differs in ten can be told apart
    for cases in (0, 12, 24, 36):
        site.told("result", "release", ward.moved(cases).name)
    sixth = ward.enter(48)
    check_failed(site.run("site", "run"), BudgetExhausted, "5 evaluations of", "in one quarter")
    assert not site.predictions(sixth).exists(), "the model never saw the data"


@pytest.mark.parametrize("lost", [1, 9])
def test_a_version_that_differs_in_few_patients_is_refused(ward: Ward, tmp_path: Path, lost: int) -> None:
    raw = write_version(ward.site, tmp_path / "raw", lost)
    done = ward.add(f"less-{lost}", raw)
    check_failed(done, DifferencingRisk, "dataset ward", "in fewer than 10 patients")
    assert f"less-{lost}" not in {row["card"]["name"] for row in ward.site.told("dataset", "list")}


def test_one_that_differs_in_ten_is_not(ward: Ward, tmp_path: Path) -> None:
    raw = write_version(ward.site, tmp_path / "raw", 10)
    assert ward.add("less-10", raw).returncode == 0


def write_version(site: Site, folder: Path, lost: int) -> Path:
    """The raw data without so many rows."""
    folder.mkdir()
    for file in (site.federation.folder / "raw").iterdir():
        lines = file.read_text().splitlines(keepends=True)
        (folder / file.name).write_text("".join(lines[:1] + lines[1 + lost :]))
    return folder
