"""Processes killed at any step (SIGKILL): a second run completes the job, once, and leaves nothing running."""

import secrets
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from medeval.domain.base import digest_of
from medeval.domain.package import ModelCard
from medeval.errors import ServerUnreachable
from tests.cutting_proxy import Cuts, cutting_proxy
from tests.federation import BENCHMARK, HOSTILE, Federation, Server, Site, check_failed, containers_of, write_table
from tests.middleman import Barrier, Plan, middleman
from tests.processes import MEDEVAL

pytestmark = [pytest.mark.docker, pytest.mark.heavy]

PATIENCE_S = 120
MIB = 1024 * 1024
STATEMENTS = "POST /api/v1/statements"


class Victim:
    """A command that is running; what it says on stderr is read line by line."""

    def __init__(self, home: Path, *words: str | Path) -> None:
        command = [*MEDEVAL, "--home", str(home), *map(str, words)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr:
            self._lines.extend(iter(self._process.stderr.readline, ""))

    def has_said(self, text: str) -> bool:
        return any(text in line for line in tuple(self._lines))

    def kill_when(self, moment: Callable[[], object]) -> None:
        """Wait for a moment of its life and end it there; the moment must come while it lives."""
        wait_until(lambda: moment() or self._process.poll() is not None)
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(timeout=PATIENCE_S)
        self._reader.join()
        assert self._process.returncode == -signal.SIGKILL, "".join(self._lines)


def wait_until(moment: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not moment():
        assert time.monotonic() < deadline, "the moment did not come"
        time.sleep(0.002)


def says(text: str) -> Callable[[Victim], Callable[[], object]]:
    return lambda victim: lambda: victim.has_said(text)


def kill(home: Path, words: tuple[str | Path, ...], moment: Callable[[Victim], Callable[[], object]]) -> None:
    victim = Victim(home, *words)
    victim.kill_when(moment(victim))


# --- a data owner prepares --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["fetch the preparator", "ward2: prepare", "sanity check", "count"])
def test_dataset_add(site: Site, tmp_path: Path, step: str) -> None:
    """Before the record there is no dataset; the second run makes it, and its card is that of an unbroken run."""
    words = ("dataset", "add", "ward2", "--benchmark", BENCHMARK, "--data", write_table(tmp_path / "raw"))
    kill(site.home, words, says(step))
    assert [record.card.name for record in site.store.list_datasets()] == ["ward"]
    site.told(*words)
    assert containers_of(site.store.get_site().fingerprint) == []
    again, before = (site.store.get_dataset(name).card for name in ("ward2", "ward"))
    assert again.statistics == before.statistics
    assert again.fingerprint == before.fingerprint, "the same raw data"
    site.told("dataset", "join", "ward2")


def test_dataset_add_while_its_container_runs(site: Site, tmp_path: Path) -> None:
    words = ("dataset", "add", "ward2", "--benchmark", BENCHMARK, "--data", write_table(tmp_path / "raw"))
    owner = site.store.get_site().fingerprint
    kill(site.home, words, lambda _: lambda: containers_of(owner))
    site.told(*words)
    assert containers_of(owner) == []


# --- a model owner submits, a committee publishes ---------------------------------------------------------------


@pytest.fixture
def new_cube(tmp_path: Path) -> Path:
    """A cube with a layer of 24 MiB that no server has."""
    folder = tmp_path / "cube"
    shutil.copytree(HOSTILE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "src" / "nonce.bin").write_bytes(secrets.token_bytes(24 * MIB))
    return folder


def test_model_submit_in_the_middle_of_an_upload(federation: Federation, new_cube: Path, tmp_path: Path) -> None:
    """From source, so that no engine has to build; the second run sends the rest alone."""
    owner = Site(federation, federation.home("model-owner")).copy(tmp_path / "owner")
    name = federation.new_name("source")
    words = ("model", "submit", new_cube, "--benchmark", BENCHMARK, "--name", name, "--runtime", "process")
    held, reached = threading.Event(), threading.Event()
    cuts = Cuts(up=[10 * MIB], ready=lambda: reached.set() or held.is_set())
    with cutting_proxy(("127.0.0.1", federation.server.port), cuts) as port:
        owner.speak_to(f"http://127.0.0.1:{port}")
        kill(owner.home, words, lambda _: reached.is_set)
        held.set()
    rest = Cuts()
    with cutting_proxy(("127.0.0.1", federation.server.port), rest) as port:
        owner.speak_to(f"http://127.0.0.1:{port}")
        [told] = owner.told(*words)
    assert told["state"] == "pending"
    assert rest.carried["up"] < 18 * MIB, "what had arrived was sent again"
    assert federation.model(name).cube.package.kind == "source"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("request_line", ["POST /api/v1/models", "POST /api/v1/associations"])
def test_model_submit_around_its_messages(federation: Federation, tmp_path: Path, request_line: str, when: str) -> None:
    owner = Site(federation, federation.home("model-owner")).copy(tmp_path / "owner")
    name = federation.new_name()
    words = ("model", "submit", HOSTILE, "--benchmark", BENCHMARK, "--name", name, "--runtime", "docker")
    kill_at(owner, words, request_line, when)
    [told] = owner.told(*words)
    assert (told["model"], told["state"]) == (f"{name}@1.0.0", "pending")
    assert [row["card"]["name"] for row in owner.told("model", "list")].count(name) == 1


def kill_at(site: Site, words: tuple[str | Path, ...], request_line: str, when: str) -> None:
    """Kill a command while a request of it is held before the server sees it, or its answer is held after."""
    barrier, plan = Barrier(), Plan()
    {"before": plan.before, "after": plan.after}[when][request_line] = barrier
    with middleman(site.federation.server.address, plan) as address:
        site.speak_to(address)
        kill(site.home, words, lambda _: barrier.reached.is_set)
    site.speak_to(site.federation.server.address)


@pytest.mark.parametrize("step", ["build 1/", "evaluator: build", "prepare rehearsal data"])
def test_benchmark_publish(federation: Federation, tmp_path: Path, step: str) -> None:
    committee = Site(federation, federation.home("committee")).copy(tmp_path / "committee")
    draft, name = tmp_path / "draft", federation.new_name("benchmark")
    shutil.copytree(federation.folder / BENCHMARK, draft)
    file = draft / "benchmark.yaml"
    file.write_text(file.read_text().replace(f"name: {BENCHMARK}", f"name: {name}"))
    words = ("benchmark", "publish", draft, "--runtime", "docker")
    kill(committee.home, words, says(step))
    assert name not in [row["spec"]["name"] for row in committee.told("benchmark", "list")]
    committee.told(*words)
    digest = federation.spec(name).to_digest()
    committee.told(*words)
    assert federation.spec(name).to_digest() == digest
    assert containers_of((committee.home / "cache" / "blobs" / "rehearsal.lock").read_text()) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_benchmark_publish_around_its_message(federation: Federation, tmp_path: Path, when: str) -> None:
    committee = Site(federation, federation.home("committee")).copy(tmp_path / "committee")
    draft, name = tmp_path / "draft", federation.new_name("benchmark")
    shutil.copytree(federation.folder / BENCHMARK, draft)
    file = draft / "benchmark.yaml"
    file.write_text(file.read_text().replace(f"name: {BENCHMARK}", f"name: {name}"))
    words = ("benchmark", "publish", draft, "--runtime", "docker")
    kill_at(committee, words, "POST /api/v1/benchmarks", when)
    assert committee.told(*words)["spec"]["name"] == name


def test_a_rehearsal_whose_owner_was_killed_is_ended_by_the_next(federation: Federation, tmp_path: Path) -> None:
    """A model that never ends, and nobody left who counts its seconds."""
    owner = Site(federation, federation.home("model-owner")).copy(tmp_path / "owner")
    weights = tmp_path / "weights.json"
    weights.write_text('{"behaviour": "for-ever"}')
    words = ("model", "test", HOSTILE, "--benchmark", BENCHMARK, "--runtime", "docker", "--weights", weights)
    label = owner.home / "cache" / "blobs" / "rehearsal.lock"
    label.unlink(missing_ok=True)
    kill(owner.home, words, lambda _: lambda: label.exists() and "infer" in containers_of(label.read_text()))
    assert containers_of(label.read_text()) == ["infer"]
    weights.write_text('{"behaviour": "honest"}')
    owner.told(*words)
    assert containers_of(label.read_text()) == []


# --- a site executes --------------------------------------------------------------------------------------------


@pytest.fixture
def slow(federation: Federation) -> ModelCard:
    """A model that takes a while, so that it can be met at work."""
    return federation.enter({"behaviour": "honest", "seconds": 2})


def check_completed(site: Site, card: ModelCard) -> None:
    """Released and recorded once; nothing of it is left running."""
    site.told("result", "release", card.name)
    assert site.federation.server.log(site.execution(card)) == ["released"]
    assert site.federation.cell(card)["kind"] == "result"
    assert containers_of(site.store.get_site().fingerprint) == []


def test_site_run_while_the_model_runs(site: Site, slow: ModelCard) -> None:
    owner = site.store.get_site().fingerprint
    site.allow(slow)
    kill(site.home, ("site", "run"), lambda _: lambda: "infer" in containers_of(owner))
    assert not site.predictions(slow).exists()
    assert site.told("site", "run")["evaluated"] == 1
    check_completed(site, slow)


def test_site_run_between_model_and_evaluator(site: Site, slow: ModelCard) -> None:
    """The predictions are in the vault: the model does not run again."""
    site.allow(slow)
    kill(site.home, ("site", "run"), lambda _: lambda: list((site.store.root / "vault").glob("*/predictions.csv")))
    kept = site.predictions(slow)
    assert site.files(slow).evaluation() is None
    before = (kept.stat().st_ino, kept.stat().st_mtime_ns)
    done = site.run("site", "run")
    assert done.returncode == 0
    assert "infer" not in done.stderr
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == before
    check_completed(site, slow)


def test_site_run_while_the_evaluator_runs(site: Site, slow: ModelCard) -> None:
    owner = site.store.get_site().fingerprint
    site.allow(slow)
    kill(site.home, ("site", "run"), lambda _: lambda: "evaluate" in containers_of(owner))
    kept = site.predictions(slow).stat().st_mtime_ns
    assert site.told("site", "run")["evaluated"] == 1
    assert site.predictions(slow).stat().st_mtime_ns == kept
    check_completed(site, slow)


def test_site_run_after_the_first_of_two(federation: Federation, site: Site, slow: ModelCard) -> None:
    """What was evaluated stays so; the other is executed by the second run."""
    other = federation.enter({"behaviour": "honest", "seconds": 2})
    site.allow(slow, other)
    evaluations = site.store.root / "executions"
    kill(site.home, ("site", "run"), lambda _: lambda: list(evaluations.glob("*/evaluation.json")))
    [kept] = evaluations.glob("*/evaluation.json")
    before = kept.stat().st_mtime_ns
    assert site.told("site", "run")["waiting"] == 2
    assert kept.stat().st_mtime_ns == before
    for card in (slow, other):
        check_completed(site, card)


@pytest.mark.parametrize("when", ["before", "after"])
def test_site_run_while_it_reports_a_failure(federation: Federation, site: Site, when: str) -> None:
    card = federation.enter({"behaviour": "exit-1"})
    site.allow(card)
    kill_at(site, ("site", "run"), STATEMENTS, when)
    assert site.signed(card).receipt is None
    assert site.told("site", "run")["sent"] == 1
    assert federation.server.log(site.execution(card)) == ["failed"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_result_release_around_its_message(federation: Federation, site: Site, when: str) -> None:
    """Whether or not the server had it: signed once, recorded once, and the second run brings the receipt."""
    card = federation.enter({"behaviour": "honest"})
    site.execute(card)
    kill_at(site, ("result", "release", card.name), STATEMENTS, when)
    signed = site.signed(card)
    assert signed.receipt is None
    assert federation.server.log(site.execution(card)) == ([] if when == "before" else ["released"])
    site.told("result", "release", card.name)
    again = site.signed(card)
    assert again.envelope == signed.envelope
    assert again.receipt is not None
    check_completed(site, card)


def test_site_init_around_its_message(federation: Federation, tmp_path: Path) -> None:
    """The server has the key, the site lacks its upload credential: the second run keeps the key and gets one."""
    name = federation.new_name("site")
    token = tmp_path / "token"
    words = ("--role", "data-owner", "--organisation", "Hospital", "--save", token)
    federation.told("operator", "server", "token", name, *words)
    federation.told(name, "login", federation.server.address, "--token-file", token)
    site = Site(federation, federation.home(name))
    init = ("site", "init", name, "--runtime", "docker")
    kill_at(site, init, "POST /api/v1/sites", "after")
    key = site.store.key_file.read_bytes()
    made = site.told(*init)
    assert site.store.key_file.read_bytes() == key
    registered = {row["name"]: row["fingerprint"] for row in federation.told("operator", "server", "sites")}
    assert registered[name] == made["fingerprint"]


# --- the server dies --------------------------------------------------------------------------------------------


def test_the_server_before_it_records_a_statement(federation: Federation, site: Site) -> None:
    """Its database is locked by somebody else while the statement arrives; then the power goes."""
    card = federation.enter({"behaviour": "honest"})
    site.execute(card)
    plan = Plan()
    with middleman(federation.server.address, plan) as address:
        site.speak_to(address)
        with closing(sqlite3.connect(federation.server.data_dir / "medeval.sqlite")) as database:
            database.execute("BEGIN IMMEDIATE")
            release = threading.Thread(target=lambda: done.append(site.run("result", "release", card.name)))
            done: list[subprocess.CompletedProcess[str]] = []
            release.start()
            wait_until(lambda: STATEMENTS in plan.seen)
            federation.server.kill()
            database.rollback()
        release.join()
    check_failed(done[0], ServerUnreachable)
    federation.server.start()
    site.speak_to(federation.server.address)
    assert federation.server.log(site.execution(card)) == []
    assert site.told("site", "run")["sent"] == 1
    check_completed(site, card)


def test_the_server_after_it_recorded_a_statement(federation: Federation, site: Site) -> None:
    """The answer is lost; the same statement again gives the receipt that it would have had."""
    card = federation.enter({"behaviour": "honest"})
    site.execute(card)
    barrier = Barrier()
    done: list[subprocess.CompletedProcess[str]] = []
    with middleman(federation.server.address, Plan(after={STATEMENTS: barrier})) as address:
        site.speak_to(address)
        release = threading.Thread(target=lambda: done.append(site.run("result", "release", card.name)))
        release.start()
        assert barrier.reached.wait(PATIENCE_S)
        federation.server.kill()
        barrier.dropped.set()
        release.join()
    check_failed(done[0], ServerUnreachable)
    federation.server.start()
    site.speak_to(federation.server.address)
    assert federation.server.log(site.execution(card)) == ["released"]
    assert site.told("site", "run")["sent"] == 1
    check_completed(site, card)


def test_the_server_in_the_middle_of_an_upload(federation: Federation, new_cube: Path, tmp_path: Path) -> None:
    """Started again, it holds what it had; the second run sends the rest."""
    owner = Site(federation, federation.home("model-owner")).copy(tmp_path / "owner")
    name = federation.new_name("source")
    words = ("model", "submit", new_cube, "--benchmark", BENCHMARK, "--name", name, "--runtime", "process")
    held, reached = threading.Event(), threading.Event()
    cuts = Cuts(up=[10 * MIB], ready=lambda: reached.set() or held.is_set())
    done: list[subprocess.CompletedProcess[str]] = []
    with cutting_proxy(("127.0.0.1", federation.server.port), cuts) as port:
        owner.speak_to(f"http://127.0.0.1:{port}")
        submit = threading.Thread(target=lambda: done.append(owner.run(*words)))
        submit.start()
        assert reached.wait(PATIENCE_S)
        wait_until(lambda: large_parts(federation))
        federation.server.kill()
        held.set()
        submit.join()
    check_failed(done[0], ServerUnreachable)
    federation.server.start()
    rest = Cuts()
    (arrived_bytes,) = large_parts(federation)
    with cutting_proxy(("127.0.0.1", federation.server.port), rest) as port:
        owner.speak_to(f"http://127.0.0.1:{port}")
        owner.told(*words)
    blob = federation.model(name).cube.package.blobs[0]
    assert rest.carried["up"] < blob.size_bytes - arrived_bytes + MIB // 2, "what had arrived was sent again"
    kept = federation.server.data_dir / "blobs" / blob.digest[7:9] / blob.digest[7:]
    assert digest_of(kept.read_bytes()) == blob.digest


def large_parts(federation: Federation) -> list[int]:
    """The sizes of what has arrived, in part, of large blobs."""
    parts = (federation.server.data_dir / "blobs").rglob("*.part")
    return [size for size in (path.stat().st_size for path in parts) if size > MIB]


def test_the_server_at_its_first_start(tmp_path: Path) -> None:
    """Killed at once, again and again: the tokens that there are at the end all count."""
    server = Server(tmp_path / "server")
    for delay_s in (0.2, 0.5, 0.8, 1.1):
        command = [*MEDEVAL, "server", "start", "--data-dir", str(server.data_dir), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(delay_s)
            process.kill()
    server.start()
    try:
        tokens = sorted(path.stem for path in (server.data_dir / "tokens").glob("*.token"))
        assert tokens == ["committee", "data-owner", "model-owner", "operator"]
        home = tmp_path / "home"
        login = [*MEDEVAL, "--home", str(home), "login", server.address, "--tokens", str(server.data_dir / "tokens")]
        subprocess.run(login, check=True, capture_output=True, timeout=PATIENCE_S)
    finally:
        server.stop()
