"""A small federation of real processes: a server, a committee, a model owner, an operator, a site with data.

Parties speak through the command line. What is no step of a test (one more benchmark, one more model) is made through
the API, from the blobs that are there.
"""

import csv
import json
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import docker

from medeval.client.api import Api
from medeval.client.blobs import BlobClient
from medeval.client.http import Transport
from medeval.client.login import load_login, save_login
from medeval.domain.base import digest_of
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.lifecycle import AssociationState
from medeval.domain.messages import Decision, NewAssociation
from medeval.domain.package import BlobRef, ModelCard
from medeval.domain.permissions import Role
from medeval.errors import MedevalError
from medeval.runtime.docker_options import OWNER_LABEL, TASK_LABEL
from medeval.site.build import site_store
from medeval.site.records import SignedRecord
from medeval.site.store import ExecutionFiles, SiteStore
from tests.processes import MEDEVAL, run_medeval

HERE = Path(__file__).parent / "e2e"
HOSTILE, OBEDIENT = HERE / "hostile-cube", HERE / "obedient-evaluator"
BENCHMARK = "screening"
#: Stands in the raw data of every site; no other place may ever hold it.
GIVEAWAY = "0.31415926535"
TERMS = """
disclosure: public-data
limits:
  infer: {time_s: 6, memory_bytes: 67108864, output_bytes: 1000000}
  evaluate: {time_s: 60}
"""


def write_table(folder: Path, *, cases: int = 120, positives: int = 60, without: str = "") -> Path:
    """Raw data as the benchmark's preparator reads it; one marker is the secret."""
    chance = random.Random(7)  # noqa: S311 a table, no secret
    labels = [1] * positives + [0] * (cases - positives)
    rows = [
        {"age": chance.randint(40, 90), "marker": f"{0.3 * label + 0.7 * chance.random():.3f}", "outcome": label}
        for label in labels
    ]
    for row in rows[:1]:
        row["marker"] = GIVEAWAY
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as file:
        names = [name for name in ("age", "marker", "outcome") if name != without]
        writer = csv.DictWriter(file, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def check_failed(done: subprocess.CompletedProcess[str], error: type[MedevalError], *words: str) -> None:
    """The exit code of that very error, `error:` and `hint:` on stderr with these words, no traceback, no data."""
    assert done.returncode == error.exit_code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "error: " in done.stderr, done.stderr
    assert "hint:  " in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
    own = [line for line in done.stderr.splitlines() if not line.startswith("  | ")]
    assert "Traceback" not in "\n".join(own), "beside what the cube itself printed"
    assert GIVEAWAY not in done.stdout + done.stderr
    assert "medeval_" not in done.stderr, "a token was shown"


class Server:
    """A results server in a process of its own, which can be killed and started again at the same port."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        words = ["server", "start", "--data-dir", str(self.data_dir), "--port", str(self.port)]
        self._process = subprocess.Popen([*MEDEVAL, *words], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("Results server on http"), line
        self.port = int(line.split()[3].rstrip(",").rpartition(":")[2])

    def end(self, number: signal.Signals) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.send_signal(number)
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def kill(self) -> None:
        """As a machine that loses power."""
        self.end(signal.SIGKILL)

    def stop(self) -> None:
        """As an operator."""
        self.end(signal.SIGTERM)

    def log(self, execution: str) -> list[str]:
        """The states that the log holds for an execution, in order."""
        query = "SELECT s.state FROM statements s JOIN executions e ON e.id = s.execution_id WHERE e.digest = ?"
        with closing(sqlite3.connect(self.data_dir / "medeval.sqlite")) as database:
            return [state for (state,) in database.execute(query + " ORDER BY s.log_index", (execution,))]


@dataclass
class Federation:
    """One federation; `home` of a party is its medeval home."""

    folder: Path
    server: Server
    _numbers: Iterator[int] = field(default_factory=count)

    def home(self, party: str) -> Path:
        return self.folder / party

    def run(self, party: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return run_medeval(self.home(party), *words)

    def told(self, party: str, *words: str | Path) -> Any:
        """What a command that must succeed prints as JSON."""
        return read_told(self.run(party, *words, "-o", "json"))

    def new_name(self, word: str = "model") -> str:
        return f"{word}-{next(self._numbers)}"

    # --- what the parties do besides the test ---

    @contextmanager
    def speaking(self, party: str, role: Role) -> Iterator[Transport]:
        login = load_login(self.home(party) / "login.json")
        with Transport(login.server, login.token(role)) as transport:
            yield transport

    def spec(self, benchmark: str = BENCHMARK) -> BenchmarkSpec:
        with self.speaking("committee", Role.COMMITTEE) as transport:
            return Api(transport).get_benchmark(benchmark).spec

    def model(self, name: str) -> ModelCard:
        with self.speaking("committee", Role.COMMITTEE) as transport:
            return Api(transport).get_model(name).card

    def publish(self, **changes: Any) -> BenchmarkSpec:
        """A benchmark with the cubes of the first, under a name of its own."""
        plain = self.spec().model_dump(mode="json") | {"name": self.new_name("benchmark")} | changes
        with self.speaking("committee", Role.COMMITTEE) as transport:
            return Api(transport).publish_benchmark(BenchmarkSpec.from_plain(plain)).spec

    def enter(
        self,
        wish: Mapping[str, Any] | None = None,
        name: str | None = None,
        *,
        version: str = "1.0.0",
        benchmark: str = BENCHMARK,
    ) -> ModelCard:
        """A model that behaves as wished, approved in the benchmark."""
        with self.speaking("model-owner", Role.MODEL_OWNER) as transport:
            weights = self._upload(transport, wish) if wish else None
        changes = {"name": name or self.new_name(), "version": version, "weights": weights}
        return self.enter_like(self.model("hostile"), benchmark, **changes)

    def enter_like(self, card: ModelCard, benchmark: str = BENCHMARK, **changes: Any) -> ModelCard:
        """A model like another, under a name of its own, approved in the benchmark."""
        plain = card.model_dump(mode="json") | {"name": self.new_name()} | changes
        with self.speaking("model-owner", Role.MODEL_OWNER) as transport:
            api = Api(transport)
            ref = api.get_benchmark(benchmark).spec.ref
            entered = api.submit_model(ModelCard.from_plain(plain)).card
            api.request_association(NewAssociation(benchmark=ref, kind="model", subject=entered.ref))
        self.approve(ref, "model", entered.ref)
        return entered

    def _upload(self, transport: Transport, wish: Mapping[str, Any]) -> dict[str, Any]:
        data = json.dumps(wish).encode()
        blob = BlobRef(digest=digest_of(data), size_bytes=len(data))
        path = self.folder / "weights.json"
        path.write_bytes(data)
        BlobClient(transport).upload(path, blob)
        return blob.model_dump()

    def approve(self, benchmark: str, kind: str, subject: str) -> None:
        plain = {"benchmark": benchmark, "kind": kind, "subject": subject, "state": "approved"}
        with self.speaking("committee", Role.COMMITTEE) as transport:
            decided = Api(transport).decide(Decision.from_plain(plain))
        assert decided.state is AssociationState.APPROVED

    def cell(self, card: ModelCard, benchmark: str = BENCHMARK, *, site: str = "north") -> dict[str, Any]:
        """What the leaderboard says of a model at a site."""
        board = self.told("committee", "leaderboard", "show", benchmark)
        place = [column["dataset"].partition("/")[0] for column in board["columns"]].index(site)
        return next(dict(row["cells"][place]) for row in board["rows"] if row["model"] == card.ref)

    # --- making it ---

    def draft(self, name: str) -> Path:
        """A folder as `benchmark init` makes it, with terms that end a hostile model soon.

        Its preparator needs scikit-learn for splits alone, which this one does not make: left out, it has the layers
        of the evaluator, and a quarter of a gigabyte less to save, hash and send.
        """
        folder = self.folder / name
        assert self.run("committee", "benchmark", "init", folder).returncode == 0
        with (folder / "benchmark.yaml").open("a", encoding="utf-8") as file:
            file.write(TERMS)
        preparator, evaluator = folder / "tabular-preparator", folder / "tabular-evaluator"
        shutil.copyfile(evaluator / "requirements.txt", preparator / "requirements.txt")
        dockerfile = preparator / "Dockerfile"
        dockerfile.write_text(dockerfile.read_text().replace(", sklearn.model_selection", ""))
        return folder

    def set_up(self) -> None:
        """Log in, publish, submit, open a site with data."""
        for party in ("operator", "committee", "model-owner"):
            token = self.server.data_dir / "tokens" / f"{party}.token"
            self.told(party, "login", self.server.address, "--token-file", token)
        self.told("committee", "benchmark", "publish", self.draft(BENCHMARK), "--runtime", "docker")
        self.told("model-owner", "model", "submit", HOSTILE, "--benchmark", BENCHMARK, "--runtime", "docker")
        write_table(self.folder / "raw")
        self.open_site("north")
        self.add_dataset("north")
        self.told("committee", "benchmark", "approve", BENCHMARK, "--all")

    def open_site(self, name: str, runtime: str = "docker", *, accept: bool = True) -> None:
        """A data owner with a token, logged in, and a site whose key is accepted."""
        token, organisation = self.folder / f"{name}.token", f"Hospital {name}"
        words = ("--role", "data-owner", "--organisation", organisation, "--save", token)
        self.told("operator", "server", "token", name, *words)
        self.told(name, "login", self.server.address, "--token-file", token)
        made = self.told(name, "site", "init", name, "--title", organisation, "--runtime", runtime)
        if accept:
            self.told("operator", "server", "accept", name, "--fingerprint", made["fingerprint"])

    def add_dataset(self, site: str, benchmark: str = BENCHMARK) -> None:
        """The site's raw data, prepared, and the request to take part."""
        words = ("--benchmark", benchmark, "--data", self.folder / "raw", "--title", "A ward")
        self.told(site, "dataset", "add", "ward", *words)
        self.told(site, "dataset", "join", "ward")


def read_told(done: subprocess.CompletedProcess[str]) -> Any:
    """The JSON that a command printed, which must have succeeded."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Site:
    """A site in a home of its own: a test may break what it likes in it."""

    federation: Federation
    home: Path

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return run_medeval(self.home, *words)

    def told(self, *words: str | Path) -> Any:
        return read_told(self.run(*words, "-o", "json"))

    @property
    def store(self) -> SiteStore:
        return site_store(self.home)

    def allow(self, *cards: ModelCard) -> None:
        self.told("site", "allow", *(card.ref for card in cards))

    def execute(self, *cards: ModelCard) -> Any:
        """Allow models and run them."""
        self.allow(*cards)
        return self.told("site", "run")

    def files(self, card: ModelCard) -> ExecutionFiles:
        """The files of the execution of a model."""
        found = [files for files in self.store.list_executions() if files.task().execution.model.ref == card.ref]
        assert len(found) == 1
        return found[0]

    def execution(self, card: ModelCard) -> str:
        """The id of the execution of a model."""
        return self.files(card).task().execution.to_digest()

    def predictions(self, card: ModelCard) -> Path:
        """Where the predictions of a model are kept."""
        return self.store.vault(self.execution(card)) / "predictions.csv"

    def speak_to(self, address: str) -> None:
        """As if that had always been the server's address."""
        file, site = self.home / "login.json", self.store.find_site()
        save_login(file, load_login(file).model_copy(update={"server": address}))
        if site is not None:
            self.store.put_site(site.model_copy(update={"server": address}))

    def signed(self, card: ModelCard) -> SignedRecord:
        """The statement that was signed last about a model."""
        signed = self.files(card).signed()
        assert signed is not None
        return signed

    def copy(self, home: Path) -> "Site":
        """The same site, key and all, in another folder."""
        shutil.copytree(self.home, home)
        return Site(self.federation, home)


@contextmanager
def nowhere() -> Iterator[str]:
    """An address at which nobody listens, kept free for as long as it is used."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def containers_of(fingerprint: str) -> list[str]:
    """The tasks of the containers that carry a site's label, running or not."""
    client = docker.APIClient()
    try:
        found = client.containers(all=True, filters={"label": f"{OWNER_LABEL}={fingerprint}"})
        return [container["Labels"][TASK_LABEL] for container in found]
    finally:
        client.close()
