"""`medeval site ledger` as real processes: what a data owner and an ethics board are shown, and what they are told."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from medeval.domain.attestation import WithholdReason
from medeval.domain.base import digest_of
from medeval.domain.messages import StatementSubmission
from medeval.errors import Conflict, LedgerBroken, NotFound, ServerUnreachable, UsageError
from medeval.site import release
from medeval.site.build import site_store
from medeval.site.records import SiteRecord
from medeval.site.store import SiteStore
from tests.federation import check_failed, read_told
from tests.processes import run_medeval
from tests.sites import SANDBOX, add_execution, make_site

NOTE = "=cmd() the <b>registry</b> is incomplete"


def record(store: SiteStore) -> SiteRecord:
    plain = {"name": "north", "title": "North hospital", "server": "http://127.0.0.1:9", "package_kind": "image"}
    return SiteRecord.from_plain({**plain, "fingerprint": digest_of(b"key"), "sandbox": SANDBOX.model_dump()})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that released two results, withheld one, and was refused one."""
    home = tmp_path_factory.mktemp("ledger")
    site, egress = make_site(home / "site")
    site.store.put_site(record(site.store))
    release.release(site, add_execution(site, "lr"))
    release.release(site, add_execution(site, "tree"), "agreed on 1 March")
    release.withhold(site, add_execution(site, "mlp"), WithholdReason.DATA_QUALITY, NOTE)
    egress.answer = Conflict("not approved")
    with pytest.raises(Conflict):
        release.release(site, add_execution(site, "odd"))
    return home


def ask(home: Path, *words: str | Path) -> Any:
    return read_told(run_medeval(home, "site", "ledger", *words, "-o", "json"))


# --- show -------------------------------------------------------------------------------------------------------


def test_every_entry_is_shown(home: Path) -> None:
    entries = ask(home, "show")
    assert [entry["number"] for entry in entries] == list(range(9))
    assert [entry["event"]["kind"] for entry in entries] == [
        "begun", "result", "receipt", "result", "receipt", "withheld", "receipt", "result", "refused",
    ]  # fmt: skip
    assert [after["previous"] for after in entries[1:]] == [before["digest"] for before in entries[:-1]]
    sent = {files.task().execution.model.ref: files.signed() for files in site_store(home).list_executions()}
    for entry in (entries[1], entries[3], entries[5], entries[7]):
        (model,) = entry["event"]["topic"]["models"]
        body = StatementSubmission(envelope=sent[model].envelope).to_canonical()
        assert entry["event"]["sent"] == {"digest": digest_of(body), "size_bytes": len(body)}
        assert entry["event"]["topic"]["owners"] == ["Owner"]
    assert entries[3]["event"]["note"] == "agreed on 1 March"
    assert (entries[5]["event"]["reason"], entries[5]["event"]["note"]) == ("data-quality", NOTE)
    assert (entries[8]["event"]["answers"], entries[8]["event"]["reason"]) == (7, "conflict")
    assert entries[1]["event"]["bits"] > entries[5]["event"]["bits"] > 0


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (("--model", "lr"), [1, 2]),
        (("--model", "lr@1.0.0"), [1, 2]),
        (("--kind", "refused"), [8]),
        (("--kind", "result", "--model", "odd"), [7]),
        (("--dataset", "data"), [1, 2, 3, 4, 5, 6, 7, 8]),
        (("--dataset", "north/data", "--kind", "withheld"), [5]),
        (("--dataset", "other"), []),
        (("--since", "2020-01-01", "--kind", "begun"), [0]),
        (("--since", "9999-01-01"), []),
    ],
)
def test_what_is_asked_for_alone(home: Path, words: tuple[str, ...], numbers: list[int]) -> None:
    assert [entry["number"] for entry in ask(home, "show", *words)] == numbers


def test_as_a_table(home: Path) -> None:
    shown = run_medeval(home, "site", "ledger", "show").stdout
    assert re.search(r"^ *5 .*withheld:.*mlp@1\.0\.0", shown, re.M), shown
    assert run_medeval(home, "site", "ledger", "show", "--model", "none").stdout == "No such entry.\n"


def test_what_may_have_left_says_so(tmp_path: Path) -> None:
    site, egress = make_site(tmp_path / "site")
    site.store.put_site(record(site.store))
    egress.answer = ServerUnreachable("away")
    with pytest.raises(ServerUnreachable):
        release.release(site, add_execution(site, "lr"))
    shown = run_medeval(tmp_path, "site", "ledger", "show").stdout
    assert "result: no" in shown, "the words wrap in a narrow terminal"
    ask(tmp_path, "export", tmp_path / "ledger.html")
    assert "no answer yet: it may have left" in (tmp_path / "ledger.html").read_text()
    egress.answer = None
    release.release(site, site.store.list_executions()[0])
    assert "result: no" not in run_medeval(tmp_path, "site", "ledger", "show").stdout


@pytest.mark.parametrize("words", [("--kind", "frob"), ("--since", "yesterday")], ids=" ".join)
def test_what_cannot_be_asked_for(home: Path, words: tuple[str, ...]) -> None:
    check_failed(run_medeval(home, "site", "ledger", "show", *words), UsageError)


def test_without_a_site(tmp_path: Path) -> None:
    for words in (("show",), ("verify",), ("export", tmp_path / "x.html")):
        check_failed(run_medeval(tmp_path, "site", "ledger", *words), NotFound, "no site")


def test_before_anything_left(tmp_path: Path) -> None:
    site, _ = make_site(tmp_path / "site")
    site.store.put_site(record(site.store))
    assert ask(tmp_path, "show") == []
    check_failed(run_medeval(tmp_path, "site", "ledger", "verify"), NotFound, "no ledger yet")
    assert not site.store.ledger_file.exists(), "looking begins nothing"


# --- verify -----------------------------------------------------------------------------------------------------


def test_a_ledger_that_holds(home: Path) -> None:
    found = ask(home, "verify")
    assert (found["ledger"], found["entries"], found["head"]) == ("holds", 9, ask(home, "show")[-1]["digest"])
    assert re.search(r"^entries +9$", run_medeval(home, "site", "ledger", "verify").stdout, re.M)


@pytest.fixture
def broken(home: Path, tmp_path: Path) -> Path:
    """The same site, after somebody turned the withheld result into another."""
    store, copy = site_store(home), SiteStore(tmp_path / "site")
    copy.root.mkdir(exist_ok=True)
    for path in (store.ledger_head_file, store.root / "site.json"):
        (copy.root / path.name).write_bytes(path.read_bytes())
    copy.key_file.parent.mkdir()
    copy.key_file.write_bytes(store.key_file.read_bytes())
    copy.ledger_file.write_bytes(store.ledger_file.read_bytes().replace(b"data-quality", b"model-concern"))
    return tmp_path


def test_a_ledger_that_does_not_hold(broken: Path) -> None:
    words = ("entry 5 of the ledger was changed", "entry 6 does not follow")
    for verb in (("verify",), ("show",), ("export", broken / "x.jsonl")):
        check_failed(run_medeval(broken, "site", "ledger", *verb), LedgerBroken, *words, "Nothing was sent")
    assert not (broken / "x.jsonl").exists()


@pytest.mark.parametrize("verb", ["release", "withhold"])
def test_a_note_that_no_ledger_can_hold(tmp_path: Path, verb: str) -> None:
    for note in ("a" * 4001, "a bell \a"):
        check_failed(run_medeval(tmp_path, "result", verb, "lr", "--note", note), UsageError, "note")


# --- export -----------------------------------------------------------------------------------------------------


def test_an_export_is_verified_far_from_the_site(home: Path, tmp_path: Path) -> None:
    file, nowhere = tmp_path / "ledger.jsonl", tmp_path / "nowhere"
    told = ask(home, "export", file)
    assert told == {"file": str(file), **ask(home, "verify")}
    words = ("verify", "--file", file, "--fingerprint", told["fingerprint"])
    assert ask(nowhere, *words) == ask(home, "verify")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(lines) == told["entries"] + 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines[:-1], "signed head of the ledger, its end, cannot be read"),
        (lambda lines: [*lines[:-2], lines[-1]], "entry 8 of the ledger and what follows are missing"),
        (lambda lines: [*lines[:3], *lines[4:]], "entry 3 of the ledger is missing"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "entry 0 of the ledger is missing"),
        (lambda lines: [line.replace("tree", "tent") for line in lines], "entry 3 of the ledger was changed"),
        (lambda _: [], "signed head of the ledger, its end, cannot be read"),
    ],
    ids=["head", "last", "one", "order", "text", "all"],
)
def test_an_export_that_was_changed(home: Path, tmp_path: Path, change: Any, words: str) -> None:
    file = tmp_path / "ledger.jsonl"
    ask(home, "export", file)
    file.write_text("".join(f"{line}\n" for line in change(file.read_text().splitlines())))
    check_failed(run_medeval(tmp_path, "site", "ledger", "verify", "--file", file), LedgerBroken, words)


def test_an_export_of_another_key(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    ask(home, "export", file)
    words = ("verify", "--file", file, "--fingerprint", digest_of(b"expected"))
    check_failed(run_medeval(tmp_path, "site", "ledger", *words), LedgerBroken, "another key")


def test_an_export_that_is_not_there(tmp_path: Path) -> None:
    words = ("verify", "--file", tmp_path / "no")
    check_failed(run_medeval(tmp_path, "site", "ledger", *words), UsageError, "cannot be read")


def test_as_a_spreadsheet(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "ledger.csv"
    ask(home, "export", file)
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert [int(row["entry"]) for row in rows] == list(range(9))
    assert rows[5]["note"] == f"'{NOTE}", "a spreadsheet would run it"
    assert rows[1]["sha256"] == ask(home, "show")[1]["event"]["sent"]["digest"].removeprefix("sha256:")
    assert sum(float(row["bits"]) for row in rows) > 0


def test_as_a_page(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "ledger.html"
    told = ask(home, "export", file)
    page = file.read_text()
    assert "<h1>What left North hospital</h1>" in page
    assert "4 messages left, with 3 results and 0 comparisons among them" in page
    assert NOTE not in page
    assert NOTE.replace("<", "&lt;").replace(">", "&gt;") in page
    for text in (told["head"], told["fingerprint"], *(entry["event"]["sent"]["digest"][7:] for entry in sent(home))):
        assert text in page
    assert "<script" not in page
    assert "style=" not in page.partition("</style>")[2]


def sent(home: Path) -> list[dict[str, Any]]:
    return [entry for entry in ask(home, "show") if entry["event"]["sent"]]


@pytest.mark.parametrize("name", ["ledger", "ledger.pdf", "no/ledger.html"])
def test_where_it_cannot_be_written(home: Path, tmp_path: Path, name: str) -> None:
    check_failed(run_medeval(home, "site", "ledger", "export", tmp_path / name), UsageError)
    assert list(tmp_path.iterdir()) == []
