"""A site with a dataset in a benchmark, on a real server, whose results are put there as an agent would have."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medeval.client.api import Api
from medeval.disclosure.check import to_release
from medeval.domain.attestation import SandboxRecord
from medeval.domain.base import digest_of
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.dataset import DatasetCard
from medeval.domain.messages import Acceptance
from medeval.domain.permissions import Role
from medeval.domain.policies import DisclosurePolicy
from medeval.domain.result import Evaluation
from medeval.site.build import site_store
from medeval.site.records import DatasetRecord, RunRecord
from tests.processes import run_medeval
from tests.worlds import EVALUATION, World

RUN = RunRecord(sandbox=SandboxRecord(runtime="docker", version="20.10", level=2), medeval="0.1.0")


@dataclass
class Home:
    """A party's medeval home."""

    path: Path

    def run(self, *words: str | Path) -> Any:
        return run_medeval(self.path, *words)

    def told(self, *words: str | Path) -> Any:
        done = self.run(*words, "-o", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def log_in(world: World, party: str, token: str) -> Home:
    home = Home(world.folder / party)
    file = world.folder / f"{party}.token"
    file.write_text(token)
    home.told("login", world.url, "--token-file", file)
    return home


@dataclass
class Ward:
    """A site with a dataset in a benchmark, whose results are put there as an agent would have."""

    world: World
    home: Home
    spec: BenchmarkSpec
    evaluation: Evaluation = EVALUATION

    def evaluate(self, *models: str) -> None:
        for name in models:
            self.world.enter(self.world.submit(name), self.spec)
        token = (self.world.folder / "north.token").read_text()
        for task in Api(self.world.transport(token)).list_tasks("north"):
            files = site_store(self.home.path).execution(task.execution.to_digest())
            if not files.is_known():
                files.put_task(task)
                files.put_evaluation(self.evaluation, RUN)

    def states(self) -> dict[str, tuple[str, bool]]:
        rows = self.home.told("result", "list")
        return {row["model"].partition("@")[0]: (row["state"], row["sent"]) for row in rows}

    def cells(self) -> dict[str, str]:
        board = self.world.api(Role.COMMITTEE).get_leaderboard(self.spec.name)
        return {row.model.partition("@")[0]: row.cells[0].kind for row in board.rows}


def open_ward(world: World, policy: DisclosurePolicy | None = None) -> Ward:
    """The site `north` with the dataset `masses`, in a benchmark with a policy of its own if one is given."""
    spec = world.publish(**({} if policy is None else {"disclosure": policy.model_dump()}))
    home = log_in(world, "north", world.new_token(Role.DATA_OWNER, "Hospital north"))
    made = home.told("site", "init", "north", "--runtime", "process")
    world.api(Role.OPERATOR).accept_site("north", Acceptance(fingerprint=made["fingerprint"]))
    store = site_store(home.path)
    card = DatasetCard.from_plain(
        {
            "site": "north",
            "name": "masses",
            "title": "Masses",
            "benchmark": spec.to_digest(),
            "preparator": spec.preparator.cube.identity,
            "fingerprint": digest_of(b"masses"),
            "statistics": {"cases": 120, "per_class": [60, 60]},
            "policy": "public-data",
        }
    )
    store.put_spec(spec)
    store.put_dataset(DatasetRecord(card=card, counts=card.statistics, benchmark=spec.ref, raw=digest_of(b"raw")))
    home.told("dataset", "join", "masses")
    world.approve(spec, "dataset", card.ref)
    evaluation = EVALUATION if policy is None else to_release(EVALUATION, spec, policy)
    return Ward(world, home, spec, evaluation)
