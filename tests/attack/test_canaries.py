"""A thousand random strings in everything that a site sees, and a recorder on every byte that it sends: none leaves."""

import base64
import csv
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.package import ImagePackage
from tests.attack.recorder import Recording, forms, recording
from tests.attack.report import Tell
from tests.conformance.conftest import SEALED
from tests.federation import BENCHMARK, HOSTILE, Federation, Server, Site

LEAST, ROWS = 1000, 120
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


@dataclass
class Planted:
    """Canaries that were handed out, each for one place."""

    chance: random.Random
    known: list[str]

    def new(self) -> str:
        """Two words, so that an address would write it in another way."""
        word = " ".join("".join(self.chance.choices(LETTERS, k=8)) for _ in range(2))
        self.known.append(word)
        return word

    def many(self, count: int) -> list[str]:
        return [self.new() for _ in range(count)]

    def number(self) -> str:
        """A measured value with more digits than anything else has."""
        digits = f"0.{self.chance.randint(10**11, 10**12 - 1)}"
        self.known.append(digits)
        return digits


@dataclass
class Played:
    """A site's whole life: what it held, what it sent."""

    runtime: str
    seed: int
    planted: Planted
    recording: Recording
    title: str
    states: set[str]
    logs: str


def write_raw(folder: Path, planted: Planted) -> Path:
    """A table with names, notes and numbers of patients, and files beside it."""
    folder.mkdir(parents=True)
    unused = planted.many(4)
    names = ["case_id", *unused, "age", "marker", "outcome"]
    with (folder / f"{planted.new()}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for place in range(ROWS):
            row = [*planted.many(5), 40 + place % 50, planted.number(), place % 2]
            writer.writerow(row)
    for _ in range(80):
        beside = folder / f"{planted.new()}.txt"
        beside.write_text(planted.new())
    return folder


def talkative(draft: Path, planted: Planted) -> None:
    """Preparator and evaluator print canaries, on both streams, before they do their work."""
    for cube in ("tabular-preparator", "tabular-evaluator"):
        main = draft / cube / "src" / "main.py"
        words = planted.many(20)
        lines = [f"os.write({stream}, {' '.join(words[stream::2])!r}.encode())" for stream in (1, 2)]
        head = "\n".join(["import os", *lines, ""])
        docstring, _, rest = main.read_text().partition('"""\n')
        main.write_text(f'{docstring}"""\n{head}{rest}')


@pytest.fixture(scope="module", params=SEALED)
def played(request: pytest.FixtureRequest) -> Iterator[Played]:
    seed = int(os.environ.get("MEDEVAL_ATTACK_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
    planted = Planted(random.Random(seed), [])  # noqa: S311 a seed that is printed
    print(f"canaries of seed {seed}: MEDEVAL_ATTACK_SEED={seed} plants the same")  # noqa: T201 shown when it fails
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="medeval-canaries-")))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for place in range(20):
            patch.setenv(f"HOSPITAL_SECRET_{place}", planted.new())
        server = Server(folder / "server")
        server.start()
        stack.callback(server.stop)
        federation = Federation(folder, server)
        publish(federation, request.param, planted)
        stack.callback(forget_images, federation.spec())
        address, kept = stack.enter_context(recording(server.address))
        yield play(federation, request.param, planted, address, kept, seed)


def publish(federation: Federation, runtime: str, planted: Planted) -> None:
    """What the other parties do; their bytes are not the site's."""
    for party in ("operator", "committee", "model-owner"):
        token = federation.server.data_dir / "tokens" / f"{party}.token"
        federation.told(party, "login", federation.server.address, "--token-file", token)
    draft = federation.draft(BENCHMARK)
    talkative(draft, planted)
    federation.told("committee", "benchmark", "publish", draft, "--runtime", runtime)
    federation.told("model-owner", "model", "submit", HOSTILE, "--benchmark", BENCHMARK, "--runtime", runtime)


def forget_images(spec: BenchmarkSpec) -> None:
    """No other benchmark has cubes with these canaries."""
    cubes = [bound.cube for bound in (spec.preparator, spec.evaluator)]
    images = [cube.identity for cube in cubes if isinstance(cube.package, ImagePackage)]
    client = docker.APIClient() if images else None
    for image in images:
        assert client is not None
        client.remove_image(image, force=True)
    if client is not None:
        client.close()


def play(federation: Federation, runtime: str, planted: Planted, address: str, kept: Recording, seed: int) -> Played:
    """Everything that a data owner does, over the line that is recorded."""
    home = f"{planted.new()}/{planted.new()}"
    raw = write_raw(federation.folder / planted.new() / planted.new(), planted)
    token, title = federation.folder / "north.token", planted.new()
    planted.known.remove(title)  # the one that may leave
    words = ("--role", "data-owner", "--organisation", "Hospital north", "--save", token)
    federation.told("operator", "server", "token", "north", *words)
    federation.told(home, "login", address, "--token-file", token)
    made = federation.told(home, "site", "init", "north", "--title", "Hospital north", "--runtime", runtime)
    federation.told("operator", "server", "accept", "north", "--fingerprint", made["fingerprint"])
    site = Site(federation, federation.home(home))
    site.told("dataset", "add", "ward", "--benchmark", BENCHMARK, "--data", raw, "--title", title)
    site.told("dataset", "join", "ward")
    federation.told("committee", "benchmark", "approve", BENCHMARK, "--all")
    say = [" ".join(planted.many(30)) for _ in range(4)]
    wishes = [{"behaviour": "say", "say": text} for text in say[:2]]
    wishes += [{"behaviour": "say-and-raise", "say": say[2]}, {"behaviour": "exit-1"}]
    wishes += [{"behaviour": "text", "text": f"case_id,score\n{say[3]},0.5\n"}]
    cards = [federation.enter(wish) for wish in wishes]
    site.execute(*cards)
    site.told("result", "release", cards[0].name, "--note", planted.new())
    site.told("result", "withhold", cards[1].name, "--reason", "data-quality", "--note", planted.new())
    site.told("site", "run")
    states = {federation.cell(card)["kind"] for card in cards}
    logs = "".join(path.read_text(errors="replace") for path in site.store.root.rglob("cube.log") if path.is_file())
    return Played(runtime, seed, planted, kept, title, states, logs)


def test_none_of_a_thousand_leaves(played: Played, tell: Tell) -> None:
    """One test, since playing it takes half a minute: the controls first."""
    check_what_may_leave_is_caught(played)
    assert any(canary in played.logs for canary in played.planted.known), "what a model printed is kept at the site"
    known, kept = played.planted.known, played.recording
    assert len(set(known)) == len(known) >= LEAST
    assert played.states == {"result", "withheld", "failed"}, "every kind of statement was sent"
    found = kept.found(known)
    seen = f"{len(known)} planted, {kept.size_bytes} bytes recorded, {len(found)} found (seed {played.seed})"
    tell("canaries", played.runtime, seen)
    assert found == []


def check_what_may_leave_is_caught(played: Played) -> None:
    """The control: the dataset's title leaves, and the recorder sees it, as it sees every step of the site."""
    sent = played.recording.sent
    assert played.recording.found([played.title]) == [played.title]
    for line in (b"POST /api/v1/sites", b"POST /api/v1/statements", b"GET /api/v1/sites/north/tasks", b"Authorization"):
        assert line in sent
    assert b"urn:medeval:result:1" in sent, "envelopes were opened"
    assert b"urn:medeval:no-result:1" in sent


def test_the_search_knows_every_form() -> None:
    canary = "Ab3dEf5h Jk7mNp9q"
    for form in forms(canary):
        for before in (b"", b"x", b"xy"):
            assert Recording([bytearray(before + form + b"z")]).found([canary]) == [canary]
    for before in range(4):
        text = base64.b64encode(b"y" * before + canary.encode() + b"tail")
        assert Recording([bytearray(text)]).found([canary]) == [canary]
        assert Recording([bytearray(b'{"payload":"' + text + b'"}')]).found([canary]) == [canary]
    assert Recording([bytearray(b"Ab3dEf5h and Jk7mNp9q")]).found([canary]) == []
