"""The file of the ledger: begun once, added to by several processes at once, put in order after a crash."""

import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from medeval.domain.ledger import EntryKind, Event
from medeval.errors import LedgerBroken, ServerUnreachable, SiteStateError
from medeval.signing import keys
from medeval.signing.ledger import Ledger
from medeval.site import release
from medeval.site.entries import of_answer
from medeval.site.ledger import SiteLedger
from medeval.site.records import DatasetRecord
from medeval.site.store import SiteStore, write
from tests.ledgers import KEY, an_event, head_of
from tests.sites import add_execution, dataset_card, make_site
from tests.worlds import digest_of, make_spec

WRITES = """
import sys
from itertools import count
from pathlib import Path
from medeval.site.ledger import SiteLedger
from medeval.site.store import SiteStore
from tests.ledgers import an_event
ledger = SiteLedger(SiteStore(Path(sys.argv[1])))
print("ready", flush=True)
for number in range(int(sys.argv[3])) if sys.argv[3] != "for-ever" else count():
    ledger.append(an_event(name=f"{sys.argv[2]}{number}"))
"""


@pytest.fixture
def store(tmp_path: Path) -> SiteStore:
    found = SiteStore(tmp_path)
    write(found.key_file, KEY)
    return found


@pytest.fixture
def ledger(store: SiteStore) -> SiteLedger:
    return SiteLedger(store)


def get(ledger: SiteLedger) -> Ledger:
    found = ledger.read()
    assert found is not None
    return found


def kinds(ledger: SiteLedger) -> list[str]:
    return [entry.event.kind.value for entry in get(ledger).entries]


def writing(root: Path, name: str, number: int | str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITES, str(root), name, str(number)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


# --- adding -----------------------------------------------------------------------------------------------------


def test_the_first_entry_names_the_key(ledger: SiteLedger, store: SiteStore) -> None:
    assert ledger.read() is None
    entry = ledger.append(an_event())
    assert (entry.number, kinds(ledger)) == (1, ["begun", "result"])
    assert get(ledger).entries[0].event.topic.subject == keys.fingerprint(keys.public_key_of(KEY))
    for path in (store.ledger_file, store.ledger_head_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_checking_begins_a_ledger_at_a_site_that_has_sent_nothing(ledger: SiteLedger) -> None:
    ledger.check()
    ledger.check()
    assert kinds(ledger) == ["begun"]


def test_times_are_in_utc_to_the_second(store: SiteStore) -> None:
    now = datetime(2026, 3, 30, 1, 2, 3, 999_999, tzinfo=timezone(timedelta(hours=2)))
    entry = SiteLedger(store, lambda: now).append(an_event())
    assert entry.time == "2026-03-29T23:02:03Z"
    assert entry.moment == datetime(2026, 3, 29, 23, 2, 3, tzinfo=UTC)


def test_what_says_the_same_is_not_added_again(ledger: SiteLedger) -> None:
    first = ledger.append(an_event())
    answer = of_answer(first, "conflict")
    stopped = an_event(EntryKind.STOPPED)
    for _ in range(2):
        assert ledger.append(an_event(note="again")) == first
        ledger.append(answer)
        ledger.append(stopped)
    assert kinds(ledger) == ["begun", "result", "refused", "stopped"]
    ledger.append(of_answer(first, "not-found"))
    ledger.append(of_answer(first, None))
    ledger.append(stopped)
    assert kinds(ledger)[4:] == ["refused", "receipt", "stopped"], "the last decision on it was another"


def test_two_processes_make_one_chain(store: SiteStore, ledger: SiteLedger) -> None:
    ledger.check()
    number = 25
    processes = [writing(store.root, name, number) for name in ("a", "b")]
    for process in processes:
        with process:
            assert process.wait(timeout=120) == 0
    models = [entry.event.topic.models[0] for entry in get(ledger).entries[1:]]
    for name in ("a", "b"):
        own = [model for model in models if model.startswith(name)]
        assert own == [f"{name}{place}@1.0.0" for place in range(number)], "each in its own order"
    assert len(models) == 2 * number


# --- crashes ----------------------------------------------------------------------------------------------------


def test_a_process_that_is_killed_while_it_writes_breaks_nothing(store: SiteStore, ledger: SiteLedger) -> None:
    """SIGKILL at any moment, again and again; the next process goes on, and what was written stays."""
    before: tuple[object, ...] = ()
    for turn in range(12):
        with writing(store.root, f"k{turn}", "for-ever") as process:
            time.sleep(0.013 * turn)
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=30)
        found = ledger.read()
        entries = found.entries if found else ()
        assert entries[: len(before)] == before
        before = entries
    ledger.append(an_event(name="last"))
    assert get(ledger).is_settled
    assert len(before) > 1, "nothing was written before a kill"


def tear(store: SiteStore, ledger: SiteLedger, kept: int) -> Event:
    """As if the power had gone in the middle of adding a line, of which so many bytes came to the disk."""
    ledger.append(an_event(name="before"))
    entries = get(ledger).entries
    head, whole = store.ledger_head_file.read_bytes(), store.ledger_file.read_bytes()
    event = an_event(name="torn")
    entry = ledger.append(event)
    store.ledger_file.write_bytes(whole + entry.to_line()[:kept])
    write(store.ledger_head_file, head_of(entries, entry.to_digest()).to_canonical())
    assert head != store.ledger_head_file.read_bytes()
    return event


def test_a_torn_line_is_cut_off_and_that_is_told(store: SiteStore, ledger: SiteLedger) -> None:
    event = tear(store, ledger, 40)
    torn = store.ledger_file.read_bytes()[-40:]
    assert kinds(ledger) == ["begun", "result"], "reading changes nothing"
    assert store.ledger_file.read_bytes()[-40:] == torn
    ledger.append(event)
    assert kinds(ledger) == ["begun", "result", "recovered", "result"]
    recovered = get(ledger).entries[2].event
    assert (recovered.topic.subject, recovered.reason) == (digest_of(torn), "unfinished-entry")


def test_an_announced_line_of_which_nothing_came_leaves_no_trace(store: SiteStore, ledger: SiteLedger) -> None:
    tear(store, ledger, 0)
    ledger.check()
    assert kinds(ledger) == ["begun", "result"]
    assert get(ledger).is_settled


def test_a_whole_line_whose_head_is_behind_is_taken_in(store: SiteStore, ledger: SiteLedger) -> None:
    event = tear(store, ledger, 10_000)
    ledger.append(event)
    assert kinds(ledger) == ["begun", "result", "result"], "the same bytes are one release"
    assert get(ledger).is_settled


@pytest.mark.parametrize("kept", [0, 40, 10_000])
def test_a_crash_in_the_very_first_line(store: SiteStore, ledger: SiteLedger, kept: int) -> None:
    ledger.check()
    line = store.ledger_file.read_bytes()
    store.ledger_file.write_bytes(line[:kept])
    write(store.ledger_head_file, head_of((), digest_of(line[:-1])).to_canonical())
    ledger.append(an_event())
    assert kinds(ledger) == ["begun", "result"]


# --- broken -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["ledger.jsonl", "ledger.head"])
def test_half_a_ledger_is_broken(store: SiteStore, ledger: SiteLedger, lost: str) -> None:
    ledger.append(an_event())
    (store.root / lost).unlink()
    for use in (ledger.read, ledger.check, ledger.exported, lambda: ledger.append(an_event())):
        with pytest.raises(LedgerBroken):
            use()


def test_an_unreadable_head_is_broken(store: SiteStore, ledger: SiteLedger) -> None:
    ledger.append(an_event())
    store.ledger_head_file.write_bytes(b"{}")
    with pytest.raises(LedgerBroken, match="head of the ledger, its end, cannot be read"):
        ledger.check()


def test_the_ledger_of_another_site_is_broken(store: SiteStore, ledger: SiteLedger) -> None:
    ledger.append(an_event())
    write(store.key_file, bytes(32))
    with pytest.raises(LedgerBroken, match="another site's key"):
        ledger.check()


def test_without_its_key_a_site_writes_nothing(store: SiteStore, ledger: SiteLedger) -> None:
    store.key_file.unlink()
    with pytest.raises(SiteStateError, match="private key"):
        ledger.append(an_event())


def test_a_ledger_that_is_gone_where_something_left(tmp_path: Path) -> None:
    site, _ = make_site(tmp_path)
    release.release(site, add_execution(site, "lr"))
    for path in (site.store.ledger_file, site.store.ledger_head_file):
        path.unlink()
    with pytest.raises(LedgerBroken, match="is missing at a site that has sent something"):
        site.ledger.check()


def test_a_ledger_that_is_gone_where_a_card_left(store: SiteStore, ledger: SiteLedger) -> None:
    card, ref = dataset_card(make_spec()), make_spec().ref
    record = DatasetRecord(card=card, counts=card.statistics, benchmark=ref, raw=card.fingerprint)
    store.put_dataset(record)
    assert ledger.read() is None
    store.put_dataset(record.model_copy(update={"joined": True}))
    with pytest.raises(LedgerBroken, match="is missing"):
        ledger.append(an_event())


def test_an_older_copy_of_file_and_head_is_noticed_by_what_the_server_answered(tmp_path: Path) -> None:
    """File and head go together and the signature holds: only the receipts tell that entries are gone."""
    site, _ = make_site(tmp_path)
    release.release(site, add_execution(site, "lr"))
    copies = {path: path.read_bytes() for path in (site.store.ledger_file, site.store.ledger_head_file)}
    release.release(site, add_execution(site, "mlp"))
    for path, data in copies.items():
        path.write_bytes(data)
    assert site.ledger.read() is not None
    with pytest.raises(LedgerBroken, match="older copy"):
        site.ledger.check()


# --- nothing leaves without one ---------------------------------------------------------------------------------


def test_nothing_is_signed_or_sent_on_a_broken_ledger(tmp_path: Path) -> None:
    site, egress = make_site(tmp_path)
    release.release(site, add_execution(site, "lr"))
    waiting = add_execution(site, "mlp")
    egress.answer = ServerUnreachable("away")
    with pytest.raises(ServerUnreachable):
        release.release(site, waiting)
    egress.answer = None
    data = site.store.ledger_file.read_bytes()
    site.store.ledger_file.write_bytes(data.replace(b"lr@1.0.0", b"xx@1.0.0"))
    fresh = add_execution(site, "tree")
    for files in (waiting, fresh):
        with pytest.raises(LedgerBroken):
            release.release(site, files)
    assert fresh.signed() is None
    assert len(egress.sent) == 1
